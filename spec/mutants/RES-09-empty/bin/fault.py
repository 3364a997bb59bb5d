import plugin


def wrong(job):
    raise plugin.Failure("ConfigurationError", "")


plugin.DEEDS["dance"] = wrong
