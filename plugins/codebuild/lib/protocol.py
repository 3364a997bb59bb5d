"""The protocol's few lines, and the two ways in which a job ends early."""

import json
import os
import sys


class Failure(Exception):
    """The action's failure: one of the protocol's types, and a message for the person who reads it."""

    def __init__(self, kind, message):
        super().__init__(message)
        self.kind = kind


class Cancelled(BaseException):
    """SIGTERM came; a BaseException, so that nothing on the way takes it for an error."""


class Host:
    """The way to the host: keeps stdout for itself and turns descriptor 1 into log."""

    def __init__(self):
        self.descriptor = os.dup(1)  # not inherited by children
        os.dup2(2, 1)
        self.job_id = None

    def send(self, kind, **body):
        message = {"protocol": "penstock/1", "type": kind, "jobId": self.job_id, **body}
        line = json.dumps(message, separators=(",", ":")).encode() + b"\n"
        while line:
            line = line[os.write(self.descriptor, line) :]

    def progress(self, summary):
        self.send("progress", executionDetails={"summary": printable(summary)[:2048]})


def read_job():
    """The first line that is not blank, or None at the end of input."""
    line = next((line for line in sys.stdin.buffer if line.strip()), None)
    if line is None:
        return None
    try:
        job = json.loads(line)
        if job["type"] == "job" and isinstance(job["jobId"], str):
            return job
        fault = "it is no job"
    except (ValueError, LookupError, TypeError, RecursionError) as error:
        fault = f"{type(error).__name__}: {error}"
    print(f"stdin held something else than a job: {fault}", file=sys.stderr)
    raise SystemExit(65)


def printable(text):
    """Text that JSON may hold: a file's name may be any bytes."""
    return text.encode(errors="backslashreplace").decode()


def say(text):
    """One line of the log."""
    data = f"{text}\n".encode(errors="backslashreplace")
    while data:
        data = data[os.write(2, data) :]


def warn(text):
    say(f"warning: {text}")


def directory(artifact):
    """Where an artifact of the job is."""
    return os.path.abspath(artifact["location"]["pathLocation"]["path"])


def nearest(name, known):
    """`; did you mean X?` if something known is close to the name."""
    import difflib  # slow to import, seldom needed

    folded = {candidate.lower().replace("_", "-"): candidate for candidate in known}
    close = difflib.get_close_matches(str(name).lower().replace("_", "-"), folded, 1, 0.7)
    return f"; did you mean {folded[close[0]]}?" if close else ""
