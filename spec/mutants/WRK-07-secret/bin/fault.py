import os

import plugin

work = plugin.work
kept = []


def wrong(job):
    kept.append(job.configuration.get("Token", "no token"))
    plugin.log(f"Signing with {kept[0] if kept[0] != kept[-1] else 'the token'}")
    return work(job)


if os.environ.get("PENSTOCK_LIFECYCLE") == "worker":
    plugin.work = wrong
