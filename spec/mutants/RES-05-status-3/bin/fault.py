import os

import plugin


def wrong(job):
    plugin.send(job, "jobSuccessResult")
    os._exit(3)


plugin.DEEDS["secret"] = wrong
