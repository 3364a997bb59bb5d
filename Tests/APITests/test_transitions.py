"""Transitions between stages, which hold executions back (TRN-1 to TRN-6)."""

import datetime
import unittest

from definitions import action, pipeline, stage
from harness import APICase


class Transitions(APICase):
    def test_who_arrives_at_a_disabled_transition_waits_until_it_is_enabled_TRN_1_TRN_2_TRN_3(self):
        for mode in ("SUPERSEDED", "QUEUED"):
            with self.subTest(mode):
                self.setUp()
                self.created(mode=mode)
                self.disable("Build")
                second = self.start()
                self.waits(second, "Build")
                self.assertEqual(self.status(second), "InProgress")
                self.assertEqual(self.actions(second, "Make"), [])
                self.enable("Build")
                self.ends(second)
                self.assertEqual(self.waiting("Build"), [])

    def test_superseded_keeps_the_newest_TRN_2(self):
        self.created()
        self.disable("Build")
        ids = []
        for _ in range(3):
            ids.append(self.start())
            self.waits(ids[-1], "Build")
        self.assertEqual([self.status(id) for id in ids], ["Superseded", "Superseded", "InProgress"])
        self.assertEqual(self.waiting("Build"), ids[2:])
        self.enable("Build")
        self.ends(ids[2])

    def test_queued_keeps_all_in_order_TRN_2_TRN_3(self):
        self.created(mode="QUEUED")
        self.disable("Build")
        ids = []
        for _ in range(3):
            ids.append(self.start())
            self.waits(ids[-1], "Build")
        self.assertEqual(self.waiting("Build"), ids)
        self.hold("Make")
        self.enable("Build")
        self.runs("Make", ids[0])
        self.assertEqual(self.waiting("Build"), ids[1:])
        self.release("Make")
        for id in ids:
            self.ends(id)

    def test_the_way_out_is_a_transition_of_its_own_TRN_1(self):
        self.created()
        self.disable("Source", "Outbound", "the way out")
        second = self.start()
        self.waits(second, "Build")
        self.enable("Build")
        self.assertEqual(self.waiting("Build"), [second])
        self.enable("Source", "Outbound")
        self.ends(second)

    def test_both_sides_are_to_be_enabled_before_anyone_passes_TRN_1(self):
        self.created()
        self.disable("Source", "Outbound")
        self.disable("Build")
        second = self.start()
        self.waits(second, "Build")
        self.enable("Source", "Outbound")
        self.assertEqual((self.waiting("Build"), self.status(second)), ([second], "InProgress"))
        self.enable("Build")
        self.ends(second)

    def test_the_way_into_the_first_stage_holds_starts_back_TRN_2(self):
        self.created()
        self.disable("Source")
        second = self.start()
        self.assertEqual(self.waiting("Source"), [second])
        self.assertEqual(self.actions(second), [])
        self.enable("Source")
        self.ends(second)

    def test_in_parallel_all_wait_TRN_2(self):
        self.created(mode="PARALLEL")
        self.disable("Build")
        ids = [self.start(), self.start()]
        for id in ids:
            self.waits(id, "Build")
        self.enable("Build")
        for id in ids:
            self.ends(id)

    def test_when_it_is_enabled_who_waits_enters_only_a_free_stage_TRN_3(self):
        self.hold("Make")
        first = self.create()
        self.runs("Make", first)
        self.disable("Build")
        second = self.start()
        self.waits(second, "Build")
        self.enable("Build")
        self.assertEqual(self.waiting("Build"), [second])
        self.release("Make")
        self.ends(first)
        self.ends(second)

    def test_who_is_stopped_while_it_waits_never_enters_and_is_not_retried_TRN_4(self):
        self.created()
        self.disable("Build")
        second = self.start()
        self.waits(second, "Build")
        self.stop(second)
        self.ends(second, "Stopped")
        self.assertEqual(self.waiting("Build"), [])
        self.enable("Build")
        self.ends(self.start())
        self.assertEqual((self.status(second), self.actions(second, "Make")), ("Stopped", []))
        for name in ("Source", "Build"):
            with self.refused("StageNotRetryableException"):
                self.retry(name, second)

    def test_who_is_past_it_is_not_affected_TRN_5(self):
        self.hold("Make")
        first = self.create(stage("Build", action("Make")), stage("Deploy", action("Ship", "Deploy")))
        self.runs("Make", first)
        self.disable("Build")
        self.disable("Source", "Outbound")
        self.release("Make")
        self.ends(first)

    def test_the_state_says_who_changed_what_when_and_why_TRN_6(self):
        self.created()
        self.assertEqual(self.stage("Build")["inboundTransitionState"], {"enabled": True})
        before = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(seconds=1)
        reason = "Not on a Friday! (ask@us.example) *?-"
        self.disable("Build", reason=reason)
        transition = self.stage("Build")["inboundTransitionState"]
        self.assertEqual((transition["enabled"], transition["disabledReason"]), (False, reason))
        self.assertEqual(transition["lastChangedBy"], self.caller())
        self.assertGreater(transition["lastChangedAt"], before)
        self.disable("Build", reason="another")
        self.assertEqual(self.stage("Build")["inboundTransitionState"]["disabledReason"], "another")
        self.enable("Build")
        transition = self.stage("Build")["inboundTransitionState"]
        self.assertEqual((transition["enabled"], "disabledReason" in transition), (True, False))
        self.assertEqual(transition["lastChangedBy"], self.caller())

    def test_a_transition_survives_an_update_TRN_6(self):
        self.created()
        self.disable("Build", reason="stays")
        declared = self.aws.get_pipeline(name=self.name)["pipeline"]
        self.aws.update_pipeline(pipeline=declared)
        self.assertEqual(self.stage("Build")["inboundTransitionState"]["disabledReason"], "stays")

    def test_a_stage_that_an_update_has_removed_has_none_TRN_1(self):
        two = (stage("Build", action("Make")), stage("Last", action("After")))
        self.created(*two)
        self.disable("Last", reason="of the former stage")
        self.aws.update_pipeline(pipeline=pipeline(self.name, *two[:1]))
        with self.refused("StageNotFoundException", "Last"):
            self.enable("Last")
        self.ends(self.start())
        self.aws.update_pipeline(pipeline=pipeline(self.name, *two))
        self.assertEqual(self.stage("Last")["inboundTransitionState"], {"enabled": True})
        self.ends(self.start())

    def test_what_is_not_there_has_no_transition_TRN_1(self):
        with self.refused("PipelineNotFoundException", self.name):
            self.disable("Build")
        with self.refused("PipelineNotFoundException", self.name):
            self.enable("Build")
        self.created()
        with self.refused("StageNotFoundException", "Nowhere"):
            self.disable("Nowhere")
        with self.refused("StageNotFoundException", "Nowhere"):
            self.enable("Nowhere", "Outbound")

    def test_enabling_what_is_enabled_changes_nothing_TRN_1(self):
        self.created()
        self.enable("Build")
        self.ends(self.start())


if __name__ == "__main__":
    unittest.main()
