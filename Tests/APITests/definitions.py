"""Declarations of pipelines, as the tests write them."""


def action(name, category="Build", inputs=("Code",), outputs=(), provider="Test", owner="Custom", **more):
    return {
        "name": name,
        "actionTypeId": {"category": category, "owner": owner, "provider": provider, "version": "1"},
        "inputArtifacts": [{"name": each} for each in inputs],
        "outputArtifacts": [{"name": each} for each in outputs],
        **more,
    }


def source(name="Fetch", **more):
    return action(name, "Source", (), ["Code"], namespace="Source", **more)


def approval(name="Ask", **configuration):
    return action(name, "Approval", (), provider="Manual", owner="AWS", configuration=configuration)


def stage(name, *actions, **guards):
    return {"name": name, "actions": list(actions), **guards}


def guard(result, *rules):
    """A condition of rules, each a name or a declaration."""
    kind = {"category": "Rule", "owner": "AWS", "provider": "Test", "version": "1"}
    declared = [{"name": rule, "ruleTypeId": kind} if isinstance(rule, str) else rule for rule in rules]
    return {"conditions": [{"result": result, "rules": declared}]}


def pipeline(name, *stages, mode="SUPERSEDED", **more):
    """With a source stage before the given ones, and a Build stage where none are given; `more` replaces members."""
    return {
        "name": name,
        "roleArn": "arn:aws:iam::000000000000:role/any",
        "artifactStore": {"type": "S3", "location": "any-bucket"},
        "pipelineType": "V2",
        "executionMode": mode,
        "stages": [stage("Source", source()), *(stages or (stage("Build", action("Make")),))],
        **more,
    }
