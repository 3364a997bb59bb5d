import os

import plugin

finish = plugin.finish


def wrong():
    finish()
    os._exit(1)


if os.environ.get("PENSTOCK_LIFECYCLE") == "worker":
    plugin.finish = wrong
