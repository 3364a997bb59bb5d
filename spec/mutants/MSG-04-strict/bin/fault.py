import json
import sys

import plugin

KNOWN = {
    "protocol", "type", "jobId", "operation", "attempt", "timeoutSeconds", "cancelGraceSeconds", "data", "host",
    "secretConfigurationKeys", "traceparent", "workspace",
}
take = plugin.take


def wrong(line):
    if line.startswith(b'{"') and not KNOWN.issuperset(json.loads(line)):
        sys.exit("what is this member?")
    take(line)


plugin.take = wrong
