"""The reports that the codebuild plugin reads."""

import json
import unittest

from codebuild import CodeBuildCase, phases

JUNIT = """<?xml version="1.0"?><testsuites><testsuite name="s"><properties/>
<testcase name="a"/><testcase name="b"><failure>no</failure></testcase><testcase name="c"><error/></testcase>
<testcase name="d"><skipped/></testcase><testcase name="e"><system-out><![CDATA[<failure>]]></system-out></testcase>
</testsuite></testsuites>"""
CUCUMBER = json.dumps(
    [
        {
            "elements": [
                {"type": "background", "steps": [{"result": {"status": "failed"}}]},
                {"type": "scenario", "steps": [{"result": {"status": "passed"}}, {"result": {"status": "passed"}}]},
                {
                    "type": "scenario",
                    "steps": [
                        {"result": {"status": "passed"}},
                        {"result": {"status": "failed"}},
                        {"result": {"status": "skipped"}},
                    ],
                },
                {"type": "scenario", "steps": [{"result": {"status": "undefined"}}]},
            ]
        }
    ]
)
TESTNG = """<testng-results><suite><test><class>
<test-method status="PASS" is-config="true" name="setUp"/><test-method status="PASS" name="a"/><test-method status="FAIL" name="b"/>
<test-method status="SKIP" name="c"/></class></test></suite></testng-results>"""
NUNIT2 = """<test-results><test-suite result="Failure"><results><test-case executed="True" result="Success"/>
<test-case result="Failure"/><test-case result="Error"/><test-case executed="False" result="Ignored"/></results></test-suite></test-results>"""
NUNIT3 = """<test-run><test-suite result="Failed"><test-case result="Passed"/><test-case result="Failed"/>
<test-case result="Failed" label="Error"/><test-case result="Inconclusive"/></test-suite></test-run>"""
TRX = """<TestRun xmlns="http://microsoft.com/schemas/VisualStudio/TeamTest/2010"><Results><UnitTestResult outcome="Passed"/>
<UnitTestResult outcome="Failed"/><UnitTestResult outcome="NotExecuted"/><UnitTestResult outcome="Timeout"/></Results></TestRun>"""


class Reports(CodeBuildCase):
    def report(self, content, style=None, group="unit", file="r.xml", commands=("true",), **options):
        body = {"files": ["r*"], "base-directory": "out", **({"file-format": style} if style else {})}
        return self.build(
            phases({"build": list(commands)}, reports={group: body}),
            outputs=0,
            source={f"out/{file}": content},
            **options,
        )

    def counts(self, ending, group="unit"):
        words = ("Total", "Passed", "Failed", "Error", "Skipped")
        return [int(ending.variables[f"Report_{group}_{word}"]) for word in words]

    def test_every_format_is_counted_BLD_8(self):
        for content, style, expected in (
            (JUNIT, None, [5, 2, 1, 1, 1]),
            (JUNIT, "JunitXml", [5, 2, 1, 1, 1]),
            (CUCUMBER, "CUCUMBERJSON", [3, 1, 1, 0, 1]),
            (TESTNG, "TESTNGXML", [3, 1, 1, 0, 1]),
            (NUNIT2, "NUNITXML", [4, 1, 1, 1, 1]),
            (NUNIT3, "NUNIT3XML", [4, 1, 1, 1, 1]),
            (TRX, "VISUALSTUDIOTRX", [4, 1, 1, 1, 1]),
            ("<testsuite><testcase/></testsuite>", None, [1, 1, 0, 0, 0]),
        ):
            ending = self.report(content, style)
            self.assertSucceeded(ending)
            self.assertEqual(self.counts(ending), expected, style)
        self.assertIn("unit: 1 tests, 1 passed", ending.last["executionDetails"]["summary"])

    def test_counts_of_several_files_are_added_and_reach_a_failure_too(self):
        commands = ["cp out/r.xml out/r2.xml"]
        self.assertEqual(self.counts(self.report(JUNIT, commands=commands)), [10, 4, 2, 2, 2])
        ending = self.report(JUNIT, commands=[*commands, "exit 1"])
        self.assertFailed(ending, "JobFailed", "phase build", "unit: 10 tests, 4 passed, 2 failed, 2 error, 2 skipped")

    def test_a_group_may_be_an_arn_or_have_odd_letters(self):
        for group, name in (
            ("arn:aws:codebuild:eu-west-1:123456789012:report-group/my-tests", "my-tests"),
            ("my é.tests", "my___tests"),
        ):
            self.assertEqual(self.counts(self.report(JUNIT, group=group), name), [5, 2, 1, 1, 1])

    def test_files_that_are_no_reports_are_told_and_left_out(self):
        bomb = '<!DOCTYPE t [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]><testsuite><testcase name="&b;"/></testsuite>'
        outside = '<!DOCTYPE t [<!ENTITY x SYSTEM "file:///etc/passwd">]><testsuite>&x;</testsuite>'
        for content, style, text in (
            (bomb, None, "refused"),
            (outside, None, "refused"),
            ("<a", None, "well-formed"),
            ("<html/>", None, "begins with <html>"),
            ("", None, "well-formed"),
            ("\0\1", None, "well-formed"),
            ("{}", "CUCUMBERJSON", None),
            ("[1]", "CUCUMBERJSON", "shape"),
            ("[" * 100_000, "CUCUMBERJSON", "JSON"),
            ("<testsuite>" + "<a>" * 1000, None, "nested deeper"),
        ):
            ending = self.report(content, style)
            self.assertSucceeded(ending)
            self.assertEqual(self.counts(ending), [0, 0, 0, 0, 0])
            self.assertIn("out/r.xml is left out: " if text else "Report unit: 0 tests", ending.log)
            self.assertIn(text or "", ending.log)

    def test_a_group_without_files_or_of_an_unknown_format_does_no_harm(self):
        ending = self.report(JUNIT, file="other.xml")
        self.assertIn("matches nothing", ending.log)
        ending = self.build(
            phases({"build": ["true"]}, reports={"u": {"files": ["*"], "base-directory": "no"}}), outputs=0
        )
        self.assertIn("base-directory 'no'", ending.log)
        ending = self.report(JUNIT, "JUNIT")
        self.assertSucceeded(ending)
        self.assertIn("the file-format JUNIT is not read here", ending.log)

    def test_coverage_is_told_as_a_line_rate(self):
        for content, style, text in (
            (
                '<!DOCTYPE coverage SYSTEM "http://x/coverage-04.dtd"><coverage line-rate="0.755"><packages/></coverage>',
                "COBERTURAXML",
                "75.5 %",
            ),
            (
                '<!DOCTYPE report PUBLIC "-//J//D" "report.dtd"><report><package><counter type="LINE" missed="9" covered="1"/></package>'
                '<counter type="LINE" missed="1" covered="3"/></report>',
                "JACOCOXML",
                "75.0 %",
            ),
            (
                '<coverage><project><metrics statements="8" coveredstatements="2"/><package><metrics statements="1" coveredstatements="1"/>'
                "</package></project></coverage>",
                "CLOVERXML",
                "25.0 %",
            ),
            ("{}", "SIMPLECOV", "the file-format SIMPLECOV is not read here"),
            ("<coverage/>", "COBERTURAXML", "lacks its numbers"),
        ):
            ending = self.report(content, style)
            self.assertSucceeded(ending)
            self.assertIn(text, ending.log)


if __name__ == "__main__":
    unittest.main()
