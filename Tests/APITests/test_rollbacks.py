"""Rollbacks (RBK-1 to RBK-5)."""

import unittest

from definitions import action, approval, guard, pipeline, stage
from harness import UNKNOWN, APICase

DEPLOY = stage("Deploy", action("Ship", "Deploy", configuration={"Say": "#{Source.Run} #{variables.channel}"}))
CHANNEL = [{"name": "channel", "defaultValue": "beta"}]
BUILD = stage("Build", action("Make"))


class Rollbacks(APICase):
    def shipped(self, id):
        return self.actions(id, "Ship")[0]["output"]["outputVariables"]

    def test_a_rollback_runs_one_stage_with_what_its_target_had_RBK_1_STS_8(self):
        last = stage("Last", action("After"))
        first = self.created(BUILD, DEPLOY, last, variables=CHANNEL)
        second = self.start(variables=[{"name": "channel", "value": "stable"}])
        self.ends(second)
        id = self.rollback("Deploy", first)
        self.assertNotIn(id, (first, second))
        self.ends(id)
        self.assertEqual([each["actionName"] for each in self.actions(id)], ["Ship"])
        for key in ("Said", "Took"):
            self.assertEqual(self.shipped(id)[key], self.shipped(first)[key])
            self.assertNotEqual(self.shipped(id)[key], self.shipped(second)[key])
        execution = self.execution(id)
        self.assertEqual(execution["executionType"], "ROLLBACK")
        self.assertEqual(execution["rollbackMetadata"], {"rollbackTargetPipelineExecutionId": first})
        self.assertEqual(execution["trigger"]["triggerType"], "ManualRollback")
        self.assertEqual(execution["variables"], [{"name": "channel", "resolvedValue": "beta"}])
        summary = self.executions()[0]
        self.assertEqual(
            (summary["executionType"], summary["rollbackMetadata"]), ("ROLLBACK", execution["rollbackMetadata"])
        )
        latest = self.stage("Deploy")["latestExecution"]
        self.assertEqual((latest["pipelineExecutionId"], latest["type"]), (id, "ROLLBACK"))
        self.assertEqual(self.stage("Last")["latestExecution"]["pipelineExecutionId"], second)

    def test_it_passes_a_disabled_transition_RBK_1(self):
        first = self.created()
        self.disable("Build")
        self.ends(self.rollback("Build", first))

    def test_it_goes_in_beside_who_is_held_back_RBK_1(self):
        first = self.created()
        self.disable("Build")
        second = self.start()
        self.waits(second, "Build")
        self.ends(self.rollback("Build", first))
        self.assertEqual((self.waiting("Build"), self.status(second)), ([second], "InProgress"))
        self.enable("Build")
        self.ends(second)

    def test_what_cannot_be_rolled_back_to_is_refused_by_name_RBK_2(self):
        first = self.created()
        self.spoil("Make")
        failed = self.start()
        self.ends(failed, "Failed")
        self.release("Make")
        with self.refused("UnableToRollbackStageException", failed):
            self.rollback("Build", failed)
        with self.refused("PipelineExecutionNotFoundException", UNKNOWN):
            self.rollback("Build", UNKNOWN)
        with self.refused("StageNotFoundException", "Nowhere"):
            self.rollback("Nowhere", first)
        back = self.rollback("Build", first)
        self.ends(back)
        with self.refused("UnableToRollbackStageException", "rollback itself"):
            self.rollback("Build", back)
        self.name += "-2"
        with self.refused("PipelineNotFoundException"):
            self.rollback("Build", first)
        self.created()
        with self.refused("PipelineExecutionNotFoundException", first):
            self.rollback("Build", first)

    def test_an_execution_of_another_version_is_outdated_RBK_2(self):
        first = self.created()
        self.aws.update_pipeline(pipeline=pipeline(self.name))
        with self.refused("PipelineExecutionOutdatedException", first, "1", "2"):
            self.rollback("Build", first)

    def test_a_busy_stage_is_not_rolled_back_RBK_2(self):
        first = self.created()
        self.hold("Make")
        second = self.start()
        self.runs("Make", second)
        with self.refused("UnableToRollbackStageException", "busy"):
            self.rollback("Build", first)
        self.release("Make")
        self.ends(second)
        self.ends(self.rollback("Build", first))

    def test_what_skipped_the_stage_is_no_target_RBK_3(self):
        check = {
            "name": "Check",
            "ruleTypeId": {"category": "Rule", "owner": "AWS", "provider": "VariableCheck", "version": "1"},
            "configuration": {"Variable": "#{variables.channel}", "Operator": "EQ", "Value": "stable"},
        }
        first = self.created(stage("Build", action("Make"), beforeEntry=guard("SKIP", check)), variables=CHANNEL)
        self.assertEqual(self.stage("Build")["latestExecution"]["status"], "Skipped")
        with self.refused("UnableToRollbackStageException", first):
            self.rollback("Build", first)
        with self.refused("StageNotRetryableException"):
            self.retry("Build", first)

    def test_neither_the_first_stage_nor_parallel_is_rolled_back_RBK_4(self):
        first = self.created()
        with self.refused("UnableToRollbackStageException", "Source"):
            self.rollback("Source", first)
        self.name += "-2"
        first = self.created(mode="PARALLEL")
        with self.refused("UnableToRollbackStageException", "PARALLEL"):
            self.rollback("Build", first)

    def test_no_parallel_pipeline_is_declared_to_go_back_CND_9(self):
        build = stage("Build", action("Make"))
        for guards in ({"onFailure": {"result": "ROLLBACK"}}, {"onSuccess": guard("ROLLBACK", "Look")}):
            with self.refused("InvalidStageDeclarationException", "ROLLBACK", "PARALLEL"):
                self.create({**build, **guards}, mode="PARALLEL")

    def test_a_failure_goes_back_to_what_succeeded_last_RBK_5(self):
        first = self.created({**DEPLOY, "onFailure": {"result": "ROLLBACK"}}, variables=CHANNEL)
        self.spoil("Ship")
        second = self.start()
        self.release("Ship", of=first)
        self.ends(second, "Failed")
        back = self.executions()[0]
        self.assertEqual(back["rollbackMetadata"], {"rollbackTargetPipelineExecutionId": first})
        self.assertEqual(back["trigger"], {"triggerType": "AutomatedRollback", "triggerDetail": second})
        self.ends(back["pipelineExecutionId"], "Failed")
        self.assertEqual(len(self.executions()), 3)
        self.assertEqual(
            self.actions(back["pipelineExecutionId"])[0]["input"]["resolvedConfiguration"]["Say"],
            self.shipped(first)["Said"],
        )

    def test_without_a_success_nothing_is_gone_back_to_RBK_5(self):
        self.spoil("Make")
        first = self.created(stage("Build", action("Make"), onFailure={"result": "ROLLBACK"}), status="Failed")
        self.assertEqual([each["pipelineExecutionId"] for each in self.executions()], [first])

    def test_a_rollback_goes_in_before_those_who_wait_RBK_5(self):
        first = self.created(stage("Build", action("Make"), onFailure={"result": "ROLLBACK"}), mode="QUEUED")
        self.hold("Make")
        second, third = self.start(), self.start()
        self.runs("Make", second)
        self.waits(third, "Build")
        self.spoil("Make", of=second)
        self.ends(second, "Failed")
        back = next(each for each in self.executions() if each["executionType"] == "ROLLBACK")["pipelineExecutionId"]
        self.runs("Make", back)
        self.assertEqual(self.waiting("Build"), [third])
        self.release("Make")
        self.ends(back)
        self.ends(third)
        self.assertEqual(self.execution(back)["rollbackMetadata"]["rollbackTargetPipelineExecutionId"], first)

    def test_a_rejection_goes_back_too_RBK_5_APR_5(self):
        first = self.create(stage("Approve", approval(), onFailure={"result": "ROLLBACK"}))
        self.answer(self.token())
        self.ends(first)
        second = self.start()
        self.answer(self.token(), "Rejected", "no")
        self.ends(second, "Failed")
        back = self.executions()[0]
        self.assertEqual(back["executionType"], "ROLLBACK")
        self.answer(self.token())
        self.ends(back["pipelineExecutionId"])


if __name__ == "__main__":
    unittest.main()
