"""What hostile plugins aim at: harmless things of this machine, each of which tells when it was reached."""

import ctypes
import hashlib
import os
import pty
import secrets
import signal
import socket
import subprocess
import threading
import time

# Holds the file as its input, a segment of shared memory, and tells of every SIGUSR1; ends with SIGTERM, or with us.
PROCESS = """
import ctypes, os, signal, sys
libc = ctypes.CDLL(None, use_errno=True)
libc.prctl(1, 9)
libc.shmat.restype = ctypes.c_void_p
segment = libc.shmget(int(sys.argv[2]), 4096, 0o1000 | 0o666)
memory = libc.shmat(segment, None, 0)
ctypes.memset(memory, ord("O"), 1)
signal.signal(signal.SIGUSR1, lambda *_: print("signalled", flush=True))
def end(*_):
    print("memory", chr(ctypes.string_at(memory, 1)[0]), flush=True)
    libc.shmctl(segment, 0, None)
    os._exit(0)
signal.signal(signal.SIGTERM, end)
print("ready", flush=True)
while True:
    signal.pause()
"""

libc = ctypes.CDLL(None, use_errno=True)
librt = libc if hasattr(libc, "mq_unlink") else ctypes.CDLL("librt.so.1", use_errno=True)


class Marks:
    """Everything belongs to `owner`, as whom Penstock runs, and may be changed by all as far as modes go."""

    def __init__(self, base, owner, prefix):
        self.canary = f"penstock-escape-{secrets.token_hex(8)}"
        self.owner = owner
        self.dir = os.path.join(base, "host")
        self.reached = []
        self.make_files(base)
        self.listen()
        self.make_process(prefix)
        self.terminal, self.terminal_inside = pty.openpty()
        self.terminal_path = os.ttyname(self.terminal_inside)
        os.chown(self.terminal_path, owner, -1) if os.geteuid() == 0 else None
        self.before = self.look()

    # ---- files ----

    def make_files(self, base):
        os.mkdir(self.dir)
        self.file = self.path("file")
        for name, mode in (("file", 0o666), ("victim", 0o666), ("movable", 0o666), ("program", 0o755)):
            with open(self.path(name), "w", encoding="utf-8") as file:
                file.write(f"#!/bin/sh\n# {self.canary}\n")
            os.chmod(self.path(name), mode)
        os.symlink("file", self.path("link"))
        self.secret = os.path.join(base, "secret")
        with open(self.secret, "w", encoding="utf-8") as file:
            file.write(self.canary)
        self.granted = os.path.join(base, "granted", "inside")
        os.makedirs(self.granted)
        for path in (self.granted + "/file", self.granted + "/../file"):
            with open(path, "w", encoding="utf-8") as file:
                file.write("x")
            os.chmod(path, 0o666)
        os.symlink("../file", self.granted + "/out")
        for folder in (self.dir, self.granted, os.path.dirname(self.granted)):
            os.chmod(folder, 0o777)
            if os.geteuid() == 0:
                for name in [".", *os.listdir(folder)]:
                    os.lchown(os.path.join(folder, name), self.owner, self.owner)

    def path(self, name):
        return os.path.join(self.dir, name)

    @staticmethod
    def state(path):
        status = os.lstat(path)
        names = os.listxattr(path, follow_symlinks=False)
        extended = [(name, os.getxattr(path, name, follow_symlinks=False)) for name in names]
        content = b""
        if os.path.isfile(path):
            with open(path, "rb") as file:
                content = hashlib.sha256(file.read()).digest()
        return {
            "mode": status.st_mode,
            "owner": (status.st_uid, status.st_gid),
            "time": status.st_mtime_ns,
            "attributes": extended,
            "links": status.st_nlink,
            "content": (status.st_size, content),
        }

    def files(self):
        found = {}
        for top in (self.dir, os.path.dirname(self.granted)):
            for folder, folders, names in os.walk(top):
                for name in [".", *folders, *names]:
                    path = os.path.normpath(os.path.join(folder, name))
                    found[path] = self.state(path)
        return found

    # ---- a process ----

    def make_process(self, prefix):
        self.key = 0x45000000 + secrets.randbelow(1 << 20) * 2
        # Numbers of processes in a sandbox begin at 1: none of them must be this one's.
        while self.newest() < 5_000:
            for thread in [threading.Thread(target=lambda: None) for _ in range(500)]:
                thread.start()
                thread.join()
        with open(self.file, "rb") as stdin:
            self.process = subprocess.Popen(  # pylint: disable=consider-using-with
                [*prefix, "/usr/bin/python3", "-Ic", PROCESS, self.canary, str(self.key)],
                env={"PENSTOCK_ESCAPE_CANARY": self.canary},
                stdin=stdin,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                cwd=self.dir,
                start_new_session=True,
            )
        self.process.stdout.readline()

    @staticmethod
    def newest():
        pid = os.fork()
        if pid == 0:
            os._exit(0)
        os.waitpid(pid, 0)
        return pid

    def process_state(self):
        pid = self.process.pid
        with open(f"/proc/{pid}/limits", encoding="utf-8") as file:
            limits = file.read()
        return (
            os.getpriority(os.PRIO_PROCESS, pid),
            os.sched_getaffinity(pid),
            os.sched_getscheduler(pid),
            limits,
            libc.syscall(252, 1, pid),  # ioprio_get on x86_64
        )

    # ---- sockets ----

    def listen(self):
        self.abstract = f"@{self.canary}"
        self.sockets = {
            "abstract": self.unix(socket.SOCK_STREAM, "\0" + self.canary),
            "abstract datagram": self.unix(socket.SOCK_DGRAM, "\0" + self.canary + "d"),
            "socket": self.unix(socket.SOCK_STREAM, self.path("socket")),
            "socket datagram": self.unix(socket.SOCK_DGRAM, self.path("datagram")),
            "tcp": self.internet(socket.AF_INET, socket.SOCK_STREAM, "127.0.0.1", 0),
            "udp": self.internet(socket.AF_INET, socket.SOCK_DGRAM, "127.0.0.1", 0),
        }
        try:
            self.sockets["tcp6"] = self.internet(socket.AF_INET6, socket.SOCK_STREAM, "::1", self.port("tcp"))
        except OSError:
            pass  # this machine has no IPv6

    def unix(self, kind, address):
        listener = socket.socket(socket.AF_UNIX, kind)
        listener.bind(address)
        if not address.startswith("\0"):
            os.chmod(address, 0o777)
        return self.ready(listener, kind)

    def internet(self, family, kind, host, port):
        listener = socket.socket(family, kind)
        listener.bind((host, port))
        return self.ready(listener, kind)

    @staticmethod
    def ready(listener, kind):
        if kind == socket.SOCK_STREAM:
            listener.listen(64)
        listener.setblocking(False)
        return listener

    def port(self, name):
        return self.sockets[name].getsockname()[1]

    def visited(self):
        """The names of the sockets at which something arrived since it was asked last."""
        found = set()
        for name, listener in self.sockets.items():
            try:
                while True:
                    listener.accept()[0].close() if listener.type == socket.SOCK_STREAM else listener.recv(100)
                    found.add(name)
            except OSError:
                pass
        return found

    # ---- all of it ----

    def targets(self, state, bomb):
        """The environment of bin/acts, beside what the plugin itself adds."""
        return {
            "CANARY": self.canary,
            "HOST_PID": str(self.process.pid),
            "HOST_DIR": self.dir,
            "HOST_FILE": self.file,
            "SECRET": self.secret,
            "GRANTED": self.granted,
            "STATE": state,
            "DATABASE": os.path.join(state, "penstock.db"),
            "SHM_KEY": str(self.key),
            "ABSTRACT": self.abstract,
            "ABSTRACT_DATAGRAM": self.abstract + "d",
            "SOCKET": self.path("socket"),
            "SOCKET_DATAGRAM": self.path("datagram"),
            "TCP_PORT": str(self.port("tcp")),
            "UDP_PORT": str(self.port("udp")),
            "TERMINAL": self.terminal_path,
            "BOMB": str(bomb),
        }

    def look(self):
        with open("/proc/sys/kernel/core_pattern", "rb") as file:
            return {"files": self.files(), "process": self.process_state(), "core_pattern": file.read()}

    def survivors(self, part=""):
        """Processes of plugins, by their names."""
        found = []
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open(f"/proc/{pid}/cmdline", "rb") as file:
                    name = file.read().split(b"\0")[0].decode(errors="replace")
            except OSError:
                continue
            if name.startswith(self.canary + "-" + part):
                found.append((int(pid), name))
        return found

    def left_behind(self):
        """What has no name in the file system and outlives processes."""
        found = []
        segment = libc.shmget(self.key + 1, 0, 0)
        if segment >= 0:
            libc.shmctl(segment, 0, None)
            found.append("shared memory")
        semaphores = libc.semget(self.key + 1, 0, 0)
        if semaphores >= 0:
            libc.semctl(semaphores, 0, 0)  # IPC_RMID
            found.append("semaphores")
        messages = libc.msgget(self.key + 1, 0)
        if messages >= 0:
            libc.msgctl(messages, 0, None)
            found.append("messages")
        if librt.mq_unlink(b"/penstock-escape") == 0:
            found.append("a message queue")
        return found

    def end_process(self):
        """Ends the process and returns what it has seen."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.seen = self.process.communicate(timeout=20)[0].decode().splitlines()
        return self.seen

    def close(self):
        """Ends everything."""
        seen = self.end_process()
        self.left_behind()
        for listener in self.sockets.values():
            listener.close()
        os.close(self.terminal)
        os.close(self.terminal_inside)
        for pid, _ in self.survivors():
            os.kill(pid, signal.SIGKILL)
        return seen

    def typed(self):
        """What stands in the input of the terminal, and what was printed on it."""
        os.set_blocking(self.terminal, False)
        os.set_blocking(self.terminal_inside, False)
        found = b""
        for end in (self.terminal, self.terminal_inside):
            try:
                found += os.read(end, 4096)
            except OSError:
                pass
        return found


def eventually(condition, seconds):
    """Whether it came true."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True
