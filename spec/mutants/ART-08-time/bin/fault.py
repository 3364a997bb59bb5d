import os
import time

import plugin

artifact = plugin.artifact


def wrong(job):
    for path in job.outputs.values():
        with open(os.path.join(path, "made.txt"), "w") as file:
            file.write(f"{time.time_ns()}\n")
    return artifact(job)


plugin.DEEDS["artifact"] = wrong
