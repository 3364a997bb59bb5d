#!/usr/bin/python3
"""Makes a plugin from every template in every category, and has the conformance kit judge it.

    templates.py PENSTOCK             all of them, several at once; ends with status 1 if one has a failure or a warning
    templates.py PENSTOCK --measure   one after the other, for the figures of speed and memory
    templates.py PENSTOCK python go   these languages only
"""

import argparse
import concurrent.futures
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

CATEGORIES = ["Source", "Build", "Test", "Deploy", "Invoke", "Approval", "Compute", "Rule"]
TEMPLATES = pathlib.Path(__file__).parents[2] / "Sources/Authoring/Templates"


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("penstock", type=pathlib.Path)
    arguments.add_argument("templates", nargs="*")
    arguments.add_argument("--measure", action="store_true")
    arguments.add_argument("--jobs", type=int, default=5)
    options = arguments.parse_args()
    every = sorted(path.parent.name for path in TEMPLATES.glob("*/template.json"))
    chosen = options.templates or every
    if unknown := set(chosen) - set(every):
        sys.exit(f"no such template: {', '.join(unknown)}; there are {', '.join(every)}")
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(options.penstock.resolve(), pathlib.Path(folder))
        sys.exit(bench.measure(chosen) if options.measure else bench.judge(chosen, options.jobs))


class Bench:
    def __init__(self, penstock, folder):
        self.penstock, self.folder = penstock, folder

    def judge(self, templates, jobs):
        plugins = [(template, category) for category in CATEGORIES for template in templates]
        failed = 0
        with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
            for (template, category), (text, seconds) in zip(plugins, pool.map(lambda each: self.verdict(*each), plugins)):
                print(f"{'FAILED' if text else 'ok    '} {template} {category}  {seconds:.1f} s", flush=True)
                print(text, end="", flush=True)
                failed += bool(text)
        print(f"{len(plugins) - failed} passed, {failed} failed")
        return 1 if failed else 0

    def verdict(self, template, category):
        """What the kit has against the template; empty when nothing."""
        began = time.monotonic()
        made = self.new(template, category)
        name = f"{template}-{category.lower()}"
        text = made.stdout + made.stderr if made.returncode else self.findings(self.folder / name)
        shutil.rmtree(self.folder / name, ignore_errors=True)
        return text, time.monotonic() - began

    def new(self, template, category):
        language, _, worker = template.partition("-")
        command = ["plugin", "new", f"{template}-{category.lower()}", "--language", language, "--category", category]
        return self.run(*command, *(["--worker"] if worker else []))

    def findings(self, plugin):
        judged = self.run("conformance", "run", str(plugin), "--report", "json", "--out", f"{plugin}.report")
        report = pathlib.Path(f"{plugin}.report/conformance.json")
        if not report.exists():
            return judged.stdout + judged.stderr
        statuses = {rule["status"] for rule in json.loads(report.read_text())["rules"]}
        return judged.stdout if statuses - {"pass", "skip"} or judged.returncode else ""

    def run(self, *arguments):
        return subprocess.run(
            [self.penstock, *arguments], cwd=self.folder, stdin=subprocess.DEVNULL, text=True, capture_output=True
        )

    def measure(self, templates):
        print(f"{'':15}{'new':>8}{'run':>8}{'kit':>8}   one job: {'median':>8}{'peak memory':>14}")
        for template in templates:
            steps = []
            for step in (
                lambda: self.new(template, "Build"),
                lambda: self.run("plugin", "run", f"{template}-build"),
                lambda: self.run("conformance", "run", f"{template}-build"),
            ):
                began = time.monotonic()
                done = step()
                steps.append(time.monotonic() - began)
                if done.returncode:
                    print(f"{template}: {done.stdout}{done.stderr}")
                    return 1
            jobs = sorted(one_job(self.folder / f"{template}-build") for _ in range(11))
            print(
                f"{template:15}" + "".join(f"{seconds:6.2f} s" for seconds in steps)
                + f"            {1000 * jobs[5][0]:5.0f} ms{jobs[5][1] / 1024:10.1f} MiB"
            )
        return 0


def one_job(plugin):
    """Seconds and kilobytes of one process of a plugin with one job, without a host or a sandbox."""
    with tempfile.TemporaryDirectory() as root:
        for folder in ("in/App", "out/Greeting", "tmp", "home"):
            os.makedirs(f"{root}/{folder}")
        action = json.loads((plugin / "plugin.json").read_text())["actionTypes"][0]

        def artifact(path):
            return [{"name": path.split("/")[1], "location": {"pathLocation": {"path": path}}}]

        job = {
            "protocol": "penstock/1", "type": "job", "jobId": "1", "operation": "run", "attempt": 1,
            "timeoutSeconds": 60, "cancelGraceSeconds": 5, "secretConfigurationKeys": [],
            "workspace": {"root": root, "tmp": "tmp"}, "host": {"name": "measure", "version": "1", "features": []},
            "data": {
                "actionTypeId": {key: action[key] for key in ("category", "owner", "provider", "version")},
                "actionConfiguration": {"configuration": {"Name": "Zoë"}},
                "pipelineContext": {
                    "pipelineName": "p", "stage": {"name": "S"}, "action": {"name": "A", "actionExecutionId": "a"}
                },
                "inputArtifacts": artifact("in/App"), "outputArtifacts": artifact("out/Greeting"),
            },
        }  # fmt: skip
        environment = {
            "PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": f"{root}/home", "TMPDIR": f"{root}/tmp", "LANG": "C.UTF-8",
            "PENSTOCK_PROTOCOL": "penstock/1", "PENSTOCK_LIFECYCLE": "oneShot",
        }  # fmt: skip
        program = plugin / "bin/plugin" if (plugin / "bin/plugin").exists() else plugin / "bin/exec"
        arguments = json.loads((plugin / "plugin.json").read_text())["run"]["command"][1:]
        with open(f"{root}/answer", "wb") as answer:
            began = time.monotonic()
            child = subprocess.Popen(
                [program, *arguments], cwd=root, env=environment, stdin=subprocess.PIPE, stdout=answer, stderr=answer
            )
            child.stdin.write(json.dumps(job).encode() + b"\n")
            child.stdin.close()
            _, status, usage = os.wait4(child.pid, 0)
            seconds = time.monotonic() - began
            child.returncode = status
        if status or "jobSuccessResult" not in pathlib.Path(f"{root}/answer").read_text():
            sys.exit(f"{plugin}: {pathlib.Path(f'{root}/answer').read_text()}")
        return seconds, usage.ru_maxrss


main()
