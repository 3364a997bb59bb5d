import os

import plugin

artifact = plugin.artifact


def wrong(job):
    with open(os.path.join(job.root, "out", "List", "listing.txt"), "w") as file:
        file.write("".join(plugin.entries(job)))
    return {}


plugin.DEEDS["artifact"] = wrong
