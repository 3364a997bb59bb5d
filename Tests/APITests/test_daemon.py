"""The daemon as a process: its socket, its callers, its end."""

import os
import signal
import socket
import subprocess
import unittest

import client as aws
from definitions import action, stage
from harness import APICase, DaemonCase

NOBODY = 65534
BUILD = stage("Build", action("Make", outputs=["App"], namespace="Made"))
DEPLOY = stage("Deploy", action("Ship", "Deploy", ["App"], configuration={"Say": "#{Made.Run}"}))


class Sockets(DaemonCase):
    def refusal(self, *options, state=None):
        """Exit status and words of a `penstock serve` that does not begin."""
        command = self.daemon.command()
        if state:
            command[command.index("--state") + 1] = state
        ended = subprocess.run([*command, *options], capture_output=True, text=True, timeout=20, check=False)
        return ended.returncode, ended.stdout + ended.stderr

    def test_sigterm_and_sigint_end_it_with_status_0_and_without_its_socket(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            self.daemon.start()
            self.assertTrue(os.path.exists(self.daemon.socket))
            self.assertEqual(self.daemon.end(number), 0)
            self.assertFalse(os.path.exists(self.daemon.socket))

    def test_connections_that_say_nothing_do_not_keep_it_from_ending(self):
        self.daemon.start()
        streams = [socket.socket(socket.AF_UNIX) for _ in range(3)]
        for stream in streams:
            self.addCleanup(stream.close)
            stream.connect(self.daemon.socket)
        streams[1].sendall(b"POST / HTTP/1.1\r\n")
        self.assertEqual(self.daemon.end(), 0)

    def test_a_second_one_with_the_same_state_is_refused_and_the_first_lives(self):
        self.daemon.start()
        status, words = self.refusal()
        self.assertEqual(status, 2, words)
        self.assertIn(self.daemon.state, words)
        self.created()

    def test_a_socket_that_was_left_behind_is_replaced(self):
        self.daemon.start()
        self.daemon.end(signal.SIGKILL)
        self.assertTrue(os.path.exists(self.daemon.socket))
        self.daemon.start()
        self.created()

    def test_only_its_user_reaches_the_socket(self):
        self.daemon.start()
        self.assertEqual(os.stat(self.daemon.socket).st_mode & 0o777, 0o600)

    def test_a_path_that_no_socket_can_have_is_refused_with_advice(self):
        long = os.path.join(self.daemon.base, "s" * 100)
        for status, words in (self.refusal("--socket", long), self.refusal(state=long)):
            self.assertEqual(status, 2, words)
            self.assertIn("at most 107 bytes", words)
            self.assertIn("--socket", words)
        self.daemon.state, self.daemon.socket = long, os.path.join(self.daemon.base, "short")
        self.daemon.options += ["--socket", self.daemon.socket]
        self.daemon.aws = self.aws = aws.client(self.daemon.socket)
        self.daemon.start()
        self.created()

    def test_a_place_where_no_socket_can_be_is_refused_by_its_path(self):
        path = os.path.join(self.daemon.base, "nowhere", "socket")
        status, words = self.refusal("--socket", path)
        self.assertIn(status, (2, 3), words)
        self.assertIn(path, words)

    def test_a_file_that_is_no_socket_is_not_replaced(self):
        path = os.path.join(self.daemon.base, "precious")
        with open(path, "w", encoding="utf-8") as stream:
            stream.write("precious")
        status, words = self.refusal("--socket", path)
        self.assertIn(status, (2, 3), words)
        self.assertIn(path, words)
        self.assertTrue(os.path.isfile(path))

    def test_the_socket_of_another_daemon_is_not_taken_away(self):
        self.daemon.start()
        status, words = self.refusal("--socket", self.daemon.socket, state=os.path.join(self.daemon.base, "other"))
        self.assertIn(status, (2, 3), words)
        self.created()

    def test_a_limit_that_cannot_be_is_refused(self):
        for option in ("--concurrent-executions", "--concurrent-actions"):
            for value in ("0", "-1", "10001", "x", ""):
                status, words = self.refusal(f"{option}={value}")
                self.assertEqual(status, 2, words)
                self.assertIn(option, words)

    @unittest.skipUnless(os.geteuid() == 0, "needs another user")
    def test_another_user_is_refused(self):
        self.daemon.start()
        program = (
            "import http.client, socket, sys\n"
            "c = http.client.HTTPConnection('x'); c.sock = socket.socket(socket.AF_UNIX); c.sock.connect(sys.argv[1])\n"
            "c.request('POST', '/', b'{}', {'X-Amz-Target': 'CodePipeline_20150709.ListPipelines'})\n"
            "print(c.getresponse().read().decode())"
        )

        def ask():
            command = ["/usr/bin/python3", "-c", program, self.daemon.socket]
            return subprocess.run(
                command, user=NOBODY, group=NOBODY, extra_groups=[], capture_output=True, text=True, check=False
            )

        self.assertIn("PermissionError", ask().stderr)
        os.chmod(self.daemon.socket, 0o666)
        os.chmod(self.daemon.state, 0o755)
        answer = ask()
        self.assertIn("AccessDeniedException", answer.stdout, answer.stderr)
        self.assertIn("nobody", answer.stdout)


class Sandboxed(APICase):
    sandbox = "bubblewrap"

    def test_actions_run_in_a_sandbox_and_never_go_on_without_one(self):
        id = self.created(BUILD, DEPLOY)
        self.assertEqual(self.actions(id, "Ship")[0]["status"], "Succeeded")
        self.hold("Make")
        second = self.start()
        self.runs("Make", second)
        self.daemon.end()
        weaker = [*self.daemon.command(), "--sandbox", "none"]
        ended = subprocess.run(weaker, capture_output=True, text=True, timeout=20, check=False)
        self.assertEqual(ended.returncode, 2, ended.stderr)
        self.assertIn(second, ended.stderr)
        self.release("Make")
        self.daemon.start()
        self.ends(second)


if __name__ == "__main__":
    unittest.main()
