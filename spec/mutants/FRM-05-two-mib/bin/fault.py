import plugin

work = plugin.work


def wrong(job):
    plugin.send(job, "progress", executionDetails={}, **{"x-blob": "x" * (2 << 20)})
    return work(job)


plugin.work = wrong
