"""One job: from its line on stdin to its one terminal message."""

import os
import signal
import subprocess
import sys
import tempfile

import artifacts
import processes
import variables
from buildspec import Buildspec
from phases import Build
from protocol import Cancelled, Failure, Host, printable, read_job, say, warn


def writable_copy(name, origin):
    """A copy of an input artifact in which the build may write."""
    if not os.path.isdir(origin):
        raise Failure("RevisionUnavailable", f"the input artifact {name} is not at {origin}")
    work = tempfile.mkdtemp(prefix="src-")
    copy = ["cp", "-a", "--reflink=auto", "--no-preserve=ownership", "--", origin + "/.", work]
    for command in (copy, ["chmod", "-R", "u+w", work]):
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False)
        if done.returncode:
            said = done.stderr.decode(errors="replace")[:2000]
            raise Failure("JobFailed", f"cannot copy the input artifact {name}: {said}")
    return work


def read_buildspec(project, source):
    """The project's buildspec: its text, or a file of the primary source."""
    wanted = project.buildspec or "buildspec.yml"
    if "\n" in wanted:
        return Buildspec(wanted.encode(), f"settings: CodeBuild.projects.{project.name}.buildspec")
    if wanted.startswith("arn:"):
        project.refuse(
            "buildspec",
            "a buildspec in a bucket is not supported here; put it into the source, or its text " "into the settings",
        )
    path = os.path.normpath(wanted)
    if path.startswith(("/", "..")):
        project.refuse("buildspec", f"the path {wanted!r} must stay below the source directory")
    try:
        with open(os.path.join(source, path), "rb") as stream:
            return Buildspec(stream.read(2 << 20), wanted)
    except OSError as error:
        other = next(
            (
                name
                for name in ("buildspec.yaml", "buildspec.json", "Buildspec.yml")
                if os.path.exists(os.path.join(source, name))
            ),
            None,
        )
        hint = (
            f"the source has {other}: set `buildspec: {other}`" if other else "set `buildspec` to its path or its text"
        )
        raise Failure(
            "ConfigurationError",
            f"the buildspec {wanted} cannot be read from the primary source: "
            f"{error.strerror}; {hint} in the settings, CodeBuild.projects.{project.name}",
        ) from None


def run(job, host):
    data = job["data"]
    configuration = data["actionConfiguration"]["configuration"]
    name = configuration.get("ProjectName")
    if not name:
        raise Failure("ConfigurationError", "ProjectName is missing; name the project in the settings")
    if configuration.get("BatchEnabled", "").lower() == "true":
        raise Failure(
            "ConfigurationError",
            "BatchEnabled is true, and batch builds are not supported here; take it away "
            "to have the project's single build",
        )
    project = variables.Project(name, data.get("providerSettings") or {})
    origins = variables.copies(data, configuration)
    primary = next(iter(origins))
    spec = read_buildspec(project, origins[primary])
    for text in spec.warnings:
        warn(f"{spec.name}: {text}")
    outputs = data.get("outputArtifacts", [])
    artifacts.assign(spec, outputs)  # fails now rather than after the build

    def mask(value):
        host.send("mask", value=value)

    overrides = variables.override(configuration.get("EnvironmentVariables"), project, mask)
    places = {each: writable_copy(each, origin) for each, origin in origins.items()}
    source = places[primary]
    environment, closed = variables.environment(
        {**data, "attempt": job.get("attempt")}, project, spec, overrides, mask, places
    )
    cache = None
    if spec.cache_paths:
        import cache as caches

        cache = caches.prepared(spec, job.get("workspace", {}).get("cache"), source, environment)
        caches.attempt(cache, "restore")
    build = Build(spec, source, environment, host.progress)
    build.run()
    sentences, found = finish(build, spec, outputs, source, closed)
    identity = {"externalExecutionId": environment["CODEBUILD_BUILD_ID"][:1500]}
    if build.failure:
        raise Failure("JobFailed", "; ".join([build.failure, *sentences]))
    if cache:
        caches.attempt(cache, "save")
    summary = "; ".join(["build succeeded", *sentences])
    details = {"summary": printable(summary)[:2048], **identity}
    return "jobSuccessResult", {"executionDetails": details, "outputVariables": variables.bounded(found)}


def finish(build, spec, outputs, source, closed):
    """What follows the phases: exported variables, reports, artifacts. After a failure of the build what fails here is
    told in the log."""
    names = set(spec.exported) | artifacts.mentioned(spec)
    values = build.shell.values(names)
    build.shell.close()
    processes.end_survivors(quiet=0, patience=1)
    sentences, found = [], {}
    if spec.reports:
        import reports

        sentences, found = reports.publish(spec, source, values)
    if not build.aborted:
        try:
            artifacts.upload(spec, outputs, source, values)
        except Failure as failure:
            if not build.failure:
                raise
            warn(str(failure))
    if not build.failure:
        found = {**found, **variables.exported(spec.exported, values, closed)}
    return sentences, found


def outcome(job, host):
    try:
        return run(job, host)
    except Failure as failure:
        kind, text = failure.kind, str(failure)
    except Exception as error:  # a job of another shape than the protocol's, a full disk
        import traceback  # slow to import, seldom needed

        traceback.print_exc()
        kind, text = "JobFailed", f"the codebuild plugin could not go on: {type(error).__name__}: {error}"
    say(f"Build failed: {text}")
    return "jobFailureResult", {"failureDetails": {"type": kind, "message": printable(text)[:5000]}}


def cancel(*_):
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise Cancelled


def main():
    if "PENSTOCK_PROTOCOL" not in os.environ and sys.stdin.isatty():
        print("usage: Penstock starts this plugin and writes one job, a line of JSON, to its stdin", file=sys.stderr)
        return 64
    host = Host()
    job = read_job()
    if job is None:
        return 0
    host.job_id = job["jobId"]
    processes.adopt_orphans()
    try:
        signal.signal(signal.SIGTERM, cancel)
        kind, body = outcome(job, host)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)  # nothing may follow the terminal message
    except Cancelled:
        # The host signals the whole group: the commands have had theirs, and get a second only when it missed them.
        grace = job.get("cancelGraceSeconds", 10)
        processes.end_survivors(quiet=min(1, grace / 4), patience=max(grace - 2, grace / 2))
        kind, body = "jobAbandonedResult", {}
    host.send(kind, **body)
    return 0
