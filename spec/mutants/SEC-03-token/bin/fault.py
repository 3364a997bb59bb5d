import plugin

token = plugin.token


def wrong(job):
    if job.token:
        job.token = job.token.partition("|")[0]
    result = token(job)
    if "continuationToken" in result:
        result["continuationToken"] += f"|{job.setting('Token')}"
    return result


plugin.DEEDS["token"] = wrong
