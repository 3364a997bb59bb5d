"""Many callers at once: nobody gets an answer that AWS could not have given, and everything ends."""

import concurrent.futures
import os
import random
import threading
import unittest

import botocore.exceptions

import client as aws
from daemon import until
from definitions import action, approval, pipeline, stage
from harness import OVER, UNKNOWN, APICase

SEED = int(os.environ.get("PENSTOCK_SEED", "6"))
STAGES = (
    stage("Build", action("Make"), action("Check"), onFailure={"result": "ROLLBACK"}),
    stage("Approve", approval()),
    stage("Deploy", action("Ship", "Deploy")),
)


class Storms(APICase):
    options = ("--concurrent-executions", "6")

    def storm(self, operations, callers=6, count=30):
        """Each caller does some of `operations`, which are functions of its client and its dice."""

        def call(number):
            dice = random.Random(SEED * 1000 + number)
            caller = aws.client(self.daemon.socket)
            for _ in range(count):
                try:
                    dice.choice(operations)(caller, dice)
                except botocore.exceptions.ClientError:
                    pass  # refused by a name that the operation declares, which the client has seen to

        with concurrent.futures.ThreadPoolExecutor(callers) as pool:
            for done in [pool.submit(call, number) for number in range(callers)]:
                done.result()

    def any(self, caller, dice):
        listed = caller.list_pipeline_executions(pipelineName=self.name)["pipelineExecutionSummaries"]
        return dice.choice([each["pipelineExecutionId"] for each in listed] or [UNKNOWN])

    def test_one_pipeline_is_asked_for_everything_at_once(self):
        place = {"pipelineName": self.name}

        def stages(dice):
            return {**place, "stageName": dice.choice(["Source", "Build", "Approve", "Deploy"])}

        def answer(caller, dice):
            waiting = [each for each in self.actions_of(caller) if each["status"] == "InProgress"]
            for each in waiting:
                if each["actionName"] == "Ask":
                    caller.put_approval_result(
                        **place,
                        stageName="Approve",
                        actionName="Ask",
                        token=each["output"]["executionResult"]["externalExecutionId"],
                        result={"status": dice.choice(["Approved", "Rejected"]), "summary": ""},
                    )

        operations = [
            lambda caller, dice: caller.start_pipeline_execution(name=self.name),
            lambda caller, dice: caller.start_pipeline_execution(
                name=self.name, clientRequestToken=str(dice.randrange(9))
            ),
            lambda caller, dice: caller.stop_pipeline_execution(
                **place, pipelineExecutionId=self.any(caller, dice), abandon=dice.random() < 0.5
            ),
            lambda caller, dice: caller.retry_stage_execution(
                **stages(dice),
                pipelineExecutionId=self.any(caller, dice),
                retryMode=dice.choice(["FAILED_ACTIONS", "ALL_ACTIONS"]),
            ),
            lambda caller, dice: caller.rollback_stage(
                **stages(dice), targetPipelineExecutionId=self.any(caller, dice)
            ),
            lambda caller, dice: caller.disable_stage_transition(
                **stages(dice), transitionType=dice.choice(["Inbound", "Outbound"]), reason="storm"
            ),
            lambda caller, dice: caller.enable_stage_transition(
                **stages(dice), transitionType=dice.choice(["Inbound", "Outbound"])
            ),
            lambda caller, dice: self.daemon.say(
                dice.choice(["succeed", "fail"]), dice.choice(["Make", "Ship"]), self.name
            ),
            lambda caller, dice: caller.update_pipeline(
                pipeline=pipeline(self.name, *STAGES, mode=dice.choice(["SUPERSEDED", "QUEUED"]))
            ),
            lambda caller, dice: caller.get_pipeline_state(name=self.name),
            answer,
            answer,
        ]
        self.create(*STAGES)
        self.storm(operations)
        self.release("Make", "Ship")
        for name in ("Source", "Build", "Approve", "Deploy"):
            for side in ("Inbound", "Outbound"):
                self.enable(name, side)
        dice = random.Random(SEED)

        def over():
            try:
                answer(self.aws, dice)
            except botocore.exceptions.ClientError:
                pass
            return all(each["status"] in OVER for each in self.executions())

        until(over, f"seed {SEED}: the end of all")
        stages_now = self.state()["stageStates"]
        self.assertEqual([each["inboundExecutions"] for each in stages_now], [[]] * 4, f"seed {SEED}")
        abandoned = [each for each in self.actions() if each["status"] == "InProgress"]
        self.assertEqual(abandoned, [], f"seed {SEED}")

    def actions_of(self, caller):
        return caller.list_action_executions(pipelineName=self.name)["actionExecutionDetails"]

    def test_a_name_is_made_changed_started_and_deleted_at_once_EXE_15(self):
        names = [f"{self.name}-{number}" for number in range(2)]
        modes = ["SUPERSEDED", "QUEUED", "PARALLEL"]
        operations = [
            lambda caller, dice: caller.create_pipeline(pipeline=pipeline(dice.choice(names), mode=dice.choice(modes))),
            lambda caller, dice: caller.update_pipeline(pipeline=pipeline(dice.choice(names), mode=dice.choice(modes))),
            lambda caller, dice: caller.delete_pipeline(name=dice.choice(names)),
            lambda caller, dice: caller.start_pipeline_execution(name=dice.choice(names)),
            lambda caller, dice: caller.start_pipeline_execution(name=dice.choice(names), clientRequestToken="one"),
            lambda caller, dice: caller.get_pipeline_state(name=dice.choice(names)),
            lambda caller, dice: caller.list_pipeline_executions(pipelineName=dice.choice(names)),
            lambda caller, dice: caller.list_pipelines(maxResults=1),
        ]
        self.storm(operations)
        for self.name in names:
            self.aws.delete_pipeline(name=self.name)
            first = self.created()
            self.assertEqual([each["pipelineExecutionId"] for each in self.executions()], [first], f"seed {SEED}")
            self.assertEqual(self.aws.get_pipeline(name=self.name)["pipeline"]["version"], 1, f"seed {SEED}")

    def test_a_name_is_made_once_by_many_at_once_STR_3(self):
        made, barrier = [], threading.Barrier(6)

        def make(_):
            caller = aws.client(self.daemon.socket)
            barrier.wait()
            try:
                made.append(caller.create_pipeline(pipeline=pipeline(self.name)))
            except botocore.exceptions.ClientError as error:
                return error.response["Error"]["Code"]

        with concurrent.futures.ThreadPoolExecutor(6) as pool:
            codes = list(pool.map(make, range(6)))
        self.assertEqual((len(made), codes.count("PipelineNameInUseException")), (1, 5))
        self.assertEqual(len(self.executions()), 1)

    def test_an_approval_is_answered_once_by_many_at_once_APR_4(self):
        id = self.create(stage("Approve", approval()))
        token, barrier = self.token(), threading.Barrier(6)

        def answer(number):
            barrier.wait()
            try:
                return bool(self.answer(token, "Approved" if number % 2 else "Rejected"))
            except botocore.exceptions.ClientError as error:
                return error.response["Error"]["Code"]

        with concurrent.futures.ThreadPoolExecutor(6) as pool:
            answers = list(pool.map(answer, range(6)))
        self.assertEqual((answers.count(True), answers.count("ApprovalAlreadyCompletedException")), (1, 5))
        self.ends(id, "Succeeded" if answers.index(True) % 2 else "Failed")

    def test_a_rollback_and_a_retry_beyond_the_limit_are_refused_by_their_own_names_or_done_EXE_10(self):
        first = self.created(mode="QUEUED")
        self.spoil("Make")
        failed = self.start()
        self.ends(failed, "Failed")
        self.release("Make")
        self.hold("Fetch")
        waiting = [self.start() for _ in range(6)]
        with self.refused("ConcurrentPipelineExecutionsLimitExceededException"):
            self.start()
        try:
            self.ends(self.rollback("Build", first))
        except botocore.exceptions.ClientError as error:
            self.assertEqual(error.response["Error"]["Code"], "UnableToRollbackStageException")
        else:
            with self.refused("NotLatestPipelineExecutionException"):
                self.retry("Build", failed)
        self.release("Fetch")
        for id in waiting:
            self.ends(id)


if __name__ == "__main__":
    unittest.main()
