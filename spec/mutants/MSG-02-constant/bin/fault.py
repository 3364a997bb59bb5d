import json

import plugin

write = plugin.write


def wrong(line):
    if b'"progress"' in line:
        message = json.loads(line)
        message["jobId"] = "6b7a1c1e-6a0b-4f3e-9d7e-1a2b3c4d5e6f"
        line = json.dumps(message).encode() + b"\n"
    write(line)


plugin.write = wrong
