"""Greets. It does nothing of use, breaks no rule, and shows how each capability of a plugin is made.

The property Do says what a job does; DEEDS, at the end, lists it. One process serves one job or many: everything
about a job is in its Job, and nothing about it anywhere else.
"""

import hashlib
import hmac
import json
import os
import re
import signal
import sys
import threading
import time
import traceback

USAGE = """This is a Penstock plugin: a pipeline host starts it, and writes a job to its standard input.
To try it out: penstock conformance run FOLDER-OF-THE-PLUGIN"""

running = {}  # the jobs in flight, by jobId
terminated = False
wire = -1  # the descriptor for messages
writing = threading.Lock()


class Failure(Exception):
    """One of the six types of a failure, and a message for the person who reads it."""

    def __init__(self, kind, message):
        super().__init__(message)
        self.kind, self.message = kind, message


class Cancelled(Exception):
    pass


class Job:
    def __init__(self, message):
        data = message["data"]
        self.id = message["jobId"]
        self.root = message["workspace"]["root"]
        self.configuration = (data.get("actionConfiguration") or {}).get("configuration") or {}
        self.inputs = self.directories(data.get("inputArtifacts"))
        self.outputs = self.directories(data.get("outputArtifacts"))
        self.execution = data["pipelineContext"]["action"]["actionExecutionId"]
        self.token = data.get("continuationToken")
        self.cancelled = False
        self.thread = threading.Thread(target=serve, args=[self])

    def directories(self, artifacts):
        """Name to path. A worker's working directory is not that of the job, so paths are made absolute."""
        return {a["name"]: os.path.join(self.root, a["location"]["pathLocation"]["path"]) for a in artifacts or []}

    def setting(self, key, otherwise=None):
        value = self.configuration.get(key) or otherwise
        if value is None:
            raise Failure("ConfigurationError", f"This job needs the property {key}, which is absent or empty")
        return value

    def pause(self, seconds):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if self.cancelled:
                raise Cancelled
            time.sleep(0.02)


# Messages


def send(job, kind, **members):
    message = {"protocol": "penstock/1", "type": kind, "jobId": job.id, **members}
    write(json.dumps(message, ensure_ascii=False).encode(errors="replace") + b"\n")


def write(line):
    """Writes all of it, unbuffered, and nothing of another thread in between."""
    try:
        with writing:
            while line:
                line = line[os.write(wire, line) :]
    except BrokenPipeError:
        log("nobody reads the messages any more")
        os._exit(74)


def log(text):
    print(text, file=sys.stderr, flush=True)


def shortened(text):
    return text if len(text) <= 100 else text[:99] + "…"


# Jobs


def serve(job):
    """The whole life of a job."""
    send(job, "acknowledge")
    kind, members = outcome(job)
    send(job, kind, **members)
    del running[job.id]


def outcome(job):
    """The type of the terminal message, and its members."""
    try:
        return "jobSuccessResult", work(job)
    except Cancelled:
        return "jobAbandonedResult", {"executionDetails": {"summary": "Given up half-way; nothing is left behind"}}
    except Failure as failure:
        return "jobFailureResult", {"failureDetails": {"type": failure.kind, "message": failure.message}}
    except Exception as error:
        # Where it happened, but not the error's text: that may quote a secret.
        log("".join(traceback.format_tb(error.__traceback__)))
        message = f"The plugin has a fault: {type(error).__name__}; the log says where"
        return "jobFailureResult", {"failureDetails": {"type": "JobFailed", "message": message}}


def work(job):
    do = job.setting("Do")
    if do not in DEEDS:
        raise Failure("ConfigurationError", f"Do is “{shortened(do)}”, and has to be one of {', '.join(DEEDS)}")
    return DEEDS[do](job)


def succeed(job):
    name = job.setting("Name")
    if len(name) > 1000:
        raise Failure("ConfigurationError", f"Name has {len(name)} characters, and at most 1000 are allowed")
    send(job, "progress", executionDetails={"summary": f"Greeting {shortened(name)}", "percentComplete": 50})
    return {"outputVariables": {"Greeting": f"Hello, {name}!"}}


def fail(job):
    raise Failure("JobFailed", f"Nobody answered when {shortened(job.setting('Name'))} was greeted at the front door")


def long(job):
    seconds = round(float(job.setting("Seconds", "5")))
    for second in range(seconds):
        details = {"summary": f"Second {second + 1} of {seconds}", "percentComplete": 100 * second // seconds}
        send(job, "progress", executionDetails=details)
        job.pause(1)
    return {}


def artifact(job):
    """Writes a list of all input files, with their digests, into each output."""
    listing = "".join(entries(job))
    for path in job.outputs.values():
        with open(os.path.join(path, "listing.txt"), "w", encoding="utf-8") as file:
            file.write(listing)
    send(job, "log", level="info", message=f"Listed {len(job.inputs)} artifacts in {len(job.outputs)}")
    return {}


def entries(job):
    for name, top in sorted(job.inputs.items()):
        for folder, folders, files in os.walk(top):
            folders.sort()
            for file in sorted(files):
                path = os.path.join(folder, file)
                with open(path, "rb") as content:
                    digest = hashlib.sha256(content.read()).hexdigest()
                yield f"{digest}  {name}/{os.path.relpath(path, top)}\n"


def secret(job):
    """Uses a secret in memory only: it is in no argument, file, variable or line of the log."""
    use(job, job.setting("Token"))
    return {}


def obtain(job):
    """Gets a secret at run time, and tells the host before it does anything with it."""
    session = os.urandom(20).hex()
    send(job, "mask", value=session)
    use(job, session)
    return {}


def use(job, key):
    hmac.digest(key.encode(errors="replace"), job.setting("Name").encode(errors="replace"), "sha256")
    log("The greeting is signed")


def token(job):
    """Takes two continuations. What is outside (a file in the ledger) is done once for an action execution.

    The token says all that has to be known: EXECUTION/STEP. It can come twice, and in a new process.
    """
    if not re.fullmatch("[0-9A-Za-z-]+", job.execution):
        raise Failure("JobFailed", "The job's actionExecutionId is no name of a file, so the ledger cannot hold it")
    entry = os.path.join(job.setting("Ledger"), job.execution)
    if job.token is None:
        begin(entry)
        step = 0
    else:
        known, _, step = job.token.rpartition("/")
        if known != job.execution or step not in ("1", "2") or not os.path.exists(entry):
            raise Failure("ConfigurationError", f"The token “{shortened(job.token)}” is not one of this action’s")
    details = {"externalExecutionId": job.execution, "summary": f"{step} of 2 parts of the greeting are done"}
    if step == "2":
        return {"executionDetails": details, "outputVariables": {"Entry": job.execution}}
    return {
        "continuationToken": f"{job.execution}/{int(step) + 1}", "continueAfterSeconds": 1, "executionDetails": details,
    }  # fmt: skip


def begin(entry):
    try:
        with open(entry, "x", encoding="utf-8") as file:
            file.write("greeted\n")
    except FileExistsError:
        pass  # this action execution began before
    except (OSError, ValueError) as error:
        place, reason = shortened(os.path.dirname(entry)), getattr(error, "strerror", "no path")
        raise Failure("ConfigurationError", f"Nothing can be written in the Ledger “{place}”: {reason}") from None


# The process


def lines():
    return sys.stdin.buffer


def take(line):
    """Acts on a line of the host."""
    try:
        message = json.loads(line)
        kind, id = message["type"], message["jobId"]
        if not message["protocol"].startswith("penstock/"):
            raise ValueError("another protocol")
        job = Job(message) if kind == "job" else running.get(id)
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        log(f"Standard input holds something else than a job: {type(error).__name__}")
        sys.exit(65)
    if kind == "job":
        running[id] = job
        job.cancelled = terminated
        job.thread.start()
    elif kind == "cancel" and job:
        job.cancelled = True


def terminate(*_):
    """SIGTERM: every job is cancelled, and the input has ended. Another one changes nothing."""
    global terminated
    terminated = True
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    for job in list(running.values()):
        job.cancelled = True


def main():
    global wire
    if "PENSTOCK_PROTOCOL" not in os.environ and sys.stdin.isatty():
        explain()
    wire = os.dup(1)  # which children do not inherit
    os.dup2(2, 1)  # so that whatever prints, prints into the log
    signal.signal(signal.SIGTERM, terminate)
    for line in lines():
        if line.strip():
            take(line)
    finish()


def explain():
    log(USAGE)
    sys.exit(64)


def finish():
    """No more comes: what is in flight ends, and then the process."""
    for job in list(running.values()):
        job.thread.join()


DEEDS = {
    "succeed": succeed, "fail": fail, "long": long, "artifact": artifact, "secret": secret, "obtain": obtain,
    "token": token,
}  # fmt: skip
