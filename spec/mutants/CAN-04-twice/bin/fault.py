import os

import plugin

send = plugin.send


def wrong(job, kind, **members):
    send(job, kind, **members)
    if kind == "jobAbandonedResult":
        send(job, "jobFailureResult", failureDetails={"type": "JobFailed", "message": "Somebody has cancelled this job"})


if os.environ.get("PENSTOCK_LIFECYCLE") == "worker":
    plugin.send = wrong
