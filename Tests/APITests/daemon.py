"""The real `penstock serve`, with one plugin that obeys."""

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
import time

import client as aws

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
PENSTOCK = os.environ.get("PENSTOCK", os.path.join(ROOT, ".build", "debug", "penstock"))
PATIENCE_SECONDS = 40
PLUGIN_USER = 60699  # of sandboxed plugins that write to a place of the host, where root runs Penstock


def until(probe, what="", seconds=PATIENCE_SECONDS):
    """The first answer of `probe` that counts as true."""
    end = time.monotonic() + seconds
    while not (answer := probe()):
        if time.monotonic() > end:
            raise AssertionError(f"{what or probe} was never so; last: {answer!r}")
        time.sleep(0.02)
    return answer


class Daemon:
    """A `penstock serve` with a state directory of its own."""

    def __init__(self, *options, sandbox="none"):
        self.base = tempfile.mkdtemp(prefix="penstock-api-")
        os.chmod(self.base, 0o755)
        self.control = os.path.join(self.base, "control")
        self.state = os.path.join(self.base, "state")
        self.socket = os.path.join(self.state, "penstock.sock")
        self.settings = os.path.join(self.base, "settings.yaml")
        self.options = ["--sandbox", sandbox, *options]
        os.mkdir(self.control)
        if os.geteuid() == 0 and sandbox != "none":
            os.chown(self.control, PLUGIN_USER, PLUGIN_USER)
        shutil.copytree(os.path.join(HERE, "plugin"), os.path.join(self.base, "plugins", "obedient"))
        program = os.path.join(self.base, "plugins", "obedient", "bin", "plugin")
        with open(program, encoding="utf-8") as stream:
            text = stream.read().replace("@CONTROL@", self.control)
        with open(program, "w", encoding="utf-8") as stream:
            stream.write(text)
        with open(self.settings, "w", encoding="utf-8") as stream:
            stream.write(f"grants: {{obedient: {{hostPaths: {{control: {self.control}}}}}}}\n")
        self.process = None
        self.aws = aws.client(self.socket)

    def command(self):
        places = ["--state", self.state, "--plugins", os.path.join(self.base, "plugins"), "--settings", self.settings]
        return [PENSTOCK, "serve", *places, *self.options]

    def start(self):
        with open(os.path.join(self.base, "log"), "wb") as log:
            self.process = subprocess.Popen(self.command(), stdout=log, stderr=log)
        until(lambda: " serves " in self.log() or self.process.poll() is not None, "the daemon's start")
        if self.process.poll() is not None:
            raise AssertionError(f"the daemon ended: {self.log()}")
        return self

    def log(self):
        """What it has printed since its last start."""
        with contextlib.suppress(FileNotFoundError):
            with open(os.path.join(self.base, "log"), errors="replace", encoding="utf-8") as stream:
                return stream.read()
        return ""

    def end(self, number=signal.SIGTERM):
        """Its exit status."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        try:
            return self.process.wait(timeout=PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise

    def remove(self):
        """Ends it, if it runs, as it should be ended."""
        try:
            if self.process is not None and self.process.returncode is None and (status := self.end()) != 0:
                raise AssertionError(f"the daemon ended with status {status}: {self.log()}")
            if "CodePipeline_20150709" in self.log():
                raise AssertionError(f"the daemon had faults of its own: {self.log()}")
        finally:
            shutil.rmtree(self.base)

    def say(self, word, action, scope):
        """What the action of a pipeline or of an execution is to do."""
        path = os.path.join(self.control, f"{scope}.{action}")
        with tempfile.NamedTemporaryFile("w", dir=self.base, delete=False) as stream:
            stream.write(f"{word}\n")
        os.chmod(stream.name, 0o644)
        os.rename(stream.name, path)

    def ledger(self):
        """[execution, action, action execution, job, what happened]"""
        with contextlib.suppress(FileNotFoundError):
            with open(os.path.join(self.control, "ledger"), encoding="utf-8") as stream:
                return [line.split() for line in stream]
        return []
