"""Declarations: made, changed while executions run, deleted, listed (STR, EXE-13 to EXE-15)."""

import datetime
import itertools
import json
import unittest

from daemon import until
from definitions import action, approval, pipeline, stage
from harness import APICase

MODES = ("SUPERSEDED", "QUEUED", "PARALLEL")


class Declarations(APICase):
    def get(self, **members):
        return self.aws.get_pipeline(name=self.name, **members)

    def update(self, *stages, **more):
        return self.aws.update_pipeline(pipeline=pipeline(self.name, *stages, **more))["pipeline"]

    def test_a_declaration_comes_back_with_its_defaults_filled_in_STR_6_STR_11(self):
        sent = pipeline(self.name, stage("Build", action("Make", inputs=())))
        del sent["executionMode"], sent["stages"][1]["actions"][0]["outputArtifacts"]
        sent["version"] = 77
        answer = self.aws.create_pipeline(pipeline=sent)["pipeline"]
        self.assertEqual((answer["version"], answer["executionMode"], answer["pipelineType"]), (1, "SUPERSEDED", "V2"))
        make = answer["stages"][1]["actions"][0]
        self.assertEqual(
            (make["inputArtifacts"], make["outputArtifacts"], make["configuration"], make["runOrder"]), ([], [], {}, 1)
        )
        self.assertEqual(self.get()["pipeline"], answer)

    def test_every_update_is_a_version_whatever_was_sent_STR_6(self):
        self.created()
        declared = self.get()["pipeline"]
        for number in (2, 3, 4):
            declared["version"] = 1
            self.assertEqual(self.aws.update_pipeline(pipeline=declared)["pipeline"]["version"], number)
        self.assertEqual([self.get(version=each)["pipeline"]["version"] for each in (1, 2, 4)], [1, 2, 4])
        self.assertEqual(self.get()["pipeline"]["version"], 4)
        with self.refused("PipelineVersionNotFoundException", "5", "4"):
            self.get(version=5)

    def test_metadata_says_where_and_since_when_STR_7(self):
        before = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(seconds=1)
        self.created()
        first = self.get()["metadata"]
        self.assertTrue(first["pipelineArn"].endswith(f":{self.name}"))
        self.assertEqual(first["created"], first["updated"])
        self.assertGreater(first["created"], before)
        self.update()
        second = self.get()["metadata"]
        self.assertEqual(second["created"], first["created"])
        self.assertGreater(second["updated"], first["updated"])
        answer = self.call("UpdatePipeline", {"pipeline": pipeline(self.name), "metadata": {}})
        self.assertEqual(answer["__type"], "ValidationException")
        self.assertIn("metadata", answer["message"])

    def test_a_name_is_taken_once_STR_3(self):
        self.created()
        with self.refused("PipelineNameInUseException", self.name):
            self.create()
        self.assertEqual(len(self.executions()), 1)

    def test_what_is_wrong_is_refused_by_the_name_of_its_place_ERR(self):
        good = pipeline(self.name)
        for type, change, text in (
            ("InvalidStructureException", lambda it: it.update(artifactStores={}), "artifactStore"),
            ("InvalidStructureException", lambda it: it["stages"].pop(), "stages"),
            ("InvalidStructureException", lambda it: it["stages"].reverse(), "Source"),
            ("InvalidStageDeclarationException", lambda it: it["stages"][1].update(name="a b"), "stages[1].name"),
            ("InvalidStageDeclarationException", lambda it: it["stages"][1].update(name="Source"), "stages[1]"),
            ("InvalidStageDeclarationException", lambda it: it["stages"][1].update(actions=[]), "stages[1].actions"),
            (
                "InvalidActionDeclarationException",
                lambda it: it["stages"][1]["actions"][0]["actionTypeId"].update(provider="Nobody"),
                "Nobody",
            ),
            (
                "InvalidActionDeclarationException",
                lambda it: it["stages"][1]["actions"][0].update(inputArtifacts=[{"name": "Missing"}]),
                "Missing",
            ),
            (
                "InvalidActionDeclarationException",
                lambda it: it["stages"][1]["actions"][0].update(configuration={"Say": "#{nobody.x}"}),
                "nobody",
            ),
            (
                "InvalidActionDeclarationException",
                lambda it: it["stages"][1]["actions"][0].update(runOrder=1000),
                "runOrder",
            ),
            (
                "InvalidBlockerDeclarationException",
                lambda it: it["stages"][1].update(blockers=[{"name": "", "type": "Schedule"}]),
                "blockers",
            ),
        ):
            with self.subTest(type=type, text=text):
                wrong = json.loads(json.dumps(good))
                change(wrong)
                with self.refused(type, text):
                    self.aws.create_pipeline(pipeline=wrong)
        with self.refused("PipelineNotFoundException"):
            self.get()
        self.created()
        with self.refused("InvalidActionDeclarationException", "Missing"):
            self.update(stage("Build", action("Make", inputs=["Missing"])))
        self.assertEqual(self.get()["pipeline"]["version"], 1)

    def test_all_findings_come_at_once_ERR(self):
        with self.refused("InvalidActionDeclarationException", "Missing", "Lost"):
            self.create(stage("Build", action("Make", inputs=["Missing"]), action("Again", inputs=["Lost"])))

    def test_what_is_not_there_is_not_changed_and_deleting_it_is_no_error_EXE_15_ERR(self):
        with self.refused("InvalidStructureException", self.name):
            self.update()
        for _ in range(2):
            self.aws.delete_pipeline(name=self.name)
        for ask in (self.get, self.state, self.executions, self.actions):
            with self.refused("PipelineNotFoundException", self.name):
                ask()

    # Changed while executions run

    def test_an_older_execution_is_cancelled_when_what_runs_has_ended_EXE_13(self):
        for before, after in itertools.product(MODES, MODES):
            if (before, after) == ("PARALLEL", "PARALLEL"):
                continue
            with self.subTest(before=before, after=after):
                self.setUp()
                self.hold("Make")
                id = self.create(stage("Build", action("Make")), stage("Last", action("Ship")), mode=before)
                self.runs("Make", id)
                self.update(stage("Build", action("Make")), stage("Last", action("Ship")), mode=after)
                self.assertEqual(self.status(id), "InProgress")
                self.release("Make")
                self.ends(id, "Cancelled")
                self.assertEqual(self.actions(id, "Make")[0]["status"], "Succeeded")
                self.assertEqual(self.actions(id, "Ship"), [])
                second = self.start()
                self.ends(second)
                self.assertEqual(self.execution(second)["pipelineVersion"], 2)
                self.assertEqual(self.execution(second)["executionMode"], after)

    def test_who_waits_is_cancelled_at_once_EXE_13(self):
        self.hold("Make")
        first = self.create(mode="QUEUED")
        self.runs("Make", first)
        second, third = self.start(), self.start()
        self.waits(second, "Build")
        self.waits(third, "Build")
        self.update(mode="QUEUED")
        self.ends(second, "Cancelled")
        self.ends(third, "Cancelled")
        self.assertEqual(self.status(first), "InProgress")
        self.release("Make")
        self.ends(first, "Cancelled")

    def test_from_parallel_to_parallel_what_runs_goes_on_by_its_own_EXE_13(self):
        self.hold("Make")
        first = self.create(stage("Build", action("Make")), stage("Last", action("Ship")), mode="PARALLEL")
        self.runs("Make", first)
        self.update(stage("Build", action("Make")), mode="PARALLEL")
        self.release("Make")
        self.ends(first)
        self.assertEqual(self.actions(first, "Ship")[0]["pipelineVersion"], 1)
        self.assertEqual(self.actions(first, "Ship")[0]["input"]["actionTypeId"]["provider"], "Test")

    def test_an_approval_that_waits_is_dead_after_an_update_EXE_13(self):
        first = self.create(stage("Approve", approval()))
        token = self.token()
        self.update(stage("Approve", approval()))
        self.ends(first, "Cancelled")
        with self.refused("InvalidApprovalTokenException"):
            self.answer(token)

    def test_after_parallel_a_stage_is_entered_when_all_are_out_of_it_EXE_14(self):
        self.hold("Make")
        old = [self.create(mode="PARALLEL"), self.start()]
        for id in old:
            self.runs("Make", id)
        self.update(mode="SUPERSEDED")
        new = self.start()
        self.waits(new, "Build")
        self.release("Make", of=old[0])
        self.ends(old[0], "Cancelled")
        self.assertEqual(self.waiting("Build"), [new])
        self.release("Make")
        self.ends(old[1], "Cancelled")
        self.ends(new)

    # Deleted

    def test_deleting_stops_what_runs_and_the_name_begins_anew_EXE_15(self):
        self.hold("Make")
        self.aws.create_pipeline(pipeline=pipeline(self.name))
        old = self.executions()[0]["pipelineExecutionId"]
        self.works("Make", old)
        self.update()
        self.disable("Build", reason="forgotten")
        second = self.start(clientRequestToken="again")
        self.aws.delete_pipeline(name=self.name)
        with self.refused("PipelineNotFoundException"):
            self.status(old)
        self.assertNotIn(self.name, [each["name"] for each in self.aws.list_pipelines()["pipelines"]])
        until(lambda: [row for row in self.daemon.ledger() if row[0] == old][-1][4] == "jobAbandonedResult")
        self.release("Make")
        first = self.created()
        self.assertEqual(self.get()["pipeline"]["version"], 1)
        self.assertEqual([each["pipelineExecutionId"] for each in self.executions()], [first])
        self.assertEqual({each["pipelineExecutionId"] for each in self.actions()}, {first})
        self.assertEqual(self.stage("Build")["inboundTransitionState"], {"enabled": True})
        self.assertNotIn(self.start(clientRequestToken="again"), (old, second))
        for id in (old, second):
            with self.refused("PipelineExecutionNotFoundException", id):
                self.status(id)


class Lists(APICase):
    def test_pipelines_are_listed_by_name_and_by_page_HIS_ERR(self):
        names = [f"list-{letter}" for letter in "edcba"]
        for name in names:
            self.aws.create_pipeline(pipeline=pipeline(name))
        pages = list(self.aws.get_paginator("list_pipelines").paginate(PaginationConfig={"PageSize": 2}))
        self.assertEqual([len(page["pipelines"]) for page in pages], [2, 2, 1])
        listed = [each for page in pages for each in page["pipelines"]]
        self.assertEqual([each["name"] for each in listed], sorted(names))
        one = listed[0]
        self.assertEqual((one["version"], one["pipelineType"], one["executionMode"]), (1, "V2", "SUPERSEDED"))
        self.assertEqual(one["created"], one["updated"])
        token = pages[0]["nextToken"]
        self.aws.delete_pipeline(name="list-b")
        rest = self.aws.list_pipelines(nextToken=token)["pipelines"]
        self.assertEqual([each["name"] for each in rest], ["list-c", "list-d", "list-e"])


if __name__ == "__main__":
    unittest.main()
