import os

import plugin

token = plugin.token


def wrong(job):
    if job.token and not job.token.startswith(job.execution):
        plugin.log(f"KeyError: {job.token}")
        os._exit(1)
    return token(job)


plugin.DEEDS["token"] = wrong
