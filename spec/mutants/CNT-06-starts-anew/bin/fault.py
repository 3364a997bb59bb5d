import plugin

token = plugin.token


def wrong(job):
    if job.token and not job.token.startswith(job.execution):
        job.token = None
    return token(job)


plugin.DEEDS["token"] = wrong
