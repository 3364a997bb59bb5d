"""Objects to and from files: in parts, in parallel, with resumption."""

import base64
import contextlib
import hashlib
import itertools
import os
import sys
import threading
import time

from botocore.exceptions import BotoCoreError, ClientError

from failure import Failure
from refusal import code, status

PART_BYTES = 8 << 20
CHUNK_BYTES = 256 << 10
PARTS_LIMIT = 10_000  # S3: parts of one object
WIDTH = 4
UNDER_WAY = {}  # multipart uploads: id to store and key


def amount(size_bytes):
    for unit in ("bytes", "KiB", "MiB"):
        if size_bytes < 1024:
            return f"{size_bytes:.1f} {unit}" if unit != "bytes" else f"{size_bytes} bytes"
        size_bytes /= 1024
    return f"{size_bytes:.1f} GiB"


class Replaced(Exception):
    """The object is no longer the one that was found."""


class Progress:
    """Tells the host how far it is, at most once a second."""

    def __init__(self, host, doing, total_bytes):
        self.host, self.doing, self.total, self.done = host, doing, total_bytes, 0
        self.lock, self.next = threading.Lock(), time.monotonic() + 1
        host.progress(f"{doing}, {amount(total_bytes)}", 0)

    def add(self, size_bytes):
        with self.lock:
            self.done += size_bytes
            if time.monotonic() < self.next:
                return
            self.next = time.monotonic() + 1
            done, percent = self.done, min(100, 100 * self.done // max(1, self.total))
        self.host.progress(f"{self.doing}, {amount(done)} of {amount(self.total)}", percent)


def parallel(work, items, width):
    """`work` for each item, `width` at a time. The first error ends it, when what is under way has ended; returns how
    many were done."""
    source, lock, errors, done = iter(items), threading.Lock(), [], itertools.count()

    def drain():
        while not errors:
            with lock:
                item = next(source, source)
            if item is source:
                return
            try:
                work(item)
                next(done)
            except BaseException as error:  # Stopped, too
                errors.append(error)

    threads = [threading.Thread(target=drain, daemon=True) for _ in range(width - 1)]
    for thread in threads:
        thread.start()
    drain()
    for thread in threads:
        thread.join()
    if errors:
        errors[0].done = next(done)
        raise errors[0]
    return next(done)


def download(store, key, head, path, progress, **version):
    """The object that `head` describes, into a new file; Replaced if it was replaced meanwhile."""
    size = head["ContentLength"]
    with open(path, "xb") as file:
        if size:
            os.posix_fallocate(file.fileno(), 0, size)  # a full disk shows at once

        def fetch(start):
            place, end = start, min(start + PART_BYTES, size)

            def go_on():
                nonlocal place
                wanted = f"bytes={place}-{end - 1}"
                answer = get_range(store, key, wanted, head["ETag"], version)
                if answer["ContentLength"] != end - place:
                    answer["Body"].close()
                    raise Failure("JobFailed", f"{store.place(key)}: the server does not give ranges of objects")
                with contextlib.closing(answer["Body"]) as body:
                    while place < end:
                        store.check()
                        chunk = body.read(min(CHUNK_BYTES, end - place))
                        while chunk:
                            written = os.pwrite(file.fileno(), chunk, place)
                            place, chunk = place + written, chunk[written:]
                            progress.add(written)

            store.attempt(go_on, key)

        parallel(fetch, range(0, size, PART_BYTES), WIDTH)
        if os.fstat(file.fileno()).st_size != size:
            raise Failure("JobFailed", f"{store.place(key)}: the file has not the object's {size} bytes")


def get_range(store, key, wanted, tag, version):
    try:
        answer = store.request("get_object", key, Range=wanted, IfMatch=tag, **version)
    except ClientError as error:
        if status(error) in (404, 412):
            raise Replaced from None
        raise
    if answer["ETag"] != tag:  # from a server that ignores If-Match
        answer["Body"].close()
        raise Replaced
    return answer


def digest(data):
    return base64.b64encode(hashlib.md5(data, usedforsecurity=False).digest()).decode()


def upload(store, key, path, attributes, progress):
    """A file as one object, which appears whole or not at all."""
    with open(path, "rb") as file:
        size = os.fstat(file.fileno()).st_size
        if size > PART_BYTES:
            return upload_parts(store, key, file, size, attributes, progress)
        data = file.read(PART_BYTES + 1)
    store.call("put_object", key, Body=data, ContentMD5=digest(data), **attributes)
    progress.add(len(data))


def upload_parts(store, key, file, size, attributes, progress):
    identity = store.call("create_multipart_upload", key, **attributes)["UploadId"]
    UNDER_WAY[identity] = (store, key)
    try:
        part_bytes = max(PART_BYTES, -(-size // PARTS_LIMIT))
        parts, sums = {}, {}

        def send(number):
            data = os.pread(file.fileno(), part_bytes, (number - 1) * part_bytes)
            sums[number] = digest(data)
            answer = store.call(
                "upload_part", key, Body=data, ContentMD5=sums[number], PartNumber=number, UploadId=identity
            )
            parts[number] = answer["ETag"]
            progress.add(len(data))

        parallel(send, range(1, -(-size // part_bytes) + 1), WIDTH)
        complete(store, key, identity, parts, sums, file)
    except BaseException:
        abort(store, key, identity)
        raise
    finally:
        UNDER_WAY.pop(identity, None)


def complete(store, key, identity, parts, sums, file):
    listed = [{"PartNumber": number, "ETag": parts[number]} for number in sorted(parts)]
    try:
        store.call("complete_multipart_upload", key, UploadId=identity, MultipartUpload={"Parts": listed})
    except ClientError as error:
        # The answer to an earlier try may have been lost: then the upload is gone because it is complete.
        if code(error) != "NoSuchUpload" or store.call("head_object", key)["ETag"].strip('"') not in tags(sums, file):
            raise


def tags(sums, file):
    """What servers call an object of these parts: AWS by the parts' sums, some by the whole's."""
    parts = hashlib.md5(b"".join(base64.b64decode(sums[number]) for number in sorted(sums)), usedforsecurity=False)
    whole = hashlib.md5(usedforsecurity=False)
    file.seek(0)
    while chunk := file.read(PART_BYTES):
        whole.update(chunk)
    return f"{parts.hexdigest()}-{len(sums)}", whole.hexdigest()


def abort_all():
    """For when the thread that uploads hangs on a dead connection."""
    for identity, (store, key) in list(UNDER_WAY.items()):
        abort(store, key, identity)


def abort(store, key, identity):
    """Takes an upload back, also when everything is to stop: a few quick tries."""
    client = store.connect(timeout_seconds=3)
    for pause_seconds in (0.2, 0.5, 0):
        try:
            client.abort_multipart_upload(Bucket=store.bucket, Key=key, UploadId=identity)
            return
        except (ClientError, BotoCoreError) as error:
            if code(error) == "NoSuchUpload":
                return
            problem = error
        time.sleep(pause_seconds)
    print(
        f"the upload {identity} of {store.place(key)} could not be taken back, and its parts may be billed until a "
        f"lifecycle rule removes them: {problem}",
        file=sys.stderr,
    )
