import plugin


def wrong(job):
    plugin.log("It did not work out")
    raise plugin.Failure("ConfigurationError", "error")


plugin.DEEDS["dance"] = wrong
