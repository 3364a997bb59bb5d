import os
import sys

import plugin


def wrong():
    held = None
    for line in sys.stdin.buffer:
        if held:
            yield held
        held = line


if os.environ.get("PENSTOCK_LIFECYCLE") != "worker":
    plugin.lines = wrong
