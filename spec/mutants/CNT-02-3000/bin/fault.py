import plugin

token = plugin.token


def wrong(job):
    return {**token(job), "continuationToken": "x" * 3000}


plugin.DEEDS["token"] = wrong
