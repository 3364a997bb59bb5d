"""Deploy/AWS/S3/1: the input artifact's files as objects, or as one ZIP."""

import datetime
import os
import stat
import uuid

from botocore.exceptions import BotoCoreError, ClientError

import archive
from contenttype import content_type
from failure import Failure
from store import Store
from transfer import PART_BYTES, Progress, amount, parallel, upload

ACLS = (
    "private",
    "public-read",
    "public-read-write",
    "authenticated-read",
    "aws-exec-read",
    "bucket-owner-read",
    "bucket-owner-full-control",
    "log-delivery-write",
)
KEY_LIMIT_BYTES = 1024
SMALL_WIDTH = 8


def run(data, host, stop):
    configuration = data["actionConfiguration"]["configuration"]
    extract, key = configuration["Extract"].lower(), object_key(configuration, data["pipelineContext"])
    if extract not in ("true", "false"):
        raise Failure("ConfigurationError", f"Extract must be true or false, not {extract!r}")
    if extract == "false" and not key:
        raise Failure("ConfigurationError", "Extract is false, so ObjectKey must name the object")
    attributes = object_attributes(configuration)
    store = Store(data.get("providerSettings"), configuration["BucketName"], stop)
    root = os.path.abspath(data["inputArtifacts"][0]["location"]["pathLocation"]["path"])
    if not os.path.isdir(root):
        raise Failure("RevisionUnavailable", f"the input artifact is not at {root}")
    deploy = deploy_files if extract == "true" else deploy_archive
    return {"executionDetails": {"summary": deploy(store, root, key, attributes, host)[:2048]}}


def object_key(configuration, context):
    """With {datetime} and {uuid} filled in. The latter comes from the action's execution, so that a second dispatch
    after a crash writes the same key."""
    execution = context["action"]["actionExecutionId"]
    now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d_%H-%M-%S")
    key = configuration.get("ObjectKey", "").replace("{datetime}", now)
    return key.replace("{uuid}", str(uuid.uuid5(uuid.NAMESPACE_OID, execution)))


def object_attributes(configuration):
    attributes = {}
    acl, cache = configuration.get("CannedACL"), configuration.get("CacheControl")
    if acl:
        if acl not in ACLS:
            raise Failure("ConfigurationError", f"CannedACL {acl!r} is none of {', '.join(ACLS)}")
        attributes["ACL"] = acl
    if cache:
        if not (cache.isascii() and cache.isprintable()):
            raise Failure("ConfigurationError", "CacheControl must be one line of ASCII, such as max-age=3600")
        attributes["CacheControl"] = cache
    if configuration.get("KMSEncryptionKeyARN"):
        attributes.update(ServerSideEncryption="aws:kms", SSEKMSKeyId=configuration["KMSEncryptionKeyARN"])
    return attributes


def check_key(key, path):
    try:
        size = len(key.encode())
    except UnicodeEncodeError:
        raise Failure(
            "ConfigurationError", f"the name of the file {path!r} is not UTF-8, which a key must be"
        ) from None
    if size > KEY_LIMIT_BYTES:
        raise Failure("ConfigurationError", f"the key for {path!r} has {size} bytes; the limit is {KEY_LIMIT_BYTES}")


def deploy_archive(store, root, key, attributes, host):
    check_key(key, "the ZIP")
    file = os.path.join(os.environ.get("TMPDIR", "/tmp"), "artifact.zip")
    host.progress("packing the artifact")
    try:
        archive.pack(root, file, store.check)
    except UnicodeEncodeError:
        raise Failure(
            "JobFailed", "a file of the artifact has a name that is not UTF-8, which no ZIP can hold"
        ) from None
    size = os.path.getsize(file)
    try:
        upload(
            store,
            key,
            file,
            {"ContentType": "application/zip", **attributes},
            Progress(host, f"uploading s3://{store.bucket}/{key}", size),
        )
    except (ClientError, BotoCoreError) as error:
        raise store.failure(error, key) from None
    return f"s3://{store.bucket}/{key} is written, {amount(size)}"


def deploy_files(store, root, prefix, attributes, host):
    prefix = prefix.rstrip("/")
    prefix += "/" * bool(prefix)
    files = list_files(root)
    for path in files:
        check_key(prefix + path, path)
    progress = Progress(
        host,
        f"uploading {len(files)} files to s3://{store.bucket}/{prefix}",
        sum(os.path.getsize(os.path.join(root, path)) for path in files),
    )

    def send(path):
        try:
            upload(
                store,
                prefix + path,
                os.path.join(root, path),
                {"ContentType": content_type(path), **attributes},
                progress,
            )
        except (ClientError, BotoCoreError) as error:
            raise store.failure(error, prefix + path) from None

    done = 0
    try:
        for batch, width in batches(root, files):
            done += parallel(send, batch, width)
    except Failure as failure:
        done += failure.done
        partly = f" {done} of {len(files)} files are written and stay." if done else " Nothing is written."
        raise Failure(failure.kind, str(failure) + partly) from None
    return f"{len(files)} files are written to s3://{store.bucket}/{prefix}, {amount(progress.total)}"


def list_files(root):
    """Paths below the root of all files; links are followed, a link to a directory like the directory."""
    found, entries, top = [], 0, os.path.realpath(root)
    folders = [("", (top,))]
    while folders:
        folder, above = folders.pop()
        for name in sorted(os.listdir(os.path.join(root, folder))):
            path = os.path.join(folder, name)
            real = os.path.realpath(os.path.join(root, path))
            entries += 1
            if entries > 2 * archive.FILES_LIMIT or len(found) > archive.FILES_LIMIT:
                raise Failure(
                    "JobFailed",
                    f"the artifact has more files than {archive.FILES_LIMIT}, the limit (links " "are followed)",
                )
            if not real.startswith(top + "/") or not os.path.exists(real):
                raise Failure("JobFailed", f"the link {path!r} leads to no file of the artifact; S3 keeps no links")
            if real in above:
                raise Failure("JobFailed", f"the link {path!r} leads back to a directory above it; S3 keeps no links")
            if stat.S_ISDIR(os.stat(real).st_mode):
                folders.append((path, (*above, real)))
            else:
                found.append(path)
    return sorted(found)


def batches(root, files):
    """What refers to other files comes after them: pages last, index pages at the very end. Large files go one by one,
    their parts in parallel."""

    def rank(path):
        name = os.path.basename(path).lower()
        return name.endswith((".html", ".htm")) + (name in ("index.html", "index.htm"))

    for wanted in range(3):
        chosen = [path for path in files if rank(path) == wanted]
        large = [path for path in chosen if os.path.getsize(os.path.join(root, path)) > PART_BYTES]
        apart = set(large)
        yield large, 1
        yield [path for path in chosen if path not in apart], SMALL_WIDTH
