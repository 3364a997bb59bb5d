"""Every rule for plugins has a mutant, and each mutant can be made and breaks what it says and no document's schema."""

import json
import os
import shutil
import tempfile
import unittest

from contract import problems, read
from prose import SPEC

RULES = {rule["id"] for rule in read("requirements/1.0.json")["plugins"]}
NAMES = sorted(name for name in os.listdir(os.path.join(SPEC, "mutants")) if name != "README.md")
# What these break is the form of the manifest itself; a manifest that breaks another one of MAN has a valid form.
FORMS = {f"MAN-{number:02}" for number in range(1, 10)}


def merged(target, patch):
    """RFC 7396"""
    if not isinstance(patch, dict):
        return patch
    result = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = merged(result.get(key), value)
    return result


def load(path):
    with open(path, encoding="utf-8") as file:
        return json.load(file)


class Mutant:
    """A mutant, put together in a folder of its own as spec/mutants/README.md says."""

    def __init__(self, name, folder):
        source = os.path.join(SPEC, "mutants", name)
        self.document = load(os.path.join(source, "mutant.json"))
        self.folder = os.path.join(folder, name)
        shutil.copytree(os.path.join(SPEC, "good", self.document["base"]), self.folder)
        for path in self.document.get("remove", []):
            os.remove(os.path.join(self.folder, path))
        shutil.copytree(
            source, self.folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("mutant.json"))  # fmt: skip
        for path, target in self.document.get("link", {}).items():
            os.symlink(target, os.path.join(self.folder, path))

    def manifest(self):
        return merged(load(os.path.join(self.folder, "plugin.json")), self.document.get("manifest", {}))

    def cases(self):
        patches = self.document.get("cases", {})
        return [merged(case, patches.get(case["name"], {})) for case in self.unchanged_cases()]

    def unchanged_cases(self):
        return load(os.path.join(self.folder, "conformance", "cases.json"))


class Mutants(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.mutants = [(name, Mutant(name, folder.name)) for name in NAMES]

    def test_every_rule_has_one(self):
        self.assertEqual({name[:6] for name in NAMES}, RULES)

    def test_framing_is_broken_in_two_languages(self):
        bases = {(m.document["breaks"], m.document["base"]) for name, m in self.mutants if name.startswith("FRM")}
        self.assertEqual(bases, {(rule, base) for rule in RULES if rule[:3] == "FRM" for base in ("python", "bash")})

    def test_each_is_described_by_the_schema(self):
        for name, mutant in self.mutants:
            with self.subTest(name):
                self.assertRegex(name, r"^[A-Z]{3}-\d\d-[a-z0-9-]+$")
                self.assertEqual(problems("mutant", mutant.document), [])
                self.assertEqual(mutant.document["breaks"], name[:6])
                self.assertLessEqual(set(mutant.document["also"]), RULES - {name[:6]})

    def test_each_differs_from_its_base(self):
        for name, mutant in self.mutants:
            with self.subTest(name):
                files = [file for _, _, files in os.walk(os.path.join(SPEC, "mutants", name)) for file in files]
                self.assertTrue(len(files) > 1 or {"manifest", "cases", "remove", "link"} & set(mutant.document))
                faults = {"python": "fault.py", "bash": "fault.sh"}
                self.assertLessEqual({file for file in files if "fault" in file}, {faults[mutant.document["base"]]})

    def test_each_fault_in_python_can_be_compiled(self):
        for name, mutant in self.mutants:
            with self.subTest(name):
                path = os.path.join(mutant.folder, "bin", "fault.py")
                if os.path.exists(path):
                    with open(path, encoding="utf-8") as file:
                        compile(file.read(), path, "exec")

    def test_what_is_patched_and_run_is_there(self):
        for name, mutant in self.mutants:
            with self.subTest(name):
                named = {case["name"] for case in mutant.unchanged_cases()}
                self.assertLessEqual(set(mutant.document.get("cases", {})), named)
                if "host" in mutant.document:
                    self.assertIn(mutant.document["host"]["case"], named)

    def test_manifests_are_valid_unless_that_is_the_fault(self):
        for name, mutant in self.mutants:
            with self.subTest(name):
                if name[:6] not in FORMS:
                    self.assertEqual(problems("manifest", mutant.manifest()), [])
                self.assertEqual(problems("cases", mutant.cases()), [])


class Good(unittest.TestCase):
    def test_their_fixtures_are_valid_and_there(self):
        for name in sorted(os.listdir(os.path.join(SPEC, "good"))):
            folder = os.path.join(SPEC, "good", name)
            # What is another one with a change has no files of its own.
            if name == "README.md" or os.path.exists(os.path.join(folder, "mutant.json")):
                continue
            with self.subTest(name):
                cases = load(os.path.join(folder, "conformance", "cases.json"))
                self.assertEqual(problems("cases", cases), [])
                for path in (path for case in cases for path in case.get("inputArtifacts", {}).values()):
                    self.assertTrue(os.path.isdir(os.path.join(folder, path)))
                self.assertTrue(os.access(os.path.join(folder, "bin", "plugin"), os.X_OK))


if __name__ == "__main__":
    unittest.main()
