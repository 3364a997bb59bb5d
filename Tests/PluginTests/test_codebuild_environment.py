"""The environment of a build of the codebuild plugin, and what it exports."""

import json
import os
import unittest

from codebuild import CodeBuildCase, phases
from harness import ODD


class Environment(CodeBuildCase):
    def test_codebuild_variables_BLD_11(self):
        names = ["SRC", "X", "ID", "ARN", "INIT", "REV", "VER", "REG", "NUM"]
        variables = self.exports(
            'SRC=$(cat "$CODEBUILD_SRC_DIR/source.txt"); X=$(cat "$CODEBUILD_SRC_DIR_Extra1/source.txt")',
            "ID=$CODEBUILD_BUILD_ID ARN=$CODEBUILD_BUILD_ARN",
            "INIT=$CODEBUILD_INITIATOR REV=$CODEBUILD_RESOLVED_SOURCE_VERSION",
            "VER=$(echo $CODEBUILD_SOURCE_VERSION | cut -d/ -f2); REG=$AWS_REGION,$AWS_DEFAULT_REGION",
            'NUM=$CODEBUILD_BUILD_NUMBER; touch new source.txt; touch "$CODEBUILD_SRC_DIR_Extra1/new"',
            names=names,
            inputs=2,
            entry={"region": "eu-west-1", "accountId": "123456789012"},
            PrimarySource="Source",
        )
        self.assertRegex(variables.pop("ID"), r"^shop:[0-9a-f-]{36}$")
        self.assertRegex(variables.pop("ARN"), r"^arn:aws:codebuild:eu-west-1:123456789012:build/shop:[0-9a-f-]{36}$")
        self.assertEqual(
            variables,
            {
                "SRC": "primary",
                "X": "Extra1",
                "INIT": "codepipeline/shop",
                "REV": "rev-Source",
                "VER": "shop",
                "REG": "eu-west-1,eu-west-1",
                "NUM": "1",
            },
        )

    def test_the_primary_source_is_chosen_and_needed_with_several_inputs(self):
        spec = phases({"build": ["true"]})
        self.assertFailed(
            self.build(spec, inputs=2, outputs=0), "ConfigurationError", "PrimarySource", "Source, Extra1"
        )
        self.assertFailed(self.build(spec, inputs=2, outputs=0, PrimarySource="Nope"), "ConfigurationError", "Nope")
        job, root = self.build_job(inputs=2, outputs=0, PrimarySource="Extra1")
        self.write(
            root,
            "in/x 1",
            "buildspec.yml",
            content=phases({"build": ["grep Extra1 source.txt", 'grep primary "$CODEBUILD_SRC_DIR_Source"/s*']}),
        )
        self.assertSucceeded(self.run_job(job, root))

    def test_action_overrides_project_overrides_buildspec_BLD_2(self):
        spec = phases(
            {"build": ["R=$A,$B,$C"]},
            env={"variables": {"A": "spec", "B": "spec", "C": "spec"}, "exported-variables": ["R"]},
        )
        ending = self.build(
            spec,
            outputs=0,
            entry={"environment": {"B": "project", "C": "project"}},
            EnvironmentVariables=json.dumps([{"name": "C", "value": "action", "type": "PLAINTEXT"}]),
        )
        self.assertEqual(ending.variables, {"R": "spec,project,action"})

    def test_values_arrive_byte_for_byte_and_are_never_expanded_MSG_08(self):
        listed = json.dumps([{"name": "V", "value": ODD}])
        env = {"variables": {"W": "$PATH:/x", "Y": "yes"}, "exported-variables": ["V", "W", "Y", "E"]}
        ending = self.build(phases({"build": ["E="]}, env=env), outputs=0, EnvironmentVariables=listed)
        self.assertSucceeded(ending)
        self.assertEqual(ending.variables, {"V": ODD, "W": "$PATH:/x", "Y": "yes", "E": ""})
        self.assertIn("env.variables.W", ending.log)
        for place, _, files in os.walk(self.base):
            self.assertNotIn("pwned", files, place)

    def test_malformed_environment_variables_are_refused_with_their_place(self):
        for text, found in (
            ("[{", "column 3"),
            ("{}", "array"),
            ("[1]", "[0]"),
            ('[{"name":"A","value":"x"},{"name":"B"}]', "[1]"),
            ('[{"name":"A","value":"x","type":"SECRET"}]', "SECRET"),
            ("[" * 5000, "JSON"),
        ):
            ending = self.build(phases({"build": ["true"]}), outputs=0, EnvironmentVariables=text)
            self.assertFailed(ending, "ConfigurationError", "EnvironmentVariables", found)

    def test_parameters_and_secrets_come_from_the_settings_and_secrets_are_masked_SEC_01(self):
        entry = {
            "parameters": {"/shop/url": "https://shop.example"},
            "secrets": {"db": '{"user": "admin-1", "pass": "hunter22", "n": 5}', "plain": "s3cr3t-text"},
        }
        env = {
            "parameter-store": {"URL": "shop/url"},
            "exported-variables": ["R", "URL", "PASS", "AWS_REGION"],
            "secrets-manager": {
                "PASS": "db:pass",
                "N": "db:n::",
                "ARN": "arn:aws:secretsmanager:eu-west-1:123456789012:secret:db-aB3dE6:user",
            },
        }
        ending = self.build(
            phases({"build": ["R=${#URL},${#PASS},$N,${#ARN},${#T}"]}, env=env),
            outputs=0,
            entry=entry,
            EnvironmentVariables=json.dumps([{"name": "T", "value": "plain", "type": "SECRETS_MANAGER"}]),
        )
        self.assertSucceeded(ending)
        self.assertEqual(ending.variables, {"R": "20,8,5,7,11"})
        masked = [message["value"] for message in ending.messages if message["type"] == "mask"]
        self.assertEqual(sorted(masked), ["5", "admin-1", "hunter22", "s3cr3t-text"])
        self.assertLess(
            max(n for n, m in enumerate(ending.messages) if m["type"] == "mask"),
            min(n for n, m in enumerate(ending.messages) if m["type"] == "progress"),
        )
        for secret in ("hunter22", "s3cr3t-text", "admin-1"):
            self.assertNotIn(secret, ending.log)
        for name in ("URL", "PASS", "AWS_REGION"):
            self.assertIn(f"{name} is not exported", ending.log)

    def test_missing_parameters_and_secrets_name_the_line_to_add(self):
        for env, entry, texts in (
            (
                {"parameter-store": {"A": "/no"}},
                {},
                ("CodeBuild.projects.shop.parameters", '"/no"', "env.parameter-store.A"),
            ),
            ({"secrets-manager": {"A": "no:key"}}, {}, ("CodeBuild.projects.shop.secrets", '"no"', "member key")),
            ({"secrets-manager": {"A": "t:key"}}, {"secrets": {"t": "hunter22"}}, ("secrets.t", "no JSON")),
            ({"secrets-manager": {"A": "t:key"}}, {"secrets": {"t": '{"k": "hunter22"}'}}, ("secrets.t", "lacks")),
        ):
            ending = self.build(phases({"build": ["true"]}, env=env), outputs=0, entry=entry)
            self.assertFailed(ending, "ConfigurationError", *texts)
            self.assertNotIn("hunter22", ending.log + str(ending.messages))

    def test_names_that_no_shell_can_hold_are_left_out_with_a_warning(self):
        env = {"variables": {"a-b": "1", "CODEBUILD_SRC_DIR": "/", "OK": "1"}}
        ending = self.build(phases({"build": ['test $OK = 1 && test "$CODEBUILD_SRC_DIR" != /']}, env=env), outputs=0)
        self.assertSucceeded(ending)
        self.assertIn("variable a-b is left out", ending.log)
        self.assertIn("CODEBUILD_SRC_DIR is left out", ending.log)

    def test_variables_that_cannot_be_exported_are_named_BLD_6(self):
        self.assertEqual(self.exports("A=1", names=["A", "Missing", "a-b"]), {"A": "1"})
        for command, text in (("A=$'\\xff'", "UTF-8"), ("A=$(printf '%0130000d' 0)", "122880")):
            spec = phases({"build": [command]}, env={"exported-variables": ["A"], "shell": "bash"})
            self.assertFailed(self.build(spec, outputs=0), "JobFailed", text)

    def test_batch_builds_and_wrong_settings_are_refused_BLD_10(self):
        spec = phases({"build": ["true"]})
        self.assertFailed(
            self.build(spec, outputs=0, BatchEnabled="true"), "ConfigurationError", "batch", "not supported"
        )
        for entry, text in (
            ({"environment": ["A"]}, "environment"),
            ({"secrets": {"A": 1}}, "secrets.A"),
            ({"region": 1}, "region"),
            ([], "no map"),
        ):
            self.assertFailed(self.build(spec, outputs=0, entry=entry or [1]), "ConfigurationError", text)
        ending = self.build(spec, outputs=0, entry={"enviroment": {}})
        self.assertIn("did you mean environment?", ending.log)


if __name__ == "__main__":
    unittest.main()
