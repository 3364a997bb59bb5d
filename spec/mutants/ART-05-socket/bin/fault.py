import os
import socket

import plugin

artifact = plugin.artifact


def wrong(job):
    for path in job.outputs.values():
        socket.socket(socket.AF_UNIX).bind(os.path.join(path, "socket"))
    return artifact(job)


plugin.DEEDS["artifact"] = wrong
