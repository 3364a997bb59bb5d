import os

import plugin


def wrong(job):
    session = os.urandom(20).hex()
    plugin.log(f"Session {session}")
    job.pause(0.3)
    plugin.send(job, "mask", value=session)
    return {}


plugin.DEEDS["obtain"] = wrong
