"""Stop (STP-1 to STP-5) and retry (RTY-1 to RTY-7)."""

import unittest

from daemon import until
from definitions import action, approval, pipeline, source, stage
from harness import UNKNOWN, APICase

TWO = stage("Build", action("Make"), action("Check"))


class Stops(APICase):
    def running(self, *stages, **more):
        self.hold("Make")
        id = self.create(*stages, **more)
        self.runs("Make", id)
        return id

    def test_stop_and_wait_lets_end_what_runs_and_begins_nothing_STP_1(self):
        id = self.running(stage("Build", action("Make")), stage("Deploy", action("Ship", "Deploy")))
        self.assertEqual(self.stop(id, reason="enough")["pipelineExecutionId"], id)
        self.assertEqual(self.status(id), "Stopping")
        self.assertEqual(self.stage("Build")["latestExecution"]["status"], "Stopping")
        self.release("Make")
        self.ends(id, "Stopped")
        self.assertEqual(self.actions(id, "Make")[0]["status"], "Succeeded")
        self.assertEqual(self.actions(id, "Ship"), [])

    def test_an_approval_stays_answerable_while_it_stops_STP_1(self):
        for answer in ("Approved", "Rejected"):
            with self.subTest(answer):
                self.setUp()
                id = self.create(stage("Approve", approval()), stage("Build", action("Make")))
                token = self.token()
                self.stop(id)
                self.assertEqual(self.token(), token)
                self.answer(token, answer)
                self.ends(id, "Stopped")
                self.assertEqual(self.actions(id, "Make"), [])

    def test_stop_and_abandon_gives_up_what_runs_STP_2(self):
        id = self.running(TWO)
        self.works("Make", id)
        self.stop(id, abandon=True)
        self.ends(id, "Stopped")
        self.assertEqual(self.actions(id, "Make")[0]["status"], "Abandoned")
        self.release("Make")
        until(lambda: [row for row in self.daemon.ledger() if row[:2] == [id, "Make"] and row[4] != "begins"])
        self.assertEqual((self.status(id), self.actions(id, "Make")[0]["status"]), ("Stopped", "Abandoned"))

    def test_an_abandoned_approval_is_not_answered_STP_2(self):
        id = self.create(stage("Approve", approval()))
        token = self.token()
        self.stop(id, abandon=True)
        self.ends(id, "Stopped")
        with self.refused("InvalidApprovalTokenException"):
            self.answer(token)

    def test_a_second_stop_is_refused_but_for_abandon_after_wait_STP_3(self):
        id = self.running()
        self.stop(id)
        with self.refused("DuplicatedStopRequestException"):
            self.stop(id)
        self.stop(id, abandon=True)
        self.ends(id, "Stopped")
        for abandon in (False, True):
            with self.refused("PipelineExecutionNotStoppableException", "Stopped"):
                self.stop(id, abandon=abandon)

    def test_what_is_over_or_unknown_is_not_stopped_STP_3(self):
        id = self.created()
        for unstoppable, text in ((id, "Succeeded"), (UNKNOWN, UNKNOWN)):
            with self.refused("PipelineExecutionNotStoppableException", text):
                self.stop(unstoppable)
        other, self.name = self.name, self.name + "-2"
        self.created()
        with self.refused("PipelineExecutionNotStoppableException", id):
            self.stop(id)
        self.name = other

    def test_who_waits_is_stopped_at_once_STP_2(self):
        first = self.running(mode="QUEUED")
        for abandon in (False, True):
            second = self.start()
            self.waits(second, "Build")
            self.stop(second, abandon=abandon)
            self.ends(second, "Stopped")
        self.assertEqual(self.waiting("Build"), [])
        self.release("Make")
        self.ends(first)

    def test_the_reason_stands_with_the_execution_STP_4(self):
        reason = "é" * 200
        id = self.running()
        self.stop(id, abandon=True, reason=reason)
        self.ends(id, "Stopped")
        self.assertEqual(self.executions()[0]["stopTrigger"], {"reason": reason})
        self.assertIn(reason, self.execution(id)["statusSummary"])

    def test_a_stopped_execution_is_retried_where_it_stopped_STP_5(self):
        for abandon in (False, True):
            with self.subTest(abandon=abandon):
                self.setUp()
                id = self.running(stage("Build", action("Make")), stage("Deploy", action("Ship", "Deploy")))
                self.stop(id, abandon=abandon)
                self.spoil("Make")
                self.ends(id, "Stopped")
                self.release("Make")
                self.retry("Build", id)
                self.ends(id)
                self.assertEqual(len(self.actions(id, "Make")), 2)
                self.assertEqual(len(self.actions(id, "Fetch")), 1)


class Retries(APICase):
    def failed(self, *stages, **more):
        self.spoil("Make")
        return self.created(*stages, status="Failed", **more)

    def test_a_retry_keeps_the_execution_and_the_history_RTY_1_RTY_5(self):
        id = self.failed(stage("Build", action("Make")), stage("Deploy", action("Ship", "Deploy")))
        self.release("Make")
        self.assertEqual(self.retry("Build", id)["pipelineExecutionId"], id)
        self.ends(id)
        attempts = self.actions(id, "Make")
        self.assertEqual([each["status"] for each in attempts], ["Succeeded", "Failed"])
        self.assertEqual(len({each["actionExecutionId"] for each in attempts}), 2)
        self.assertEqual(self.actions(id, "Ship")[0]["status"], "Succeeded")
        self.assertEqual(len(self.executions()), 1)
        error = attempts[1]["output"]["executionResult"]["errorDetails"]
        self.assertEqual((error["code"], error["message"]), ("JobFailed", "It was told to fail, and so it did."))

    def test_failed_actions_alone_or_all_run_again_RTY_1(self):
        for mode, counts in (("FAILED_ACTIONS", (2, 1)), ("ALL_ACTIONS", (2, 2))):
            with self.subTest(mode):
                self.setUp()
                id = self.failed(TWO)
                self.release("Make")
                self.retry("Build", id, mode)
                self.ends(id)
                self.assertEqual((len(self.actions(id, "Make")), len(self.actions(id, "Check"))), counts)

    def test_failed_actions_may_run_again_beside_others_and_all_may_not_RTY_2(self):
        self.hold("Check")
        self.spoil("Make")
        id = self.create(TWO)
        until(lambda: [each for each in self.actions(id, "Make") if each["status"] == "Failed"])
        self.runs("Check", id)
        with self.refused("ConflictException", "InProgress"):
            self.retry("Build", id, "ALL_ACTIONS")
        self.release("Make")
        self.retry("Build", id)
        until(lambda: self.actions(id, "Make")[0]["status"] == "Succeeded")
        self.assertEqual(self.status(id), "InProgress")
        self.release("Check")
        self.ends(id)
        self.assertEqual(len(self.actions(id, "Check")), 1)

    def test_what_cannot_be_retried_is_refused_by_name_RTY_3(self):
        id = self.created()
        with self.refused("StageNotRetryableException"):
            self.retry("Build", id)
        with self.refused("StageNotRetryableException", UNKNOWN):
            self.retry("Build", UNKNOWN)
        with self.refused("StageNotFoundException", "Nowhere"):
            self.retry("Nowhere", id)
        self.spoil("Make")
        second = self.start()
        self.ends(second, "Failed")
        with self.refused("StageNotRetryableException"):
            self.retry("Source", second)
        self.name, other = self.name + "-2", self.name
        with self.refused("PipelineNotFoundException"):
            self.retry("Build", second)
        self.created()
        with self.refused("StageNotRetryableException", second):
            self.retry("Build", second)
        self.name = other

    def test_a_retry_beside_a_retry_is_refused_RTY_3(self):
        id = self.failed()
        self.hold("Make")
        self.retry("Build", id)
        self.runs("Make", id)
        for mode in ("FAILED_ACTIONS", "ALL_ACTIONS"):
            with self.refused("ConflictException"):
                self.retry("Build", id, mode)
        self.release("Make")
        self.ends(id)

    def test_who_only_waits_does_not_keep_an_older_one_from_a_retry_EXE_12(self):
        id = self.failed()
        self.disable("Build")
        second = self.start()
        self.waits(second, "Build")
        self.release("Make")
        self.retry("Build", id)
        self.ends(id)
        self.assertEqual(self.waiting("Build"), [second])
        self.enable("Build")
        self.ends(second)

    def test_nothing_is_retried_after_the_pipeline_has_changed_RTY_3(self):
        id = self.failed()
        self.aws.update_pipeline(pipeline=pipeline(self.name))
        with self.refused("StageNotRetryableException"):
            self.retry("Build", id)

    def test_what_runs_again_has_the_same_inputs_RTY_4(self):
        id = self.failed()
        self.release("Make")
        self.retry("Build", id)
        self.ends(id)
        fetched = self.actions(id, "Fetch")[0]["output"]["outputVariables"]["Run"]
        self.assertEqual(self.actions(id, "Make")[0]["output"]["outputVariables"]["Took"].split(), [fetched])

    def test_only_all_actions_of_the_source_stage_take_their_sources_anew_RTY_4(self):
        both = stage("Source", source("Fetch"), action("Take", "Source", (), ["Data"]))
        for mode, count in (("FAILED_ACTIONS", 1), ("ALL_ACTIONS", 2)):
            with self.subTest(mode):
                self.setUp()
                self.spoil("Take")
                id = self.created(stages=[both, stage("Build", action("Make"))], status="Failed")
                self.release("Take")
                self.retry("Source", id, mode)
                self.ends(id)
                self.assertEqual(len(self.actions(id, "Fetch")), count)
                newest = self.actions(id, "Fetch")[0]["output"]["outputVariables"]["Run"]
                self.assertEqual(self.execution(id)["artifactRevisions"][0]["revisionId"], newest)
                self.assertEqual(self.actions(id, "Make")[0]["output"]["outputVariables"]["Took"].split(), [newest])

    def test_the_state_counts_retries_RTY_6(self):
        id = self.failed()
        self.assertNotIn("retryStageMetadata", self.stage("Build"))
        for number in (1, 2):
            self.retry("Build", id)
            self.ends(id, "Failed")
            expected = {"manualStageRetryAttempt": number, "latestRetryTrigger": "ManualStageRetry"}
            self.assertEqual(self.stage("Build")["retryStageMetadata"], expected)

    def test_a_stage_is_begun_again_by_itself_once_RTY_7(self):
        for mode, checks in ((None, 2), ("ALL_ACTIONS", 2), ("FAILED_ACTIONS", 1)):
            with self.subTest(mode):
                self.setUp()
                retry = {"result": "RETRY", **({"retryConfiguration": {"retryMode": mode}} if mode else {})}
                id = self.failed({**TWO, "onFailure": retry})
                self.assertEqual((len(self.actions(id, "Make")), len(self.actions(id, "Check"))), (2, checks))
                metadata = self.stage("Build")["retryStageMetadata"]
                self.assertEqual(metadata, {"autoStageRetryAttempt": 1, "latestRetryTrigger": "AutomatedStageRetry"})
                self.release("Make")
                self.retry("Build", id)
                self.ends(id)

    def test_an_automatic_retry_that_succeeds_lets_the_execution_go_on_RTY_7(self):
        self.hold("Make")
        id = self.create(stage("Build", action("Make"), onFailure={"result": "RETRY"}))
        first = self.runs("Make", id)["actionExecutionId"]
        self.spoil("Make")
        until(lambda: self.actions(id, "Make")[-1]["status"] == "Failed")
        self.release("Make")
        until(lambda: self.status(id) != "InProgress")
        self.assertEqual(self.actions(id, "Make")[-1]["actionExecutionId"], first)
        self.assertEqual(len(self.actions(id, "Make")), 2)


if __name__ == "__main__":
    unittest.main()
