import os

import plugin

work = plugin.work


def wrong(job):
    os.system(f'echo "Greeting {job.configuration.get("Name")}" >&2')
    return work(job)


plugin.work = wrong
