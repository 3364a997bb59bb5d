"""Who runs beside whom: modes, locks and queues (EXE-5 to EXE-12)."""

import unittest

from daemon import until
from definitions import action, approval, stage
from harness import APICase

BUILD, DEPLOY = stage("Build", action("Make")), stage("Deploy", action("Ship", "Deploy"))


class Superseded(APICase):
    def held(self, *stages):
        """An execution that is inside of the stage Build, and stays there."""
        self.hold("Make")
        first = self.create(*(stages or (BUILD,)))
        self.runs("Make")
        return first

    def test_one_execution_is_inside_a_stage_and_the_next_one_waits_EXE_5(self):
        first = self.held()
        second = self.start()
        self.waits(second, "Build")
        state = self.stage("Build")
        self.assertEqual(state["latestExecution"]["pipelineExecutionId"], first)
        self.assertEqual(state["inboundExecution"]["pipelineExecutionId"], second)
        self.assertEqual(state["inboundExecution"]["status"], "InProgress")
        self.assertEqual(len(self.actions(name="Make")), 1)
        self.release("Make")
        self.ends(first)
        self.ends(second)

    def test_who_waits_gives_way_to_who_arrives_and_not_who_is_inside_EXE_6_EXE_7(self):
        first = self.held()
        second = self.start()
        self.waits(second, "Build")
        third = self.start()
        self.ends(second, "Superseded")
        self.assertEqual(self.waiting("Build"), [third])
        self.assertIn(third, self.execution(second)["statusSummary"])
        self.release("Make")
        self.ends(first)
        self.ends(third)
        self.assertEqual([each["status"] for each in self.executions()], ["Succeeded", "Superseded", "Succeeded"])

    def test_who_is_superseded_is_neither_retried_nor_stopped_EXE_6(self):
        self.held()
        second = self.start()
        self.waits(second, "Build")
        self.start()
        self.ends(second, "Superseded")
        with self.refused("StageNotRetryableException", "Superseded"):
            self.retry("Source", second)
        with self.refused("StageNotRetryableException"):
            self.retry("Build", second)
        with self.refused("PipelineExecutionNotStoppableException", "Superseded"):
            self.stop(second)
        self.release("Make")

    def test_starts_collapse_before_a_busy_source_stage_EXE_8(self):
        self.hold("Fetch")
        first = self.create()
        self.runs("Fetch")
        others = [self.start() for _ in range(3)]
        self.assertEqual([self.status(each) for each in others], ["Superseded", "Superseded", "InProgress"])
        self.assertEqual(self.waiting("Source"), others[2:])
        self.release("Fetch")
        self.ends(first)
        self.ends(others[2])

    def test_executions_run_in_different_stages_at_once_EXE_5(self):
        self.hold("Ship", "Make")
        first = self.create(BUILD, DEPLOY)
        self.runs("Make", first)
        self.release("Make", of=first)
        self.runs("Ship", first)
        second = self.start()
        self.runs("Make", second)
        self.assertEqual(self.stage("Deploy")["latestExecution"]["pipelineExecutionId"], first)
        self.assertEqual(self.stage("Build")["latestExecution"]["pipelineExecutionId"], second)
        self.release("Ship", "Make")
        self.ends(first)
        self.ends(second)

    def test_a_failure_frees_the_stage_for_the_next_and_then_cannot_be_retried_EXE_12(self):
        first = self.held()
        second = self.start()
        self.waits(second, "Build")
        self.spoil("Make", of=first)
        self.ends(first, "Failed")
        self.runs("Make", second)
        with self.refused("NotLatestPipelineExecutionException", "Build"):
            self.retry("Build", first)
        self.release("Make")
        self.ends(second)
        with self.refused("NotLatestPipelineExecutionException"):
            self.retry("Build", first, "ALL_ACTIONS")

    def test_a_pending_approval_holds_its_stage_EXE_5_APR_8(self):
        first = self.create(stage("Approve", approval()))
        token = self.token()
        second = self.start()
        self.waits(second, "Approve")
        self.assertEqual(self.token(), token)
        self.answer(token)
        self.ends(first)
        self.assertNotEqual(self.token(), token)
        self.answer(self.token())
        self.ends(second)

    def test_an_approval_that_says_so_gives_way_APR_8(self):
        first = self.create(stage("Approve", approval(SupersedeWhilePending="true")))
        old = self.token()
        second = self.start()
        self.ends(first, "Superseded")
        until(lambda: self.token() != old)
        with self.refused("InvalidApprovalTokenException"):
            self.answer(old)
        self.answer(self.token())
        self.ends(second)


class Queued(APICase):
    options = ("--concurrent-executions", "4")

    def test_all_wait_in_the_order_of_their_arrival_EXE_9(self):
        self.hold("Make")
        first = self.create(mode="QUEUED")
        self.runs("Make", first)
        others = []
        for _ in range(3):
            others.append(self.start())
            self.waits(others[-1], "Build")
        self.assertEqual(self.waiting("Build"), others)
        for index, id in enumerate([first, *others]):
            self.runs("Make", id)
            self.assertEqual(self.waiting("Build"), others[index:])
            self.release("Make", of=id)
            self.ends(id)
        order = [row[0] for row in self.daemon.ledger() if row[1] == "Make" and row[4] == "begins"]
        self.assertEqual([id for id in order if id in (first, *others)], [first, *others])

    def test_starts_queue_before_the_source_stage_EXE_9(self):
        self.hold("Fetch")
        first = self.create(mode="QUEUED")
        self.runs("Fetch")
        others = [self.start(), self.start()]
        self.assertEqual(self.waiting("Source"), others)
        self.release("Fetch")
        for id in [first, *others]:
            self.ends(id)

    def test_there_is_a_queue_before_every_stage_EXE_9(self):
        self.hold("Make", "Ship")
        first = self.create(BUILD, DEPLOY, mode="QUEUED")
        self.release("Make", of=first)
        self.runs("Ship", first)
        second = self.start()
        self.release("Make", of=second)
        self.waits(second, "Deploy")
        third = self.start()
        self.runs("Make", third)
        fourth = self.start()
        self.waits(fourth, "Build")
        self.release("Make", "Ship")
        for id in (first, second, third, fourth):
            self.ends(id)

    def test_a_start_beyond_the_limit_is_refused_by_name_EXE_10(self):
        self.hold("Make")
        ids = [self.create(mode="QUEUED"), *(self.start() for _ in range(3))]
        with self.refused("ConcurrentPipelineExecutionsLimitExceededException", "4 executions", "limit"):
            self.start()
        self.assertEqual(len(self.executions()), 4)
        self.release("Make")
        for id in ids:
            self.ends(id)
        self.ends(self.start())


class Parallel(APICase):
    options = ("--concurrent-executions", "3", "--concurrent-actions", "2")

    def test_executions_do_not_wait_for_each_other_EXE_10(self):
        self.hold("Make")
        ids = [self.create(mode="PARALLEL"), self.start(), self.start()]
        for id in ids:
            self.runs("Make", id)
        with self.refused("ConcurrentPipelineExecutionsLimitExceededException", "3 executions"):
            self.start()
        self.release("Make", of=ids[1])
        self.ends(ids[1])
        self.assertEqual(self.status(ids[0]), "InProgress")
        self.release("Make")
        self.ends(ids[0])
        self.ends(ids[2])

    def test_so_many_actions_of_one_execution_run_at_once_EXE_10(self):
        names = [f"Make{number}" for number in range(5)]
        self.hold(*names)
        id = self.create(stage("Build", *(action(each) for each in names)), mode="PARALLEL")
        begun = set()
        while len(begun) < 5:
            running = until(
                lambda: self.begun(id) - begun if len(self.begun(id)) == min(5, len(begun) + 2) else None,
                "two actions in the plugin",
            )
            self.assertEqual(len(running), min(2, 5 - len(begun)))
            begun |= running
            self.release(*running)
        self.ends(id)

    def begun(self, id):
        return {row[1] for row in self.daemon.ledger() if row[0] == id and row[1] != "Fetch" and row[4] == "begins"}

    def test_there_is_no_state_of_a_parallel_pipeline_EXE_10(self):
        self.created(mode="PARALLEL")
        for each in self.state()["stageStates"]:
            self.assertNotIn("latestExecution", each)
            self.assertTrue(all(set(action) == {"actionName"} for action in each["actionStates"]))

    def test_a_failed_execution_is_retried_beside_others_EXE_10_RTY_1(self):
        self.spoil("Make")
        first = self.created(mode="PARALLEL", status="Failed")
        self.hold("Make")
        second = self.start()
        self.runs("Make", second)
        self.release("Make", of=first)
        self.retry("Build", first)
        self.ends(first)
        self.release("Make")
        self.ends(second)


if __name__ == "__main__":
    unittest.main()
