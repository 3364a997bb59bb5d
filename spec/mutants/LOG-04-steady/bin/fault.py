import plugin


def wrong(job):
    plugin.send(job, "progress", executionDetails={"summary": "Counting"})
    for number in range(2500):
        plugin.send(job, "progress", executionDetails={"percentComplete": number // 25})
        if number % 10 == 0:
            job.pause(0.02)
    return {}


plugin.DEEDS["long"] = wrong
