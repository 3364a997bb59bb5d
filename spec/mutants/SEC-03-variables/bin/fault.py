import plugin


def wrong(job):
    return {"outputVariables": job.configuration}


plugin.DEEDS["secret"] = wrong
