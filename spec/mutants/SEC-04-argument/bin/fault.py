import subprocess

import plugin


def wrong(job):
    subprocess.run(["sh", "-c", "sleep 0.5", "sign", "--token", job.setting("Token")], check=True)
    return {}


plugin.DEEDS["secret"] = wrong
