import os

import plugin

send = plugin.send
current = None


def wrong(job, kind, **members):
    global current
    if kind == "acknowledge":
        current = job
    send(current, kind, **members)


if os.environ.get("PENSTOCK_LIFECYCLE") == "worker":
    plugin.send = wrong
