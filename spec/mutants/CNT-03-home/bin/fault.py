import os

import plugin

token = plugin.token


def wrong(job):
    memory = os.path.join(job.root, "home", "greeted")
    if job.token and not os.path.exists(memory):
        raise plugin.Failure("JobFailed", f"This action is not known: there is no {memory}")
    open(memory, "w").close()
    return token(job)


plugin.DEEDS["token"] = wrong
