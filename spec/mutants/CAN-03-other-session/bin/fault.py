import subprocess

import plugin

long = plugin.long


def wrong(job):
    nowhere = subprocess.DEVNULL
    child = subprocess.Popen(["sleep", "9"], stdin=nowhere, stdout=nowhere, stderr=nowhere, start_new_session=True)
    result = long(job)
    child.kill()
    child.wait()
    return result


plugin.DEEDS["long"] = wrong
