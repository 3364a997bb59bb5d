import os

import plugin

work = plugin.work
kept = []


def wrong(job):
    kept.append(b"x" * (1 << 20))
    return work(job)


if os.environ.get("PENSTOCK_LIFECYCLE") == "worker":
    plugin.work = wrong
