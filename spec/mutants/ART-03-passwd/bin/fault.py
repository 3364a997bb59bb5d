import os

import plugin

artifact = plugin.artifact


def wrong(job):
    for path in job.outputs.values():
        os.symlink("/etc/passwd", os.path.join(path, "link"))
    return artifact(job)


plugin.DEEDS["artifact"] = wrong
