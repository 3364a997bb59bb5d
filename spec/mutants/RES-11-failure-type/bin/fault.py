import plugin


def wrong(job):
    raise plugin.Failure("JobFailed", "Nobody here can dance, and nobody wants to learn it")


plugin.DEEDS["dance"] = wrong
