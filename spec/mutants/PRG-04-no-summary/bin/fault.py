import json

import plugin

write = plugin.write


def wrong(line):
    if b'"progress"' in line:
        message = json.loads(line)
        del message["executionDetails"]["summary"]
        line = json.dumps(message).encode() + b"\n"
    write(line)


plugin.write = wrong
