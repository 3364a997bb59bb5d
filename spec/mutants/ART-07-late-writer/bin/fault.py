import os
import time

import plugin

serve = plugin.serve


def wrong(job):
    serve(job)
    time.sleep(0.5)
    for path in job.outputs.values():
        with open(os.path.join(path, "late.txt"), "w") as file:
            file.write("One more thing\n")


plugin.serve = wrong
