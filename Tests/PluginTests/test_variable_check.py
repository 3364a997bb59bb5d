"""The rule VariableCheck (CND-10), and its patterns against what Java makes of them."""

import json
import os
import signal
import subprocess
import unittest

from harness import ODD, ROOT, PluginCase, ProcessRules

# Says of each [pattern, text] on stdin, a list of JSON, whether it matches: 1, 0, or E where it is refused.
ASK = (
    "local $/; binmode STDOUT, ':utf8'; for (@{JSON::PP->new->decode(<STDIN>)}) "
    "{ print eval { JavaRegex::matches(@$_[0, 1]) } // 'E', qq(\n) }"
)


class VariableCheckCase(PluginCase):
    plugin = "variable-check"

    def check_job(self, variable="main", operator="EQ", value="main", **configuration):
        texts = {"Variable": variable, "Operator": operator, "Value": value, **configuration}
        data = {
            "actionTypeId": {"category": "Rule", "owner": "AWS", "provider": "VariableCheck", "version": "1"},
            "actionConfiguration": {"configuration": {key: text for key, text in texts.items() if text is not None}},
        }
        return self.job(data), self.workspace()

    def check(self, *texts, **options):
        job, root = self.check_job(*texts, **options)
        return self.run_job(job, root)

    def assertMet(self, *texts):
        self.assertSucceeded(self.check(*texts))

    def assertNotMet(self, *texts):
        self.assertFailed(self.check(*texts), "JobFailed", "the rule is not met")


class VariableCheckProcess(ProcessRules, VariableCheckCase):
    def good_job(self):
        return self.check_job()


class VariableCheck(VariableCheckCase):
    def test_texts_are_compared_character_by_character_CND_10(self):
        for equal in ("main", "", "Zoë", "1.0", ODD, "a" * 200_000):
            self.assertMet(equal, "EQ", equal)
            self.assertNotMet(equal, "NE", equal)
        for one, other in (("main", "Main"), ("main ", "main"), ("1", "1.0"), ("e\u0301", "\u00e9"), ("", "x")):
            self.assertNotMet(one, "EQ", other)
            self.assertMet(one, "NE", other)

    def test_what_is_contained_is_no_pattern_CND_10(self):
        for whole, part in (("Fix [x]", "[x]"), ("a", ""), ("a.b", "."), ("grün", "ü"), (ODD, ODD[3:9])):
            self.assertMet(whole, "CONTAINS", part)
        for whole, part in (("Fix x", "[x]"), ("abc", "."), ("", "a"), ("Deploy", "deploy")):
            self.assertNotMet(whole, "CONTAINS", part)

    def test_the_message_says_what_was_compared(self):
        self.assertFailed(
            self.check("main", "EQ", "re\nlease"),
            "JobFailed",
            'the rule is not met: the variable, which is "main", does not equal "re\nlease"',
        )
        self.assertFailed(self.check("a", "CONTAINS", "b"), "JobFailed", 'is "a", does not contain "b"')
        self.assertFailed(self.check("a", "MATCHES", "b+"), "JobFailed", 'is "a", does not match "b+"')
        self.assertEqual(
            self.check("a", "NE", "é").last["executionDetails"]["summary"],
            'the variable, which is "a", does not equal "é"',
        )
        ending = self.check("é" * 3000, "NE", "é" * 3000)
        self.assertFailed(ending, "JobFailed", '…"')
        self.assertLess(len(ending.last["failureDetails"]["message"]), 1200)

    def test_a_configuration_that_cannot_be_is_refused(self):
        self.assertFailed(self.check(operator="LT"), "ConfigurationError", '"LT"', "EQ, NE, CONTAINS or MATCHES")
        self.assertFailed(self.check(operator="eq"), "ConfigurationError", '"eq"')
        for key in ("Variable", "Operator", "Value"):
            self.assertFailed(self.check(**{key.lower(): None}), "ConfigurationError", f"{key} is missing")

    def test_a_pattern_is_for_the_whole_text_CND_10(self):
        self.assertMet("release/2026.11", "MATCHES", r"release/\d{4}\.\d{1,2}")
        self.assertNotMet("release/2026.11-rc", "MATCHES", r"release/\d{4}\.\d{1,2}")
        self.assertNotMet("main\n", "MATCHES", "main")
        self.assertNotMet("two\nlines", "MATCHES", ".*")
        self.assertMet("two\nlines", "MATCHES", "(?s).*lines")
        self.assertMet("", "MATCHES", "")
        self.assertMet("FIX-17: grün", "MATCHES", "(?<key>(?i)fix)-[0-9]++: .+")

    def test_a_pattern_that_cannot_be_meant_the_same_is_refused_with_its_place(self):
        for pattern, told in (
            ("[a-z&&[^aeiou]]", "at character 5: a class inside of a class"),
            ("a**", "at character 3: there is nothing here that can be repeated"),
            ("(?m)^a$", "only i and s"),
            (r"\h+", "at character 1"),
            ("(a", "a ( has no )"),
            ("a)", "a ) has no ("),
            ("[a", "a [ has no ]"),
            ("[a-", "a [ has no ]"),
            ("a\\", "ends with a lone"),
            ("a{2,1}", "ends below its beginning"),
            ("(?{ system 'touch pwned' })", "this kind of group"),
            ("(?|(a)|b)", "this kind of group"),
            ("(*FAIL)", "(* is not known"),
            (r"(?i)\p{Lu}", "(?i) together with"),
            ("(?i)É", "(?i) together with"),
            (r"\2(a)(b)", "does not end before it"),
            ("(?<=a+)b", "one length"),
            ("(?<!(?>|a))b", "(?> is not known"),
            ("(?:ab+)++", "write (?>…)"),
            ("a{99999999}", "Perl refuses it"),
            ("(" * 2000 + "a" + ")" * 2000, "Perl refuses it"),
        ):
            with self.subTest(pattern=pattern[:40]):
                ending = self.check("b", "MATCHES", pattern)
                self.assertFailed(ending, "ConfigurationError", "Value, the pattern", told)
                self.assertNotIn("JavaRegex", ending.last["failureDetails"]["message"])
        ending = self.check("grün", "MATCHES", r"\bgr.*")
        self.assertFailed(ending, "ConfigurationError", "beyond ASCII")

    def test_a_text_too_long_for_the_engine_is_no_silent_mismatch(self):
        self.assertMet("ab" * 20_000, "MATCHES", "(?:a|b)*")
        ending = self.check("ab" * 60_000, "MATCHES", "(?:a|bc?)*")
        if ending.last["type"] != "jobSuccessResult":  # as the engine's version has it
            self.assertFailed(ending, "ConfigurationError", "too long")

    def test_sigterm_ends_a_pattern_that_goes_back_and_forth_CAN_01(self):
        job, root = self.check_job("a" * 60 + "c", "MATCHES", r"(a|aa)+(?:\1b|x)")
        process = self.start(root)
        process.stdin.write(json.dumps(job).encode() + b"\n")
        process.stdin.close()
        with self.assertRaises(subprocess.TimeoutExpired):
            process.wait(timeout=1)
        os.killpg(process.pid, signal.SIGTERM)
        self.assertEqual((process.wait(timeout=5), process.stdout.read()), (-signal.SIGTERM, b""))

    def test_patterns_mean_what_they_mean_in_java(self):
        """What java-patterns/record.py had Java say of 1200 patterns: the same here, or a refusal."""
        folder = os.path.join(os.path.dirname(os.path.abspath(__file__)), "java-patterns")
        with open(os.path.join(folder, "answers.json"), encoding="ascii") as file:
            recorded = json.load(file)
        command = ["perl", "-I", os.path.join(ROOT, "plugins", "variable-check", "lib"), "-MJSON::PP", "-MJavaRegex"]
        command += ["-e", ASK]
        done = subprocess.run(command, input=json.dumps(recorded), capture_output=True, text=True, check=True)
        answers = done.stdout.split()
        self.assertEqual((len(answers), done.stderr), (len(recorded), ""))
        for (pattern, text, java), answer in zip(recorded, answers):
            self.assertIn(answer, (java, "E"), (pattern, text))
        self.assertGreater(sum(answer != "E" for answer in answers), 600)  # it does not just refuse them all


if __name__ == "__main__":
    unittest.main()
