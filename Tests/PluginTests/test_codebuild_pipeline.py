"""A pipeline with CodeBuild actions through the whole program, in the sandbox."""

import json
import os
import subprocess
import unittest

from codebuild import CodeBuildCase, phases
from harness import ROOT

PENSTOCK = os.path.join(ROOT, ".build", "debug", "penstock")
TYPE = {"owner": "AWS", "provider": "CodeBuild", "version": "1"}


@unittest.skipUnless(os.path.exists(PENSTOCK) or os.environ.get("CI") == "true", "needs a build: make build")
class Pipeline(CodeBuildCase):
    def definition(self):
        build = {
            "name": "Compile",
            "actionTypeId": {"category": "Build", **TYPE},
            "namespace": "Built",
            "configuration": {
                "ProjectName": "shop-build",
                "EnvironmentVariables": '[{"name": "MODE", "value": "fast"}]',
            },
            "inputArtifacts": [{"name": "Code"}],
            "outputArtifacts": [{"name": "Bin"}, {"name": "Docs"}],
        }
        test = {
            "name": "Check",
            "actionTypeId": {"category": "Test", **TYPE},
            "configuration": {
                "ProjectName": "shop-test",
                "PrimarySource": "Code",
                "EnvironmentVariables": '[{"name": "VERSION", "value": "#{Built.Version}/#{Built.Report_unit_Passed}"}]',
            },
            "inputArtifacts": [{"name": "Code"}, {"name": "Bin"}, {"name": "Docs"}],
        }
        fetch = {
            "name": "Fetch",
            "actionTypeId": {"category": "Source", "owner": "AWS", "provider": "CodeCommit", "version": "1"},
            "configuration": {"RepositoryName": "shop", "BranchName": "main"},
            "outputArtifacts": [{"name": "Code"}],
        }
        stages = [{"name": f"S{number}", "actions": [action]} for number, action in enumerate((fetch, build, test))]
        role, store = "arn:aws:iam::123456789012:role/r", {"type": "S3", "location": "store"}
        return {"pipeline": {"name": "shop", "roleArn": role, "artifactStore": store, "version": 1, "stages": stages}}

    def penstock(self, *arguments):
        common = [
            "--state",
            os.path.join(self.base, "state"),
            "--plugins",
            os.path.join(ROOT, "plugins"),
            "--settings",
            os.path.join(self.base, "settings.json"),
        ]
        return subprocess.run(
            [PENSTOCK, *arguments, *common],
            cwd=self.base,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def test_build_and_test_run_in_the_sandbox_with_artifacts_secrets_and_a_cache(self):
        spec = phases(
            {
                "install": [
                    "R=$(cat deps/kept || echo miss)",
                    "mkdir -p deps; echo kept > deps/kept",
                    "echo cache: $R",
                ],
                "build": [
                    "cat source.txt > app; echo $MODE >> app; echo doc > doc",
                    "Version=1.${#TOKEN}",
                    "echo token: $TOKEN",
                    "echo '<testsuite><testcase/><testcase/></testsuite>' > r.xml",
                ],
                "post_build": ['! touch /plugin/x && ! touch "$HOME/../in/x"'],
            },
            env={"exported-variables": ["Version"], "secrets-manager": {"TOKEN": "shop:token"}},
            cache={"paths": ["deps/**/*"]},
            reports={"unit": {"files": ["r.xml"]}},
            artifacts={
                "files": ["app"],
                "secondary-artifacts": {"Bin": {"files": ["app"]}, "Docs": {"files": ["doc"]}},
            },
        )
        check = (
            phases(
                {
                    "build": [
                        'test "$(cat "$CODEBUILD_SRC_DIR_Bin/app" "$CODEBUILD_SRC_DIR_Docs/doc")" = "primary\nfast\ndoc"',
                        "test $VERSION = 1.12/2",
                        "test ${#CODEBUILD_RESOLVED_SOURCE_VERSION} = 40",
                    ]
                }
            )
            + "\n"
        )
        source = os.path.join(self.base, "code")
        self.write(source, "source.txt", content="primary\n")
        self.write(source, "buildspec.yml", content=spec)
        token = self.write(self.base, "token", content='{"token": "hunter22-abc"}', mode=0o600)
        self.write(self.base, "shop.json", content=json.dumps(self.definition()))
        self.write(
            self.base,
            "settings.json",
            content=json.dumps(
                {
                    "CodeBuild": {
                        "projects": {
                            "shop-build": {"secrets": {"shop": {"secret": "shop"}}},
                            "shop-test": {"buildspec": check},
                        }
                    },
                    "secrets": {"shop": {"file": token}},
                }
            ),
        )
        for expected in ("cache: miss", "cache: kept"):
            done = self.penstock("run", "shop.json", "--source", f"Fetch={source}")
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            execution = self.penstock("history", "--format", "json").stdout
            logs = self.penstock("logs", self.newest(execution), "Compile")
            self.assertIn(expected, logs.stdout, logs.stderr)
            self.assertIn("token: ", logs.stdout)
            self.assertNotIn("hunter22", logs.stdout + done.stdout + done.stderr)

    @staticmethod
    def newest(history):
        executions = [json.loads(line) for line in history.splitlines()]
        return max(executions, key=lambda execution: execution["startTime"])["pipelineExecutionId"]


if __name__ == "__main__":
    unittest.main()
