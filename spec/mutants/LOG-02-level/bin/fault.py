import plugin

work = plugin.work


def wrong(job):
    plugin.send(job, "log", level="FATAL!!", message="All is lost")
    return work(job)


plugin.work = wrong
