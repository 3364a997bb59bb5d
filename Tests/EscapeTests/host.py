"""Runs Penstock on pipelines of hostile plugins, as root or as an ordinary user, and reads what came of them."""

import atexit
import fcntl
import json
import os
import re
import shutil
import subprocess
import tempfile
import termios

from marks import Marks

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
PROGRAM = os.environ.get("PENSTOCK_ESCAPE_PROGRAM", os.path.join(ROOT, ".build", "debug", "penstock"))
USER = 64_321  # nobody, and none of those as whom jobs of root run
VARIANTS = {
    "": {},
    "Network": {"permissions": {"network": True}},
    "Granted": {"permissions": {"hostPaths": [{"name": "slot", "mode": "ro"}]}},
    "Slow": {"timeoutSeconds": 3},
}


def profiles_of(program):
    """The values of --sandbox that it knows."""
    text = subprocess.run([program, "run", "--help"], stdout=subprocess.PIPE, text=True, check=False).stdout
    text = re.sub(r"\s+", " ", text)
    values = re.search(r"--sandbox.*?\(values: ([^;)]*)", text)
    return values[1].replace(" ", "").split(",") if values else []


class Outcome:
    """Of one run: the actions by their names, and what the program printed."""

    def __init__(self, code, lines):
        self.code = code
        self.said = "".join(line for line in lines if not line.startswith("{"))
        self.events = [json.loads(line) for line in lines if line.startswith("{")]
        self.actions = {event["action"]: event for event in self.events if event["event"] == "action"}
        self.execution = next((event["pipelineExecutionId"] for event in self.events), None)

    def status(self, action):
        return self.actions.get(action, {}).get("status", "never started")

    def message(self, action):
        error = self.actions.get(action, {}).get("error", {})
        return f"{error.get('hostCode', '')}: {error['message']}" if error else ""


class Host:
    """A machine's state directory, plugins and marks in a folder of their own."""

    def __init__(self, identity, bomb=600):
        self.base = tempfile.mkdtemp(prefix="penstock-escape-")
        os.chmod(self.base, 0o755)
        self.owner = USER if identity == "user" and os.geteuid() == 0 else os.geteuid()
        drops = self.owner != os.geteuid()
        ids = [f"--reuid={self.owner}", f"--regid={self.owner}", "--clear-groups"]
        self.prefix = ["/usr/bin/setpriv", *ids, "--"] if drops else []
        self.state = self.folder("state")
        self.source = self.folder("source")
        self.program = self.reachable_program()
        self.make_plugins()
        self.marks = Marks(self.base, self.owner, self.prefix)
        self.write("settings.json", {
            "grants": {
                "hostile-network": {"network": True},
                "hostile-granted": {"hostPaths": {"slot": self.marks.granted}},
            },
            "secrets": {"canary": {"file": self.marks.secret}},
        })
        self.write("source/targets.json", self.marks.targets(self.state, bomb))
        for name in ("input.txt", "victim.txt"):
            self.write(f"source/{name}", name)

    def folder(self, name):
        path = os.path.join(self.base, name)
        os.mkdir(path)
        if os.geteuid() == 0:
            os.chown(path, self.owner, self.owner)
        return path

    def write(self, name, value):
        path = os.path.join(self.base, name)
        with open(path, "w", encoding="utf-8") as file:
            json.dump(value, file)
        return path

    def reachable_program(self):
        """In place, or a copy of what lies in a folder that is closed to the user."""
        if subprocess.run([*self.prefix, "/usr/bin/test", "-x", PROGRAM], check=False).returncode == 0:
            return PROGRAM
        for name in ("penstock", "penstock-sandbox"):
            shutil.copy(os.path.join(os.path.dirname(PROGRAM), name), self.base)
        return os.path.join(self.base, "penstock")

    def make_plugins(self):
        os.mkdir(os.path.join(self.base, "plugins"))
        for name, changes in VARIANTS.items():
            plugin = os.path.join(self.base, "plugins", f"hostile-{name.lower()}".rstrip("-"))
            shutil.copytree(os.path.join(HERE, "hostile"), plugin, ignore=shutil.ignore_patterns("__pycache__"))
            path = os.path.join(plugin, "plugin.json")
            with open(path, encoding="utf-8") as file:
                manifest = json.load(file)
            manifest["name"] = os.path.basename(plugin)
            manifest["actionTypes"][0]["provider"] += name
            manifest["permissions"].update(changes.get("permissions", {}))
            manifest["run"]["timeoutSeconds"] = changes.get("timeoutSeconds", 60)
            with open(path, "w", encoding="utf-8") as file:
                json.dump(manifest, file)
            shutil.copy(acts_program(), os.path.join(plugin, "bin", "acts"))

    def pipeline(self, name, *stages):
        """Each stage is a dictionary: the action's name, and (deed, with) or (deed, with, variant)."""
        role, store = "arn:aws:iam::123456789012:role/r", {"type": "S3", "location": "store"}
        fetch = {
            "name": "Fetch",
            "actionTypeId": {"category": "Source", "owner": "Custom", "provider": "Git", "version": "1"},
            "configuration": {"Repository": "mine", "Branch": "main"},
            "outputArtifacts": [{"name": "Code"}],
        }
        made = [{"name": "Source", "actions": [fetch]}]
        for number, stage in enumerate(stages):
            actions = []
            for action, (deed, with_, *variant) in stage.items():
                provider = "Hostile" + "".join(variant)
                actions.append({
                    "name": action,
                    "actionTypeId": {"category": "Build", "owner": "Custom", "provider": provider, "version": "1"},
                    "configuration": {"Deed": deed, **({"With": with_} if with_ else {})},
                    "inputArtifacts": [{"name": "Code"}],
                    "outputArtifacts": [{"name": f"{action}-out"}],
                })
            made.append({"name": f"Attack{number}", "actions": actions})
        body = {"name": name, "roleArn": role, "artifactStore": store, "version": 1, "stages": made}
        return self.write(f"{name}.json", {"pipeline": body})

    def run(self, definition, profile, heed=None, patience_seconds=120):
        """`heed` is told every event as it comes."""
        command = ["run", definition, "--sandbox", profile, "--source", f"Fetch={self.source}", "--format", "json"]
        command += ["--jobs", "6", "--quiet", "--state", self.state]
        command += ["--settings", f"{self.base}/settings.json", "--plugins", f"{self.base}/plugins"]
        # A descriptor that a careless parent left open, and a terminal that belongs to the session.
        leak = os.open(self.marks.secret, os.O_RDONLY)
        os.set_inheritable(leak, True)
        # What is mounted without a sandbox goes with the program.
        private = ["unshare", "--mount", "--"] if profile == "none" and not self.owner else []
        process = subprocess.Popen(
            [*private, *self.prefix, self.program, *command],
            env=self.environment(),
            cwd=self.base,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            pass_fds=[leak],
            preexec_fn=self.take_terminal,
        )
        os.close(leak)
        lines = []
        try:
            for line in process.stdout:
                lines.append(line.decode())
                if heed and line.startswith(b"{"):
                    heed(json.loads(line))
            code = process.wait(patience_seconds)
        finally:
            if process.poll() is None:
                process.kill()
            process.stdout.close()
        return Outcome(code, lines)

    def environment(self):
        return {
            "PATH": "/usr/local/bin:/usr/bin:/bin",
            "HOME": self.base,
            "LANG": "C.UTF-8",
            "PENSTOCK_ESCAPE_CANARY": self.marks.canary,
        }

    def take_terminal(self):
        os.setsid()
        fcntl.ioctl(self.marks.terminal_inside, termios.TIOCSCTTY, 0)

    def log(self, outcome, action):
        """The texts of what an action logged."""
        done = subprocess.run(
            [*self.prefix, self.program, "logs", outcome.execution, action, "--format", "json", "--state", self.state],
            env=self.environment(), stdout=subprocess.PIPE, check=False,
        )
        return [json.loads(line)["text"] for line in done.stdout.splitlines()]

    def verdicts(self, outcome, action):
        found = {}
        for text in self.log(outcome, action):
            if text.startswith("VERDICT "):
                verdict = json.loads(text.removeprefix("VERDICT "))
                found[verdict["act"]] = verdict["result"]
        return found

    def close(self):
        if self.marks:
            self.marks.close()
            self.marks = None
        shutil.rmtree(self.base, ignore_errors=True)


def acts_program():
    """bin/acts, compiled once for this process; PENSTOCK_ESCAPE_ACTS names one that is compiled already."""
    if "PENSTOCK_ESCAPE_ACTS" in os.environ:
        return os.environ["PENSTOCK_ESCAPE_ACTS"]
    if not _compiled:
        folder = tempfile.mkdtemp(prefix="penstock-acts-")
        atexit.register(shutil.rmtree, folder, True)
        path = os.path.join(folder, "acts")
        options = ["-std=gnu17", "-O1", "-Wall", "-Werror", "-o", path]
        subprocess.run(["gcc", *options, os.path.join(HERE, "acts.c")], check=True)
        _compiled.append(path)
    return _compiled[0]


def all_acts():
    done = subprocess.run([acts_program()], stdout=subprocess.PIPE, text=True, check=True)
    return done.stdout.split()


_compiled = []
