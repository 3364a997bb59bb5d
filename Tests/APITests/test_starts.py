"""Starts: tokens, variables and source revisions (EXE-1 to EXE-4, VAR, SRC)."""

import concurrent.futures
import unittest

from daemon import until
from definitions import action, source, stage
from harness import UNKNOWN, APICase

CHANNEL = [{"name": "channel", "defaultValue": "beta"}]


def saying(text):
    return stage("Build", action("Make", configuration={"Say": text}))


class Starts(APICase):
    def said(self, id):
        return self.actions(id, "Make")[0]["output"]["outputVariables"]["Said"]

    def test_making_a_pipeline_starts_it_EXE_2(self):
        first = self.created()
        self.assertEqual(self.execution(first)["trigger"]["triggerType"], "CreatePipeline")
        self.aws.update_pipeline(pipeline=self.aws.get_pipeline(name=self.name)["pipeline"])
        self.assertEqual([each["pipelineExecutionId"] for each in self.executions()], [first])

    def test_every_source_runs_in_every_execution_EXE_3(self):
        both = stage("Source", source("Fetch"), action("Take", "Source", (), ["Data"]))
        first = self.created(mode="QUEUED", stages=[both, stage("Build", action("Make"))])
        second = self.start(sourceRevisions=[self.revision("abc", name="Take")])
        self.ends(second)
        for id in (first, second):
            self.assertEqual({each["actionName"] for each in self.actions(id)}, {"Fetch", "Take", "Make"})

    def test_a_start_names_its_trigger_STS_7(self):
        self.created()
        second = self.start()
        self.ends(second)
        expected = {"triggerType": "StartPipelineExecution", "triggerDetail": self.caller()}
        self.assertEqual(self.execution(second)["trigger"], expected)
        self.assertEqual(self.executions()[0]["trigger"], expected)

    # Tokens

    def test_a_token_that_was_used_gives_the_execution_of_that_time_EXE_4(self):
        self.created(variables=CHANNEL)
        id = self.start(clientRequestToken="a-1")
        self.assertEqual(self.start(clientRequestToken="a-1"), id)
        self.ends(id)
        self.assertEqual(self.start(clientRequestToken="a-1"), id)
        other = [{"name": "channel", "value": "stable"}]
        self.assertEqual(self.start(clientRequestToken="a-1", variables=other), id)
        revisions = [self.revision("abc")]
        self.assertEqual(self.start(clientRequestToken="a-1", sourceRevisions=revisions), id)
        self.assertEqual(self.execution(id)["variables"], [{"name": "channel", "resolvedValue": "beta"}])
        self.assertNotEqual(self.start(clientRequestToken="A-1"), id)

    def test_one_token_shown_by_many_at_once_starts_one_EXE_4(self):
        self.created(mode="QUEUED")
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            ids = set(pool.map(lambda _: self.start(clientRequestToken="same"), range(24)))
        self.assertEqual(len(ids), 1)
        self.assertEqual(len(self.executions()), 2)
        self.ends(ids.pop())

    def test_a_refused_start_does_not_burn_its_token_EXE_4(self):
        first = self.created()
        for wrong in ([{"name": "a", "value": "1"}] * 2, [{"name": "a b", "value": "1"}], [{"name": "a"}], []):
            with self.refused("ValidationException"):
                self.start(clientRequestToken="kept", variables=wrong)
        with self.refused("ValidationException"):
            self.start(clientRequestToken="kept", sourceRevisions=[self.revision("x", name="Nobody")])
        id = self.start(clientRequestToken="kept")
        self.assertNotEqual(id, first)
        self.ends(id)

    def test_the_shape_of_a_request_is_judged_before_its_token_EXE_4(self):
        self.created()
        id = self.start(clientRequestToken="used")
        self.ends(id)
        with self.refused("ValidationException", "twice"):
            self.start(clientRequestToken="used", variables=[{"name": "a", "value": "1"}] * 2)
        with self.refused("ValidationException", "Nobody", "Fetch"):
            self.start(clientRequestToken="used", sourceRevisions=[self.revision("x", name="Nobody")])

    def test_a_token_belongs_to_its_pipeline_EXE_4(self):
        self.created()
        id = self.start(clientRequestToken="mine")
        self.name += "-other"
        self.created()
        self.assertNotEqual(self.start(clientRequestToken="mine"), id)

    # Variables

    def test_variables_are_those_of_the_start_or_the_defaults_VAR_1_VAR_5(self):
        first = self.created(saying("to #{variables.channel} #{codepipeline.PipelineExecutionId}"), variables=CHANNEL)
        self.assertEqual(self.said(first), f"to beta {first}")
        second = self.start(variables=[{"name": "channel", "value": "stable"}])
        self.ends(second)
        self.assertEqual(self.said(second), f"to stable {second}")
        made = self.actions(second, "Make")[0]["input"]
        self.assertEqual(made["configuration"], {"Say": "to #{variables.channel} #{codepipeline.PipelineExecutionId}"})
        self.assertEqual(made["resolvedConfiguration"], {"Say": f"to stable {second}"})

    def test_what_was_put_in_is_not_read_again_VAR_1(self):
        self.created(saying("#{variables.channel}"), variables=CHANNEL)
        value = "#{codepipeline.PipelineExecutionId}"
        id = self.start(variables=[{"name": "channel", "value": value}])
        self.ends(id)
        self.assertEqual(self.said(id), value)

    def test_a_variable_without_a_value_fails_the_execution_at_once_VAR_5(self):
        first = self.created(saying("#{variables.who}"), variables=[{"name": "who"}], status="Failed")
        self.assertEqual(self.actions(first), [])
        self.assertIn("who", self.execution(first)["statusSummary"])
        second = self.start()
        self.ends(second, "Failed")
        third = self.start(variables=[{"name": "who", "value": "Zoë"}])
        self.ends(third)
        self.assertEqual(self.said(third), "Zoë")

    def test_unknown_variables_are_ignored_VAR_5(self):
        self.created(variables=CHANNEL)
        id = self.start(variables=[{"name": "nobody", "value": "1"}])
        self.ends(id)
        self.assertEqual(self.execution(id)["variables"], [{"name": "channel", "resolvedValue": "beta"}])

    def test_output_variables_reach_later_actions_VAR_3_VAR_8(self):
        make = action("Make", configuration={"Say": "#{Source.Run}"}, namespace="Made")
        ship = action("Ship", "Deploy", configuration={"Say": "#{Made.Said}!"})
        id = self.created(stage("Build", make), stage("Deploy", ship))
        run = self.actions(id, "Fetch")[0]["output"]["outputVariables"]["Run"]
        self.assertEqual(self.actions(id, "Ship")[0]["output"]["outputVariables"]["Said"], f"{run}!")

    def test_a_variable_that_an_action_did_not_make_fails_who_needs_it_VAR_3(self):
        id = self.created(saying("#{Source.Nothing}"), status="Failed")
        failed = self.actions(id, "Make")[0]
        self.assertEqual(failed["status"], "Failed")
        self.assertIn("Make", failed["output"]["executionResult"]["errorDetails"]["message"])
        self.assertNotIn("resolvedConfiguration", failed["input"])

    def test_values_stay_for_the_whole_execution_VAR_6_EXE_1(self):
        self.hold("Make")
        id = self.create(saying("#{variables.channel}"), variables=CHANNEL, mode="PARALLEL")
        self.runs("Make")
        declared = self.aws.get_pipeline(name=self.name)["pipeline"]
        declared["variables"] = [{"name": "channel", "defaultValue": "other"}]
        self.aws.update_pipeline(pipeline=declared)
        self.spoil("Make")
        self.ends(id, "Failed")
        self.release("Make")
        second = self.start()
        self.ends(second)
        self.assertEqual((self.said(second), self.execution(second)["pipelineVersion"]), ("other", 2))
        self.assertEqual(self.execution(id)["variables"], [{"name": "channel", "resolvedValue": "beta"}])

    # Source revisions

    @staticmethod
    def revision(value, type="COMMIT_ID", name="Fetch"):
        return {"actionName": name, "revisionType": type, "revisionValue": value}

    def test_a_start_names_the_revision_of_a_source_SRC_1_SRC_5(self):
        self.created()
        id = self.start(sourceRevisions=[self.revision("0123abc")])
        self.ends(id)
        revision = self.execution(id)["artifactRevisions"][0]
        self.assertEqual((revision["name"], revision["revisionId"]), ("Code", "0123abc"))
        self.assertEqual(revision["revisionChangeIdentifier"], "change")
        self.assertEqual(revision["created"].timestamp(), 1700000000)
        summary = self.executions()[0]["sourceRevisions"][0]
        self.assertEqual((summary["actionName"], summary["revisionId"]), ("Fetch", "0123abc"))
        self.assertEqual(self.stage("Source")["actionStates"][0]["currentRevision"]["revisionId"], "0123abc")

    def test_revisions_that_a_source_does_not_take_are_refused_SRC_1(self):
        self.created()
        for revision in (
            self.revision("a", "IMAGE_DIGEST"),
            self.revision("a", "S3_OBJECT_KEY"),
            self.revision("a", "S3_OBJECT_VERSION_ID"),
            self.revision("a", "BRANCH"),
            self.revision("a", name="Make"),
            self.revision(""),
        ):
            with self.refused("ValidationException", "sourceRevisions[0]"):
                self.start(sourceRevisions=[revision])
        with self.refused("ValidationException", "twice"):
            self.start(sourceRevisions=[self.revision("a"), self.revision("b")])

    def test_an_object_key_is_named_only_where_the_source_allows_it_SRC_2(self):
        place = {"S3Bucket": "any", "S3ObjectKey": "app.zip"}
        for allows, configuration in ((False, place), (True, {**place, "AllowOverrideForS3ObjectKey": "true"})):
            self.setUp()
            fetch = action("Fetch", "Source", (), ["Code"], "S3", "AWS", configuration=configuration)
            self.created(stages=[stage("Source", fetch), stage("Build", action("Make"))])
            if allows:
                id = self.start(sourceRevisions=[self.revision("other.zip", "S3_OBJECT_KEY")])
                self.ends(id)
                version = self.revision("v7", "S3_OBJECT_VERSION_ID")
                both = self.start(sourceRevisions=[self.revision("other.zip", "S3_OBJECT_KEY"), version])
                self.ends(both)
            else:
                with self.refused("ValidationException", "AllowOverrideForS3ObjectKey"):
                    self.start(sourceRevisions=[self.revision("other.zip", "S3_OBJECT_KEY")])
                id = self.start(sourceRevisions=[self.revision("v7", "S3_OBJECT_VERSION_ID")])
                self.ends(id)
                self.assertEqual(self.execution(id)["artifactRevisions"][0]["revisionId"], "v7")

    def put(self, revision, action="Fetch", stage="Source"):
        return self.aws.put_action_revision(
            pipelineName=self.name,
            stageName=stage,
            actionName=action,
            actionRevision={"revisionId": revision, "revisionChangeId": "change", "created": 1_700_000_000},
        )

    def test_a_source_is_told_of_a_revision_which_starts_an_execution_when_it_is_new_SRC_4_STS_7(self):
        first = self.created()
        taken = self.execution(first)["artifactRevisions"][0]["revisionId"]
        self.assertEqual(
            {key: self.put(taken)[key] for key in ("newRevision", "pipelineExecutionId")},
            {"newRevision": False, "pipelineExecutionId": first},
        )
        self.hold("Fetch")
        answer = self.put("r2")
        id = answer["pipelineExecutionId"]
        self.assertTrue(answer["newRevision"])
        again = self.put("r2")
        self.assertEqual((again["newRevision"], again["pipelineExecutionId"]), (False, id))
        self.release("Fetch")
        self.ends(id)
        self.assertEqual(self.execution(id)["artifactRevisions"][0]["revisionId"], "r2")
        trigger = {"triggerType": "PutActionRevision", "triggerDetail": self.caller()}
        self.assertEqual(self.execution(id)["trigger"], trigger)
        self.assertFalse(self.put("r2")["newRevision"])
        self.assertEqual(len(self.executions()), 2)

    def test_a_revision_of_what_is_no_source_is_refused_SRC_4(self):
        self.created()
        for type, words in (
            ("ActionNotFoundException", {"action": "Nothing"}),
            ("StageNotFoundException", {"stage": "Nothing"}),
            ("ValidationException", {"action": "Make", "stage": "Build"}),
        ):
            with self.refused(type):
                self.put("r", **words)
        self.name += "-gone"
        with self.refused("PipelineNotFoundException"):
            self.put("r")

    def test_in_parallel_a_source_takes_its_head_when_it_runs_EXE_11(self):
        self.hold("Fetch")
        ids = [self.create(mode="PARALLEL"), self.start(sourceRevisions=[self.revision("named")])]
        for id in ids:
            self.runs("Fetch", id)
        self.release("Fetch")
        for id in ids:
            self.ends(id)
        taken = [self.execution(id)["artifactRevisions"][0]["revisionId"] for id in ids]
        self.assertEqual(taken[1], "named")
        self.assertEqual(taken[0], self.actions(ids[0], "Fetch")[0]["output"]["outputVariables"]["Run"])

    def test_what_is_not_there_is_neither_started_nor_stopped_EXE_4_STP_3(self):
        with self.refused("PipelineNotFoundException", self.name):
            self.start()
        with self.refused("PipelineNotFoundException", self.name):
            self.stop(UNKNOWN)
        self.created()
        with self.refused("PipelineExecutionNotStoppableException", UNKNOWN):
            self.stop(UNKNOWN)
        until(lambda: len(self.executions()) == 1)


if __name__ == "__main__":
    unittest.main()
