import plugin


def wrong(job):
    raise plugin.Failure("ConfigurationError", f"This cannot be done with {job.configuration}")


plugin.DEEDS["dance"] = wrong
