import os

import plugin

artifact = plugin.artifact


def wrong(job):
    for path in job.outputs.values():
        os.mkfifo(os.path.join(path, "pipe"))
    return artifact(job)


plugin.DEEDS["artifact"] = wrong
