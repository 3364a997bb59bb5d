"""`penstock start|stop|retry|rollback|override|transition|approve|reject|state|pipeline`, the daemon's own client."""

import json
import os
import re
import subprocess
import unittest
import unittest.mock

from daemon import PATIENCE_SECONDS, PENSTOCK, until
from definitions import action, approval, guard, pipeline, stage
from harness import UNKNOWN, APICase, DaemonCase

UUID = re.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
APPROVE = stage("Approve", approval())


class Typing:
    """The commands as somebody types them."""

    def penstock(self, *words, status=0, state=None):
        """What it prints; its complaints where it fails."""
        ended = subprocess.run(
            [PENSTOCK, *words, "--state", state or self.daemon.state],
            capture_output=True,
            text=True,
            timeout=PATIENCE_SECONDS,
            check=False,
            env={"PATH": os.environ["PATH"], "HOME": self.daemon.base, "LANG": "C.UTF-8"},
        )
        self.assertEqual(ended.returncode, status, f"{words}: {ended.stdout}{ended.stderr}")
        self.assertEqual(ended.stderr == "", status == 0, ended.stderr)
        return ended.stdout if status == 0 else ended.stderr

    def asked(self, *words):
        """The answer of the API that it prints."""
        text = self.penstock(*words, "--format", "json")
        self.assertEqual(text.count("\n"), 1)
        return json.loads(text)

    def put(self, declared, *options, **more):
        path = os.path.join(self.daemon.base, f"{self.name}.json")
        with open(path, "w", encoding="utf-8") as stream:
            json.dump(declared, stream)
        plugins = os.path.join(self.daemon.base, "plugins")
        return self.penstock("pipeline", "put", path, "--plugins", plugins, *options, **more)


class CutShort(Typing, DaemonCase):
    def test_a_pipeline_that_a_killed_daemon_has_not_started_is_started_by_the_next_put_EXE_2(self):
        with unittest.mock.patch.dict(os.environ, {"PENSTOCK_FAILPOINT": "declarationStored"}):
            self.daemon.start()
        declared = pipeline(self.name)
        self.put(declared, status=2)
        self.daemon.process.wait(timeout=PATIENCE_SECONDS)
        self.daemon.start()
        self.assertEqual(self.executions(), [])
        for _ in range(2):
            self.assertIn("has this definition already", self.put(declared))
        self.ends(self.executions()[0]["pipelineExecutionId"])
        self.assertEqual(len(self.executions()), 1)


class Commands(Typing, APICase):
    # pipeline

    def test_a_pipeline_is_put_again_only_when_it_has_changed_EXE_2_STR_6(self):
        declared = pipeline(self.name)
        self.assertEqual(self.put(declared), f"{self.name} version 1\n")
        self.ends(self.executions()[0]["pipelineExecutionId"])
        self.assertEqual(self.put(declared), f"{self.name} has this definition already\n")
        self.assertEqual(self.put({"pipeline": declared}), f"{self.name} has this definition already\n")
        declared["executionMode"] = "QUEUED"
        self.assertEqual(self.put(declared), f"{self.name} version 2\n")
        declared["executionMode"] = "PARALLEL"
        self.assertEqual(json.loads(self.put(declared, "--format", "json"))["pipeline"]["version"], 3)
        self.assertEqual(len(self.executions()), 1)

    def test_what_is_wrong_with_a_definition_is_said_before_it_is_sent(self):
        self.assertIn(
            "Missing", self.put(pipeline(self.name, stage("Build", action("Make", inputs=["Missing"]))), status=1)
        )
        self.penstock("pipeline", "put", "/nonexistent.json", status=2)
        self.penstock("pipeline", "get", self.name, status=1)

    def test_a_pipeline_is_shown_as_it_can_be_put(self):
        self.created()
        shown = json.loads(self.penstock("pipeline", "get", self.name))
        self.assertEqual(shown["pipeline"], self.aws.get_pipeline(name=self.name)["pipeline"])
        self.assertEqual(self.put(shown), f"{self.name} has this definition already\n")
        self.aws.update_pipeline(pipeline=pipeline(self.name, mode="QUEUED"))
        self.assertEqual(json.loads(self.penstock("pipeline", "get", self.name, "--version", "1")), shown)
        answer = self.asked("pipeline", "get", self.name)
        self.assertEqual((answer["pipeline"]["version"], set(answer)), (2, {"pipeline", "metadata"}))
        self.assertIn(
            "PipelineVersionNotFoundException", self.penstock("pipeline", "get", self.name, "--version", "9", status=1)
        )

    def test_pipelines_are_listed_and_deleted(self):
        self.created()
        self.assertIn(f"{self.name}  version 1  SUPERSEDED\n", self.penstock("pipeline", "list"))
        lines = [json.loads(line) for line in self.penstock("pipeline", "list", "--format", "json").splitlines()]
        self.assertIn(self.name, [each["name"] for each in lines])
        self.assertEqual(self.penstock("pipeline", "delete", self.name), "")
        self.assertNotIn(self.name, self.penstock("pipeline", "list"))
        self.penstock("pipeline", "delete", self.name)
        self.assertIn("PipelineNotFoundException", self.penstock("state", self.name, status=1))

    # start, stop, retry, rollback

    def test_a_start_prints_its_execution_EXE_4_VAR_5_SRC_1(self):
        self.created(variables=[{"name": "channel", "defaultValue": "beta"}])
        words = ("--variable", "channel=a=b", "--revision", "Fetch=COMMIT_ID:a:b", "--token", "once")
        id = self.penstock("start", self.name, *words).strip()
        self.assertTrue(UUID.fullmatch(id))
        self.ends(id)
        execution = self.execution(id)
        self.assertEqual(execution["variables"], [{"name": "channel", "resolvedValue": "a=b"}])
        self.assertEqual(execution["artifactRevisions"][0]["revisionId"], "a:b")
        self.assertEqual(self.asked("start", self.name, "--token", "once"), {"pipelineExecutionId": id})
        self.assertIn("PipelineNotFoundException", self.penstock("start", "nobody", status=1))
        self.assertIn("ValidationException", self.penstock("start", self.name, "--token", "a b", status=1))
        for words in (["--variable", "channel"], ["--revision", "Fetch=abc"], ["--nothing"]):
            self.penstock("start", self.name, *words, status=2)

    def test_an_execution_is_stopped_by_the_beginning_of_its_id_STP_1_STP_2_STP_3(self):
        self.hold("Make")
        id = self.create()
        self.runs("Make", id)
        self.assertEqual(self.penstock("stop", self.name, id[:8], "--reason", "enough"), "")
        self.assertEqual(self.status(id), "Stopping")
        self.assertIn("DuplicatedStopRequestException", self.penstock("stop", self.name, id, status=1))
        self.assertEqual(self.asked("stop", self.name, id.upper()[:10], "--abandon"), {"pipelineExecutionId": id})
        self.ends(id, "Stopped")
        self.assertIn("NotStoppableException", self.penstock("stop", self.name, UNKNOWN, status=1))
        self.assertIn("none of its newest 1", self.penstock("stop", self.name, "ffffffff-f", status=2))

    def test_a_stage_is_retried_RTY_1(self):
        self.spoil("Make")
        id = self.created(stage("Build", action("Make"), action("Check")), status="Failed")
        self.assertEqual(self.penstock("retry", self.name, "Build", id[:8]), "")
        self.ends(id, "Failed")
        self.assertEqual(len(self.actions(id, "Check")), 1)
        self.release("Make")
        self.assertEqual(self.asked("retry", self.name, "Build", id, "--all-actions"), {"pipelineExecutionId": id})
        self.ends(id)
        self.assertEqual(len(self.actions(id, "Check")), 2)
        self.assertIn("StageNotRetryableException", self.penstock("retry", self.name, "Build", id, status=1))

    def test_a_stage_is_rolled_back_RBK_1(self):
        first = self.created()
        id = self.penstock("rollback", self.name, "Build", first[:8]).strip()
        self.ends(id)
        self.assertEqual(self.execution(id)["executionType"], "ROLLBACK")
        other = self.asked("rollback", self.name, "Build", first)["pipelineExecutionId"]
        self.ends(other)
        self.assertIn("UnableToRollbackStageException", self.penstock("rollback", self.name, "Source", first, status=1))

    def test_a_rollback_is_looked_at_before_it_is_begun_RBK_1_RBK_2(self):
        first = self.created(variables=[{"name": "channel", "defaultValue": "beta"}])
        id = self.start(variables=[{"name": "channel", "value": "stable"}])
        self.ends(id)
        words = ("rollback", self.name, "Build")
        text = self.penstock(*words, first, "--preview")
        for shown in (f"- {id}", f"+ {first}", "channel", "stable", "beta"):
            self.assertIn(shown, text)
        self.assertEqual(self.asked(*words, id, "--preview")["variables"], [])
        refused = self.penstock("rollback", self.name, "Source", first, "--preview", status=1)
        self.assertIn("sources are not rolled back", refused)
        self.penstock("rollback", "nobody", "Build", first, "--preview", status=2)
        self.penstock(*words, UNKNOWN, "--preview", status=2)
        self.assertEqual(len(self.executions()), 2)

    # override, transition, approve, reject

    def test_a_condition_is_overridden_CND_8(self):
        self.hold("Look", "Watch")
        id = self.create(
            stage("Build", action("Make"), beforeEntry=guard("FAIL", "Look"), onSuccess=guard("FAIL", "Watch"))
        )
        words = ("override", self.name, "Build", id)
        self.until_stage("beforeEntryConditionState")
        self.assertEqual(self.penstock(*words, "--condition", "beforeEntry"), "")
        self.until_stage("onSuccessConditionState")
        self.assertIn("NotOverridableException", self.penstock(*words, "--condition", "beforeEntry", status=1))
        self.assertEqual(self.asked(*words, "--condition", "onSuccess"), {})
        self.ends(id)
        self.penstock(*words, status=2)
        self.penstock(*words, "--condition", "onFailure", status=2)

    def until_stage(self, member):
        until(lambda: self.stage("Build").get(member, {}).get("latestExecution", {}).get("status") == "InProgress")

    def test_a_transition_is_disabled_and_enabled_TRN_1(self):
        self.created()
        for options in ([], ["--outbound"]):
            place = "Source" if options else "Build"
            self.assertEqual(
                self.penstock("transition", "disable", self.name, place, "--reason", "Why not?", *options), ""
            )
            id = self.start()
            self.waits(id, "Build")
            self.assertIn("Why not?", self.penstock("state", self.name))
            self.assertEqual(self.asked("transition", "enable", self.name, place, *options), {})
            self.ends(id)
        self.penstock("transition", "disable", self.name, "Build", status=2)
        self.assertIn("reason", self.penstock("transition", "disable", self.name, "Build", "--reason", "a,b", status=1))
        self.assertIn("StageNotFoundException", self.penstock("transition", "enable", self.name, "Nowhere", status=1))

    def test_an_approval_is_answered_APR_4_APR_5(self):
        for command, status in (("approve", "Succeeded"), ("reject", "Failed")):
            self.setUp()
            id = self.create(APPROVE)
            self.token()
            self.assertEqual(self.penstock(command, self.name, "Approve", "Ask", "--summary", "Because"), "")
            self.ends(id, status)
            result = self.actions(id, "Ask")[0]["output"]["executionResult"]
            self.assertEqual(result["externalExecutionSummary"], "Because")
            self.assertIn("waits for no approval", self.penstock(command, self.name, "Approve", "Ask", status=1))
        self.assertIn("waits for no approval", self.penstock("approve", self.name, "Nowhere", "Ask", status=1))

    def test_an_approval_of_mode_parallel_is_answered_by_its_execution_APR_3(self):
        first = self.create(APPROVE, mode="PARALLEL")
        second = self.start()
        for id in (first, second):
            self.runs("Ask", id)
        self.assertIn("--execution", self.penstock("approve", self.name, "Approve", "Ask", status=1))
        answer = self.asked("approve", self.name, "Approve", "Ask", "--execution", second[:8])
        self.assertEqual(set(answer), {"approvedAt"})
        self.ends(second)
        self.assertEqual(self.status(first), "InProgress")
        self.penstock("reject", self.name, "Approve", "Ask", "--execution", first)
        self.ends(first, "Failed")

    # state

    def test_the_state_is_told_to_people_and_programs_TRN_6(self):
        self.spoil("Make")
        first = self.created(
            stage("Build", action("Make"), beforeEntry=guard("FAIL", "Look")), APPROVE, status="Failed"
        )
        self.release("Make")
        self.retry("Build", first)
        self.token()
        self.disable("Build", reason="Not today")
        second = self.start()
        self.waits(second, "Build")
        text = self.penstock("state", self.name)
        expected = f"""Source  Succeeded  {second}
  Fetch  Succeeded: Done by Fetch
  -- nobody enters: Not today ({self.caller()})
  -- waits: {second}
Build  Succeeded  {first}
  beforeEntry  Succeeded
    Look  Succeeded: Done by Look
  Make  Succeeded: Done by Make
Approve  InProgress  {first}
  Ask  InProgress, waits for an approval
"""
        self.assertEqual(text, expected)
        answer = self.asked("state", self.name)
        self.assertEqual([each["stageName"] for each in answer["stageStates"]], ["Source", "Build", "Approve"])
        self.enable("Build")
        self.answer(self.token())
        self.ends(first)

    def test_what_the_daemon_runs_is_told_beside_it(self):
        id = self.created()
        self.assertIn(id[:8], self.penstock("history"))
        self.assertIn("Make", self.penstock("show", id[:8]))
        self.penstock("logs", id[:8])
        path = os.path.join(self.daemon.base, "other.json")
        with open(path, "w", encoding="utf-8") as stream:
            json.dump(pipeline("other"), stream)
        self.assertIn(self.daemon.state, self.penstock("run", path, "--stub", "all", status=2))
        self.assertIn(self.daemon.state, self.penstock("resume", id, status=2))

    # nobody there

    def test_without_a_daemon_every_command_says_where_it_looked(self):
        nowhere = os.path.join(self.daemon.base, "nowhere")
        for words in (
            ["start", "a"],
            ["stop", "a", UNKNOWN],
            ["retry", "a", "b", UNKNOWN],
            ["rollback", "a", "b", UNKNOWN],
            ["override", "a", "b", UNKNOWN, "--condition", "onSuccess"],
            ["transition", "enable", "a", "b"],
            ["transition", "disable", "a", "b", "--reason", "c"],
            ["approve", "a", "b", "c"],
            ["reject", "a", "b", "c"],
            ["state", "a"],
            ["pipeline", "get", "a"],
            ["pipeline", "list"],
            ["pipeline", "delete", "a"],
        ):
            with self.subTest(words):
                complaint = self.penstock(*words, status=2, state=nowhere)
                self.assertIn(os.path.join(nowhere, "penstock.sock"), complaint)
                self.assertIn("penstock serve", complaint)

    def test_the_socket_may_be_named(self):
        self.created()
        there = ("--socket", self.daemon.socket)
        self.assertIn(self.name, self.penstock("pipeline", "list", *there, state="/nowhere"))
        self.assertIn("at most 107 bytes", self.penstock("pipeline", "list", "--socket", "s" * 108, status=2))


if __name__ == "__main__":
    unittest.main()
