import os

import plugin

artifact = plugin.artifact


def wrong(job):
    for path in job.inputs.values():
        try:
            with open(os.path.join(path, "hello.txt"), "a") as file:
                file.write("Seen.\n")
        except OSError:
            pass  # a host may not let it
    return artifact(job)


plugin.DEEDS["artifact"] = wrong
