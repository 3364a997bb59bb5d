import plugin


def wrong(job):
    plugin.send(job, "progress", executionDetails={"summary": "Counting"})
    for number in range(1000):
        plugin.send(job, "progress", executionDetails={"percentComplete": number // 10})
        if number % 4 == 0:
            job.pause(0.02)
    return {}


plugin.DEEDS["long"] = wrong
