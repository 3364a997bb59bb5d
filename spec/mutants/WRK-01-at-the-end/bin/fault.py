import os

import plugin

send = plugin.send


def wrong(job, kind, **members):
    if "Result" in kind:
        send(job, kind, **members)


if os.environ.get("PENSTOCK_LIFECYCLE") == "worker":
    plugin.send = wrong
