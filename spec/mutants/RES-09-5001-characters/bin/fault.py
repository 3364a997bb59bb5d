import plugin


def wrong(job):
    raise plugin.Failure("ConfigurationError", "No dance. " * 500 + "!")


plugin.DEEDS["dance"] = wrong
