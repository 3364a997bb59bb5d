"""Every member of every input: missing, of another type, unknown, at its limits and beyond them (STR-2, ERR)."""

import unittest

import client as aws
from definitions import action, pipeline, stage
from harness import UNKNOWN, APICase

NAMES = ("a", "A.z@0-_", "n" * 100)
NO_NAMES = ("", "n" * 101, "a b", "a/b", "é", "a#", " a", "a\n")
IDS = (UNKNOWN,)
NO_IDS = (
    "",
    "x",
    UNKNOWN[:-1],
    UNKNOWN + "0",
    UNKNOWN.replace("0", "g"),
    "ABCDEF" + UNKNOWN[6:],
    UNKNOWN.replace("-", "+"),
)
REASONS = ("a", "r" * 300, "aZ9 !@().*?-")
NO_REASONS = ("", "r" * 301, "a,b", "ü", "a:b", "a/b", "a\n")
TOKENS = ("a", "A-9", "t" * 128)
NO_TOKENS = ("", "t" * 129, "a_b", "a.b", "é", "a\n")
SIZES, NO_SIZES = (1, 100), (0, -1, 101, 2**31, 2**63 - 1)

# Of each operation its required members, with values that are well-formed, and what is right and wrong for members.
OPERATIONS = {
    "DeletePipeline": ({"name": "a"}, {"name": (NAMES, NO_NAMES)}),
    "GetPipeline": ({"name": "a"}, {"name": (NAMES, NO_NAMES), "version": ((1, 2**31 - 1), (0, -1, 2**31))}),
    "GetPipelineExecution": (
        {"pipelineName": "a", "pipelineExecutionId": UNKNOWN},
        {"pipelineName": (NAMES, NO_NAMES), "pipelineExecutionId": (IDS, NO_IDS)},
    ),
    "GetPipelineState": ({"name": "a"}, {"name": (NAMES, NO_NAMES)}),
    "ListPipelines": ({}, {"maxResults": ((1, 1000), (0, -1, 1001)), "nextToken": ((), ("", "a" * 2049))}),
    "ListPipelineExecutions": (
        {"pipelineName": "a"},
        {
            "pipelineName": (NAMES, NO_NAMES),
            "maxResults": (SIZES, NO_SIZES),
            "nextToken": ((), ("", "a" * 2049)),
            "filter.succeededInStage.stageName": (NAMES, NO_NAMES),
        },
    ),
    "StartPipelineExecution": ({"name": "a"}, {"name": (NAMES, NO_NAMES), "clientRequestToken": (TOKENS, NO_TOKENS)}),
    "StopPipelineExecution": (
        {"pipelineName": "a", "pipelineExecutionId": UNKNOWN},
        {
            "pipelineName": (NAMES, NO_NAMES),
            "pipelineExecutionId": (IDS, NO_IDS),
            "reason": (("", "é" * 200), ("r" * 201,)),
            "abandon": ((True, False), ()),
        },
    ),
    "RetryStageExecution": (
        {"pipelineName": "a", "stageName": "a", "pipelineExecutionId": UNKNOWN, "retryMode": "ALL_ACTIONS"},
        {
            "pipelineName": (NAMES, NO_NAMES),
            "stageName": (NAMES, NO_NAMES),
            "pipelineExecutionId": (IDS, NO_IDS),
            "retryMode": (("FAILED_ACTIONS", "ALL_ACTIONS"), ("", "failed_actions", "SOME")),
        },
    ),
    "RollbackStage": (
        {"pipelineName": "a", "stageName": "a", "targetPipelineExecutionId": UNKNOWN},
        {
            "pipelineName": (NAMES, NO_NAMES),
            "stageName": (NAMES, NO_NAMES),
            "targetPipelineExecutionId": (IDS, NO_IDS),
        },
    ),
    "OverrideStageCondition": (
        {"pipelineName": "a", "stageName": "a", "pipelineExecutionId": UNKNOWN, "conditionType": "BEFORE_ENTRY"},
        {
            "pipelineName": (NAMES, NO_NAMES),
            "stageName": (NAMES, NO_NAMES),
            "pipelineExecutionId": (IDS, NO_IDS),
            "conditionType": (("BEFORE_ENTRY", "ON_SUCCESS"), ("", "ON_FAILURE", "beforeEntry")),
        },
    ),
    "DisableStageTransition": (
        {"pipelineName": "a", "stageName": "a", "transitionType": "Inbound", "reason": "a"},
        {
            "pipelineName": (NAMES, NO_NAMES),
            "stageName": (NAMES, NO_NAMES),
            "transitionType": (("Inbound", "Outbound"), ("", "inbound", "Both")),
            "reason": (REASONS, NO_REASONS),
        },
    ),
    "EnableStageTransition": (
        {"pipelineName": "a", "stageName": "a", "transitionType": "Inbound"},
        {
            "pipelineName": (NAMES, NO_NAMES),
            "stageName": (NAMES, NO_NAMES),
            "transitionType": (("Inbound", "Outbound"), ("", "inbound", "Both")),
        },
    ),
    "PutApprovalResult": (
        {
            "pipelineName": "a",
            "stageName": "a",
            "actionName": "a",
            "token": UNKNOWN,
            "result": {"status": "Approved", "summary": ""},
        },
        {
            "pipelineName": (NAMES, NO_NAMES),
            "stageName": (NAMES, NO_NAMES),
            "actionName": (NAMES, NO_NAMES),
            "token": (IDS, NO_IDS),
            "result.status": (("Approved", "Rejected"), ("", "approved", "Maybe")),
            "result.summary": (("", "é" * 512), ("s" * 513,)),
        },
    ),
    "PutActionRevision": (
        {
            "pipelineName": "a",
            "stageName": "a",
            "actionName": "a",
            "actionRevision": {"revisionId": "a", "revisionChangeId": "a", "created": 0},
        },
        {
            "pipelineName": (NAMES, NO_NAMES),
            "stageName": (NAMES, NO_NAMES),
            "actionName": (NAMES, NO_NAMES),
            "actionRevision.revisionId": (("r", "é" * 1500), ("", "r" * 1501)),
            "actionRevision.revisionChangeId": (("c", "é" * 100), ("", "c" * 101)),
        },
    ),
    **dict.fromkeys(
        ("ListActionExecutions", "ListRuleExecutions"),
        (
            {"pipelineName": "a"},
            {
                "pipelineName": (NAMES, NO_NAMES),
                "maxResults": (SIZES, NO_SIZES),
                "nextToken": ((), ("", "a" * 2049)),
                "filter.pipelineExecutionId": (IDS, NO_IDS),
                "filter.latestInPipelineExecution": (
                    ({"pipelineExecutionId": UNKNOWN, "startTimeRange": "All"},),
                    ({"pipelineExecutionId": UNKNOWN}, {"startTimeRange": "All"}, {}),
                ),
            },
        ),
    ),
    "CreatePipeline": ({"pipeline": {}}, {}),
    "UpdatePipeline": ({"pipeline": {}}, {}),
}


def replaced(input, path, value):
    first, _, rest = path.partition(".")
    return {**input, first: replaced(input.get(first, {}), rest, value) if rest else value}


class Inputs(APICase):
    model = aws.session.get_service_model("codepipeline")

    def refusal(self, operation, input):
        answer = self.call(operation, input)
        return (answer.get("__type"), answer.get("message", ""))

    def assertInvalid(self, operation, input, text):
        type, message = self.refusal(operation, input)
        self.assertEqual(type, "ValidationException", f"{operation} {str(input)[:300]}: {message}")
        self.assertIn(text, message)

    def test_every_operation_and_member_is_in_the_table(self):
        for operation, (required, members) in OPERATIONS.items():
            shape = self.model.operation_model(operation).input_shape
            self.assertEqual(set(required), set(shape.required_members), operation)
            self.assertLessEqual({path.split(".")[0] for path in members}, set(shape.members), operation)

    def test_what_is_required_is_missed_by_name(self):
        for operation, (required, _) in OPERATIONS.items():
            for name in required:
                for input in ({**required, name: None}, {key: required[key] for key in required if key != name}):
                    self.assertInvalid(operation, input, f"{name} is required")

    def test_an_unknown_member_is_refused_with_one_that_is_near(self):
        for operation, (required, _) in OPERATIONS.items():
            self.assertInvalid(operation, {**required, "unheardOf": 1}, "unheardOf")
        self.assertInvalid("StartPipelineExecution", {"name": "a", "variabels": []}, 'did you mean "variables"')

    def test_a_value_of_another_type_is_refused_by_its_place(self):
        wrong = {"string": (1, True, [], {}), "integer": ("1", 1.5, True, []), "boolean": ("true", 1, []),
                 "list": ("a", {}, 1), "structure": ("a", [], 1)}  # fmt: skip
        for operation, (required, _) in OPERATIONS.items():
            for name, shape in self.model.operation_model(operation).input_shape.members.items():
                for value in wrong[shape.type_name]:
                    with self.subTest(operation=operation, name=name, value=value):
                        type, message = self.refusal(operation, {**required, name: value})
                        types = (
                            ("ValidationException", "InvalidStructureException")
                            if name == "pipeline"
                            else ("ValidationException",)
                        )
                        self.assertIn(type, types, message)
                        self.assertRegex(message, name if name != "pipeline" else "pipeline|document")

    def test_limits_and_patterns_hold_to_the_character(self):
        for operation, (required, members) in OPERATIONS.items():
            for path, (right, wrong) in members.items():
                for value in right:
                    with self.subTest(operation=operation, path=path, right=value):
                        type, message = self.refusal(operation, replaced(required, path, value))
                        self.assertNotEqual(type, "ValidationException", message)
                for value in wrong:
                    with self.subTest(operation=operation, path=path, wrong=value):
                        self.assertInvalid(operation, replaced(required, path, value), path.rsplit(".", 1)[-1][:8])

    def test_variables_and_revisions_hold_to_the_character_VAR_5_SRC_1(self):
        self.created(mode="QUEUED")
        variable = {"name": "a", "value": "1"}
        revision = {"actionName": "Fetch", "revisionType": "COMMIT_ID", "revisionValue": "1"}
        for member, wrong in (
            ("variables", []),
            ("variables", [{"name": f"a{number}", "value": "1"} for number in range(51)]),
            ("variables", [{**variable, "name": ""}]),
            ("variables", [{**variable, "name": "n" * 129}]),
            ("variables", [{**variable, "name": "a.b"}]),
            ("variables", [{**variable, "value": ""}]),
            ("variables", [{**variable, "value": "v" * 1001}]),
            ("variables", [{"name": "a"}]),
            ("variables", [{"value": "1"}]),
            ("variables", ["a"]),
            ("sourceRevisions", [revision] * 51),
            ("sourceRevisions", [{**revision, "revisionValue": "r" * 1501}]),
            ("sourceRevisions", [{**revision, "revisionType": "commit_id"}]),
            ("sourceRevisions", [{**revision, "actionName": "a b"}]),
            ("sourceRevisions", [{"actionName": "Fetch"}]),
        ):
            with self.subTest(member=member, wrong=str(wrong)[:80]):
                self.assertInvalid("StartPipelineExecution", {"name": self.name, member: wrong}, member)
        self.assertEqual(len(self.executions()), 1)
        for member, right in (
            ("variables", [{"name": f"a{number}", "value": "1"} for number in range(50)]),
            ("variables", [{"name": "A-z@_" + "n" * 123, "value": "é" * 1000}]),
            ("sourceRevisions", []),
            ("sourceRevisions", [{**revision, "revisionValue": "r" * 1500}]),
        ):
            with self.subTest(member=member, right=str(right)[:80]):
                answer = self.call("StartPipelineExecution", {"name": self.name, member: right})
                self.ends(answer["pipelineExecutionId"])

    def test_members_within_members_are_known_too(self):
        self.created(mode="QUEUED")
        variable = {"name": "a", "value": "1", "more": 1}
        revision = {"actionName": "Fetch", "revisionType": "COMMIT_ID", "revisionValue": "1", "more": 1}
        for operation, input, text in (
            ("StartPipelineExecution", {"name": self.name, "variables": [variable]}, "more"),
            ("StartPipelineExecution", {"name": self.name, "sourceRevisions": [revision]}, "more"),
            ("PutApprovalResult", replaced(OPERATIONS["PutApprovalResult"][0], "result.more", 1), "more"),
            ("ListActionExecutions", {"pipelineName": "a", "filter": {"more": 1}}, "more"),
            ("ListRuleExecutions", {"pipelineName": "a", "filter": {"more": 1}}, "more"),
            ("ListPipelineExecutions", {"pipelineName": "a", "filter": {"more": 1}}, "more"),
        ):
            with self.subTest(operation):
                self.assertInvalid(operation, input, text)

    def test_a_declaration_holds_to_the_character_STR_2(self):
        def declared(**names):
            build = stage(names.get("stage", "Build"), action(names.get("action", "Make")))
            return pipeline(names.get("name", self.name), build)

        for place in ("name", "stage", "action"):
            for wrong in NO_NAMES:
                with self.subTest(place=place, wrong=wrong):
                    type, message = self.refusal("CreatePipeline", {"pipeline": declared(**{place: wrong})})
                    self.assertRegex(type or "", "^Invalid(Structure|StageDeclaration|ActionDeclaration)Exception$")
                    self.assertIn("name", message)
        long = declared(name="n" * 100, stage="s" * 100, action="a" * 100)
        self.assertEqual(self.refusal("CreatePipeline", {"pipeline": long}), (None, ""))
        self.name = "n" * 100
        self.ends(self.executions()[0]["pipelineExecutionId"])


if __name__ == "__main__":
    unittest.main()
