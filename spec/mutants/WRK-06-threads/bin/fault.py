import os
import threading

import plugin

work = plugin.work


def wrong(job):
    threading.Thread(target=threading.Event().wait, daemon=True).start()
    return work(job)


if os.environ.get("PENSTOCK_LIFECYCLE") == "worker":
    plugin.work = wrong
