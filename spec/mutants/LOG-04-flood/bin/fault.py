import plugin


def wrong(job):
    for number in range(50000):
        plugin.send(job, "log", level="debug", message=f"Step {number}")
    return {}


plugin.DEEDS["secret"] = wrong
