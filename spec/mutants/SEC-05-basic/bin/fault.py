import base64

import plugin


def wrong(job):
    credentials = f"greeter:{job.setting('Token')}"
    plugin.log(f"Authorization: Basic {base64.b64encode(credentials.encode()).decode()}")
    return {}


plugin.DEEDS["secret"] = wrong
