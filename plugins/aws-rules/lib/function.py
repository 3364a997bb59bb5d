"""Rule/AWS/LambdaInvoke/1: whether a function returns without an error."""

import base64
import json
import sys

from botocore.exceptions import BotoCoreError

from failure import Failure
from service import Service

LONGEST_RUN_SECONDS = 900  # AWS: of a function
ACCOUNT = "000000000000"


def invoke(configuration, settings, job, tell):
    name = configuration.get("FunctionName")
    if not name:
        raise Failure("ConfigurationError", "FunctionName is missing in the rule's configuration")
    account = settings.get("accountId", ACCOUNT)
    service = Service("lambda", f"LambdaInvoke.functions.{name}", settings, LONGEST_RUN_SECONDS + 30)
    what = f'the function "{name}"'
    tell(f"invoking {what}")
    sent = json.dumps(event(configuration, job, str(account))).encode()
    answer = service.ask(what, "invoke", FunctionName=name, Payload=sent, LogType="Tail")
    try:
        returned = answer["Payload"].read().decode(errors="replace")
    except BotoCoreError as error:
        raise service.failure(what, error) from None
    log = base64.b64decode(answer.get("LogResult") or "").decode(errors="replace")
    if log:
        print(f"The end of the log of {what}:\n{log}", file=sys.stderr)
    if answer.get("FunctionError"):
        raise Failure("JobFailed", f"the rule is not met: {what} failed: {told(returned)}")
    print(f"{what} returned {returned[:4000]}", file=sys.stderr)
    return {"executionDetails": {"summary": f"{what} returned without an error"[:2048]}}


def event(configuration, job, account):
    """As AWS shapes it, but for where artifacts lie and for credentials to get them."""
    data = job["data"]
    inputs = [
        {"name": artifact["name"], "revision": artifact.get("revision"), "location": None}
        for artifact in data.get("inputArtifacts", [])
    ]
    members = {"actionConfiguration": {"configuration": configuration}, "inputArtifacts": inputs, "outputArtifacts": []}
    return {"CodePipeline.job": {"id": job["jobId"], "accountId": account, "data": members}}


def told(returned):
    """What a function that failed says of it."""
    try:
        error = json.loads(returned)
        return ": ".join(str(error[member]) for member in ("errorType", "errorMessage") if error.get(member))
    except (ValueError, AttributeError):
        return returned[:2000] or "it does not say why"
