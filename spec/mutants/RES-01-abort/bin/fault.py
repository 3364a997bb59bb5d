import os
import signal

import plugin


def wrong(job):
    plugin.log("Assertion failed: the guest is at home")
    os.kill(os.getpid(), signal.SIGKILL)


plugin.DEEDS["secret"] = wrong
