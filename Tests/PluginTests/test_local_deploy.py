"""The local-deploy plugin with real directories."""

import fcntl
import json
import os
import re
import unittest

from harness import ODD, PluginCase, ProcessRules

NAME = r"^\d{8}T\d{6}\.\d{3}Z-[A-Za-z0-9_-]+$"


class DeployCase(PluginCase):
    plugin = "local-deploy"

    def setUp(self):
        super().setUp()
        self.target = os.path.join(self.base, "sïte 1")
        os.mkdir(self.target)

    def deploy_job(self, content="x\n", execution=None, keep=None, settings=None, name="site"):
        root = self.workspace()
        self.write(root, "in", "App é", "index.html", content=content)
        configuration = {"Target": name} if keep is None else {"Target": name, "Keep": keep}
        place = {"type": "Path", "pathLocation": {"path": "in/App é"}}
        job = self.job(
            {
                "actionTypeId": {"category": "Deploy", "owner": "Custom", "provider": "Local", "version": "1"},
                "actionConfiguration": {"configuration": configuration},
                "providerSettings": {"path": self.target} if settings is None else settings,
                "inputArtifacts": [{"name": "App", "location": place}],
            }
        )
        if execution:
            job["data"]["pipelineContext"]["action"]["actionExecutionId"] = execution
        return job, root

    def deploy(self, *arguments, user=None, **options):
        job, root = self.deploy_job(*arguments, **options)
        return self.run_job(job, root, user=user)

    def current(self):
        with open(os.path.join(self.target, "current", "index.html"), encoding="utf-8") as stream:
            return stream.read()

    def releases(self):
        return sorted(os.listdir(os.path.join(self.target, "releases")))


class DeployProcess(ProcessRules, DeployCase):
    def good_job(self):
        return self.deploy_job()


class LocalDeploy(DeployCase):
    def test_a_release_stands_beside_the_old_and_one_link_is_switched(self):
        first, second = self.deploy("one"), self.deploy("two")
        self.assertSucceeded(second)
        self.assertEqual(self.current(), "two")
        self.assertEqual(first.variables["Previous"], "")
        self.assertEqual(second.variables["Previous"], first.variables["Release"])
        self.assertEqual(second.variables["Path"], os.path.join(self.target, "releases", second.variables["Release"]))
        self.assertRegex(second.variables["Release"], NAME)
        self.assertEqual(os.readlink(os.path.join(self.target, "current")), "releases/" + second.variables["Release"])
        self.assertEqual(sorted(os.listdir(self.target)), ["current", "previous", "releases"])

    def test_everything_in_the_artifact_arrives(self):
        job, root = self.deploy_job()
        folder = os.path.join(root, "in", "App é")
        self.write(folder, "bin", "run", mode=0o555)
        self.write(os.fsencode(folder), b"new\nline\xff")
        self.write(folder, ".hidden")
        os.symlink("bin/run", os.path.join(folder, "link"))
        os.chmod(os.path.join(folder, "bin"), 0o555)
        ending = self.run_job(job, root)
        self.assertSucceeded(ending)
        made = ending.variables["Path"]
        self.assertEqual(
            sorted(os.listdir(os.fsencode(made))), [b".hidden", b"bin", b"index.html", b"link", b"new\nline\xff"]
        )
        self.assertEqual(os.stat(os.path.join(made, "bin", "run")).st_mode & 0o777, 0o755)
        self.assertEqual(os.readlink(os.path.join(made, "link")), "bin/run")

    def test_the_last_releases_stay_and_the_current_and_previous_always(self):
        made = [self.deploy(str(number), keep="2").variables["Release"] for number in range(4)]
        self.assertEqual(self.releases(), made[2:])
        last = self.deploy("5", keep="1").variables["Release"]
        self.assertEqual(self.releases(), [made[3], last])
        os.mkdir(os.path.join(self.target, "releases", "mine"))
        self.assertSucceeded(self.deploy("6", settings={"path": self.target, "keep": 1}))
        self.assertIn("mine", self.releases())
        self.assertEqual(len(self.releases()), 3)

    def test_the_default_is_five(self):
        for number in range(7):
            self.assertSucceeded(self.deploy(str(number)))
        self.assertEqual(len(self.releases()), 5)

    def test_the_same_action_execution_has_one_effect(self):
        self.deploy("old")
        first, again = self.deploy("one", execution="e-1"), self.deploy("one", execution="e-1")
        self.assertSucceeded(again)
        self.assertEqual(again.variables, first.variables)
        self.assertEqual(len(self.releases()), 2)
        later = self.deploy("two")
        self.assertSucceeded(self.deploy("one", execution="e-1"))  # delivered again, late
        self.assertEqual(self.current(), "two")
        self.assertEqual(len(self.releases()), 3)
        self.assertIn(later.variables["Release"], os.readlink(os.path.join(self.target, "current")))

    def test_going_back_is_a_switch_and_the_next_deployment_goes_forward(self):
        first = self.deploy("one").variables["Release"]
        self.deploy("two")
        link = os.path.join(self.target, "current")
        os.symlink("releases/" + first, link + "2")
        os.rename(link + "2", link)
        self.assertEqual(self.current(), "one")
        self.assertEqual(self.deploy("three").variables["Previous"], first)
        self.assertEqual(self.current(), "three")

    def test_a_crash_in_the_middle_leaves_current_and_is_cleaned_by_the_next_run(self):
        self.deploy("one")
        self.write(self.target, "releases", ".new-e-2", "index.html", content="half")
        for name in (".current.new", ".previous.new"):
            os.symlink("releases/half", os.path.join(self.target, name))
        self.assertEqual(self.current(), "one")
        self.assertSucceeded(self.deploy("two", execution="e-2"))
        self.assertEqual(self.current(), "two")
        self.assertEqual(len(os.listdir(os.path.join(self.target, "releases"))), 2)
        self.assertEqual(sorted(os.listdir(self.target)), ["current", "previous", "releases"])

    def test_a_crash_before_the_switch_is_finished_by_the_same_action_execution(self):
        first = self.deploy("one").variables["Release"]
        made = self.deploy("two", execution="e-2").variables["Release"]
        os.remove(os.path.join(self.target, "current"))
        os.symlink("releases/" + first, os.path.join(self.target, "current"))
        self.assertSucceeded(self.deploy("two", execution="e-2"))
        self.assertEqual(os.readlink(os.path.join(self.target, "current")), "releases/" + made)

    def test_killed_at_any_step_current_is_whole_and_the_next_run_finishes(self):
        self.deploy("one")
        steps = [
            ("cp", 1),
            ("sync", 1),
            ("mv", 1),
            ("sync", 2),
            ("ln", 1),
            ("mv", 2),
            ("ln", 2),
            ("mv", 3),
            ("sync", 3),
            ("ls", 1),
        ]
        for number, (tool, call) in enumerate(steps):
            for moment in ("before", "after"):
                was, text = self.current(), f"{number} {moment}"
                job, root = self.deploy_job(text, keep="3")
                ending = self.run_job(job, root, path=self.deadly(root, tool, call, moment))
                self.assertEqual(
                    (ending.code, ending.last.get("type")), (-9, "progress"), f"{tool} {call} {ending.log}"
                )
                self.assertIn(self.current(), (was, text))
                retry, root = self.deploy_job(text, keep="3")
                retry["data"]["pipelineContext"] = job["data"]["pipelineContext"]
                self.assertSucceeded(self.run_job(retry, root))
                self.assertEqual(self.current(), text)
                self.assertEqual([name for name in self.releases() if not re.match(NAME, name)], [])
                self.assertLessEqual(len(self.releases()), 3)

    def deadly(self, root, tool, call, moment):
        """A PATH whose `tool` kills the whole process group at its n-th call."""
        count = os.path.join(root, "count")
        self.write(
            root,
            "deadly",
            tool,
            mode=0o755,
            content=f"""#!/bin/sh
echo >>'{count}'
[ $(wc -l <'{count}') = {call} ] && [ {moment} = before ] && kill -9 0
/usr/bin/{tool} "$@"
code=$?
[ $(wc -l <'{count}') = {call} ] && kill -9 0
exit $code
""",
        )
        return os.path.join(root, "deadly") + ":/usr/bin:/bin"

    def test_bad_settings_are_explained(self):
        self.assertFailed(
            self.deploy(settings={}),
            "ConfigurationError",
            'Local:\n  targets:\n    "site":\n      path: ',
            "grants:\n  local-deploy:\n    hostPaths:\n      targets: ",
        )
        self.assertFailed(self.deploy(settings={}, name=ODD), "ConfigurationError", "targets")
        self.assertFailed(self.deploy(settings={"path": "srv/site"}), "ConfigurationError", "absolute")
        self.assertFailed(self.deploy(settings={"path": "/not/here"}), "ConfigurationError", "/not/here", "hostPaths")
        self.assertFailed(
            self.deploy(settings={"path": self.write(self.base, "file")}), "ConfigurationError", "not a directory"
        )
        self.assertFailed(
            self.deploy(settings={"path": "/proc"}, user=65534 if os.geteuid() == 0 else None),
            "PermissionError",
            "/proc",
        )
        for keep in ("0", "-1", "1001", "2.5", "x", "$(touch pwned)", "5\n6", "", "99999999999999999999"):
            self.assertFailed(self.deploy(keep=keep), "ConfigurationError", "Keep")
        for place, _, files in os.walk(self.base):
            self.assertNotIn("pwned", files, place)

    def test_current_that_is_no_link_of_ours_is_left_alone(self):
        self.write(self.target, "current", "precious")
        self.assertFailed(self.deploy(), "ConfigurationError", "current")
        self.assertEqual(os.listdir(self.target), ["current"])

    def test_an_odd_execution_id_stays_inside_the_target(self):
        ending = self.deploy(execution="../../" + ODD)
        self.assertSucceeded(ending)
        self.assertRegex(ending.variables["Release"], NAME)
        self.assertEqual(self.releases(), [ending.variables["Release"]])

    def test_a_missing_artifact_is_named(self):
        job, root = self.deploy_job()
        job["data"]["inputArtifacts"] = []
        self.assertFailed(self.run_job(job, root), "ConfigurationError", "input artifact")

    def test_a_copy_that_fails_leaves_nothing_behind(self):
        self.deploy("one")
        job, root = self.deploy_job("two")
        if os.geteuid() != 0:
            self.skipTest("needs root to act as another user")
        os.chmod(os.path.join(root, "in", "App é", "index.html"), 0)
        os.chmod(self.target, 0o777)
        os.chmod(os.path.join(self.target, "releases"), 0o777)
        self.assertFailed(self.run_job(job, root, user=65534), "JobFailed", "could not be copied")
        self.assertEqual(self.current(), "one")
        self.assertEqual(len(os.listdir(os.path.join(self.target, "releases"))), 1)

    def test_sigterm_in_the_middle_abandons_and_another_deployment_waits_CAN_01(self):
        self.deploy("one")
        lock = os.open(self.target, os.O_RDONLY)
        fcntl.flock(lock, fcntl.LOCK_EX)
        job, root = self.deploy_job("two")
        process = self.start(root)
        process.stdin.write(json.dumps(job).encode() + b"\n")
        process.stdin.flush()
        for line in process.stderr:
            if b"waiting" in line:
                break
        self.stop(process, job)
        os.close(lock)
        self.assertEqual(self.current(), "one")


if __name__ == "__main__":
    unittest.main()
