"""The rules in the prose are the rules of the set of requirements: all of them, each once, each with one keyword."""

import os
import re
import unittest

from contract import read
from prose import KEYWORD, RULE, SPEC, anchor, pages, requirements, rules

GROUPS = {
    "MAN": range(1, 13), "FRM": range(1, 11), "MSG": range(1, 9), "RES": [*range(1, 10), 11, 12, 13],
    "LIF": [*range(1, 13), 14], "LOG": range(1, 5), "SEC": range(1, 8), "ART": range(1, 9), "PRG": range(1, 5),
    "CNT": range(1, 8), "CAN": range(1, 8), "WRK": range(1, 9), "HST": range(1, 27),
}  # fmt: skip
SHOULD = set(
    "MAN-12 FRM-03 FRM-04 RES-13 LIF-12 LOG-01 LOG-03 LOG-04 SEC-04 ART-08 PRG-02 PRG-04 CAN-07 WRK-06".split()
)


class Rules(unittest.TestCase):
    def test_every_rule_stands_in_one_place(self):
        ids = [rule["id"] for rule in rules()]
        expected = [f"{group}-{number:02}" for group, numbers in GROUPS.items() for number in numbers]
        self.assertEqual(sorted(ids), sorted(expected))
        self.assertEqual(sum(not id.startswith("HST") for id in ids), 100)

    def test_every_rule_is_a_sentence_with_one_keyword_of_its_level(self):
        for rule in rules():
            with self.subTest(rule["id"]):
                self.assertRegex(rule["sentence"], r"^[`A-Z].*\.$")
                allowed = ("SHOULD", "SHOULD NOT") if rule["id"] in SHOULD else ("MUST", "MUST NOT")
                self.assertIn(rule["keyword"], allowed)

    def test_keywords_stand_in_rules_only(self):
        for page, text in pages():
            if page != "README.md":  # which explains them
                rest = re.sub(r"`[^`]*`", "", RULE.sub("", text).replace("| a MUST is", "").replace("| a SHOULD is", ""))
                self.assertEqual(KEYWORD.findall(rest), [], page)

    def test_the_set_of_requirements_is_what_the_prose_says(self):
        self.assertEqual(
            read("requirements/1.0.json"), requirements(),
            "after a change of wording: python3 Tests/SpecTests/prose.py > spec/requirements/1.0.json")  # fmt: skip

    def test_every_id_that_is_named_is_a_rule(self):
        known = {rule["id"] for rule in rules()}
        for page, text in pages():
            for id in re.findall(rf"\b(?:{'|'.join(GROUPS)})-\d\d\b", text):
                self.assertIn(id, known, page)


class Links(unittest.TestCase):
    def test_every_link_leads_somewhere(self):
        texts = dict(pages())
        for page, text in texts.items():
            for target in re.findall(r"\]\(([^)]+)\)", text):
                path, _, fragment = target.partition("#")
                place = os.path.normpath(os.path.join(os.path.dirname(page), path)) if path else page
                with self.subTest(page, target=target):
                    self.assertTrue(os.path.exists(os.path.join(SPEC, place)))
                    if fragment:
                        headings = re.findall(r"^#+ (.*)$", texts[place], re.M)
                        self.assertIn(fragment, map(anchor, headings))


if __name__ == "__main__":
    unittest.main()
