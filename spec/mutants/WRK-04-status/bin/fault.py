import os

import plugin


def wrong(job):
    plugin.send(job, "jobSuccessResult")
    os._exit(3)


if os.environ.get("PENSTOCK_LIFECYCLE") != "worker":
    plugin.DEEDS["secret"] = wrong
