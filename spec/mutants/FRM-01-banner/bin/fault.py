import plugin

work = plugin.work


def wrong(job):
    plugin.write(b"Starting...\n")
    return work(job)


plugin.work = wrong
