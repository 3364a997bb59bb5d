"""What one build of the codebuild plugin keeps for the next."""

import json
import os
import signal
import unittest

from codebuild import CodeBuildCase, phases


class Caches(CodeBuildCase):
    def setUp(self):
        super().setUp()
        self.cache = os.path.join(self.base, "cache")

    def cached(self, *commands, cache=None, **options):
        spec = phases(
            {"build": list(commands)},
            cache={"paths": ["deps/**/*"], **(cache or {})},
            env={"exported-variables": ["R"]},
        )
        return self.build(spec, outputs=0, cache=self.cache, **options)

    SEEN = "R=$(cat deps/* 2>/dev/null || echo miss)"

    def test_what_one_build_keeps_the_next_one_finds_BLD_9(self):
        self.assertEqual(self.cached(self.SEEN, "mkdir -p deps; echo 1 > deps/a").variables["R"], "miss")
        self.assertEqual(self.cached(self.SEEN, "echo 2 > deps/b").variables["R"], "1")
        self.assertEqual(self.cached(self.SEEN).variables["R"], "1\n2")
        self.assertEqual(len(os.listdir(os.path.join(self.cache, "entries"))), 1)

    def test_modes_links_and_the_home_directory_are_kept(self):
        paths = ["deps", "/root/.m2/**/*", "~/.npm/**/*", "no/**/*"]
        first = self.cached(
            "mkdir -p deps ~/.m2 ~/.npm; echo x > deps/x; chmod 755 deps/x; ln -s x deps/l; touch ~/.m2/j ~/.npm/n",
            cache={"paths": paths},
        )
        self.assertSucceeded(first)
        self.assertIn("'no/**/*' matches nothing", first.log)
        ending = self.cached(
            "test -x deps/x && test -L deps/l && test -e ~/.m2/j && test -e ~/.npm/n", cache={"paths": paths}
        )
        self.assertSucceeded(ending)

    def test_files_of_the_source_win_over_kept_ones(self):
        self.cached("echo new > source.txt", cache={"paths": ["source.txt"]})
        self.assertSucceeded(self.cached("grep primary source.txt", cache={"paths": ["source.txt"]}))

    def test_a_key_must_match_exactly_and_fallbacks_by_prefix_BLD_9(self):
        make = "mkdir -p deps; rm -f deps/*; echo {} > deps/a"
        key = {"key": "npm-$(codebuild-hash-files lock*)"}
        self.cached(make.format("one"), cache=key, source={"lock": "1"})
        self.assertEqual(
            self.cached(self.SEEN, cache={**key, "action": "restore"}, source={"lock": "1"}).variables["R"], "one"
        )
        self.assertEqual(
            self.cached(self.SEEN, cache={**key, "action": "restore"}, source={"lock": "2"}).variables["R"], "miss"
        )
        fallback = {**key, "fallback-keys": ["yarn-", "npm-"]}
        self.assertEqual(
            self.cached(self.SEEN, make.format("two"), cache=fallback, source={"lock": "2"}).variables["R"], "one"
        )
        self.assertEqual(self.cached(self.SEEN, cache=fallback, source={"lock": "3"}).variables["R"], "two")
        self.assertEqual(self.cached(self.SEEN, cache={"key": "npm-"}).variables["R"], "miss")

    def test_action_save_restores_nothing_and_action_restore_saves_nothing(self):
        self.cached("mkdir deps; echo 1 > deps/a", cache={"action": "save"})
        self.assertEqual(
            self.cached(self.SEEN, "mkdir deps; echo 2 > deps/a", cache={"action": "save"}).variables["R"], "miss"
        )
        self.assertEqual(self.cached(self.SEEN, "echo 3 > deps/a", cache={"action": "restore"}).variables["R"], "2")
        self.assertEqual(self.cached(self.SEEN).variables["R"], "2")

    def test_a_failed_build_keeps_nothing(self):
        self.cached("mkdir deps; echo 1 > deps/a", "false")
        self.assertEqual(self.cached(self.SEEN).variables["R"], "miss")

    def test_only_the_newest_entries_stay(self):
        for number in range(8):
            self.cached(f"mkdir -p deps; echo {number} > deps/a", cache={"key": f"k{number}"})
        self.assertEqual(len(os.listdir(os.path.join(self.cache, "entries"))), 5)
        self.assertEqual(self.cached(self.SEEN, cache={"key": "k7"}).variables["R"], "7")

    def test_a_build_killed_while_it_keeps_leaves_the_entry_before_it(self):
        self.cached("mkdir deps; echo 1 > deps/a")
        job, root = self.build_job(
            phases({"build": ["echo 2 > deps/a"]}, cache={"paths": ["deps/**/*"]}), outputs=0, cache=self.cache
        )
        self.write(root, "bin", "xargs", content='#!/bin/sh\necho saving > "$HOME/told"; exec sleep 1000\n', mode=0o755)
        os.mkfifo(os.path.join(root, "home", "told"))
        process = self.start(root, path=f"{root}/bin:/usr/bin:/bin")
        process.stdin.write(json.dumps(job).encode() + b"\n")
        process.stdin.flush()
        with open(os.path.join(root, "home", "told"), encoding="ascii") as stream:
            self.assertEqual(stream.read(), "saving\n")
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        self.assertTrue([name for name in os.listdir(self.cache) if name.startswith("new-")])
        self.assertEqual(self.cached(self.SEEN).variables["R"], "1")

    def test_a_cache_that_does_not_work_does_the_build_no_harm(self):
        os.makedirs(os.path.join(self.cache, "entries", "x.1"))
        self.write(self.cache, "entries", "y.7", "key", content="")
        self.write(self.cache, "entries", "y.7", "files", "source", "deps", content="a file in the way")
        self.write(self.cache, "entries", "junk")
        ending = self.cached("rm -f deps; mkdir deps; echo 1 > deps/a; R=1")
        self.assertSucceeded(ending)
        self.write(self.base, "blocked", content="a file")
        job, root = self.build_job(phases({"build": ["true"]}, cache={"paths": ["*"]}), outputs=0, cache=self.cache)
        job["workspace"]["cache"] = "../blocked"
        ending = self.run_job(job, root)
        self.assertSucceeded(ending)
        self.assertIn("warning: cache: ", ending.log)
        self.assertSucceeded(self.build(phases({"build": ["true"]}, cache={"paths": ["*"]}), outputs=0))


if __name__ == "__main__":
    unittest.main()
