import plugin

work = plugin.work


def wrong(job):
    plugin.send(job, "log", level="info", message="Starting", time="yesterday at noon")
    return work(job)


plugin.work = wrong
