import plugin

work = plugin.work


def wrong(job):
    plugin.write(b'{"level": "info", "message": "starting"}\n')
    return work(job)


plugin.work = wrong
