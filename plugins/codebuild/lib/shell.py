"""One shell that runs command after command and tells how each ended (BLD-4).

The shell reads its script from a pipe, a line for each command, and bash keeps that pipe from its children. After a
command it writes, to a second pipe that the command did not have, the status and all its variables, functions and
directory. So no command can take lines meant for the shell or answer in its place; and when one ends the shell (exit,
exec, set -e, kill), the next shell starts with what was known after the command before.
"""

import fcntl
import os
import re
import select
import shlex
import struct
import subprocess
import termios
import threading
import time

TAIL_BYTES = 65_536
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
DECLARATION = re.compile(r"declare -(\S+) (\w+)(=.*)?\Z", re.S)
# What a shell sets for itself; another one must not be told.
OWN = re.compile(
    r"BASH.*|DIRSTACK|EPOCH.*|EUID|FUNCNAME|GROUPS|HISTCMD|LINENO|OPTIND|PIPESTATUS|PPID|S?RANDOM|SECONDS"
    r"|SHELLOPTS|SHLVL|UID|_|COMP_WORDBREAKS|POSIXLY_CORRECT"
)


class Shell:
    """`kind` is bash, or sh: bash in its POSIX mode, as the Amazon Linux images have it. `tee` keeps the last output
    for `tail`."""

    def __init__(self, kind, work, environment, tee=False):
        self.kind, self.work, self.environment = kind, work, environment
        self.process, self.memory, self.tail = None, "", Tail() if tee else None
        self.assignments, self.state = {}, None

    def start(self):
        script, self.script = os.pipe()
        self.status, self.answer = os.pipe()
        output = self.tail.inlet if self.tail else None
        self.process = subprocess.Popen(
            [self.kind, f"/proc/self/fd/{script}"],
            executable="/bin/bash",
            cwd=self.work,
            env=self.environment,
            pass_fds=(script, self.answer),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
        os.close(script)
        self.handle = os.pidfd_open(self.process.pid)
        self.tell(f"exec {script}<&-\n{self.memory}")
        self.set(self.assignments)

    def tell(self, text):
        data = text.encode(errors="surrogateescape")
        try:
            while data:
                data = data[os.write(self.script, data) :]
        except BrokenPipeError:
            pass  # the shell has ended, which the wait for its answer finds

    def ask(self, text, count):
        """The `count` texts that the shell answers, each with a NUL behind it; fewer if it ended before."""
        if not self.process:
            self.start()
        self.tell(text)
        answer = b""
        while answer.count(b"\0") < count:
            ready = select.select([self.status, self.handle], [], [])[0]
            if self.status in ready:
                answer += os.read(self.status, 65_536)
            else:
                break
        return [part.decode(errors="surrogateescape") for part in answer.split(b"\0")[:-1]]

    def set(self, assignments):
        """Variables that commands find from now on, also after the shell had to be started again."""
        self.assignments.update(assignments)
        if self.process:
            lines = [f"builtin export {name}={shlex.quote(value)}\n" for name, value in assignments.items()]
            self.tell("{ " + "".join(lines) + "} 2>/dev/null\n" if lines else "")

    def run(self, command):
        """The command's exit code; less than 0 if a signal ended the shell."""
        if not self.process:
            self.start()
        end = self.answer
        told = self.ask(
            f"builtin eval {shlex.quote(command)} {end}>&-\n"
            f"{{ builtin printf '%s\\0' \"$?\" >&{end}; builtin declare -p >&{end}; builtin printf '\\0' >&{end}; "
            f"builtin declare -f >&{end}; builtin printf '\\0%s\\0' \"$PWD\" >&{end}; }} 2>/dev/null\n",
            4,
        )
        if self.tail:
            self.tail.settle()
        if len(told) < 4:
            return self.close()
        self.state = told[1:]
        return int(told[0])

    def values(self, names):
        """The values of those of the names that are set."""
        names = [name for name in names if NAME.match(name)]  # bash can hold no other
        if not names:
            return {}
        if not self.process:
            self.start()
        lines = [f'builtin printf \'%s\\0\' "${{{name}+set}}" "${{{name}-}}" >&{self.answer}; ' for name in names]
        told = self.ask("{ " + "".join(lines) + "} 2>/dev/null\n", 2 * len(names))
        return {name: value for name, there, value in zip(names, told[::2], told[1::2]) if there}

    def forget(self):
        """Ends the shell; the next one starts afresh."""
        self.state, self.memory = None, ""
        self.close()

    def close(self):
        """Lets the shell end, waits for that, and gives its exit code; what it knew is kept for the next one."""
        if not self.process:
            return 0
        os.close(self.script)
        os.close(self.answer)
        code = self.process.wait()
        os.close(self.status)
        os.close(self.handle)
        self.process = None
        if self.state:
            self.memory = self.remember(*self.state)
        return code

    def remember(self, variables, functions, place):
        """The lines that give a new shell what this one knew."""
        lines, names = [], set()
        for declaration in variables.removesuffix("\n").split("\ndeclare "):
            declaration = declaration if declaration.startswith("declare ") else f"declare {declaration}"
            found = DECLARATION.match(declaration)
            if found:
                names.add(found[2])
                if not OWN.fullmatch(found[2]):
                    lines.append(declaration)
        gone = " ".join(name for name in self.environment if NAME.match(name) and name not in names)
        lines.append(f"unset -v {gone}" if gone else ":")
        text = "\n".join(lines + [functions, f"builtin cd -- {shlex.quote(place)}"])
        return f"builtin eval {shlex.quote(text)} 2>/dev/null\n"


class Tail:
    """Passes output on to the log and keeps its end."""

    def __init__(self):
        self.outlet, self.inlet = os.pipe()
        self.kept, self.idle = b"", True
        threading.Thread(target=self.copy, daemon=True).start()

    def copy(self):
        while data := os.read(self.outlet, 65_536):
            self.idle = False
            self.kept = (self.kept + data)[-TAIL_BYTES:]
            while data:
                data = data[os.write(2, data) :]
            self.idle = True

    def settle(self):
        """Waits until what the shell has printed is in the log."""
        for _ in range(100):  # what the shell wrote before it answered is in the pipe or on its way
            waiting = struct.unpack("i", fcntl.ioctl(self.outlet, termios.FIONREAD, b"\0" * 4))[0]
            if not waiting and self.idle:
                break
            time.sleep(0.002)

    def take(self):
        """The end of what was printed since it was last taken."""
        self.settle()
        kept, self.kept = self.kept, b""
        return kept.decode(errors="replace")
