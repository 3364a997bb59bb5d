import os

import plugin

artifact = plugin.artifact


def wrong(job):
    for path in job.outputs.values():
        with open(os.path.join(path, "settings.ini"), "w") as file:
            file.write(f"token={job.setting('Token')}\n")
    return artifact(job)


plugin.DEEDS["artifact"] = wrong
