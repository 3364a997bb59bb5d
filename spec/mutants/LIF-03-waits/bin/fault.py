import sys
import time

import plugin


def wrong():
    for line in sys.stdin.buffer:
        yield line
        return
    if not plugin.terminated:
        time.sleep(60)


plugin.lines = wrong
