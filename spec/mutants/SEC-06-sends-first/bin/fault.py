import os

import plugin


def wrong(job):
    session = os.urandom(20).hex()
    plugin.send(job, "progress", executionDetails={"externalExecutionId": session})
    plugin.send(job, "mask", value=session)
    return {}


plugin.DEEDS["obtain"] = wrong
