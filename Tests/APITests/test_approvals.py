"""Manual approvals (APR-1 to APR-8)."""

import datetime
import unittest

from daemon import until
from definitions import action, approval, stage
from harness import UNKNOWN, APICase

APPROVE = stage("Approve", approval())
LAST = stage("Last", action("After"))


class Approvals(APICase):
    def test_an_approval_lets_the_execution_go_on_APR_3_APR_4(self):
        id = self.create(stage("Approve", approval(CustomData="Look at it")), LAST)
        token = self.token()
        before = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(seconds=1)
        self.assertGreater(self.answer(token, summary="Fine")["approvedAt"], before)
        self.ends(id)
        self.assertEqual(self.actions(id, "After")[0]["status"], "Succeeded")
        asked = self.actions(id, "Ask")[0]
        self.assertEqual((asked["status"], asked["updatedBy"]), ("Succeeded", self.caller()))
        self.assertEqual(asked["output"]["executionResult"]["externalExecutionSummary"], "Fine")
        state = self.stage("Approve")["actionStates"][0]["latestExecution"]
        self.assertEqual(
            (state["status"], state["summary"], state["lastUpdatedBy"]), ("Succeeded", "Fine", self.caller())
        )
        self.assertNotIn("token", state)

    def test_a_rejection_fails_the_action_and_its_summary_is_kept_APR_5(self):
        id = self.create(APPROVE, LAST)
        self.answer(self.token(), "Rejected", "Not on a Friday")
        self.ends(id, "Failed")
        asked = self.actions(id, "Ask")[0]
        self.assertEqual((asked["status"], asked["updatedBy"]), ("Failed", self.caller()))
        result = asked["output"]["executionResult"]
        self.assertEqual(result["errorDetails"]["code"], "JobFailed")
        self.assertEqual(result["externalExecutionSummary"], "Not on a Friday")
        self.assertEqual(self.actions(id, "After"), [])

    def test_it_is_answered_once_APR_4(self):
        for first, second in (("Approved", "Rejected"), ("Rejected", "Approved"), ("Approved", "Approved")):
            with self.subTest(first=first, second=second):
                self.setUp()
                id = self.create(APPROVE)
                token = self.token()
                self.answer(token, first)
                with self.refused("ApprovalAlreadyCompletedException", "Approve/Ask"):
                    self.answer(token, second)
                self.ends(id, "Succeeded" if first == "Approved" else "Failed")

    def test_a_token_used_twice_beside_a_peer_that_runs_APR_4(self):
        self.hold("Make")
        id = self.create(stage("Approve", approval(), action("Make")))
        token = self.token()
        self.answer(token)
        with self.refused("ApprovalAlreadyCompletedException"):
            self.answer(token, "Rejected")
        self.release("Make")
        self.ends(id)

    def test_the_token_of_the_request_is_to_be_shown_APR_3(self):
        id = self.create(APPROVE)
        token = self.token()
        with self.refused("InvalidApprovalTokenException", "Approve/Ask"):
            self.answer(UNKNOWN)
        for wrong in ("", "x", token.upper(), token + "0"):
            with self.refused("ValidationException", "token"):
                self.answer(wrong)
        self.assertEqual((self.status(id), self.token()), ("InProgress", token))
        self.answer(token)
        self.ends(id)

    def test_a_token_is_of_its_action_and_of_no_other_APR_3(self):
        two = stage("Approve", approval("Ask"), approval("AskToo"), action("Make"))
        id = self.create(two)
        one, other = self.token(action="Ask"), self.token(action="AskToo")
        self.assertNotEqual(one, other)
        with self.refused("InvalidApprovalTokenException", "AskToo"):
            self.answer(one, action="AskToo")
        with self.refused("InvalidApprovalTokenException"):
            self.answer(one, action="Make")
        with self.refused("ActionNotFoundException", "Nobody"):
            self.answer(one, action="Nobody")
        with self.refused("StageNotFoundException", "Nowhere"):
            self.answer(one, stage="Nowhere")
        self.name, name = self.name + "-2", self.name
        with self.refused("PipelineNotFoundException"):
            self.answer(one)
        self.name = name
        self.answer(one)
        self.answer(other, action="AskToo")
        self.ends(id)

    def test_a_retry_asks_with_another_token_APR_3_RTY_1(self):
        id = self.create(APPROVE)
        old = self.token()
        self.answer(old, "Rejected")
        self.ends(id, "Failed")
        self.retry("Approve", id)
        new = self.token()
        self.assertNotEqual(new, old)
        with self.refused("ApprovalAlreadyCompletedException"):
            self.answer(old)
        self.answer(new)
        self.ends(id)

    def test_in_parallel_the_token_is_in_the_list_of_actions_APR_3_EXE_10(self):
        first = self.create(APPROVE, mode="PARALLEL")
        second = self.start()
        tokens = [self.runs("Ask", id)["output"]["executionResult"]["externalExecutionId"] for id in (first, second)]
        self.assertNotIn("token", str(self.stage("Approve")))
        self.answer(tokens[1], "Rejected", "not this")
        self.ends(second, "Failed")
        self.assertEqual(self.status(first), "InProgress")
        with self.refused("ApprovalAlreadyCompletedException"):
            self.answer(tokens[1])
        self.answer(tokens[0])
        self.ends(first)
        with self.refused("ApprovalAlreadyCompletedException"):
            self.answer(tokens[0])

    def test_a_token_of_an_older_execution_was_used_APR_4(self):
        first = self.create(APPROVE)
        token = self.token()
        self.answer(token)
        self.ends(first)
        second = self.start()
        until(lambda: self.token() != token)
        with self.refused("ApprovalAlreadyCompletedException"):
            self.answer(token)
        self.answer(self.token())
        self.ends(second)

    def test_it_waits_through_a_restart_APR_8(self):
        id = self.create(APPROVE)
        token = self.token()
        self.daemon.end()
        self.daemon.start()
        self.assertEqual(self.token(), token)
        self.answer(token)
        self.ends(id)

    def test_what_may_be_said_at_its_expiry_is_taken_APR_2(self):
        for word in ("APPROVE", "REJECT"):
            self.setUp()
            id = self.create(stage("Approve", {**approval(OnExpiry=word), "timeoutInMinutes": 5}))
            self.answer(self.token())
            self.ends(id)


if __name__ == "__main__":
    unittest.main()
