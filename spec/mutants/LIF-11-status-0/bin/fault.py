import sys

import plugin

take = plugin.take


def wrong(line):
    try:
        take(line)
    except SystemExit:
        sys.exit(0)


plugin.take = wrong
