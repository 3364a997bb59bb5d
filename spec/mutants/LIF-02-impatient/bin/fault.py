import select
import sys

import plugin


def wrong():
    ready, _, _ = select.select([sys.stdin], [], [], 0.4)
    return sys.stdin.buffer if ready else []


plugin.lines = wrong
