import time

import plugin

serve = plugin.serve


def wrong(job):
    serve(job)
    if job.configuration.get("Do") == "secret":
        time.sleep(30)


plugin.serve = wrong
