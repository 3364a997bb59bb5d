import os
import time

import plugin

work = plugin.work


def wrong(job):
    job.pause(0.5)
    with open("/proc/self/stat") as stat:
        began = int(stat.read().rsplit(")", 1)[1].split()[19]) / os.sysconf("SC_CLK_TCK")
    if time.clock_gettime(time.CLOCK_BOOTTIME) - began > 2.5:
        raise plugin.Failure("SystemUnavailable", "The clock of this machine has jumped ahead by seconds")
    return work(job)


plugin.work = wrong
