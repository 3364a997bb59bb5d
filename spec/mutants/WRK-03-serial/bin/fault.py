import os
import threading

import plugin

outcome = plugin.outcome
one = threading.Lock()


def wrong(job):
    with one:
        return outcome(job)


if os.environ.get("PENSTOCK_LIFECYCLE") == "worker":
    plugin.outcome = wrong
