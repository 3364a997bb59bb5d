"""Runs the phases of a buildspec and decides what follows a failure (BLD-3 to BLD-5)."""

import shutil
import signal
import subprocess

from protocol import say, warn
from shell import Shell

PROBES = {
    "android": None,
    "docker": ["docker", "--version"],
    "dotnet": ["dotnet", "--version"],
    "golang": ["go", "version"],
    "java": ["java", "-version"],
    "nodejs": ["node", "--version"],
    "php": ["php", "--version"],
    "python": ["python3", "--version"],
    "ruby": ["ruby", "--version"],
}


class Build:
    """One build: `failure` is the sentence about the first phase that failed, `aborted` whether it ended the build."""

    def __init__(self, spec, work, environment, progress):
        self.spec, self.progress = spec, progress
        self.failure, self.aborted = None, False
        tee = any(phase.pattern for phase in spec.phases)
        self.shell = Shell(spec.shell, work, environment, tee)

    def run(self):
        for phase in self.spec.phases:
            self.shell.set({"CODEBUILD_BUILD_SUCCEEDING": "0" if self.failure else "1"})
            self.progress(f"{phase.name} runs")
            say(f"Entering phase {phase.name.upper()}")
            if phase.name == "install":
                report_runtimes(self.spec.runtimes)
            fault = self.attempts(phase)
            say(f"Phase complete: {phase.name.upper()} State: {'FAILED' if fault else 'SUCCEEDED'}")
            if fault:
                self.failure = self.failure or fault
                if self.ends_build(phase):
                    self.aborted = True
                    return

    @staticmethod
    def ends_build(phase):
        """After a failed build phase post_build still runs, unless on-failure says otherwise."""
        goes_on = phase.on_failure == "CONTINUE" or phase.name == "build" and phase.on_failure != "ABORT"
        return not goes_on and phase.name != "post_build"

    def attempts(self, phase):
        """What is wrong with the phase in the end, or None."""
        for number in range(phase.retries + 1):
            fault = self.attempt(phase)
            if not fault or number == phase.retries:
                return fault
            if phase.pattern:
                if not phase.pattern.search(f"{fault}\n{self.shell.tail.take()}"):
                    return fault
            say(f"Retrying phase {phase.name.upper()}, {number + 1} of {phase.retries}: {fault}")

    def attempt(self, phase):
        fault = self.commands(phase, phase.commands, "command")
        last = self.commands(phase, phase.final, "finally command")  # runs in any case
        return fault or last

    def commands(self, phase, commands, word):
        """The first failing command's sentence, or None; no command runs after it."""
        for number, command in enumerate(commands, 1):
            say(f"Running command {command.rstrip()}")
            code = self.shell.run(command)
            if self.spec.version == "0.1":
                self.shell.forget()
            if code:
                how = f"exit status {code}" if code > 0 else f"signal {-code} ({signal.strsignal(-code)})"
                fault = f"phase {phase.name}, {word} {number} of {len(commands)}: {how}: {command.strip()}"
                say(f"Command did not exit successfully: {how}")
                return fault
        return None


def report_runtimes(asked):
    """Nothing is installed here: the log tells what was asked for and what this machine has."""
    for name, version in asked.items():
        probe = PROBES.get(name)
        if not probe or not shutil.which(probe[0]):
            warn(f"runtime-versions asks for {name} {version}, which is not here; commands that need it will fail")
            continue
        try:
            done = subprocess.run(
                probe,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                timeout=20,
                check=False,
            )
            have = done.stdout.decode(errors="replace").partition("\n")[0].strip()
        except (OSError, subprocess.TimeoutExpired):
            have = "one that does not tell its version"
        say(f"runtime-versions asks for {name} {version}; this machine has {have}")
