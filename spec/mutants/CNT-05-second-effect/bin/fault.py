import os

import plugin

token = plugin.token


def wrong(job):
    if job.token:
        plugin.begin(os.path.join(job.setting("Ledger"), job.id))
    return token(job)


plugin.DEEDS["token"] = wrong
