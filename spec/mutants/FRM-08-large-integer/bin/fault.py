import plugin

work = plugin.work


def wrong(job):
    plugin.send(job, "progress", executionDetails={}, **{"x-count": 2**53 + 1})
    return work(job)


plugin.work = wrong
