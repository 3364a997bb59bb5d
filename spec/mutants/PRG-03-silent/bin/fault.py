import plugin


def wrong(job):
    job.pause(round(float(job.setting("Seconds"))))
    return {}


plugin.DEEDS["long"] = wrong
