"""Drives a first-party plugin as the bare process that the host starts: one job on stdin, messages on stdout."""

import json
import os
import shutil
import signal
import subprocess
import tempfile
import unittest
import uuid

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
TERMINALS = ("jobSuccessResult", "jobFailureResult", "jobAbandonedResult")
TYPES = ("acknowledge", "progress", "log", "mask") + TERMINALS
FAILURES = (
    "JobFailed",
    "ConfigurationError",
    "PermissionError",
    "RevisionOutOfSync",
    "RevisionUnavailable",
    "SystemUnavailable",
)
ODD = "'; touch pwned; \"$(touch pwned)`touch pwned`\\\n\té🙂 #{x} %s"  # a value that must stay a value


def strict(pairs):
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("duplicate key")
    return members


def forbid(name):
    raise ValueError(name)


class Ending:
    """What a plugin left: messages, exit code, log."""

    def __init__(self, job_id, code, out, log):
        self.code, self.out, self.log = code, out, log.decode(errors="replace")
        self.messages = []
        if out and not out.endswith(b"\n"):
            raise AssertionError(f"FRM-04: the last line has no end: {out[-200:]!r}")
        for line in out.splitlines():
            message = json.loads(line.decode(), object_pairs_hook=strict, parse_constant=forbid)
            line.decode().encode()  # FRM-08: no lone surrogate in the raw text
            if message["protocol"] != "penstock/1" or message["jobId"] != job_id or message["type"] not in TYPES:
                raise AssertionError(f"MSG-01, MSG-02: {line!r}")
            self.messages.append(message)
        terminals = [message["type"] for message in self.messages if message["type"] in TERMINALS]
        expected = 1 if code == 0 and self.messages else len(terminals[:1])  # a killed plugin may have none
        if len(terminals) != expected or terminals and self.messages[-1]["type"] != terminals[0]:
            raise AssertionError(f"RES-03, RES-04: {self.messages}\n{self.log}")
        self.last = self.messages[-1] if self.messages else {}

    @property
    def variables(self):
        return self.last["outputVariables"]


class PluginCase(unittest.TestCase):
    plugin = ""
    patience_seconds = 30

    def setUp(self):
        self.base = tempfile.mkdtemp(prefix="plugin tests é ")
        os.chmod(self.base, 0o755)
        self.addCleanup(shutil.rmtree, self.base, True)
        self.workspaces = 0

    def workspace(self):
        """A fresh one, at a path with a space and a letter beyond ASCII (LIF-09)."""
        self.workspaces += 1
        root = os.path.join(self.base, f"wörk space {self.workspaces}")
        for name in ("in", "out", "tmp", "home"):
            os.makedirs(os.path.join(root, name))
            os.chmod(os.path.join(root, name), 0o777)
        return root

    def write(self, *path, content="x\n", mode=0o644):
        file = os.path.join(*path)
        os.makedirs(os.path.dirname(file), exist_ok=True)
        with open(file, "wb") as stream:
            stream.write(content if isinstance(content, bytes) else content.encode())
        os.chmod(file, mode)
        return file

    def job(self, data, **members):
        identity = str(uuid.uuid4())
        context = {
            "pipelineName": "shop",
            "stage": {"name": "S"},
            "action": {"name": "A", "actionExecutionId": str(uuid.uuid4())},
        }
        return {
            "protocol": "penstock/1",
            "type": "job",
            "jobId": identity,
            "operation": "run",
            "attempt": 1,
            "timeoutSeconds": 60,
            "cancelGraceSeconds": 4,
            "secretConfigurationKeys": [],
            "x-future": {"a": [1]},
            "workspace": {"root": ".", "tmp": "tmp", "x-more": 1},
            "host": {"name": "test", "version": "1", "features": []},
            "data": {"pipelineContext": context, "inputArtifacts": [], "outputArtifacts": [], "x-new": None, **data},
            **members,
        }

    def command(self):
        return [os.path.join(ROOT, "plugins", self.plugin, "bin", "plugin")]

    def start(self, root, user=None, home=None, path="/usr/local/bin:/usr/bin:/bin"):
        environment = {
            "PATH": path,
            "HOME": home or os.path.join(root, "home"),
            "TMPDIR": os.path.join(root, "tmp"),
            "LANG": "C.UTF-8",
            "TZ": "UTC",
            "CI": "true",
            "PENSTOCK_PROTOCOL": "penstock/1",
            "PENSTOCK_LIFECYCLE": "oneShot",
            "PYTHONUNBUFFERED": "1",
        }
        process = subprocess.Popen(
            self.command(),
            cwd=root,
            env=environment,
            user=user,
            group=user,
            extra_groups=None if user is None else [],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        self.addCleanup(self.end, process)
        return process

    @staticmethod
    def end(process):
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        process.wait()
        for stream in (process.stdin, process.stdout, process.stderr):
            stream.close()

    def finish(self, process, job, sent=b""):
        out, log = process.communicate(sent or None, timeout=self.patience_seconds)
        return Ending(job and job["jobId"], process.returncode, out, log)

    def run_job(self, job, root, **options):
        line = json.dumps(job, ensure_ascii=False).encode() + b"\n"
        return self.finish(self.start(root, **options), job, line)

    def assertSucceeded(self, ending):
        self.assertEqual(
            (ending.last.get("type"), ending.code), ("jobSuccessResult", 0), f"{ending.last}\n{ending.log}"
        )

    def assertFailed(self, ending, kind, *texts):
        self.assertEqual(ending.last.get("type"), "jobFailureResult", f"{ending.last}\n{ending.log}")
        details = ending.last["failureDetails"]
        self.assertIn(details["type"], FAILURES)
        self.assertEqual(details["type"], kind, details["message"])
        self.assertTrue(10 <= len(details["message"]) <= 5000, details["message"])
        for text in texts:
            self.assertIn(text, details["message"])

    def stop(self, process, job):
        """SIGTERM to the group, as the host does it, twice (CAN-01, CAN-02, CAN-07); nothing survives (CAN-03)."""
        os.killpg(process.pid, signal.SIGTERM)
        os.killpg(process.pid, signal.SIGTERM)
        ending = self.finish(process, job)
        self.assertEqual((ending.last.get("type"), ending.code), ("jobAbandonedResult", 0), ending.log)
        self.assertEqual(self.survivors(process), [])
        return ending

    def survivors(self, process):
        """Processes of the plugin's session, and those that work in our folder."""
        found = []
        for name in filter(str.isdigit, os.listdir("/proc")):
            try:
                session = os.getsid(int(name))
                place = os.readlink(f"/proc/{name}/cwd")
            except OSError:
                continue
            if session == process.pid or place.startswith(self.base):
                found.append(int(name))
        return found


class ProcessRules:
    """The rules about processes that every plugin obeys; `good_job` comes from the subclass."""

    def test_end_of_input_before_a_job_ends_quietly_LIF_03(self):
        for sent in (b"", b"\n\n"):
            ending = self.finish(self.start(self.workspace()), None, sent)
            self.assertEqual((ending.code, ending.out), (0, b""), ending.log)

    def test_garbage_instead_of_a_job_is_refused_LIF_11(self):
        for sent in (
            b"garbage\n",
            b"{}\n",
            b"[1]\n",
            b"\xff\xfe\x00\n",
            b'{"type":"job"}\n',
            b'{"type":"job","jobId":7}\n',
            b'"job"\n',
            b'{"type":"cancel","jobId":"x"}\n',
            b"[" * 100_000 + b"\n",
            b'{"type":"job","jobId":"x"',
        ):
            ending = self.finish(self.start(self.workspace()), None, sent)
            self.assertNotEqual(ending.code, 0, sent[:40])
            self.assertEqual(ending.out, b"", sent[:40])
            self.assertNotEqual(ending.log, "")

    def test_a_job_of_another_shape_fails_with_one_message_RES_01_MSG_05(self):
        for data in ({}, None, "x", {"actionConfiguration": 1}, {"inputArtifacts": "x", "providerSettings": "y"}):
            job = {"protocol": "penstock/1", "type": "job", "jobId": "J-1", "data": data}
            ending = self.run_job(job, self.workspace())
            self.assertEqual(ending.last.get("type"), "jobFailureResult", f"{data} {ending.log}")

    def test_a_job_may_come_byte_by_byte_MSG_07(self):
        job, root = self.good_job()
        process = self.start(root)
        for byte in json.dumps({"x-é": "🙂é" * 50, **job}, ensure_ascii=False).encode() + b"\n":
            process.stdin.write(bytes([byte]))
            process.stdin.flush()
        self.assertSucceeded(self.finish(process, job))

    def test_a_job_may_be_a_megabyte_and_lack_its_line_end_MSG_06(self):
        job, root = self.good_job()
        line = json.dumps({**job, "x-padding": "é" * 500_000}, ensure_ascii=False).encode()
        self.assertSucceeded(self.finish(self.start(root), job, line))

    def test_home_may_be_read_only(self):
        job, root = self.good_job()
        self.assertSucceeded(self.run_job(job, root, home="/proc"))

    def test_two_instances_do_not_collide_LIF_10(self):
        pairs = [self.good_job() for _ in range(2)]
        running = [(self.start(root), job) for job, root in pairs]
        for process, job in running:
            process.stdin.write(json.dumps(job).encode() + b"\n")
            process.stdin.flush()
        for process, job in running:
            self.assertSucceeded(self.finish(process, job))

    def test_sigterm_before_the_job_ends_quietly_CAN_06(self):
        process = self.start(self.workspace())
        process.stdin.write(b'{"type":')
        process.stdin.flush()
        os.killpg(process.pid, signal.SIGTERM)
        ending = self.finish(process, None)
        self.assertEqual(ending.out, b"")
        self.assertNotIn("Traceback", ending.log)

    def test_stdout_closed_early_ends_the_plugin_LIF_08(self):
        job, root = self.good_job()
        process = self.start(root)
        process.stdout.close()
        process.stdin.write(json.dumps(job).encode() + b"\n")
        process.stdin.close()
        self.assertNotEqual(process.wait(timeout=20), 0)

    def test_started_by_hand_says_how_LIF_12(self):
        leader, follower = os.openpty()
        environment = {"PATH": "/usr/bin:/bin"}
        done = subprocess.run(
            self.command(),
            stdin=follower,
            env=environment,
            capture_output=True,
            timeout=20,
            check=False,
        )
        os.close(leader)
        os.close(follower)
        self.assertEqual((done.returncode, done.stdout), (64, b""))
        self.assertIn(b"usage", done.stderr)
