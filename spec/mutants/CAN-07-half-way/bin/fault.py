import signal
import time

import plugin

outcome = plugin.outcome
terminate = plugin.terminate


def once(*_):
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    terminate()


def wrong(job):
    kind, members = outcome(job)
    if kind == "jobAbandonedResult":
        time.sleep(0.6)
    return kind, members


plugin.terminate = once
plugin.outcome = wrong
