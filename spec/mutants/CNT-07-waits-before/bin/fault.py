import plugin

token = plugin.token


def wrong(job):
    if not job.token:
        job.pause(8)
    return token(job)


plugin.DEEDS["token"] = wrong
