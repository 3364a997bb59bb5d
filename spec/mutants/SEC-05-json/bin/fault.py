import json

import plugin


def wrong(job):
    plugin.log(json.dumps(job.configuration))
    return {}


plugin.DEEDS["secret"] = wrong
