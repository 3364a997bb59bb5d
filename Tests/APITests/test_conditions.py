"""Conditions of stages and their overriding (CND-1 to CND-11)."""

import unittest

from daemon import until
from definitions import action, guard, stage
from harness import UNKNOWN, APICase


def build(**guards):
    return stage("Build", action("Make"), **guards)


LAST = stage("Last", action("After"))


class Conditions(APICase):
    def override(self, id, type="BEFORE_ENTRY", stage="Build"):
        return self.aws.override_stage_condition(
            pipelineName=self.name, stageName=stage, pipelineExecutionId=id, conditionType=type
        )

    def rules(self, id=None, **members):
        filter = {"filter": {"pipelineExecutionId": id}} if id else {}
        return self.aws.list_rule_executions(pipelineName=self.name, **filter, **members)["ruleExecutionDetails"]

    def rule(self, id, name="Look"):
        """That a rule is in progress in the plugin."""
        running = lambda: [
            each for each in self.rules(id) if (each["ruleName"], each["status"]) == (name, "InProgress")
        ]
        return until(running, f"{name} in progress")[0]

    def condition(self, kind, stage="Build"):
        return self.stage(stage)[f"{kind}ConditionState"]["latestExecution"]["status"]

    # What comes of them

    def test_before_entry_is_evaluated_inside_the_locked_stage_before_any_action_CND_6(self):
        self.hold("Look")
        first = self.create(build(beforeEntry=guard("FAIL", "Look")))
        self.rule(first)
        state = self.stage("Build")
        self.assertEqual(state["latestExecution"]["status"], "InProgress")
        self.assertEqual(state["beforeEntryConditionState"]["latestExecution"]["status"], "InProgress")
        second = self.start()
        self.waits(second, "Build")
        self.assertEqual(self.actions(name="Make"), [])
        self.release("Look")
        self.ends(first)
        self.ends(second)
        self.assertEqual(self.condition("beforeEntry"), "Succeeded")

    def test_a_failed_entry_fails_the_stage_CND_2_CND_4(self):
        self.spoil("Look")
        id = self.created(build(beforeEntry=guard("FAIL", "Look")), LAST, status="Failed")
        self.assertEqual((self.actions(id, "Make"), self.condition("beforeEntry")), ([], "Failed"))
        self.assertEqual(self.stage("Build")["latestExecution"]["status"], "Failed")
        self.release("Look")
        self.retry("Build", id)
        self.ends(id)
        self.assertEqual([each["status"] for each in self.rules(id)], ["Succeeded", "Failed"])

    def test_with_skip_the_stage_is_left_out_and_the_execution_goes_on_CND_5(self):
        check = {
            "name": "Check",
            "ruleTypeId": {"category": "Rule", "owner": "AWS", "provider": "VariableCheck", "version": "1"},
            "configuration": {"Variable": "#{Source.Said}", "Operator": "EQ", "Value": "never"},
        }
        id = self.created(build(beforeEntry=guard("SKIP", check)), LAST)
        self.assertEqual(self.actions(id, "Make"), [])
        self.assertEqual(self.actions(id, "After")[0]["status"], "Succeeded")
        self.assertEqual(self.stage("Build")["latestExecution"]["status"], "Skipped")
        with self.refused("ConditionNotOverridableException"):
            self.override(id)
        with self.refused("StageNotRetryableException"):
            self.retry("Build", id)

    def test_a_failed_on_success_fails_a_stage_whose_actions_succeeded_CND_7(self):
        self.spoil("Look")
        id = self.created(build(onSuccess=guard("FAIL", "Look")), LAST, status="Failed")
        self.assertEqual(self.actions(id, "Make")[0]["status"], "Succeeded")
        self.assertEqual(self.actions(id, "After"), [])
        self.assertEqual(self.condition("onSuccess"), "Failed")
        self.release("Look")
        self.retry("Build", id)
        self.ends(id)
        self.assertEqual(len(self.actions(id, "Make")), 1)

    def test_a_failed_on_success_with_rollback_goes_back_CND_7(self):
        first = self.created(build(onSuccess=guard("ROLLBACK", "Look")))
        self.spoil("Look")
        second = self.start()
        self.ends(second, "Failed")
        back = self.executions()[0]
        self.assertEqual(back["rollbackMetadata"], {"rollbackTargetPipelineExecutionId": first})
        self.ends(back["pipelineExecutionId"], "Failed")
        self.assertEqual(len(self.executions()), 3)

    def test_on_failure_goes_back_when_its_rules_are_met_CND_4(self):
        for word, count in (("succeed", 3), ("fail", 2)):
            with self.subTest(word):
                self.setUp()
                first = self.created(build(onFailure=guard("ROLLBACK", "Look")))
                self.daemon.say(word, "Look", self.name)
                self.spoil("Make")
                second = self.start()
                self.daemon.say("succeed", "Make", first)
                self.ends(second, "Failed")
                self.assertEqual(len(self.executions()), count)
                until(lambda: self.executions()[0]["status"] != "InProgress")
                self.assertEqual(len(self.rules(second)), 1)

    def test_a_condition_succeeds_when_all_its_rules_do_CND_4(self):
        names = [f"Look{number}" for number in range(5)]
        self.hold(*names)
        id = self.create(build(beforeEntry=guard("FAIL", *names)))
        for name in names:
            self.rule(id, name)
        self.release(*names[:4])
        until(lambda: sorted(each["status"] for each in self.rules(id)) == ["InProgress"] + ["Succeeded"] * 4)
        self.assertEqual((self.condition("beforeEntry"), self.actions(id, "Make")), ("InProgress", []))
        self.release(names[4])
        self.ends(id)

    # Overriding

    def test_an_entry_is_overridden_while_it_is_evaluated_CND_8(self):
        self.hold("Look")
        id = self.create(build(beforeEntry=guard("FAIL", "Look")))
        self.rule(id)
        self.override(id)
        self.ends(id)
        self.assertEqual((self.condition("beforeEntry"), self.rules(id)[0]["status"]), ("Overridden", "Abandoned"))
        self.assertEqual(self.actions(id, "Make")[0]["status"], "Succeeded")
        with self.refused("ConditionNotOverridableException"):
            self.override(id)

    def test_on_success_is_overridden_while_it_is_evaluated_CND_8(self):
        for result in ("FAIL", "ROLLBACK"):
            with self.subTest(result):
                self.setUp()
                self.hold("Look")
                id = self.create(build(onSuccess=guard(result, "Look")), LAST)
                self.rule(id)
                with self.refused("ConditionNotOverridableException"):
                    self.override(id)
                self.override(id, "ON_SUCCESS")
                self.ends(id)
                self.assertEqual(self.condition("onSuccess"), "Overridden")
                self.assertEqual(self.stage("Build")["latestExecution"]["status"], "Succeeded")

    def test_what_is_not_evaluated_now_is_not_overridden_CND_8(self):
        id = self.created(build(beforeEntry=guard("FAIL", "Look")))
        for type in ("BEFORE_ENTRY", "ON_SUCCESS"):
            with self.refused("ConditionNotOverridableException", "Build"):
                self.override(id, type)
        with self.refused("ConditionNotOverridableException", UNKNOWN):
            self.override(UNKNOWN)
        with self.refused("StageNotFoundException", "Nowhere"):
            self.override(id, stage="Nowhere")
        with self.refused("ValidationException", "ON_FAILURE"):
            self.override(id, "ON_FAILURE")
        self.name += "-2"
        with self.refused("PipelineNotFoundException"):
            self.override(id)

    def test_an_entry_with_skip_is_not_overridden_CND_5(self):
        self.hold("Make")
        check = {
            "name": "Check",
            "ruleTypeId": {"category": "Rule", "owner": "AWS", "provider": "VariableCheck", "version": "1"},
            "configuration": {"Variable": "#{Source.Said}", "Operator": "NE", "Value": "never"},
        }
        id = self.create(build(beforeEntry=guard("SKIP", check)))
        self.runs("Make", id)
        with self.refused("ConditionNotOverridableException"):
            self.override(id)
        self.release("Make")
        self.ends(id)

    def test_rules_are_abandoned_with_the_execution_STP_2(self):
        self.hold("Look")
        id = self.create(build(beforeEntry=guard("FAIL", "Look")))
        self.rule(id)
        self.stop(id, abandon=True)
        self.ends(id, "Stopped")
        self.assertEqual((self.rules(id)[0]["status"], self.condition("beforeEntry")), ("Abandoned", "Abandoned"))

    def test_stop_and_wait_lets_rules_end_and_does_not_begin_on_success_STP_1(self):
        self.hold("Make")
        id = self.create(build(onSuccess=guard("FAIL", "Look")))
        self.runs("Make", id)
        self.stop(id)
        self.release("Make")
        self.ends(id, "Stopped")
        self.assertEqual(self.rules(id), [])
        self.retry("Build", id)
        self.ends(id)
        self.assertEqual(len(self.rules(id)), 1)
        self.assertEqual(len(self.actions(id, "Make")), 1)

    # What is said of them

    def test_the_state_shows_each_rule_HIS_4(self):
        self.spoil("Look")
        id = self.created(build(beforeEntry=guard("FAIL", "Look", "Watch")), status="Failed")
        declared = self.stage("Build")["beforeEntryConditionState"]["conditionStates"][0]
        self.assertEqual(declared["latestExecution"]["status"], "Failed")
        look, watch = declared["ruleStates"]
        self.assertEqual((look["ruleName"], watch["ruleName"]), ("Look", "Watch"))
        self.assertEqual(look["latestExecution"]["status"], "Failed")
        self.assertEqual(look["latestExecution"]["errorDetails"]["code"], "JobFailed")
        self.assertEqual(look["latestExecution"]["ruleExecutionId"], self.only(id, "Look")["ruleExecutionId"])

    def only(self, id, name):
        return next(each for each in self.rules(id) if each["ruleName"] == name)

    def test_rules_are_listed_as_actions_are_CND_11(self):
        rule = {
            "name": "Look",
            "ruleTypeId": {"category": "Rule", "owner": "AWS", "provider": "Test", "version": "1"},
            "configuration": {"Say": "#{codepipeline.PipelineExecutionId}"},
            "inputArtifacts": [{"name": "Code"}],
        }
        first = self.created(build(beforeEntry=guard("FAIL", rule), onSuccess=guard("FAIL", "After")))
        second = self.start()
        self.ends(second)
        self.assertEqual([each["ruleName"] for each in self.rules()], ["After", "Look"] * 2)
        look = self.only(first, "Look")
        self.assertEqual(
            (look["pipelineExecutionId"], look["pipelineVersion"], look["stageName"], look["status"]),
            (first, 1, "Build", "Succeeded"),
        )
        self.assertLessEqual(look["startTime"], look["lastUpdateTime"])
        self.assertEqual(look["input"]["ruleTypeId"], rule["ruleTypeId"])
        self.assertEqual(look["input"]["configuration"], rule["configuration"])
        self.assertEqual(look["input"]["resolvedConfiguration"], {"Say": first})
        self.assertEqual([each["name"] for each in look["input"]["inputArtifacts"]], ["Code"])
        self.assertEqual(look["output"]["executionResult"]["externalExecutionSummary"], "Done by Look")
        pages = self.aws.get_paginator("list_rule_executions").paginate(
            pipelineName=self.name, PaginationConfig={"PageSize": 1}
        )
        ids = [each["ruleExecutionId"] for page in pages for each in page["ruleExecutionDetails"]]
        self.assertEqual(ids, [each["ruleExecutionId"] for each in self.rules()])
        names = {each["actionName"] for each in self.actions()}
        self.assertEqual(names, {"Fetch", "Make"})

    def test_rules_are_filtered_by_execution_and_attempt_CND_11(self):
        self.spoil("Look")
        id = self.created(build(beforeEntry=guard("FAIL", "Look")), status="Failed")
        self.release("Look")
        self.retry("Build", id)
        self.ends(id)
        for range, statuses in (("Latest", ["Succeeded"]), ("All", ["Succeeded", "Failed"])):
            filter = {"latestInPipelineExecution": {"pipelineExecutionId": id, "startTimeRange": range}}
            self.assertEqual([each["status"] for each in self.rules(filter=filter)], statuses)
        with self.refused("PipelineExecutionNotFoundException", UNKNOWN):
            self.rules(UNKNOWN)


if __name__ == "__main__":
    unittest.main()
