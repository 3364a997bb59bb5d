import os

import plugin

finish = plugin.finish


def wrong():
    os._exit(0)


if os.environ.get("PENSTOCK_LIFECYCLE") == "worker":
    plugin.finish = wrong
