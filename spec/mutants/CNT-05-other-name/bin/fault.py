import plugin

token = plugin.token


def wrong(job):
    result = token(job)
    result["executionDetails"]["externalExecutionId"] = job.id
    return result


plugin.DEEDS["token"] = wrong
