"""Pipelines made by AWS's CDK are imported, found valid, and are what the CDK was told.

Usage: cdk.py PENSTOCK; needs aws-cdk-lib and constructs from PyPI, and node for them.
"""

import json
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import aws_cdk as cdk
from aws_cdk import aws_codebuild as codebuild
from aws_cdk import aws_codecommit as codecommit
from aws_cdk import aws_codepipeline as codepipeline
from aws_cdk import aws_codepipeline_actions as actions
from aws_cdk import aws_s3 as s3


def site(stack):
    """V2: S3, CodeBuild with an inline buildspec, an approval, a deployment to S3."""
    source, built = codepipeline.Artifact("Source"), codepipeline.Artifact("Site")
    project = codebuild.PipelineProject(
        stack, "Build", project_name="site-build",
        build_spec=codebuild.BuildSpec.from_object({
            "version": "0.2", "phases": {"build": {"commands": ["make site"]}},
            "artifacts": {"files": ["**/*"], "base-directory": "out"}}),
        environment_variables={
            "MODE": codebuild.BuildEnvironmentVariable(value="release"),
            "KEY": codebuild.BuildEnvironmentVariable(
                value="/site/key", type=codebuild.BuildEnvironmentVariableType.PARAMETER_STORE)})
    bucket = s3.Bucket.from_bucket_name(stack, "Sources", "site-sources")
    codepipeline.Pipeline(
        stack, "Pipeline", pipeline_name="site", pipeline_type=codepipeline.PipelineType.V2,
        stages=[
            stage("Source", actions.S3SourceAction(
                action_name="Fetch", bucket=bucket, bucket_key="site.zip", output=source)),
            stage("Build", actions.CodeBuildAction(
                action_name="Compile", project=project, input=source, outputs=[built], variables_namespace="Built")),
            stage("Approve", actions.ManualApprovalAction(
                action_name="Look", additional_information="Pages: #{Built.PAGES}")),
            stage("Deploy", actions.S3DeployAction(
                action_name="Publish", bucket=s3.Bucket(stack, "Public", bucket_name="site-public"), input=built,
                run_order=2)),
        ])
    return {
        "name": "site", "pipelineType": "V2",
        "stages": {
            "Source": [
                ("Fetch", "Source/AWS/S3/1", [], ["Source"], {"S3Bucket": "site-sources", "S3ObjectKey": "site.zip"})],
            "Build": [("Compile", "Build/AWS/CodeBuild/1", ["Source"], ["Site"], {"ProjectName": "site-build"})],
            "Approve": [("Look", "Approval/AWS/Manual/1", [], [], {"CustomData": "Pages: #{Built.PAGES}"})],
            "Deploy": [("Publish", "Deploy/AWS/S3/1", ["Site"], [], {"BucketName": "site-public", "Extract": "true"})],
        },
    }


def classic(stack):
    """V1: CodeCommit, two builds side by side and a test after them, nothing of it named."""
    source, first, second = (codepipeline.Artifact(name) for name in ("Code", "First", "Second"))
    repository = codecommit.Repository(stack, "Repository", repository_name="classic")
    build = codebuild.PipelineProject(stack, "Build")
    pipeline = codepipeline.Pipeline(stack, "Pipeline", pipeline_type=codepipeline.PipelineType.V1)
    pipeline.add_stage(stage_name="Source", actions=[actions.CodeCommitSourceAction(
        action_name="Fetch", repository=repository, branch="trunk", output=source,
        trigger=actions.CodeCommitTrigger.NONE)])
    pipeline.add_stage(
        stage_name="Build", transition_to_enabled=False, transition_disabled_reason="by hand",
        actions=[
            actions.CodeBuildAction(action_name="One", project=build, input=source, outputs=[first]),
            actions.CodeBuildAction(action_name="Two", project=build, input=source, outputs=[second]),
            actions.CodeBuildAction(
                action_name="Both", project=build, input=first, extra_inputs=[second], run_order=2,
                type=actions.CodeBuildActionType.TEST),
        ])
    # CDK puts a hash behind logical ids.
    project = stack.get_logical_id(build.node.default_child)
    return {
        "name": f"{stack.stack_name}-{stack.get_logical_id(pipeline.node.default_child)}", "pipelineType": "V1",
        "disabled": ["Build"],
        "stages": {
            "Source": [
                ("Fetch", "Source/AWS/CodeCommit/1", [], ["Code"],
                 {"RepositoryName": "classic", "BranchName": "trunk", "PollForSourceChanges": "false"})],
            "Build": [
                ("One", "Build/AWS/CodeBuild/1", ["Code"], ["First"], {"ProjectName": project}),
                ("Two", "Build/AWS/CodeBuild/1", ["Code"], ["Second"], {"ProjectName": project}),
                ("Both", "Test/AWS/CodeBuild/1", ["First", "Second"], [],
                 {"ProjectName": project, "PrimarySource": "First"}),
            ],
        },
    }


def modern(stack):
    """V2: a connection, triggers, variables, the queue, commands."""
    source, out = codepipeline.Artifact("Code"), codepipeline.Artifact("Out", ["dist/**/*"])
    fetch = actions.CodeStarConnectionsSourceAction(
        action_name="Fetch", owner="acme", repo="web", branch="main", output=source,
        connection_arn=f"arn:{cdk.Aws.PARTITION}:codeconnections:{cdk.Aws.REGION}:{cdk.Aws.ACCOUNT_ID}:connection/c")
    level = codepipeline.Variable(variable_name="Level", default_value="low", description="How much")
    codepipeline.Pipeline(
        stack, "Pipeline", pipeline_name="modern", pipeline_type=codepipeline.PipelineType.V2,
        execution_mode=codepipeline.ExecutionMode.QUEUED, variables=[level],
        triggers=[codepipeline.TriggerProps(
            provider_type=codepipeline.ProviderType.CODE_STAR_SOURCE_CONNECTION,
            git_configuration=codepipeline.GitConfiguration(
                source_action=fetch, push_filter=[codepipeline.GitPushFilter(
                    branches_includes=["main", "release/**"], file_paths_excludes=["docs/**"])]))],
        stages=[
            stage("Source", fetch),
            stage("Build", actions.CommandsAction(
                action_name="Make", commands=[f"make LEVEL={level.reference()}"], input=source, output=out,
                output_variables=["Version"])),
        ])
    return {
        "name": "modern", "pipelineType": "V2", "executionMode": "QUEUED",
        "variables": [{"name": "Level", "defaultValue": "low", "description": "How much"}],
        "triggers": [{
            "providerType": "CodeStarSourceConnection",
            "gitConfiguration": {"sourceActionName": "Fetch", "push": [{
                "branches": {"includes": ["main", "release/**"]}, "filePaths": {"excludes": ["docs/**"]}}]}}],
        "stages": {
            "Source": [
                ("Fetch", "Source/AWS/CodeStarSourceConnection/1", [], ["Code"],
                 {"FullRepositoryId": "acme/web", "BranchName": "main"})],
            "Build": [("Make", "Compute/AWS/Commands/1", ["Code"], ["Out"], {})],
        },
    }


def stage(name, *of):
    return codepipeline.StageProps(stage_name=name, actions=list(of))


class ImportTests(unittest.TestCase):
    maxDiff = None

    def penstock(self, *arguments):
        outcome = subprocess.run(
            [PENSTOCK, *arguments, "--state", f"{self.folder}/state"], capture_output=True, text=True, timeout=60)
        return outcome.returncode, outcome.stdout, outcome.stderr

    def check(self, make):
        with tempfile.TemporaryDirectory() as self.folder:
            app = cdk.App(outdir=f"{self.folder}/out", analytics_reporting=False)
            expected = make(cdk.Stack(app, make.__name__.capitalize() + "Stack"))
            app.synth()
            [template] = Path(self.folder, "out").glob("*.template.json")
            code, output, errors = self.penstock("import", str(template), "--format", "json")
            self.assertEqual((code, errors), (0, ""), output)
            report = json.loads(output)
            pipeline = report["definition"]["pipeline"]
            self.assertEqual(self.summary(pipeline, expected["stages"]), expected["stages"])
            for member in ("name", "pipelineType", "executionMode", "variables", "triggers"):
                self.assertEqual(pipeline.get(member), expected.get(member), member)
            self.assertEqual([one["stageName"] for one in report["disabledTransitions"]], expected.get("disabled", []))
            self.assertRegex(pipeline["roleArn"], r"^arn:aws:iam::\d{12}:role/\w+$")
            imported = Path(self.folder, "pipeline.json")
            imported.write_text(json.dumps(report["definition"]))
            for file in (template, imported):
                self.assertEqual(self.penstock("validate", str(file))[0], 0, file)
            return pipeline

    def summary(self, pipeline, stages):
        """The pipeline in the words of the functions above; of configurations only the keys that those speak of."""
        keys = {key for actions in stages.values() for action in actions for key in action[4]}

        def names(artifacts):
            return [artifact["name"] for artifact in artifacts or []]

        def action(of):
            kind = "/".join(of["actionTypeId"][word] for word in ("category", "owner", "provider", "version"))
            configuration = {key: value for key, value in of.get("configuration", {}).items() if key in keys}
            return of["name"], kind, names(of.get("inputArtifacts")), names(of.get("outputArtifacts")), configuration

        return {one["name"]: [action(each) for each in one["actions"]] for one in pipeline["stages"]}

    def test_site(self):
        pipeline = self.check(site)
        self.assertEqual(pipeline["stages"][3]["actions"][0]["runOrder"], 2)
        self.assertEqual(pipeline["stages"][1]["actions"][0]["namespace"], "Built")

    def test_classic(self):
        self.check(classic)

    def test_modern(self):
        pipeline = self.check(modern)
        make = pipeline["stages"][1]["actions"][0]
        self.assertEqual(make["commands"], ["make LEVEL=#{variables.Level}"])
        self.assertEqual(make["outputVariables"], ["Version"])
        self.assertEqual(make["outputArtifacts"], [{"name": "Out", "files": ["dist/**/*"]}])


if __name__ == "__main__":
    PENSTOCK = sys.argv.pop(1)
    unittest.main()
