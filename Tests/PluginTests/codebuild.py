"""A CodeBuild action as the host would send it, for the tests of the codebuild plugin."""

import json
import os
import textwrap

from harness import PluginCase


class CodeBuildCase(PluginCase):
    plugin = "codebuild"
    entry = {}

    def build_job(self, spec=None, outputs=1, inputs=1, source=(), entry=None, cache=None, **configuration):
        """A job whose primary source is Source with this buildspec; outputs are Out, or Out0, Out1, …"""
        root = self.workspace()
        self.root = root
        places = {"Source": "in/söurce 1"} | {f"Extra{number}": f"in/x {number}" for number in range(1, inputs)}
        self.write(root, places["Source"], "source.txt", content="primary\n")
        if spec is not None:
            self.write(root, places["Source"], "buildspec.yml", content=dedent(spec))
        for path, content in dict(source).items():
            self.write(root, places["Source"], path, content=content)
        for name in list(places)[1:]:
            self.write(root, places[name], "source.txt", content=f"{name}\n")
        names = ["Out"] if outputs == 1 else [f"Out{number}" for number in range(outputs)]
        self.outputs = {name: os.path.join(root, "out", f"{name} é") for name in names[:outputs]}
        for place in self.outputs.values():
            os.makedirs(place)
        workspace = {"root": ".", "tmp": "tmp"}
        if cache:
            os.makedirs(cache, exist_ok=True)
            workspace["cache"] = os.path.relpath(cache, root)
        data = {
            "actionTypeId": {"category": "Build", "owner": "AWS", "provider": "CodeBuild", "version": "1"},
            "actionConfiguration": {"configuration": {"ProjectName": "shop", **configuration}},
            "inputArtifacts": [artifact(name, place, revision=f"rev-{name}") for name, place in places.items()],
            "outputArtifacts": [artifact(name, os.path.relpath(place, root)) for name, place in self.outputs.items()],
            "providerSettings": self.entry if entry is None else entry,
        }
        return self.job(data, workspace=workspace), root

    def build(self, spec=None, **options):
        job, root = self.build_job(spec, **options)
        return self.run_job(job, root)

    def left(self, name="Out"):
        """Relative paths of what the output artifact holds."""
        place = self.outputs[name]
        return sorted(
            os.path.relpath(os.path.join(folder, file), place)
            for folder, folders, files in os.walk(place)
            for file in files + [each for each in folders if os.path.islink(os.path.join(folder, each))]
        )

    def content(self, *path, name="Out"):
        with open(os.path.join(self.outputs[name], *path), encoding="utf-8") as stream:
            return stream.read()

    def exports(self, *commands, names, **options):
        """The variables that a build of these commands exports."""
        ending = self.build(phases({"build": commands}, env={"exported-variables": list(names)}), outputs=0, **options)
        self.assertSucceeded(ending)
        return ending.variables


def dedent(spec):
    return textwrap.dedent(spec).lstrip("\n") if isinstance(spec, str) else spec


def artifact(name, path, **members):
    return {"name": name, **members, "location": {"type": "Path", "pathLocation": {"path": path}}}


def phases(commands, version="0.2", **parts):
    """A buildspec as JSON, which is YAML: phase to its commands, or to its whole body."""
    bodies = {name: body if isinstance(body, dict) else {"commands": list(body)} for name, body in commands.items()}
    return json.dumps({"version": version, "phases": bodies, **parts})
