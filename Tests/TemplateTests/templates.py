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
                print("".join(text.splitlines(keepends=True)[:30]), end="", flush=True)
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
        print(f"{'':15}{'new':>8}{'run':>8}{'kit':>8}   one job: {'median':>8}{'memory':>10}   in a worker: {'a job':>8}{'memory':>10}")
        for template in templates:
            plugin, steps = self.folder / f"{template}-build", []
            for step in (
                lambda: self.new(template, "Build"),
                lambda: self.run("plugin", "run", plugin),
                lambda: self.run("conformance", "run", plugin),
            ):
                began = time.monotonic()
                done = step()
                steps.append(time.monotonic() - began)
                if done.returncode:
                    print(f"{template}: {done.stdout}{done.stderr}")
                    return 1
            row = f"{template:15}" + "".join(f"{seconds:6.2f} s" for seconds in steps)
            single = sorted(spoken(plugin, "oneShot", 1) for _ in range(11))[5]
            row += f"            {1000 * single[0]:5.0f} ms{single[1]:6.1f} MiB"
            if template.endswith("-worker"):
                many = spoken(plugin, "worker", 1000)
                row += f"               {many[0]:5.2f} ms{many[1]:6.1f} MiB"
            print(row, flush=True)
        return 0


def spoken(plugin, lifecycle, count):
    """Seconds (of 1000 jobs: milliseconds a job) and MiB of one process of a plugin, without a host or a sandbox."""
    with tempfile.TemporaryDirectory() as root:
        for folder in ("in/App", "out/Greeting", "tmp", "home"):
            os.makedirs(f"{root}/{folder}")
        manifest = json.loads((plugin / "plugin.json").read_text())
        jobs = "".join(json.dumps(job(manifest, root, f"job-{number}")) + "\n" for number in range(count))
        environment = {
            "PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": f"{root}/home", "TMPDIR": f"{root}/tmp", "LANG": "C.UTF-8",
            "PENSTOCK_PROTOCOL": "penstock/1", "PENSTOCK_LIFECYCLE": lifecycle,
        }  # fmt: skip
        program, *arguments = manifest["run"]["command"]
        with open(f"{root}/jobs", "w+") as given, open(f"{root}/answer", "wb") as answer:
            given.write(jobs)
            given.seek(0)
            began = time.monotonic()
            child = subprocess.Popen(
                [plugin / program, *arguments], cwd=root, env=environment, stdin=given, stdout=answer, stderr=answer
            )
            _, child.returncode, usage = os.wait4(child.pid, 0)
            seconds = time.monotonic() - began
        said = pathlib.Path(f"{root}/answer").read_text()
        if child.returncode or said.count("jobSuccessResult") != count:
            sys.exit(f"{plugin}: {said}")
        return seconds, usage.ru_maxrss / 1024


def job(manifest, root, identifier):
    action = manifest["actionTypes"][0]

    def artifact(path):
        return [{"name": path.split("/")[1], "location": {"pathLocation": {"path": path}}}]

    return {
        "protocol": "penstock/1", "type": "job", "jobId": identifier, "operation": "run", "attempt": 1,
        "timeoutSeconds": 60, "cancelGraceSeconds": 5, "secretConfigurationKeys": [],
        "workspace": {"root": root, "tmp": "tmp"}, "host": {"name": "measure", "version": "1", "features": []},
        "data": {
            "actionTypeId": {key: action[key] for key in ("category", "owner", "provider", "version")},
            "actionConfiguration": {"configuration": {"Name": "Zoë"}},
            "pipelineContext": {
                "pipelineName": "p", "stage": {"name": "S"}, "action": {"name": "A", "actionExecutionId": identifier}
            },
            "inputArtifacts": artifact("in/App"), "outputArtifacts": artifact("out/Greeting"),
        },
    }  # fmt: skip


main()
