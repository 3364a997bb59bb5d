import os

import plugin

work = plugin.work


def wrong(job):
    os.system(f"cat >&2 <<END\nGreeting {job.configuration.get('Name')}\nEND\n")
    return work(job)


plugin.work = wrong
