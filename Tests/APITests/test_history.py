"""What is listed of executions and actions, page by page (HIS-1 to HIS-4)."""

import datetime
import unittest

from definitions import action, source, stage
from harness import UNKNOWN, APICase


class History(APICase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        made = cls("test_executions_are_listed_newest_first_HIS_1")
        made.name = cls.shared = "history"
        make = action("Make", outputs=["App"], configuration={"Say": "#{Source.Run}"}, namespace="Made", region="here")
        two = stage("Build", make, action("Check"))
        cls.ids = [made.created(two, stage("Last", action("After", inputs=["App"])), mode="QUEUED")]
        made.spoil("Check")
        cls.ids.append(made.start())
        made.ends(cls.ids[1], "Failed")
        made.release("Check")
        made.retry("Build", cls.ids[1])
        made.ends(cls.ids[1])
        cls.ids.append(made.start())
        made.ends(cls.ids[2])

    def setUp(self):
        super().setUp()
        self.name = self.shared

    def walk(self, operation, list, key, **members):
        """The elements of all pages, one a page."""
        pages = [*self.aws.get_paginator(operation).paginate(**members, PaginationConfig={"PageSize": 1})]
        for page in pages:
            self.assertEqual(len(page[list]), 1)
        return [page[list][0][key] for page in pages]

    def test_executions_are_listed_newest_first_HIS_1(self):
        listed = self.executions()
        self.assertEqual([each["pipelineExecutionId"] for each in listed], self.ids[::-1])
        newest = listed[0]
        self.assertEqual((newest["status"], newest["executionMode"]), ("Succeeded", "QUEUED"))
        self.assertLessEqual(newest["startTime"], newest["lastUpdateTime"])
        self.assertGreaterEqual(newest["startTime"], listed[1]["startTime"])
        self.assertEqual(newest["sourceRevisions"][0]["actionName"], "Fetch")
        pages = self.walk(
            "list_pipeline_executions", "pipelineExecutionSummaries", "pipelineExecutionId", pipelineName=self.name
        )
        self.assertEqual(pages, self.ids[::-1])

    def test_a_page_has_the_size_that_was_asked_for_HIS_1(self):
        for size, more in ((1, True), (2, True), (3, False), (100, False)):
            answer = self.aws.list_pipeline_executions(pipelineName=self.name, maxResults=size)
            self.assertEqual((len(answer["pipelineExecutionSummaries"]), "nextToken" in answer), (min(size, 3), more))

    def test_a_new_execution_does_not_shift_the_pages_HIS_1(self):
        self.name = "shifted"
        ids = [self.created()]
        for _ in range(2):
            ids.append(self.start())
            self.ends(ids[-1])
        answer = self.aws.list_pipeline_executions(pipelineName=self.name, maxResults=1)
        self.ends(self.start())
        rest = self.executions(nextToken=answer["nextToken"])
        self.assertEqual([each["pipelineExecutionId"] for each in rest], ids[1::-1])

    def test_executions_are_filtered_by_a_stage_of_success_HIS_1(self):
        self.name = "filtered"
        two = (stage("Build", action("Make")), stage("Last", action("After")))
        first = self.created(*two)
        self.spoil("After")
        second = self.start()
        self.ends(second, "Failed")
        self.release("After")

        def succeeded(name):
            filter = {"succeededInStage": {"stageName": name}}
            return [each["pipelineExecutionId"] for each in self.executions(filter=filter)]

        self.assertEqual(succeeded("Build"), [second, first])
        self.assertEqual(succeeded("Last"), [first])
        self.assertEqual(succeeded("Nowhere"), [])
        self.aws.update_pipeline(pipeline=self.aws.get_pipeline(name=self.name)["pipeline"])
        self.assertEqual(succeeded("Build"), [])

    def test_actions_are_listed_newest_first_with_all_that_is_known_HIS_2_HIS_3(self):
        names = ["Check", "Make", "Fetch"]
        listed = [each["actionName"] for each in self.actions(self.ids[0])]
        self.assertEqual((listed[0], sorted(listed[1:3]), listed[3]), ("After", sorted(names[:2]), "Fetch"))
        make, fetch = self.actions(self.ids[0], "Make")[0], self.actions(self.ids[0], "Fetch")[0]
        run = fetch["output"]["outputVariables"]["Run"]
        expected = {
            "actionTypeId": {"category": "Build", "owner": "Custom", "provider": "Test", "version": "1"},
            "configuration": {"Say": "#{Source.Run}"},
            "resolvedConfiguration": {"Say": run},
            "region": "here",
            "inputArtifacts": [{"name": "Code"}],
            "namespace": "Made",
        }
        self.assertEqual(make["input"], expected)
        self.assertEqual(make["output"]["outputArtifacts"], [{"name": "App"}])
        self.assertEqual(make["output"]["outputVariables"]["Said"], run)
        job = make["output"]["outputVariables"]["Run"]
        result = {"externalExecutionId": f"x-{job}", "externalExecutionSummary": "Done by Make"}
        self.assertEqual(make["output"]["executionResult"], result)
        self.assertEqual((make["pipelineVersion"], make["stageName"], make["status"]), (1, "Build", "Succeeded"))
        self.assertLessEqual(make["startTime"], make["lastUpdateTime"])
        self.assertIsInstance(make["startTime"], datetime.datetime)

    def test_actions_are_listed_page_by_page_HIS_2(self):
        ids = [each["actionExecutionId"] for each in self.actions()]
        self.assertEqual(len(set(ids)), len(ids))
        walked = self.walk(
            "list_action_executions", "actionExecutionDetails", "actionExecutionId", pipelineName=self.name
        )
        self.assertEqual(walked, ids)
        of_one = [each["actionExecutionId"] for each in self.actions(self.ids[1])]
        filter = {"pipelineExecutionId": self.ids[1]}
        walked = self.walk(
            "list_action_executions",
            "actionExecutionDetails",
            "actionExecutionId",
            pipelineName=self.name,
            filter=filter,
        )
        self.assertEqual(walked, of_one)

    def test_the_latest_attempts_or_all_of_them_HIS_2(self):
        def of(id, range, **more):
            filter = {"latestInPipelineExecution": {"pipelineExecutionId": id, "startTimeRange": range}, **more}
            details = self.aws.list_action_executions(pipelineName=self.name, filter=filter)["actionExecutionDetails"]
            return [(each["actionName"], each["status"]) for each in details]

        self.assertEqual(sorted(of(self.ids[1], "All")), sorted(of(self.ids[1], "Latest") + [("Check", "Failed")]))
        self.assertEqual(sorted(name for name, _ in of(self.ids[1], "Latest")), ["After", "Check", "Fetch", "Make"])
        same = {"pipelineExecutionId": self.ids[1]}
        self.assertEqual(of(self.ids[1], "Latest", **same), of(self.ids[1], "Latest"))
        self.assertEqual(of(self.ids[1], "Latest", pipelineExecutionId=self.ids[0]), [])

    def test_a_token_continues_its_own_query_only_HIS_ERR(self):
        token = self.aws.list_pipeline_executions(pipelineName=self.name, maxResults=1)["nextToken"]
        self.assertEqual(len(self.executions(nextToken=token, maxResults=100)), len(self.ids) - 1)
        self.name = "others"
        self.created()
        filter = {"succeededInStage": {"stageName": "Build"}}
        for ask in (
            lambda: self.executions(nextToken=token),
            lambda: self.aws.list_pipeline_executions(pipelineName=self.shared, filter=filter, nextToken=token),
            lambda: self.aws.list_action_executions(pipelineName=self.shared, nextToken=token),
            lambda: self.aws.list_rule_executions(pipelineName=self.shared, nextToken=token),
            lambda: self.aws.list_pipelines(nextToken=token),
            lambda: self.aws.list_pipelines(nextToken="a"),
            lambda: self.aws.list_pipelines(nextToken="made up"),
            lambda: self.aws.list_pipelines(nextToken="ab" * 1024),
        ):
            with self.refused("InvalidNextTokenException"):
                ask()

    def test_what_is_not_there_is_not_listed_HIS_2_HIS_6(self):
        self.name = "others-2"
        for ask in (self.executions, self.actions, self.state, lambda: self.status(UNKNOWN)):
            with self.refused("PipelineNotFoundException", self.name):
                ask()
        with self.refused("PipelineNotFoundException"):
            self.aws.list_rule_executions(pipelineName=self.name)
        self.created()
        for id in (UNKNOWN, self.ids[0]):
            with self.refused("PipelineExecutionNotFoundException", id):
                self.actions(id)
            with self.refused("PipelineExecutionNotFoundException", id):
                self.status(id)

    def test_the_state_of_a_stage_that_nobody_entered_is_empty_HIS_4(self):
        self.name = "unentered"
        self.spoil("Fetch")
        self.created(status="Failed")
        build = self.stage("Build")
        self.assertNotIn("latestExecution", build)
        self.assertEqual(build["actionStates"], [{"actionName": "Make"}])
        self.assertEqual(build["inboundExecutions"], [])
        failed = self.stage("Source")["actionStates"][0]
        self.assertEqual(failed["latestExecution"]["errorDetails"]["code"], "JobFailed")
        self.assertNotIn("currentRevision", failed)

    def test_run_orders_begin_one_after_the_other_ACT_3_ACT_4(self):
        self.name = "ordered"
        self.spoil("One")
        self.hold("Two")
        numbered = [action(name, runOrder=order) for name, order in (("One", 3), ("Two", 3), ("Three", 7))]
        id = self.create(stage("Build", *numbered))
        self.runs("Two", id)
        self.release("Two")
        self.ends(id, "Failed")
        statuses = {each["actionName"]: each["status"] for each in self.actions(id)}
        self.assertEqual(statuses, {"Fetch": "Succeeded", "One": "Failed", "Two": "Succeeded"})

    def test_several_sources_each_have_a_revision_SRC_5(self):
        self.name = "sources"
        both = stage("Source", source("Fetch"), action("Take", "Source", (), ["Data"]))
        id = self.created(stages=[both, stage("Build", action("Make", inputs=["Code", "Data"]))])
        self.assertEqual({each["name"] for each in self.execution(id)["artifactRevisions"]}, {"Code", "Data"})
        self.assertEqual({each["actionName"] for each in self.executions()[0]["sourceRevisions"]}, {"Fetch", "Take"})


if __name__ == "__main__":
    unittest.main()
