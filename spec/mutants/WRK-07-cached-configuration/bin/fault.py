import os

import plugin

work = plugin.work
kept = []


def wrong(job):
    kept.append(job.setting("Name"))
    job.configuration["Name"] = kept[0]
    return work(job)


if os.environ.get("PENSTOCK_LIFECYCLE") == "worker":
    plugin.work = wrong
