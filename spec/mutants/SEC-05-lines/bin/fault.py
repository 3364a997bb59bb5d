import plugin


def wrong(job):
    for line in job.setting("Token").splitlines():
        plugin.log(f"> {line} <")
    return {}


plugin.DEEDS["secret"] = wrong
