"""Reads the rules out of the prose of spec/. By itself it prints the set of requirements:

    python3 Tests/SpecTests/prose.py > spec/requirements/1.0.json
"""

import json
import os
import re

SPEC = os.path.join(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))), "spec")
KEYWORD = re.compile(r"\b(MUST NOT|SHOULD NOT|MUST|SHOULD|SHALL|REQUIRED|RECOMMENDED|MAY|OPTIONAL)\b")
RULE = re.compile(r"^- \*\*([A-Z]{3}-\d\d)\*\* (.*?)(?=\n\n|\n- |\n#|\Z)", re.M | re.S)
PROFILES = {
    "MAN": "manifest", "FRM": "core", "MSG": "core", "RES": "core", "LIF": "core", "LOG": "logs", "SEC": "secrets",
    "ART": "artifacts", "PRG": "progress", "CNT": "continuation", "CAN": "cancel", "WRK": "worker", "HST": "host",
}  # fmt: skip
# Where a judge of plugins looks, for rules that are not seen in every run: in the files, or in a scenario of its own.
CHECKS = {
    "fixtures": "RES-02 RES-11 LIF-01", "moved": "LIF-09 ART-04", "late-job": "LIF-02 CAN-06", "no-job": "LIF-03",
    "garbage": "LIF-11", "terminal": "LIF-12", "early-close": "LIF-08", "pair": "LIF-10", "stopped": "LIF-14",
    "members": "MSG-04 MSG-05", "long-line": "MSG-06", "fragments": "MSG-07", "strings": "MSG-08",
    "cancel": "CAN-01 CAN-03 CAN-07", "counts": "ART-06", "again": "ART-08", "long": "FRM-10 PRG-03 PRG-04",
    "chain": "CNT-03 CNT-04 CNT-05 CNT-07", "unknown-token": "CNT-06", "secrets": "SEC-04", "obtains": "SEC-06",
    "worker-jobs": "WRK-01 WRK-02 WRK-03 WRK-07 WRK-08", "worker-one-shot": "WRK-04", "worker-explosion": "WRK-05",
    "worker-many": "WRK-06", "worker-cancel": "CAN-04 CAN-05", "worker-end": "LIF-04",
}  # fmt: skip


def check(rule):
    """How a breach of the rule is found."""
    if rule.startswith("MAN"):
        return "manifest"
    return next((probe for probe, rules in CHECKS.items() if rule in rules.split()), "every run")


def pages():
    """Every page's path below spec/, with its text."""
    for folder, _, names in sorted(os.walk(SPEC)):
        for name in sorted(names):
            if name.endswith(".md"):
                path = os.path.join(folder, name)
                with open(path, encoding="utf-8") as file:
                    yield os.path.relpath(path, SPEC), file.read()


def anchor(heading):
    """The anchor that readers of Markdown make of a heading."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def rules():
    """Each rule where it stands, in the order of the pages."""
    for page, text in pages():
        for found in RULE.finditer(text):
            headings = re.findall(r"^#+ (.*)$", text[: found.start()], re.M)
            sentence = " ".join(found.group(2).split())
            yield {
                "id": found.group(1),
                "keyword": " ".join(KEYWORD.findall(sentence)),
                "sentence": sentence,
                "profile": PROFILES[found.group(1)[:3]],
                "written": f"{page}#{anchor(headings[-1])}",
            }


def requirements():
    ordered = sorted(rules(), key=lambda rule: (list(PROFILES).index(rule["id"][:3]), rule["id"]))
    return {
        "protocol": "penstock/1",
        "revision": "1.0",
        "plugins": [{**rule, "check": check(rule["id"])} for rule in ordered if rule["profile"] != "host"],
        "hosts": [rule for rule in ordered if rule["profile"] == "host"],
    }


if __name__ == "__main__":
    print(json.dumps(requirements(), indent=2, ensure_ascii=False))
