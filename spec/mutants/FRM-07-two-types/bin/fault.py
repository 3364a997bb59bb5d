import json
import os

import plugin


def wrong(job):
    message = {"protocol": "penstock/1", "type": "jobFailureResult", "jobId": job.id}
    plugin.write(json.dumps(message).encode()[:-1] + b', "type": "jobSuccessResult"}\n')
    os._exit(0)


plugin.DEEDS["secret"] = wrong
