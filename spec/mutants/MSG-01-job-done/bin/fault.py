import plugin

work = plugin.work


def wrong(job):
    plugin.send(job, "jobDone")
    return work(job)


plugin.work = wrong
