"""Runs the real `penstock serve` with one plugin that obeys, and speaks to it as AWS's clients do."""

import contextlib
import json
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
import unittest
import uuid

import botocore.exceptions

import client as aws

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
PENSTOCK = os.environ.get("PENSTOCK", os.path.join(ROOT, ".build", "debug", "penstock"))
OVER = ("Succeeded", "Failed", "Stopped", "Superseded", "Cancelled")
PATIENCE_SECONDS = 40
PLUGIN_USER = 60699  # of sandboxed plugins that write to a place of the host, where root runs Penstock
UNKNOWN = "00000000-0000-4000-8000-000000000000"


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
        """What it has printed since its start."""
        with open(os.path.join(self.base, "log"), errors="replace", encoding="utf-8") as stream:
            return stream.read()

    def end(self, number=signal.SIGTERM):
        """Its exit status."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.process.wait(timeout=PATIENCE_SECONDS)

    def remove(self):
        if self.process is not None and self.process.returncode is None:
            self.end(signal.SIGKILL)
        shutil.rmtree(self.base, ignore_errors=True)

    def say(self, word, action, scope):
        """What the action of a pipeline or of an execution is to do."""
        path = os.path.join(self.control, f"{scope}.{action}")
        with open(f"{path}.new", "w", encoding="utf-8") as stream:
            stream.write(f"{word}\n")
        os.rename(f"{path}.new", path)

    def ledger(self):
        """[execution, action, action execution, job, what happened]"""
        with contextlib.suppress(FileNotFoundError):
            with open(os.path.join(self.control, "ledger"), encoding="utf-8") as stream:
                return [line.split() for line in stream]
        return []


def action(name, category="Build", inputs=("Code",), outputs=(), provider="Test", owner="Custom", **more):
    return {
        "name": name,
        "actionTypeId": {"category": category, "owner": owner, "provider": provider, "version": "1"},
        "inputArtifacts": [{"name": each} for each in inputs],
        "outputArtifacts": [{"name": each} for each in outputs],
        **more,
    }


def source(name="Fetch", **more):
    return action(name, "Source", (), ["Code"], namespace="Source", **more)


def approval(name="Ask", **configuration):
    return action(name, "Approval", (), provider="Manual", owner="AWS", configuration=configuration)


def stage(name, *actions, **guards):
    return {"name": name, "actions": list(actions), **guards}


def guard(result, *rules):
    """A condition of rules, each a name or a declaration."""
    kind = {"category": "Rule", "owner": "AWS", "provider": "Test", "version": "1"}
    declared = [{"name": rule, "ruleTypeId": kind} if isinstance(rule, str) else rule for rule in rules]
    return {"conditions": [{"result": result, "rules": declared}]}


def pipeline(name, *stages, mode="SUPERSEDED", **more):
    """With a source stage before the given ones, and a Build stage where none are given; `more` replaces members."""
    return {
        "name": name,
        "roleArn": "arn:aws:iam::000000000000:role/any",
        "artifactStore": {"type": "S3", "location": "any-bucket"},
        "pipelineType": "V2",
        "executionMode": mode,
        "stages": [stage("Source", source()), *(stages or (stage("Build", action("Make")),))],
        **more,
    }


class APICase(unittest.TestCase):
    """All tests of a class share one daemon, and each has pipelines of its own."""

    options = ()
    sandbox = "none"

    @classmethod
    def setUpClass(cls):
        cls.daemon = Daemon(*cls.options, sandbox=cls.sandbox)
        cls.addClassCleanup(cls.daemon.remove)
        cls.daemon.start()
        cls.aws = cls.daemon.aws

    def setUp(self):
        self.name = "p-" + uuid.uuid4().hex[:12]

    @staticmethod
    def caller():
        """Whom the record names: us."""
        return pwd.getpwuid(os.geteuid()).pw_name

    # What the plugin does.

    def hold(self, *actions, of=None):
        for each in actions:
            self.daemon.say("hold", each, of or self.name)

    def spoil(self, *actions, of=None):
        for each in actions:
            self.daemon.say("fail", each, of or self.name)

    def release(self, *actions, of=None):
        for each in actions:
            self.daemon.say("succeed", each, of or self.name)

    # What the API is asked.

    def call(self, operation, input, **options):
        """The answer to what AWS's client would not send: its type where it is refused."""
        body = input if isinstance(input, bytes) else json.dumps(input).encode()
        status, headers, answer = aws.exchange(self.daemon.socket, operation, body, **options)
        answer = json.loads(answer)
        self.assertEqual(headers.get("Content-Type") or headers["content-type"], "application/x-amz-json-1.1")
        self.assertEqual("__type" in answer, status != 200, answer)
        return answer

    def create(self, *stages, **more):
        """The execution that a new pipeline begins with (EXE-2)."""
        self.aws.create_pipeline(pipeline=pipeline(self.name, *stages, **more))
        return self.executions()[-1]["pipelineExecutionId"]

    def created(self, *stages, status="Succeeded", **more):
        """The same, when it is over."""
        first = self.create(*stages, **more)
        self.ends(first, status)
        return first

    def start(self, **members):
        return self.aws.start_pipeline_execution(name=self.name, **members)["pipelineExecutionId"]

    def executions(self, **members):
        """The newest first."""
        answer = self.aws.list_pipeline_executions(pipelineName=self.name, **members)
        return answer["pipelineExecutionSummaries"]

    def execution(self, id):
        return self.aws.get_pipeline_execution(pipelineName=self.name, pipelineExecutionId=id)["pipelineExecution"]

    def status(self, id):
        return self.execution(id)["status"]

    def ends(self, id, status="Succeeded"):
        until(lambda: self.status(id) in OVER, f"the end of {id}")
        self.assertEqual(self.status(id), status, self.execution(id))

    def actions(self, id=None, name=None, **members):
        """The newest first."""
        filter = {"filter": {"pipelineExecutionId": id}} if id else {}
        answer = self.aws.list_action_executions(pipelineName=self.name, **filter, **members)
        return [each for each in answer["actionExecutionDetails"] if name in (None, each["actionName"])]

    def runs(self, name, id=None):
        """That an action is in progress in the plugin, or waits for an answer."""
        return until(
            lambda: [each for each in self.actions(id, name) if each["status"] == "InProgress"], f"{name} in progress"
        )[0]

    def state(self):
        return self.aws.get_pipeline_state(name=self.name)

    def stage(self, name):
        return next(each for each in self.state()["stageStates"] if each["stageName"] == name)

    def waiting(self, name):
        """Who waits before a stage, the first first."""
        return [each["pipelineExecutionId"] for each in self.stage(name)["inboundExecutions"]]

    def waits(self, id, name):
        until(lambda: id in self.waiting(name), f"{id} before {name}")

    def stop(self, id, **members):
        return self.aws.stop_pipeline_execution(pipelineName=self.name, pipelineExecutionId=id, **members)

    def retry(self, stage, id, mode="FAILED_ACTIONS"):
        return self.aws.retry_stage_execution(
            pipelineName=self.name, stageName=stage, pipelineExecutionId=id, retryMode=mode
        )

    def rollback(self, stage, target):
        return self.aws.rollback_stage(
            pipelineName=self.name, stageName=stage, targetPipelineExecutionId=target
        )["pipelineExecutionId"]

    def disable(self, stage, side="Inbound", reason="a reason"):
        self.aws.disable_stage_transition(
            pipelineName=self.name, stageName=stage, transitionType=side, reason=reason
        )

    def enable(self, stage, side="Inbound"):
        self.aws.enable_stage_transition(pipelineName=self.name, stageName=stage, transitionType=side)

    def token(self, stage="Approve", action="Ask"):
        """Of the approval that waits (APR-3)."""

        def pending():
            states = self.stage(stage)["actionStates"]
            return next(each for each in states if each["actionName"] == action).get("latestExecution", {}).get("token")

        return until(pending, f"an approval of {stage}/{action}")

    def answer(self, token, status="Approved", summary="", stage="Approve", action="Ask"):
        return self.aws.put_approval_result(
            pipelineName=self.name,
            stageName=stage,
            actionName=action,
            token=token,
            result={"status": status, "summary": summary},
        )

    @contextlib.contextmanager
    def refused(self, type, *texts):
        with self.assertRaises(botocore.exceptions.ClientError) as caught:
            yield
        error = caught.exception.response["Error"]
        self.assertEqual(error["Code"], type, error["Message"])
        for text in texts:
            self.assertIn(text, error["Message"])
