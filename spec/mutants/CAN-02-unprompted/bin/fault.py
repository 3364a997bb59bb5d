import plugin


def wrong(job):
    raise plugin.Cancelled


plugin.DEEDS["dance"] = wrong
