import os

import plugin

work = plugin.work
kept = []


def wrong(job):
    kept.append(os.open(os.devnull, os.O_RDONLY))
    return work(job)


if os.environ.get("PENSTOCK_LIFECYCLE") == "worker":
    plugin.work = wrong
