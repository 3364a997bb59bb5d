"""ZIP files: unpacked with distrust, packed reproducibly."""

import io
import os
import shutil
import stat
import zipfile
import zlib

from failure import Failure
from transfer import amount

FILES_LIMIT = 100_000  # AWS: files of one S3 object
UNPACKED_LIMIT_BYTES = 8 << 30  # what an artifact may hold
DIRECTORY_LIMIT_BYTES = 64 << 20
PATH_LIMIT_BYTES = 2048  # of an artifact's paths, and of a link's target
CHUNK_BYTES = 1 << 20
EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest that a ZIP can hold


class Archive(io.FileIO):
    """Refuses the one huge read that a forged table of contents asks for."""

    def read(self, size=-1):
        if size > DIRECTORY_LIMIT_BYTES:
            raise Failure(
                "JobFailed",
                f"its table of contents has {amount(size)}; the limit is " f"{amount(DIRECTORY_LIMIT_BYTES)}",
            )
        return super().read(size)


def is_zip(path):
    with open(path, "rb") as file:
        return file.read(4) in (b"PK\3\4", b"PK\5\6")


def unzip(descriptor, root, place, check):
    """Unpacks an open file below `root`, an empty directory; `check` is called often and may raise."""
    try:
        with Archive(descriptor) as file, zipfile.ZipFile(file) as archive:
            entries = plan(archive.infolist(), root)
            links = []
            for name, entry in entries.items():
                check()
                if entry.is_dir():
                    os.makedirs(os.path.join(root, name), exist_ok=True)
                elif stat.S_ISLNK(mode(entry)):
                    links.append((name, target(archive, entry)))
                else:
                    extract(archive, entry, os.path.join(root, name), check)
            link(links, root)  # last, so that nothing is ever written through one
    except Failure as failure:
        raise Failure(failure.kind, f"{place}: the ZIP is not unpacked: {failure}") from None
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, UnicodeError, ValueError) as error:
        raise Failure("JobFailed", f"{place}: the ZIP is damaged, or of a kind not known here: {error}") from None


def mode(entry):
    return entry.external_attr >> 16 if entry.create_system == 3 else 0  # 3: made where Unix modes are kept


def plan(infos, root):
    """Path below the root to entry; nothing that leads out of it, stands twice, or takes too much room."""
    entries, files = {}, 0
    for entry in infos:
        name = safe_name(entry)
        if not name and entry.is_dir():
            continue
        if name in entries and not (entry.is_dir() and entries[name].is_dir()):
            refuse(entry, "stands in it twice")
        check_kind(entry)
        entries[name] = entry
        files += not entry.is_dir()
    for name, entry in entries.items():
        parent = os.path.dirname(name)
        while parent:
            if parent in entries and not entries[parent].is_dir():
                refuse(entry, f"lies below {parent!r}, which is no directory")
            parent = os.path.dirname(parent)
    check_size(sum(entry.file_size for entry in entries.values()), files, root)
    return entries


def check_size(size, files, root):
    if not files:
        raise Failure("JobFailed", "it holds no file")
    if files > FILES_LIMIT:
        raise Failure("JobFailed", f"it holds {files} files; the limit is {FILES_LIMIT}")
    if size > UNPACKED_LIMIT_BYTES:
        raise Failure("JobFailed", f"its files have {amount(size)}; the limit is {amount(UNPACKED_LIMIT_BYTES)}")
    free = shutil.disk_usage(root).free
    if size > free:
        raise Failure("JobFailed", f"its files need {amount(size)}, and the workspace's disk has {amount(free)}")


def refuse(entry, problem):
    raise Failure("JobFailed", f"the entry {entry.orig_filename[:500]!r} {problem}")


def safe_name(entry):
    name = entry.orig_filename
    if entry.create_system == 0:
        name = name.replace("\\", "/")  # old Windows tools
    segments = name.split("/")
    if "\0" in name:
        refuse(entry, "has a NUL in its name")
    if name.startswith("/") or ".." in segments or entry.create_system == 0 and segments[0][1:2] == ":":
        refuse(entry, "leads out of the artifact")
    clean = "/".join(segment for segment in segments if segment not in ("", "."))
    if not clean and not entry.is_dir():
        refuse(entry, "has no name")
    if len(os.fsencode(clean)) > PATH_LIMIT_BYTES or any(len(os.fsencode(part)) > 255 for part in segments):
        refuse(entry, f"has too long a name; the limits are 255 bytes a part and {PATH_LIMIT_BYTES} together")
    return clean


def check_kind(entry):
    kind = stat.S_IFMT(mode(entry))
    if entry.flag_bits & 1:
        refuse(entry, "is encrypted; an artifact must be readable")
    if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        refuse(entry, f"is compressed by method {entry.compress_type}; only stored and deflated ones are read")
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR, stat.S_IFLNK):
        refuse(entry, "is neither file, directory nor link")
    if kind == stat.S_IFLNK and entry.file_size > PATH_LIMIT_BYTES:
        refuse(entry, f"is a link with a target of {entry.file_size} bytes; the limit is {PATH_LIMIT_BYTES}")


def extract(archive, entry, path, check):
    """The library stops at the size that the table of contents declares, and compares the checksum there."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with archive.open(entry) as content, open(path, "xb") as file:
        while chunk := content.read(CHUNK_BYTES):
            check()
            file.write(chunk)
        os.fchmod(file.fileno(), mode(entry) & 0o755 | 0o600 if mode(entry) else 0o644)
        if file.tell() != entry.file_size:
            refuse(entry, f"ends after {file.tell()} of {entry.file_size} bytes")


def target(archive, entry):
    content = os.fsdecode(archive.read(entry))
    if not content or "\0" in content:
        refuse(entry, "is a link that leads nowhere")
    return content


def link(links, root):
    for name, leads_to in links:
        os.makedirs(os.path.dirname(os.path.join(root, name)), exist_ok=True)
        os.symlink(leads_to, os.path.join(root, name))
    root = os.path.realpath(root)
    for name, leads_to in links:  # with all in place, because links may lead through links
        if leads_to.startswith("/") or not os.path.realpath(os.path.join(root, name)).startswith(root + "/"):
            raise Failure("JobFailed", f"the link {name!r} leads out of the artifact, to {leads_to[:500]!r}")


def pack(root, path, check):
    """All below `root` as a ZIP; the same content gives the same bytes."""
    with zipfile.ZipFile(path, "x", zipfile.ZIP_DEFLATED) as archive:
        for parent, directories, files in os.walk(root):
            directories.sort()
            links = [name for name in directories if os.path.islink(os.path.join(parent, name))]
            for name in sorted(files + links):
                check()
                add(archive, os.path.join(parent, name), root, check)
            if not files and not directories and parent != root:
                entry = zipfile.ZipInfo(os.path.relpath(parent, root) + "/", EPOCH)
                entry.external_attr = (stat.S_IFDIR | 0o755) << 16 | 0x10
                archive.writestr(entry, b"")


def add(archive, path, root, check):
    about = os.lstat(path)
    entry = zipfile.ZipInfo(os.path.relpath(path, root), EPOCH)
    entry.create_system, entry.external_attr = 3, about.st_mode << 16
    if stat.S_ISLNK(about.st_mode):
        archive.writestr(entry, os.fsencode(os.readlink(path)))
        return
    entry.compress_type, entry.file_size = zipfile.ZIP_DEFLATED, about.st_size
    with open(path, "rb") as content, archive.open(entry, "w", force_zip64=about.st_size > 1 << 30) as file:
        while chunk := content.read(CHUNK_BYTES):
            check()
            file.write(chunk)
