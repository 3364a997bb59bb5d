import plugin


def wrong(job):
    raise plugin.Failure("ConfigurationError", "x")


plugin.DEEDS["dance"] = wrong
