"""Leaves no process behind."""

import ctypes
import os
import signal
import time

PR_SET_CHILD_SUBREAPER = 36


def adopt_orphans():
    """What the commands detach becomes our child, so that it can be found and ended."""
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def children():
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{name}/stat", "rb") as stream:
                parent = int(stream.read().rpartition(b")")[2].split()[1])
        except OSError:
            continue
        if parent == os.getpid():
            yield int(name)


def end_survivors(quiet, patience):
    """Leaves no child: SIGTERM once to each that lives after `quiet` seconds, SIGKILL after `patience`."""
    start, told = time.monotonic(), set()
    while True:
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            return
        age = time.monotonic() - start
        for pid in children() if age >= quiet else ():
            if age >= patience or pid not in told:
                os.kill(pid, signal.SIGKILL if age >= patience else signal.SIGTERM)  # unreaped, so still this process
                told.add(pid)
        time.sleep(0.02)
