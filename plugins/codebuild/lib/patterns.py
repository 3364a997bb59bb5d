"""Which files a pattern of a buildspec means (BLD-7)."""

import fnmatch
import os
import re

from protocol import Failure

FILES_LIMIT = 500_000  # links to directories can make more of few
REFERENCE = re.compile(r"\$(?:\{(\w+)\}|(\w+))", re.A)


def references(texts):
    """The names of the variables that the texts mention."""
    return {found[1] or found[2] for text in texts for found in REFERENCE.finditer(text)}


def expand(text, values):
    """The text with its variables filled in, as CodeBuild does in paths; one that is not set counts as empty."""
    return REFERENCE.sub(lambda found: values.get(found[1] or found[2], ""), text)


def magic(segment):
    return any(letter in segment for letter in "*?[")


def matches(path, pattern):
    """Both as lists of segments; `**` stands for any number of them."""
    rows = [True] + [False] * len(pattern)  # rows[n]: the segments so far match the first n of the pattern
    for number, segment in enumerate(pattern):
        rows[number + 1] = rows[number] and segment == "**"
    for name in path:
        after = [False] * len(rows)
        for number, segment in enumerate(pattern):
            if segment == "**":
                after[number + 1] = rows[number + 1] or after[number]
            else:
                after[number + 1] = rows[number] and (name == segment or fnmatch.fnmatchcase(name, segment))
        rows = after
    return rows[-1]


def split(pattern, base):
    """The directory that the pattern begins in, absolute and without anything to match, and its other segments."""
    top, rest = base, os.path.normpath(pattern)
    if rest.startswith(base + "/"):
        rest = rest[len(base) + 1 :]
    elif rest.startswith("/"):
        top, rest = "/", rest.lstrip("/")
    segments = rest.split("/")
    while segments[0] == ".." and len(segments) > 1:
        top, segments = os.path.dirname(top), segments[1:]
    fixed = next((number for number, segment in enumerate(segments[:-1]) if magic(segment)), len(segments) - 1)
    return os.path.join(top, *segments[:fixed]), segments[fixed:]


def covers(pattern, base, path):
    """Whether the pattern matches the absolute path."""
    top, rest = split(pattern, base)
    inside = top.rstrip("/") + "/"
    return path.startswith(inside) and matches(path[len(inside) :].split("/"), rest)


def lineage(directory):
    """The identities of a directory and of all above it, which a link must not enter again."""
    place, known = os.path.realpath(directory), set()
    while True:
        status = os.stat(place)
        known.add((status.st_dev, status.st_ino))
        if place == "/":
            return frozenset(known)
        place = os.path.dirname(place)


def walk(top, follow, depth, above):
    """Paths below the directory, relative to it, of all that is no directory. A link to a directory counts as one if
    `follow`, except when it leads to a directory above itself; `depth` says how deep to go, None without end."""
    try:
        entries = sorted(os.scandir(top), key=lambda entry: entry.name)
    except OSError:
        return
    for entry in entries:
        if not entry.is_dir(follow_symlinks=follow):
            yield entry.name
        elif depth != 1:
            known = entry.stat()
            place = (known.st_dev, known.st_ino)
            if place not in above:
                for path in walk(entry.path, follow, depth and depth - 1, above | {place}):
                    yield f"{entry.name}/{path}"


def find(pattern, base, follow=False):
    """Absolute paths of what the pattern matches, directories left out; `base` is where relative ones begin."""
    top, rest = split(pattern, base)
    if len(rest) == 1 and not magic(rest[0]):
        path = os.path.join(top, rest[0])
        folder = os.path.isdir(path) and (follow or not os.path.islink(path))
        return [path] if os.path.lexists(path) and not folder else []
    if not os.path.isdir(top):
        return []
    found, depth = [], None if "**" in rest else len(rest)
    for path in walk(top, follow, depth, lineage(top)):
        if matches(path.split("/"), rest):
            found.append(f"{top.rstrip('/')}/{path}")
            if len(found) > FILES_LIMIT:
                raise Failure("JobFailed", f"the pattern {pattern!r} matches more than {FILES_LIMIT} files")
    return found
