"""Keeps chosen files of one build for the next (BLD-9), in the directory that the host keeps for the action.

An entry is a directory `entries/<digest of its key>.<time>`, renamed there when it is complete, so a build that is
killed leaves the entry before it. Whatever goes wrong here is told in the log and does the build no harm.
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
import tempfile
import time

from patterns import expand, find, references
from protocol import say, warn

ENTRIES_LIMIT = 5
HASH = 'codebuild-hash-files() { cat -- "$@" | sha256sum | cut -c1-64; }'


class Cache:
    """`roots` are the places that a cached file may be below, tried in this order."""

    def __init__(self, spec, folder, source, environment):
        self.spec, self.folder, self.source, self.environment = spec, folder, source, environment
        self.entries = os.path.join(folder, "entries")
        self.roots = {"source": source, "home": environment.get("HOME", "/root"), "machine": "/"}
        os.makedirs(self.entries, exist_ok=True)
        self.key, *self.fallbacks = [self.evaluate(text) for text in (spec.cache_key, *spec.cache_fallbacks)]

    def evaluate(self, text):
        """A key as the shell reads it, with codebuild-hash-files."""
        if "$" not in text and "`" not in text:
            return text
        line = ["/bin/bash", "-O", "globstar", "-O", "nullglob", "-c", f"{HASH}\ncat <<@@end@@\n{text}\n@@end@@\n"]
        done = subprocess.run(
            line, cwd=self.source, env=self.environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, check=False
        )
        return done.stdout.decode(errors="replace").strip()

    def lock(self):
        stream = open(os.path.join(self.folder, "lock"), "wb")
        fcntl.flock(stream, fcntl.LOCK_EX)  # a parallel execution of the pipeline has the same directory
        return stream

    def known(self):
        """Name and key of the complete entries, newest first."""
        found = []
        for name in os.listdir(self.entries):
            try:
                with open(os.path.join(self.entries, name, "key"), encoding="utf-8") as stream:
                    found.append((int(name.rpartition(".")[2]), name, stream.read()))
            except (OSError, ValueError):
                continue
        return [(name, key) for _, name, key in sorted(found, reverse=True)]

    def choose(self):
        entries = self.known()
        for name, key in entries:
            if key == self.key:
                return name, key
        for prefix in filter(None, self.fallbacks):
            for name, key in entries:
                if key.startswith(prefix):
                    return name, key
        return None, None

    def restore(self):
        with self.lock():
            name, key = self.choose()
            if not name:
                say(f"Cache: nothing kept{' for the key ' + self.key if self.key else ''}")
                return
            for root, place in self.roots.items():
                kept = os.path.join(self.entries, name, "files", root)
                if os.path.isdir(kept):  # files of the source win over kept ones
                    self.copy(["cp", "-a", "-n", "--reflink=auto", "--no-preserve=ownership", kept + "/.", place])
        say(f"Cache: restored{' the key ' + key if key else ''}")

    def copy(self, line, names=None):
        given = None if names is None else "\0".join(names).encode(errors="surrogateescape") + b"\0"
        done = subprocess.run(line, input=given or b"", stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False)
        if done.returncode:
            said = done.stderr.decode(errors="replace").strip().partition("\n")[0]
            raise OSError(f"{said or 'cp failed'}")

    def chosen(self):
        """Root to relative paths of the files to keep."""
        found = {root: [] for root in self.roots}
        values = {name: self.environment.get(name, "") for name in references(self.spec.cache_paths)}
        for text in self.spec.cache_paths:
            pattern = os.path.expanduser(expand(text, values))
            if pattern.startswith("/root/"):  # the home directory of CodeBuild's images
                pattern = self.roots["home"] + pattern[5:]
            matched = (
                find(pattern.rstrip("/") + "/**/*", self.source)
                if os.path.isdir(os.path.join(self.source, pattern))
                else find(pattern, self.source)
            )
            if not matched:
                say(f"Cache: the path {text!r} matches nothing")
            for path in matched:
                root = next(name for name, place in self.roots.items() if path.startswith(place.rstrip("/") + "/"))
                found[root].append(os.path.relpath(path, self.roots[root]))
        return {root: paths for root, paths in found.items() if paths}

    def save(self):
        chosen = self.chosen()
        if not chosen:
            return
        self.sweep()
        fresh = tempfile.mkdtemp(prefix="new-", dir=self.folder)
        try:
            for root, paths in chosen.items():
                kept = os.path.join(fresh, "files", root)
                os.makedirs(kept)
                options = ["-a", "--reflink=auto", "--no-preserve=ownership", "--parents", "-t", kept, "--"]
                self.copy(["env", "-C", self.roots[root], "xargs", "-0", "cp", *options], paths)
            with open(os.path.join(fresh, "key"), "w", encoding="utf-8") as stream:
                stream.write(self.key)
            digest = hashlib.sha256(self.key.encode()).hexdigest()[:16]
            with self.lock():
                os.rename(fresh, os.path.join(self.entries, f"{digest}.{time.time_ns()}"))
                self.prune()
        finally:
            shutil.rmtree(fresh, ignore_errors=True)
        count = sum(map(len, chosen.values()))
        say(f"Cache: kept {count} file{'s' * (count != 1)}{' under the key ' + self.key if self.key else ''}")

    def sweep(self):
        """Takes away what killed builds left half done an hour ago or longer."""
        for name in os.listdir(self.folder):
            path = os.path.join(self.folder, name)
            if name.startswith("new-") and os.path.getmtime(path) < time.time() - 3600:
                shutil.rmtree(path, ignore_errors=True)

    def prune(self):
        """Keeps the newest entry of each key, and of these the newest few."""
        seen = set()
        for name, key in self.known():
            if key in seen or len(seen) >= ENTRIES_LIMIT:
                shutil.rmtree(os.path.join(self.entries, name), ignore_errors=True)
            seen.add(key)


def prepared(spec, folder, source, environment):
    """The cache, or None if the buildspec or the host has none."""
    if not spec.cache_paths or not folder:
        return None
    try:
        return Cache(spec, os.path.abspath(folder), source, environment)
    except OSError as error:
        warn(f"cache: {error}")
        return None


def attempt(cache, step):
    """Does a step (restore or save) unless the buildspec has the other one only; its failure is only told."""
    if not cache or cache.spec.cache_action not in ("both", step):
        return
    try:
        getattr(cache, step)()
    except OSError as error:
        warn(f"cache: {step} did not work: {error}")
