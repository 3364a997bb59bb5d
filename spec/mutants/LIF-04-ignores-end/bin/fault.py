import os
import time

import plugin

finish = plugin.finish


def wrong():
    finish()
    time.sleep(60)


if os.environ.get("PENSTOCK_LIFECYCLE") == "worker":
    plugin.finish = wrong
