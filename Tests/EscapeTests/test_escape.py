"""Hostile plugins under every profile, as root and as an ordinary user.

A plugin tells what it tried and what came of it; what counts is looked at from outside. PENSTOCK_ESCAPE_ALL=1 makes a
profile that cannot be had here a failure, PENSTOCK_ESCAPE_PROFILES and PENSTOCK_ESCAPE_IDENTITIES choose some.
"""

import hashlib
import json
import os
import re
import sqlite3
import stat
import subprocess
import sys
import unittest

import expected
from host import PROGRAM, ROOT, Host, all_acts, profiles_of
from marks import eventually

BOMB = {"root": 600, "user": 4_300}  # above the limit of each


def deed_and_told(case):
    deed, _, told = case.partition(" ")
    return deed, told


class Escape:
    """One profile and one identity; the classes at the end of this file."""

    profile, identity = "", ""

    @classmethod
    def setUpClass(cls):
        cls.host = None
        reason = cls.why_not()
        if reason:
            print(f"{cls.__name__} is not tried: {reason}", file=sys.stderr)
            if os.environ.get("PENSTOCK_ESCAPE_ALL") == "1":
                raise AssertionError(reason)
            raise unittest.SkipTest(reason)
        cls.host = Host(cls.identity, BOMB[cls.identity])
        try:
            cls.attack()
        except BaseException:
            cls.host.close()
            raise

    @classmethod
    def why_not(cls):
        if cls.profile not in profiles_of(PROGRAM):
            return f"{PROGRAM} has no --sandbox {cls.profile}"
        if cls.identity == "root" and os.geteuid() != 0:
            return "only root can run it as root"
        host = Host(cls.identity)
        try:
            host.write("source/acts.json", {})
            outcome = host.run(host.pipeline("probe", {"Probe": ("hard_links", "")}), cls.profile)
            if outcome.status("Probe") == "Succeeded":
                return None
            return f"{cls.profile} as {cls.identity}: {outcome.message('Probe') or outcome.said or outcome.events}"
        finally:
            host.close()

    @classmethod
    def attack(cls):
        host, apart = cls.host, {*expected.NETWORK, *expected.GRANTED, *expected.ALONE}
        single = [act for act in all_acts() if act not in expected.GRANTED + expected.ALONE]
        groups = {"all": single, "network": expected.NETWORK, "granted": expected.GRANTED, "alone": expected.ALONE}
        assert apart <= set(all_acts())
        host.write("source/acts.json", groups)
        cases = {f"Output{number}": deed_and_told(case) for number, case in enumerate(expected.OUTPUTS)}
        crowd = {
            "Acts": ("acts", "all"),
            "Network": ("acts", "network", "Network"),
            "Granted": ("acts", "granted", "Granted"),
            "Surroundings": ("surroundings", ""),
            "Archive": ("archive", ""),
            "Linger": ("linger", "linger"),
            "Never": ("never", "never", "Slow"),
            "Mute": ("mute", "", "Slow"),
            "Flood": ("flood", "70"),
            "Shout": ("shout", ""),
            **cases,
        }
        cls.crowd = host.run(host.pipeline("crowd", crowd), cls.profile)
        cls.after_crowd = host.marks.survivors()
        cls.alive_meanwhile = None
        early = {
            "Daemons": ("daemons", "early"),
            "Remains": ("remains", ""),
            "Comets": ("comets", "12"),
        }
        stages = early, {"Look": ("look", "1.5")}
        cls.after = host.run(host.pipeline("after", *stages), cls.profile, heed=cls.notice)
        trap = host.pipeline("trap", {"Trap": ("cache_trap", ""), "First": ("first", "")})
        cls.traps = [host.run(trap, cls.profile) for _ in range(2)]
        cls.bomb = host.run(host.pipeline("bomb", {"Bomb": ("acts", "alone")}), cls.profile)
        cls.left = host.marks.left_behind()
        cls.visited = host.marks.visited()
        cls.typed = host.marks.typed()
        cls.now = host.marks.look()
        cls.seen = host.marks.end_process()

    @classmethod
    def notice(cls, event):
        """When the second stage begins, nothing of the first may live, though Penstock itself does."""
        if cls.alive_meanwhile is None and event["event"] == "action" and event["action"] == "Look":
            eventually(lambda: not cls.host.marks.survivors(), 0.5)
            cls.alive_meanwhile = cls.host.marks.survivors()

    @classmethod
    def tearDownClass(cls):
        if cls.host:
            cls.host.close()

    # ---- what the acts say ----

    def judge(self, verdicts, acts, prefix=""):
        self.assertEqual(sorted(verdicts), sorted(acts), "each has to tell what came of it")
        for act, result in verdicts.items():
            with self.subTest(act=prefix + act, result=result):
                self.assertRegex(result, "^(done|refused|killed)")
                if self.profile in expected.OUTSIDE.get(act, ""):
                    continue
                may = expected.allowed(prefix + act, self.profile, self.identity)
                if may and prefix + act in expected.DEPENDING:
                    continue
                self.assertEqual(result.split()[0] == "done", may, "listed as allowed" if may else "not allowed")

    def test_every_act_is_prevented_or_listed(self):
        acts = [act for act in all_acts() if act not in expected.GRANTED + expected.ALONE]
        self.judge(self.host.verdicts(self.crowd, "Acts"), acts)

    def test_with_the_network_granted(self):
        self.judge(self.host.verdicts(self.crowd, "Network"), expected.NETWORK, "network:")

    def test_a_granted_path_is_read_and_no_more(self):
        self.judge(self.host.verdicts(self.crowd, "Granted"), expected.GRANTED, "granted:")

    def test_what_a_plugin_is_given(self):
        names = ["descriptors", "environment", "umask", "process_list"]
        self.judge(self.host.verdicts(self.crowd, "Surroundings"), names)

    def test_the_environment_is_the_contracts(self):
        text = next(text for text in self.host.log(self.crowd, "Surroundings") if text.startswith("ENVIRONMENT "))
        names = set(json.loads(text.removeprefix("ENVIRONMENT ")))
        promised = "PATH HOME TMPDIR LANG TZ CI PENSTOCK_PROTOCOL PENSTOCK_LIFECYCLE PYTHONUNBUFFERED"
        self.assertEqual(names - {"PWD"}, set(promised.split()))

    def test_a_fork_bomb_ends_at_the_limit(self):
        self.judge(self.host.verdicts(self.bomb, "Bomb"), ["fork_bomb"])

    # ---- what is seen from outside ----

    def test_nothing_of_the_host_is_changed(self):
        was, now = self.host.marks.before, self.now
        acts = {"mode": "host_chmod", "owner": "host_chown", "time": "host_touch", "attributes": "host_xattr"}
        listed = {what for what, act in acts.items() if expected.allowed(act, self.profile, self.identity)}
        self.assertEqual(now["files"].keys(), was["files"].keys())
        for path, state in was["files"].items():
            for what in state.keys() - listed:
                self.assertEqual(now["files"][path][what], state[what], f"{what} of {path}")
        self.assertEqual(now["process"], was["process"])
        self.assertEqual(now["core_pattern"], was["core_pattern"])
        self.assertEqual(self.seen, ["memory O"], "signals, and what stands in its shared memory")

    def test_the_artifacts_are_what_their_names_say(self):
        folder = os.path.join(self.host.state, "artifacts", "blobs")
        names = [os.path.join(where, name) for where, _, files in os.walk(folder) for name in files]
        self.assertGreater(len(names), 3)
        for path in names:
            self.assertEqual(os.lstat(path).st_mode & 0o7002, 0, "nobody else may write it, and it gives no rights")
            with open(path, "rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
            self.assertEqual(digest, os.path.basename(path))

    def test_no_socket_of_the_host_is_reached_but_by_the_granted_network(self):
        granted = {"tcp", "tcp6", "udp", "abstract", "abstract datagram"}
        self.assertLessEqual(self.visited, granted)

    def test_nothing_is_typed_or_printed_on_the_terminal(self):
        self.assertEqual(self.typed, b"")

    def test_nothing_is_left_in_the_kernel(self):
        self.assertEqual(self.left, [])

    def test_no_right_and_no_device_is_anywhere_in_the_state(self):
        for _, folders, names, folder in os.fwalk(self.host.state):
            for name in folders + names:
                mode = os.lstat(name, dir_fd=folder).st_mode
                self.assertEqual(mode & (stat.S_ISUID | stat.S_ISGID), 0, name)
                self.assertFalse(stat.S_ISBLK(mode) or stat.S_ISCHR(mode), name)

    def test_the_state_is_whole(self):
        self.assertEqual(os.listdir(os.path.join(self.host.state, "workspaces")), [])
        self.assertFalse(os.path.exists(os.path.join(self.host.state, "planted")))
        with sqlite3.connect(os.path.join(self.host.state, "penstock.db")) as database:
            self.assertEqual(database.execute("PRAGMA quick_check").fetchall(), [("ok",)])
        database.close()

    def test_no_process_survives_its_job(self):
        self.assertEqual(self.alive_meanwhile, [], "while Penstock goes on")
        self.assertEqual(self.after_crowd, [], "after its end")

    def test_the_next_job_finds_nothing(self):
        self.judge(self.host.verdicts(self.after, "Look"), ["remains", "remains_python", "remains_shell"])

    def test_a_cache_full_of_traps_harms_nobody(self):
        """It is handed over as it is, or the next job begins without one and says so."""
        for outcome in self.traps:
            self.assertEqual(outcome.status("Trap"), "Succeeded", outcome.message("Trap"))
        kept = self.host.verdicts(self.traps[1], "Trap")["cache"]
        told = [text for text in self.host.log(self.traps[1], "Trap") if "cache" in text and "VERDICT" not in text]
        self.assertTrue(kept == "done kept" or told, told)

    # ---- what is caught afterwards ----

    def test_outputs_are_taken_in_as_they_must_be(self):
        other = expected.OUTPUTS_OF_USER if self.identity == "user" else {}
        for number, (case, usual) in enumerate(expected.OUTPUTS.items()):
            status, pattern = other.get(case, usual)
            action = f"Output{number}"
            with self.subTest(case=case):
                verdict = self.host.verdicts(self.crowd, action).get(case, "done")
                if verdict.startswith("refused"):
                    continue  # it could not even be made
                message = self.crowd.message(action)
                self.assertEqual(self.crowd.status(action), status, message)
                self.assertRegex(message, pattern or "^$")

    def test_nothing_writes_on_the_terminal_of_who_reads(self):
        self.assertRegex(self.crowd.message("Shout"), "is a link to")
        for command in (["show", self.crowd.execution], ["logs", self.crowd.execution, "Shout"], ["history"]):
            shown = subprocess.run(
                [*self.host.prefix, self.host.program, *command, "--state", self.host.state],
                env=self.host.environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
            ).stdout
            self.assertNotRegex(shown, b"[\x07\x1b]", command[0])

    def test_who_never_ends_is_ended(self):
        self.assertEqual(self.crowd.status("Linger"), "Succeeded", self.crowd.message("Linger"))
        for action in ("Never", "Mute"):
            self.assertEqual(self.crowd.status(action), "Failed")
            self.assertRegex(self.crowd.message(action), "TimedOut|NoResult|Signalled")

    def test_signals_to_the_first_process_are_in_vain(self):
        self.assertEqual(self.traps[0].status("First"), "Succeeded", self.traps[0].message("First"))

    def test_a_flood_is_bounded(self):
        self.assertEqual(self.crowd.status("Flood"), "Succeeded", self.crowd.message("Flood"))
        folder = os.path.join(self.host.state, "logs")
        sizes = [os.path.getsize(os.path.join(where, name)) for where, _, names in os.walk(folder) for name in names]
        self.assertGreater(max(sizes), 32 << 20)
        self.assertLess(max(sizes), 80 << 20)


class Control:
    """The same acts without a sandbox: they do what they say, so a refusal is the sandbox's."""

    identity = ""

    def setUp(self):
        if self.identity == "root" and os.geteuid() != 0:
            self.skipTest("only root can run it as root")
        if self.identity == "root" and subprocess.run(["unshare", "--mount", "true"], check=False).returncode != 0:
            self.skipTest("without a mount namespace of its own it could leave mounts behind")
        self.host = Host(self.identity)
        self.addCleanup(self.host.close)

    def test_acts_are_possible_without_a_sandbox(self):
        host = self.host
        acts = [act for act in all_acts() if act not in expected.GRANTED + expected.ALONE]
        host.write("source/acts.json", {"all": acts})
        outcome = host.run(host.pipeline("control", {"Acts": ("acts", "all")}), expected.CONTROL)
        verdicts = host.verdicts(outcome, "Acts")
        done = {act for act, result in verdicts.items() if result == "done"}
        needed = set(expected.CONTROL_EVERYBODY.split())
        if self.identity == "root":
            needed |= set(expected.CONTROL_ROOT.split())
        self.assertEqual(needed - done, set(), {act: verdicts.get(act) for act in needed - done})

        # And it is seen from outside.
        now = host.marks.look()
        self.assertNotEqual(now["files"], host.marks.before["files"])
        self.assertNotEqual(now["process"], host.marks.before["process"])
        self.assertEqual(set(host.marks.left_behind()), {"shared memory", "semaphores", "messages", "a message queue"})
        reached = {"abstract", "abstract datagram", "socket", "socket datagram", "tcp", "udp"}
        self.assertLessEqual(reached, host.marks.visited())
        seen = host.marks.end_process()
        self.assertIn("signalled", seen)
        self.assertIn("memory X", seen)

    def test_daemons_live_on_without_a_sandbox(self):
        self.host.run(self.host.pipeline("control", {"Daemons": ("daemons", "early")}), expected.CONTROL)
        self.assertNotEqual(self.host.marks.survivors("early"), [])


def chosen(variable, every):
    return os.environ.get(variable, " ".join(every)).split()


for identity_ in chosen("PENSTOCK_ESCAPE_IDENTITIES", expected.IDENTITIES):
    for profile_ in chosen("PENSTOCK_ESCAPE_PROFILES", expected.PROFILES):
        name_ = f"{profile_.title()}_as_{identity_}"
        globals()[name_] = type(name_, (Escape, unittest.TestCase), {"profile": profile_, "identity": identity_})
    if "PENSTOCK_ESCAPE_PROFILES" not in os.environ:
        name_ = f"Control_as_{identity_}"
        globals()[name_] = type(name_, (Control, unittest.TestCase), {"identity": identity_})


class Page(unittest.TestCase):
    """docs/security.md lists what no profile prevents, act by act."""

    def test_it_lists_what_the_table_allows(self):
        with open(os.path.join(ROOT, "docs", "security.md"), encoding="utf-8") as file:
            text = file.read()
        listed = set()
        for line in text.splitlines():
            cells = [cell.strip() for cell in line.strip("|").split("|")]
            acts = re.findall(r"`([a-z0-9_:]+)`", cells[0])
            if len(cells) == 4 and acts:
                profiles = [each for each in expected.PROFILES if each in cells[1] or cells[1] == "all"]
                who = [each for each in expected.IDENTITIES if each in cells[2] or cells[2] == "both"]
                listed |= {(act, profile, identity) for act in acts for profile in profiles for identity in who}
        self.assertEqual(listed, expected.rows())


if __name__ == "__main__":
    unittest.main()
