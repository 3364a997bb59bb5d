import os

import plugin


def wrong(line):
    while True:
        try:
            os.write(plugin.wire, line)
            return
        except BrokenPipeError:
            pass


plugin.write = wrong
