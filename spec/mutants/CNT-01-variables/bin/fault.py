import plugin

token = plugin.token


def wrong(job):
    return {**token(job), "outputVariables": {"Entry": job.execution}}


plugin.DEEDS["token"] = wrong
