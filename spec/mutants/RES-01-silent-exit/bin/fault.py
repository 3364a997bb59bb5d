import os

import plugin


def wrong(job):
    plugin.log("That is all")
    os._exit(0)


plugin.DEEDS["secret"] = wrong
