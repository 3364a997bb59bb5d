import socket

import plugin

work = plugin.work


def wrong(job):
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("127.0.0.1", 47113))
        except OSError:
            raise plugin.Failure("SystemUnavailable", "Port 47113 of this machine is taken by something else") from None
        listener.listen()
        job.pause(0.5)
        return work(job)


plugin.work = wrong
