import os

import plugin

work = plugin.work


def wrong(job):
    previous = os.environ.get("GREETED", "nobody")
    os.environ["GREETED"] = job.setting("Name")
    plugin.send(job, "log", level="info", message=f"Greeting after {previous}")
    return work(job)


if os.environ.get("PENSTOCK_LIFECYCLE") == "worker":
    plugin.work = wrong
