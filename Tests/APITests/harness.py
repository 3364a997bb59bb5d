"""What all tests have: a daemon, AWS's client of it, and short words for both."""

import contextlib
import json
import os
import pwd
import unittest
import uuid

import botocore.exceptions

import client as aws
from daemon import Daemon, until
from definitions import pipeline

OVER = ("Succeeded", "Failed", "Stopped", "Superseded", "Cancelled")
UNKNOWN = "00000000-0000-4000-8000-000000000000"


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

    def works(self, name, id):
        """That the plugin has begun an action."""
        rows = lambda: [row for row in self.daemon.ledger() if row[:2] == [id, name] and row[4] == "begins"]
        until(rows, f"{name} in the plugin")

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
        return self.aws.rollback_stage(pipelineName=self.name, stageName=stage, targetPipelineExecutionId=target)[
            "pipelineExecutionId"
        ]

    def disable(self, stage, side="Inbound", reason="a reason"):
        self.aws.disable_stage_transition(pipelineName=self.name, stageName=stage, transitionType=side, reason=reason)

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


class DaemonCase(APICase):
    """A daemon of its own for each test."""

    @classmethod
    def setUpClass(cls):
        pass

    def setUp(self):
        super().setUp()
        self.daemon = Daemon(*self.options, sandbox=self.sandbox)
        self.addCleanup(self.daemon.remove)
        self.aws = self.daemon.aws
