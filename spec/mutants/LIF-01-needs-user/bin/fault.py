import os

import plugin


def wrong(job):
    return {"executionDetails": {"summary": f"Signed by {os.environ['USER']}"}}


plugin.DEEDS["secret"] = wrong
