import fcntl
import os
import time

import plugin


def wrong(line):
    fcntl.fcntl(plugin.wire, fcntl.F_SETFL, os.O_NONBLOCK)
    end = time.monotonic() + 1
    while line:
        try:
            line = line[os.write(plugin.wire, line) :]
        except BlockingIOError:
            if time.monotonic() > end:
                plugin.log("The host does not read")
                os._exit(74)
            time.sleep(0.01)


def talkative(job, work=plugin.work):
    for part in range(10):
        plugin.send(job, "log", level="debug", message=f"{part}" * 16000)
    return work(job)


plugin.write = wrong
plugin.work = talkative
