import plugin


def wrong(job):
    plugin.send(job, "progress", executionDetails={"percentComplete": 60})
    plugin.send(job, "progress", executionDetails={"percentComplete": 20})
    return {}


plugin.DEEDS["secret"] = wrong
