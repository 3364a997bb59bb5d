"""What outlives the daemon: its end, and its death at any moment."""

import os
import random
import signal
import unittest

from daemon import until
from definitions import action, approval, pipeline, stage
from harness import OVER, DaemonCase

BUILD = stage("Build", action("Make", outputs=["App"], namespace="Made"))
ENDS = (signal.SIGTERM, signal.SIGKILL)
DEPLOY = stage("Deploy", action("Ship", "Deploy", ["App"], configuration={"Say": "#{Made.Run}"}))


class Sandboxes(DaemonCase):
    sandbox = "bubblewrap"

    def test_what_ran_in_a_sandbox_is_not_run_again_without_one(self):
        self.daemon.start()
        self.spoil("Make")
        failed = self.created(BUILD, status="Failed")
        self.daemon.end()
        self.daemon.options[1] = "none"
        self.daemon.start()
        with self.refused("StageNotRetryableException", "bubblewrap"):
            self.retry("Build", failed)


class Restarts(DaemonCase):
    def test_what_runs_when_it_ends_is_run_again_by_the_next_one(self):
        self.daemon.start()
        for number in ENDS:
            with self.subTest(number):
                self.name += "-x"
                self.hold("Make")
                id = self.create()
                attempt = self.runs("Make", id)["actionExecutionId"]
                until(lambda: [row for row in self.daemon.ledger() if row[2] == attempt])
                self.daemon.end(number)
                self.daemon.start()
                self.release("Make")
                self.ends(id)
                self.assertEqual([each["actionExecutionId"] for each in self.actions(id, "Make")], [attempt])
                begun = [row for row in self.daemon.ledger() if row[2] == attempt and row[4] == "begins"]
                self.assertEqual(len(begun), 2)

    def test_a_token_is_known_after_a_restart_EXE_4(self):
        self.daemon.start()
        self.created()
        for number in ENDS:
            id = self.start(clientRequestToken=f"kept-{number}")
            self.daemon.end(number)
            self.daemon.start()
            self.assertEqual(self.start(clientRequestToken=f"kept-{number}"), id)
            self.ends(id)

    def test_a_stop_stays_one_when_the_pipeline_is_changed_and_the_daemon_killed_STP_4_EXE_13(self):
        self.daemon.start()
        self.hold("Make")
        id = self.create(BUILD)
        self.runs("Make", id)
        self.aws.update_pipeline(pipeline=pipeline(self.name, BUILD, DEPLOY))
        self.stop(id, reason="enough")
        for number in ENDS:
            self.daemon.end(number)
            self.daemon.start()
            self.assertEqual(self.status(id), "Stopping")
        self.release("Make")
        self.ends(id, "Stopped")
        self.assertEqual(self.executions()[0]["stopTrigger"], {"reason": "enough"})

    def test_queues_transitions_and_approvals_survive_EXE_9_TRN_2_APR_8(self):
        self.daemon.start()
        first = self.create(stage("Approve", approval()), BUILD, mode="QUEUED")
        token = self.token()
        self.disable("Build", reason="held")
        self.disable("Approve", "Outbound", reason="held too")
        ids = [self.start(), self.start()]
        for id in ids:
            self.waits(id, "Approve")
        before = self.state()["stageStates"]
        for number in ENDS:
            self.daemon.end(number)
            self.daemon.start()
            self.assertEqual(self.state()["stageStates"], before)
        self.answer(token)
        for id in ids:
            until(lambda: self.token() != token)
            token = self.token()
            self.answer(token)
        self.waits(ids[1], "Build")
        self.assertEqual(self.waiting("Build"), [first, *ids])
        self.enable("Approve", "Outbound")
        self.enable("Build")
        for id in [first, *ids]:
            self.ends(id)

    def test_a_stop_that_was_asked_for_is_kept_STP_1(self):
        self.daemon.start()
        self.hold("Make")
        id = self.create(BUILD, DEPLOY)
        self.runs("Make", id)
        self.stop(id, reason="kept")
        self.daemon.end(signal.SIGKILL)
        self.daemon.start()
        self.assertEqual(self.status(id), "Stopping")
        self.release("Make")
        self.ends(id, "Stopped")
        self.assertEqual(self.executions()[0]["stopTrigger"], {"reason": "kept"})
        self.assertEqual(self.actions(id, "Ship"), [])

    def test_what_was_deleted_stays_deleted_EXE_15(self):
        self.daemon.start()
        self.hold("Make")
        id = self.create()
        self.runs("Make", id)
        self.aws.delete_pipeline(name=self.name)
        self.daemon.end(signal.SIGKILL)
        self.daemon.start()
        with self.refused("PipelineNotFoundException"):
            self.state()
        self.release("Make")
        self.assertNotEqual(self.created(), id)

    def test_it_is_killed_at_any_moment_and_everything_ends(self):
        seed = int(os.environ.get("PENSTOCK_SEED", "6"))
        moments = random.Random(seed)
        self.daemon.start()
        modes = ("SUPERSEDED", "QUEUED", "PARALLEL")
        for mode in modes:
            self.aws.create_pipeline(pipeline=pipeline(mode, BUILD, DEPLOY, mode=mode))
        promised = {mode: [] for mode in modes}
        for kill in range(8):
            for mode in modes:
                started = self.aws.start_pipeline_execution(name=mode, clientRequestToken=f"{mode}-{kill}")
                promised[mode].append(started["pipelineExecutionId"])
            goal = len(self.daemon.ledger()) + moments.randrange(0, 14)
            until(lambda: len(self.daemon.ledger()) >= goal or self.idle(modes), f"seed {seed}, kill {kill}")
            self.daemon.end(signal.SIGKILL)
            self.daemon.start()
        until(lambda: self.idle(modes), f"seed {seed}: the end of all")
        for mode in modes:
            self.name = mode
            self.judge(mode, f"seed {seed}")
            listed = [each["pipelineExecutionId"] for each in self.executions()]
            self.assertEqual(listed[:8], promised[mode][::-1], f"seed {seed}")
            again = [self.start(clientRequestToken=f"{mode}-{kill}") for kill in range(8)]
            self.assertEqual(again, promised[mode], f"seed {seed}")
        until(lambda: not self.survivors(), f"seed {seed}: the end of all processes")
        until(lambda: not os.listdir(os.path.join(self.daemon.state, "workspaces")), f"seed {seed}: no workspaces")

    def idle(self, modes):
        listed = [self.aws.list_pipeline_executions(pipelineName=mode)["pipelineExecutionSummaries"] for mode in modes]
        return all(each["status"] in OVER for executions in listed for each in executions)

    def survivors(self):
        """Processes that belong to jobs."""
        found = []
        for name in filter(str.isdigit, os.listdir("/proc")):
            try:
                place = os.readlink(f"/proc/{name}/cwd")
            except OSError:
                continue
            if place.startswith(self.daemon.base):
                found.append((name, place))
        return found

    def judge(self, mode, seed):
        executions = self.executions()
        self.assertEqual(len(executions), 9, seed)
        expected = {"Succeeded", "Superseded"} if mode == "SUPERSEDED" else {"Succeeded"}
        self.assertLessEqual({each["status"] for each in executions}, expected, seed)
        runs = {}
        for execution, _, attempt, job, what in self.daemon.ledger():
            if what == "jobSuccessResult":
                runs.setdefault(attempt, set()).add(job)
        for execution in executions:
            actions = {each["actionName"]: each for each in self.actions(execution["pipelineExecutionId"])}
            self.assertEqual(len(actions), len(self.actions(execution["pipelineExecutionId"])), seed)
            if execution["status"] != "Succeeded":
                continue
            took = {name: each["output"]["outputVariables"] for name, each in actions.items()}
            for name, each in actions.items():
                self.assertEqual(each["status"], "Succeeded", seed)
                self.assertIn(took[name]["Run"], runs[each["actionExecutionId"]], seed)
            # Whoever comes later saw the one result that counts.
            self.assertEqual(took["Make"]["Took"].split(), [took["Fetch"]["Run"]], seed)
            self.assertEqual(took["Ship"]["Took"].split(), [took["Make"]["Run"]], seed)
            self.assertEqual(took["Ship"]["Said"], took["Make"]["Run"], seed)


if __name__ == "__main__":
    unittest.main()
