import os

import plugin

work = plugin.work


def wrong(job):
    os.write(2, bytes(range(128, 256)) + b"\n")
    return work(job)


plugin.work = wrong
