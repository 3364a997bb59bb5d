import plugin

work = plugin.work


def wrong(job):
    line = '{"protocol": "penstock/1", "type": "progress", "jobId": "%s", "executionDetails": {}, "x-deep": %s}\n'
    plugin.write((line % (job.id, "[" * 600 + "]" * 600)).encode())
    return work(job)


plugin.work = wrong
