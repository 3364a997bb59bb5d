import plugin

token = plugin.token


def wrong(job):
    result = token(job)
    result.pop("outputVariables", None)
    return {**result, "continuationToken": f"{job.execution}/1"}


plugin.DEEDS["token"] = wrong
