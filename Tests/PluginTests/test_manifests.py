"""The shipped manifests against the manifest rules that need no running plugin."""

import glob
import json
import os
import re
import stat
import unittest

from harness import ROOT, forbid, strict

TOP = {
    "manifestVersion",
    "name",
    "version",
    "description",
    "homepage",
    "license",
    "protocol",
    "actionTypes",
    "run",
    "permissions",
    "conformance",
}
TYPE = {
    "category",
    "owner",
    "provider",
    "version",
    "operations",
    "settings",
    "providerSettings",
    "configurationProperties",
    "inputArtifactDetails",
    "outputArtifactDetails",
}
PROPERTY = {"name", "required", "key", "secret", "queryable", "type", "description"}


class Manifests(unittest.TestCase):
    def manifests(self):
        found = sorted(glob.glob(os.path.join(ROOT, "plugins", "*", "plugin.json")))
        self.assertTrue(found)
        for path in found:
            with open(path, encoding="utf-8") as stream:
                manifest = json.load(stream, object_pairs_hook=strict, parse_constant=forbid)
            yield os.path.dirname(path), manifest

    def test_no_unknown_key_MAN_01_MAN_02(self):
        for _, manifest in self.manifests():
            self.assertEqual(manifest["manifestVersion"], 1)
            self.assertEqual(set(manifest) - TOP, set())
            for entry in manifest["actionTypes"]:
                self.assertEqual(set(entry) - TYPE, set())
                for declared in entry["configurationProperties"]:
                    self.assertEqual(set(declared) - PROPERTY, set())
                for member in entry.get("providerSettings", {}).get("entry", []):
                    self.assertEqual(set(member), {"name", "required", "description"})

    def test_action_types_keep_the_limits_of_aws_MAN_03_to_MAN_06(self):
        for _, manifest in self.manifests():
            for entry in manifest["actionTypes"]:
                custom = entry.get("owner", "Custom") == "Custom"
                self.assertRegex(entry["provider"], r"^[0-9A-Za-z_-]{1,35}$")
                self.assertRegex(entry["version"], r"^[0-9A-Za-z_-]{1,9}$")
                names = [declared["name"] for declared in entry["configurationProperties"]]
                self.assertEqual(len(names), len(set(names)))
                self.assertLessEqual(len(names), 10 if custom else 50)
                for declared in entry["configurationProperties"]:
                    self.assertIn(declared["type"], ("String", "Number", "Boolean"))
                    self.assertTrue(1 <= len(declared["description"]) <= 160)
                for side in ("inputArtifactDetails", "outputArtifactDetails"):
                    counts = entry[side]
                    self.assertTrue(0 <= counts["minimumCount"] <= counts["maximumCount"] <= (5 if custom else 10))

    def test_templates_name_required_open_properties_MAN_09(self):
        for _, manifest in self.manifests():
            for entry in manifest["actionTypes"]:
                usable = {
                    declared["name"]
                    for declared in entry["configurationProperties"]
                    if declared["required"] and not declared["secret"]
                }
                named = re.findall(r"\{Config:([^}]+)\}", json.dumps(entry.get("settings", {})))
                named += re.findall(r"\{([^}]+)\}", entry.get("providerSettings", {}).get("key", ""))
                self.assertEqual(set(named) - usable, set())

    def test_the_command_is_an_executable_file_of_under_300_lines_MAN_07(self):
        for folder, manifest in self.manifests():
            path = os.path.join(folder, manifest["run"]["command"][0])
            information = os.lstat(path)
            self.assertTrue(stat.S_ISREG(information.st_mode) and information.st_mode & 0o111)
            if "build" not in manifest["run"]:
                with open(path, encoding="utf-8") as stream:
                    self.assertLess(len(stream.readlines()), 300)
            self.assertTrue(os.path.exists(os.path.join(folder, "README.md")))


if __name__ == "__main__":
    unittest.main()
