import plugin


def wrong(job):
    plugin.log(f"Signing with {job.setting('Token')}")
    return {}


plugin.DEEDS["secret"] = wrong
