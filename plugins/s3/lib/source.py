"""Source/AWS/S3/1: one object into the output artifact, or whether there is a new version of it."""

import contextlib
import email.errors
import email.header
import os
import shutil
import sys

from botocore.exceptions import BotoCoreError, ClientError

import archive
from failure import Failure
from refusal import code, is_transient, status
from store import Store
from transfer import Progress, Replaced, amount, download

OBJECT_LIMIT_BYTES = 7 << 30  # AWS: an S3 source
SUMMARY = "codepipeline-artifact-revision-summary"
TRIES_OF_A_CHANGING_OBJECT = 3


def run(data, host, stop):
    configuration = data["actionConfiguration"]["configuration"]
    name = configuration["S3Bucket"]
    key, version = wanted(configuration, data.get("sourceRevision") or {})
    store = Store(data.get("providerSettings"), name, stop)
    output = os.path.abspath(data["outputArtifacts"][0]["location"]["pathLocation"]["path"])
    for _ in range(TRIES_OF_A_CHANGING_OBJECT):
        head = find(store, key, version)
        try:
            bring(store, key, head, output, host)
            return report(name, key, head)
        except Replaced:
            print(f"{store.place(key)} was replaced while it was read; beginning again", file=sys.stderr)
        except (ClientError, BotoCoreError) as error:
            raise store.failure(error, key) from None
    raise Failure(
        "RevisionOutOfSync",
        f"{store.place(key)} was replaced while it was read, "
        f"{TRIES_OF_A_CHANGING_OBJECT} times; try again when its writers are done",
    )


def check(data, stop):
    """The newest version, if it is another than the cursor's; what was between the two is not looked for."""
    configuration = data["actionConfiguration"]["configuration"]
    key, _ = wanted(configuration, {})
    head = find(Store(data.get("providerSettings"), configuration["S3Bucket"], stop), key, None)
    told = report(configuration["S3Bucket"], key, head)
    cursor = told["currentRevision"]["revision"]
    return {
        "cursor": cursor,
        "changes": [] if data.get("cursor") == cursor else [told["currentRevision"]],
        "executionDetails": told["executionDetails"],
    }


def wanted(configuration, revision):
    """Key and version (None for the newest): the configuration's, or what the start of the execution names."""
    kind, value = revision.get("revisionType"), revision.get("revisionValue")
    key, version = configuration["S3ObjectKey"], None
    other = revision.get("objectKey")
    if kind == "S3_OBJECT_VERSION_ID":
        version = value
    elif kind == "S3_OBJECT_KEY":
        other = value
    elif kind:
        raise Failure(
            "ConfigurationError",
            f"the source revision is a {kind}; an S3 source takes S3_OBJECT_VERSION_ID or S3_OBJECT_KEY",
        )
    if other is not None:
        if configuration.get("AllowOverrideForS3ObjectKey", "").lower() != "true":
            raise Failure(
                "ConfigurationError",
                "the start names another object key (S3_OBJECT_KEY), which the action "
                "allows only with AllowOverrideForS3ObjectKey set to true",
            )
        key = other
    if (
        not key
        or key.endswith("/")
        or os.path.basename(key) in (".", "..")
        or len(os.path.basename(key).encode()) > 255
    ):
        raise Failure(
            "ConfigurationError",
            f"S3ObjectKey {key!r} does not end in a file's name (255 bytes at most); name one object",
        )
    return key, version


def find(store, key, version):
    """What the newest version is, or the one asked for."""
    parameters = {"VersionId": version} if version else {}
    try:
        try:
            head = store.call("head_object", key, **parameters)
        except ClientError as error:
            if not code(error).isdigit() or is_transient(error):
                raise
            # The answer to HEAD has no body: the answer to GET says why.
            store.call("get_object", key, Range="bytes=0-0", **parameters)["Body"].close()
            raise
    except (ClientError, BotoCoreError) as error:
        if version and status(error) in (400, 404, 405):
            raise Failure(
                "RevisionUnavailable", f"{store.place(key)} has no version {version}, or it was deleted " f"({error})"
            ) from None
        raise store.failure(error, key) from None
    if head["ContentLength"] > OBJECT_LIMIT_BYTES:
        raise Failure(
            "JobFailed",
            f"{store.place(key)} has {amount(head['ContentLength'])}; the limit of an S3 source "
            f"is {amount(OBJECT_LIMIT_BYTES)}",
        )
    return head


def bring(store, key, head, output, host):
    """Reads into the output folder itself: it may be another file system than the temporary one."""
    file = os.path.join(output, ".object-being-read")
    size, free = head["ContentLength"], shutil.disk_usage(output).free
    if size > free:
        raise Failure("JobFailed", f"{store.place(key)} has {amount(size)}, and the workspace's disk {amount(free)}")
    version = {"VersionId": identity(head)} if identity(head) else {}
    progress = Progress(host, f"downloading s3://{store.bucket}/{key}", size)
    try:
        download(store, key, head, file, progress, **version)
        if archive.is_zip(file):
            host.progress(f"unpacking s3://{store.bucket}/{key}")
            content = os.open(file, os.O_RDONLY | os.O_CLOEXEC)
            os.remove(file)  # before an entry may have its name
            archive.unzip(content, output, store.place(key), store.check)
            return
        if key.lower().endswith(".zip"):
            print(f"{store.place(key)} is no ZIP; it is brought as one file", file=sys.stderr)
        os.chmod(file, 0o644)
        os.rename(file, os.path.join(output, os.path.basename(key)))
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.remove(file)


def identity(head):
    """The version's id; None where the bucket keeps no versions."""
    version = head.get("VersionId")
    return version if version and version != "null" else None


def summary(head):
    """The object's own, which S3 encodes as mail does where it is not ASCII, or what AWS writes without one."""
    text = head.get("Metadata", {}).get(SUMMARY)
    if text:
        try:
            return str(email.header.make_header(email.header.decode_header(text)))
        except (email.errors.MessageError, LookupError, ValueError):
            return text
    return f"Amazon S3 version id: {identity(head)}" if identity(head) else f"Amazon S3 ETag: {head['ETag']}"


def report(name, key, head):
    tag, version = head["ETag"].strip('"'), identity(head)
    return {
        "currentRevision": {
            "revision": version or tag,
            "changeIdentifier": tag[:100],
            "created": head["LastModified"].strftime("%Y-%m-%dT%H:%M:%SZ"),
            "revisionSummary": summary(head)[:2048],
        },
        "executionDetails": {
            "summary": f"{key[:500]} is at {version or tag}"[:2048],
            "externalExecutionId": version or tag,
        },
        "outputVariables": {"BucketName": name, "ETag": tag, "ObjectKey": key, "VersionId": version or "null"},
    }
