"""Rule/AWS/CloudWatchAlarm/1: whether an alarm is, or within some minutes becomes, as it should be.

Nothing waits here: each look is a job, and the token says until when to look again.
"""

import re
import time

from failure import Failure
from service import Service

STATES = ("OK", "ALARM", "INSUFFICIENT_DATA")
LONGEST_WAIT_MINUTES = 86_400  # AWS: a rule's time limit
PAUSE_SECONDS = 15


def look(configuration, settings, token, tell):
    name = configuration.get("AlarmName")
    if not name:
        raise Failure("ConfigurationError", "AlarmName is missing in the rule's configuration")
    wanted, wait_minutes = states(configuration.get("AlarmStates")), minutes(configuration.get("WaitTime"))
    end = deadline(token, wait_minutes)
    what, ask = f'the alarm "{name}"', Service("cloudwatch", f"CloudWatchAlarm.alarms.{name}", settings, 60).ask
    tell(f"looking at {what}")
    found = ask(what, "describe_alarms", AlarmNames=[name], AlarmTypes=["MetricAlarm", "CompositeAlarm"])
    alarms = [alarm for kind in ("MetricAlarms", "CompositeAlarms") for alarm in found.get(kind, [])]
    if not alarms:
        raise Failure("ConfigurationError", f"{what} does not exist in {settings.get('region') or 'us-east-1'}")
    state, details = alarms[0].get("StateValue"), {"externalExecutionId": name[:1500]}
    if state in wanted:
        return {"executionDetails": {**details, "summary": f"{what} is {state}"[:2048]}}
    left = end - time.time()
    if left <= 0:
        reason = alarms[0].get("StateReason") or "no reason given"
        waited = f", and did not become {' or '.join(wanted)} in {wait_minutes} minutes" if wait_minutes else ""
        raise Failure("JobFailed", f"the rule is not met: {what} is {state} ({reason}){waited}")
    summary = f"{what} is {state}; waiting for {' or '.join(wanted)}, {left / 60:.0f} more minutes"
    return {
        "continuationToken": f"until {end}",
        "continueAfterSeconds": max(1, min(PAUSE_SECONDS, int(left))),
        "executionDetails": {**details, "summary": summary[:2048]},
    }


def states(text):
    """What the alarm should be: one of these."""
    wanted = [state.strip() for state in (text or "OK").split(",")]
    for state in wanted:
        if state not in STATES:
            raise Failure("ConfigurationError", f'AlarmStates has "{state}"; it takes {", ".join(STATES)}')
    return wanted


def minutes(text):
    if not re.fullmatch(r"\d{1,5}", text or "0", re.ASCII) or int(text or 0) > LONGEST_WAIT_MINUTES:
        raise Failure(
            "ConfigurationError",
            f'WaitTime is "{text}"; it must be a whole number of minutes from 0 to {LONGEST_WAIT_MINUTES}',
        )
    return int(text or 0)


def deadline(token, wait_minutes):
    """Seconds since 1970. A clock that was set back meanwhile makes no wait longer than it would be from now."""
    latest = int(time.time()) + wait_minutes * 60
    if token is None:
        return latest
    known = re.fullmatch(r"until (\d{1,12})", token, re.ASCII)
    if known is None:
        raise Failure("ConfigurationError", "the continuation token is not one of this plugin")
    return min(int(known[1]), latest)
