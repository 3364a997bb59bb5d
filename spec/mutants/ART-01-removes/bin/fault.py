import os

import plugin

artifact = plugin.artifact


def wrong(job):
    for path in job.outputs.values():
        os.rmdir(path)
    return {}


plugin.DEEDS["artifact"] = wrong
