import json
import os

import plugin

take = plugin.take


def wrong(line):
    message = json.loads(line)
    if message["type"] not in ("job", "cancel"):
        os._exit(70)
    take(line)


if os.environ.get("PENSTOCK_LIFECYCLE") == "worker":
    plugin.take = wrong
