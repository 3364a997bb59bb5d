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
        "plugins": [rule for rule in ordered if rule["profile"] != "host"],
        "hosts": [rule for rule in ordered if rule["profile"] == "host"],
    }


if __name__ == "__main__":
    print(json.dumps(requirements(), indent=2, ensure_ascii=False))
