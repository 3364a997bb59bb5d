import os
import sys

import plugin

send = plugin.send


def wrong(job, kind, **members):
    if kind == "jobAbandonedResult":
        sys.exit()
    send(job, kind, **members)


if os.environ.get("PENSTOCK_LIFECYCLE") == "worker":
    plugin.send = wrong
