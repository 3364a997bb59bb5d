"""The codebuild plugin: buildspecs good and bad, artifacts, reports and the cache."""

import json
import os
import signal
import sys
import unittest

from codebuild import CodeBuildCase, phases

TREE = {"dist/a.js": "a", "dist/js/b.js": "b", "dist/js/deep/c.js": "c", "dist/d.txt": "d", ".hidden/x": "x",
        "build-1/one": "1", "build-2/two": "2", "sp ace/[1]": "s"}


class Buildspecs(CodeBuildCase):
    def refused(self, spec, *texts, **options):
        self.assertFailed(self.build(spec, outputs=0, **options), "ConfigurationError", *texts)

    def test_what_is_no_buildspec_is_refused_with_place_and_remedy_BLD_12(self):
        good = "phases: {build: {commands: ['true']}}\n"
        for spec, *texts in (
            ("", "buildspec.yml", "empty", "version: 0.2"),
            ("# nothing\n", "empty"),
            ("- a\n- b\n", "a list"),
            ("just text\n", "a single text"),
            (f"version: 0.3\n{good}", "version", "'0.3'", "write `version: 0.2`"),
            (good, "version", "missing"),
            ("version: 0.2\n", "phases", "missing"),
            ("version: 0.2\nphases:\n", "phases", "missing"),
            ("version: 0.2\nphases: [a]\n", "phases", "a list"),
            ("version: 0.2\nphases: {biuld: {commands: [x]}}\n", "phases", "did you mean build?"),
            ("version: 0.2\nphases:\n  build:\n    commands: [[a]]\n", "phases.build.commands[0]", "a list"),
            ("version: 0.2\nphases:\n\tbuild:\n", "line 3"),
            (f"version: 0.2\n{good}version: 0.2\n", "line 3", "'version'", "line 1"),
            (f"version: 0.2\n{good}---\nversion: 0.2\n", "several YAML documents"),
            (f"version: 0.2\n{good}env: {{variables: {{A: [1]}}}}\n", "env.variables.A", "a list"),
            (f"version: 0.2\n{good}artifacts: {{name: x}}\n", "artifacts.files", "missing"),
            (f"version: 0.2\n{good}artifacts: yes\n", "artifacts", "the text 'yes'"),
            (f"version: 0.2\n{good}reports: {{a: {{}}}}\n", "reports.a.files"),
            (f"version: 0.2\n{good}reports: {{a: 1, b: 1, c: 1, d: 1, e: 1, f: 1}}\n", "6 report groups", "5"),
            (f"version: 0.2\n{good}cache: {{paths: [a], fallback-keys: [b]}}\n", "cache.fallback-keys", "cache.key"),
            (f"version: 0.2\n{good}cache: {{action: delete}}\n", "cache.action"),
            (b"version: 0.2\nphases: \xff\n", "not UTF-8", "byte 21"),
            (f"version: 0.2\n{good}a: 'open\n", "line"),
            (f"version: 0.2\n{good}a: *nothing\n", "*nothing"),
        ):
            self.refused(spec, *texts)

    def test_bombs_are_refused_quickly(self):
        levels = "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 30))
        bomb = f"version: 0.2\na0: &a0 [x]\n{levels}phases: {{build: {{commands: *a29}}}}\n"
        self.refused(bomb, "phases.build.commands[0]", "a list")
        self.refused("version: 0.2\nphases: " + "[" * 100_000, "nested deeper than 32")
        self.refused("version: 0.2\na: &a {x: [*a]}\n", "*a")
        keys = ", ".join(f"k{n}: 1" for n in range(1000))
        self.refused(f"version: 0.2\na: &a {{{keys}}}\nphases: {{<<: [{', '.join(['*a'] * 2000)}]}}\n", "merges more than")
        self.refused("version: 0.2\n" + "#" * (1 << 20), "1048576")

    def test_what_codebuild_tolerates_is_tolerated_and_told_BLD_12(self):
        ending = self.build(
            """
            ---
            version: '0.2'
            env:
              variable: {A: 1}
              variables: {N: 0, T: true, Y: yes, E: 1e3, V: 0.10, O: 010, D: 2020-01-01, U: }
              exported-variables: R
              git-credential-helper: yes
            run-as: root
            phases:
              commands: [echo no]
              install:
              build:
                run-as: root
                command: [echo no]
                on_failure: ABORT
                commands:
                  - # nothing
                  - echo a: b  # not this
                  - echo done:
                  - yes | head -1; echo on
                  - "echo quoted: text"
                  - |
                    if true; then
                      R="$N $T $Y $E $V $O $D $U."
                    fi
                  - echo one
                    line
            artifacts: {type: zip, files: '**/*', discard_paths: no}
            eb_codebuild_settings: {Image: x}
            ...
            """)
        self.assertSucceeded(ending)
        self.assertEqual(ending.variables, {"R": "0 true yes 1e3 0.10 010 2020-01-01 ."})
        for line in ("a: b", "done:", "y", "on", "quoted: text", "one line"):
            self.assertIn(f"\n{line}\n", ending.log)
        for text in ("env.variable is no key of a buildspec and is ignored; did you mean variables?",
                     "phases.commands is no key", "phases.build.command is no key of a buildspec and is ignored; did you mean commands?",
                     "on_failure is no key of a buildspec and is ignored; did you mean on-failure?", "artifacts.type is no key",
                     "discard_paths is no key of a buildspec and is ignored; did you mean discard-paths?",
                     "phases.build.commands[1] reads as a map in YAML and is taken as the command 'echo a: b'; quote it",
                     "phases.build.run-as is not used", "run-as is not used", "env.git-credential-helper is not used",
                     "eb_codebuild_settings is no key"):
            self.assertIn(text, ending.log)
        self.assertNotIn("\nno\n", ending.log)

    def test_the_buildspec_may_be_elsewhere_or_in_the_settings_BLD_1(self):
        spec = phases({"build": ["touch made"]}, artifacts={"files": ["made"]})
        self.assertSucceeded(self.build(None, source={"ci/b.yml": spec}, entry={"buildspec": "./ci/b.yml"}))
        self.assertEqual(self.left(), ["made"])
        self.assertSucceeded(self.build("not this", entry={"buildspec": spec + "\n"}))
        for wanted, texts in (
            (None, ("buildspec.yml", "No such file", "has buildspec.yaml")), ("no.yml", ("no.yml", "No such file")),
            ("../x", ("below the source",)), ("/etc/passwd", ("below the source",)), ("arn:aws:s3:::b/x.yml", ("bucket",)),
            ("ci", ("ci", "directory")), ("- a\n- b\n", ("settings: CodeBuild.projects.shop.buildspec", "a list")),
        ):
            entry = {"buildspec": wanted} if wanted else {}
            self.refused(None, *texts, source={"buildspec.yaml": spec, "ci/x": ""}, entry=entry)


    def test_a_machine_without_yaml_is_told_what_to_install(self):
        job, root = self.build_job(phases({"build": ["true"]}), outputs=0)
        version = f"python{sys.version_info.major}.{sys.version_info.minor}"
        self.write(root, "home", ".local", "lib", version, "site-packages", "yaml.py", content="raise ImportError\n")
        self.assertFailed(self.run_job(job, root), "ConfigurationError", "apt-get install python3-yaml")


class Artifacts(CodeBuildCase):
    def collect(self, artifacts, commands=("true",), **options):
        options.setdefault("source", TREE)
        return self.build(phases({"build": list(commands)}, artifacts=artifacts), **options)

    def test_files_are_chosen_by_patterns_BLD_7(self):
        for artifacts, expected in (
            ({"files": "dist/d.txt"}, ["dist/d.txt"]),
            ({"files": ["dist/*.js"]}, ["dist/a.js"]),
            ({"files": ["dist/*"]}, ["dist/a.js", "dist/d.txt"]),
            ({"files": ["dist/**/*.js"]}, ["dist/a.js", "dist/js/b.js", "dist/js/deep/c.js"]),
            ({"files": ["./dist/[ab].js", "**/x"]}, [".hidden/x", "dist/a.js"]),
            ({"files": ["sp ace/[1]"]}, ["sp ace/[1]"]),
            ({"files": ["**/*"], "base-directory": "dist"}, ["a.js", "d.txt", "js/b.js", "js/deep/c.js"]),
            ({"files": ["**/*"], "base-directory": "dist/", "discard-paths": "yes"}, ["a.js", "b.js", "c.js", "d.txt"]),
            ({"files": ["**/*"], "base-directory": "build-*"}, ["one", "two"]),
            ({"files": ["**/*"], "base-directory": "dist", "exclude-paths": ["js/**/*", "*.txt"]}, ["a.js"]),
            ({"files": ["$D/a.js", "${D}/js/*"], "name": "x-$(date)"}, ["dist/a.js", "dist/js/b.js"]),
            ({"files": ["**/*"], "base-directory": "$CODEBUILD_SRC_DIR/dist/js"}, ["b.js", "deep/c.js"]),
            ({"files": ["js/deep/*", "../.hidden/x"], "base-directory": "dist"}, ["js/deep/c.js", "x"]),
        ):
            ending = self.collect(artifacts, ["D=dist"])
            self.assertSucceeded(ending)
            self.assertEqual(self.left(), expected, artifacts)
        self.assertSucceeded(self.collect({"files": ["**/*"]}))
        self.assertEqual(self.left(), sorted([*TREE, "buildspec.yml", "source.txt"]))

    def test_files_outside_of_the_source_may_be_taken(self):
        ending = self.collect({"files": ["$TMPDIR/b.json", "$TMPDIR/d/**/*", "source.txt"]},
                              ['echo 1 > "$TMPDIR/b.json"; mkdir -p "$TMPDIR/d/e"; echo 2 > "$TMPDIR/d/e/f"'])
        self.assertSucceeded(ending)
        self.assertEqual(self.left(), ["b.json", "e/f", "source.txt"])

    def test_modes_survive_and_links_are_followed_or_kept(self):
        commands = ["chmod 755 dist/a.js; ln -s a.js dist/link; ln -s js dist/folder; ln -s nowhere dist/no; ln -s .. dist/up"]
        self.assertSucceeded(ending := self.collect({"files": ["dist/**/*"], "exclude-paths": ["dist/js/**/*"]}, commands))
        self.assertEqual(self.left(), ["dist/a.js", "dist/d.txt", "dist/folder/b.js", "dist/folder/deep/c.js", "dist/link"])
        self.assertEqual(self.content("dist", "link"), "a")
        self.assertTrue(os.stat(os.path.join(self.outputs["Out"], "dist/a.js")).st_mode & 0o111)
        self.assertIn("no leads nowhere", ending.log)
        self.assertSucceeded(self.collect({"files": ["dist/**/*"], "enable-symlinks": "yes"}, commands))
        self.assertEqual(os.readlink(os.path.join(self.outputs["Out"], "dist/folder")), "js")
        self.assertIn("dist/no", self.left())

    def test_several_outputs_are_secondary_artifacts_of_that_name_BLD_7(self):
        artifacts = {"files": ["source.txt"], "secondary-artifacts": {
            "Out0": {"files": ["*"], "base-directory": "dist"}, "Out1": {"files": ["build-1/*"]}}}
        self.assertSucceeded(self.collect(artifacts, outputs=2))
        self.assertEqual((self.left("Out0"), self.left("Out1")), (["a.js", "d.txt"], ["build-1/one"]))
        self.assertSucceeded(self.collect(artifacts))
        self.assertEqual(self.left(), ["source.txt"])
        self.assertSucceeded(self.collect(artifacts, outputs=0))
        ending = self.collect({"secondary-artifacts": {"Out": {"files": ["dist/d.txt"]}}})
        self.assertSucceeded(ending)
        self.assertIn("artifacts.files is missing", ending.log)

    def test_outputs_that_the_buildspec_lacks_fail_before_the_build(self):
        for spec, outputs, text in (
            (phases({"build": ["echo ran"]}), 1, "Out"),
            (phases({"build": ["echo ran"]}, artifacts={"files": ["*"]}), 2, "Out0, Out1"),
            (phases({"build": ["echo ran"]}, artifacts={"files": ["*"], "secondary-artifacts": {"Out0": {"files": ["*"]}}}),
             2, "lacks Out1"),
        ):
            ending = self.build(spec, outputs=outputs)
            self.assertFailed(ending, "ConfigurationError", "artifacts", text)
            self.assertNotIn("\nran\n", ending.log)

    def test_what_cannot_be_collected_fails_and_is_named(self):
        for artifacts, *texts in (
            ({"files": ["dist/**/*", "*.jar"]}, "'*.jar'", "matches nothing"),
            ({"files": ["dist"]}, "'dist'", "dist/**/*"),
            ({"files": ["*"], "base-directory": "no"}, "base-directory 'no'"),
            ({"files": ["*"], "base-directory": "no-*"}, "base-directory 'no-*'"),
            ({"files": ["p"]}, "neither file nor link"),
        ):
            self.assertFailed(self.collect(artifacts, ["mkfifo p"]), "JobFailed", *texts)

    def test_two_files_of_one_name_are_told_when_paths_are_discarded(self):
        ending = self.collect({"files": ["**/s"], "discard-paths": "yes"}, ["mkdir a b; echo 1 > a/s; echo 2 > b/s"])
        self.assertSucceeded(ending)
        self.assertEqual(self.content("s"), "1\n")
        self.assertIn("several files are called s", ending.log)

    def test_artifacts_are_attempted_after_a_failed_build_but_not_after_a_failed_install_BLD_5(self):
        for phase, expected in (("build", ["source.txt"]), ("install", [])):
            self.assertFailed(self.build(phases({phase: ["false"]}, artifacts={"files": ["source.txt"]})), "JobFailed")
            self.assertEqual(self.left(), expected)


JUNIT = """<?xml version="1.0"?><testsuites><testsuite name="s"><properties/>
<testcase name="a"/><testcase name="b"><failure>no</failure></testcase><testcase name="c"><error/></testcase>
<testcase name="d"><skipped/></testcase><testcase name="e"><system-out><![CDATA[<failure>]]></system-out></testcase>
</testsuite></testsuites>"""
CUCUMBER = json.dumps([{"elements": [
    {"type": "background", "steps": [{"result": {"status": "failed"}}]},
    {"type": "scenario", "steps": [{"result": {"status": "passed"}}, {"result": {"status": "passed"}}]},
    {"type": "scenario", "steps": [{"result": {"status": "passed"}}, {"result": {"status": "failed"}}, {"result": {"status": "skipped"}}]},
    {"type": "scenario", "steps": [{"result": {"status": "undefined"}}]}]}])
TESTNG = """<testng-results><suite><test><class>
<test-method status="PASS" is-config="true" name="setUp"/><test-method status="PASS" name="a"/><test-method status="FAIL" name="b"/>
<test-method status="SKIP" name="c"/></class></test></suite></testng-results>"""
NUNIT2 = """<test-results><test-suite result="Failure"><results><test-case executed="True" result="Success"/>
<test-case result="Failure"/><test-case result="Error"/><test-case executed="False" result="Ignored"/></results></test-suite></test-results>"""
NUNIT3 = """<test-run><test-suite result="Failed"><test-case result="Passed"/><test-case result="Failed"/>
<test-case result="Failed" label="Error"/><test-case result="Inconclusive"/></test-suite></test-run>"""
TRX = """<TestRun xmlns="http://microsoft.com/schemas/VisualStudio/TeamTest/2010"><Results><UnitTestResult outcome="Passed"/>
<UnitTestResult outcome="Failed"/><UnitTestResult outcome="NotExecuted"/><UnitTestResult outcome="Timeout"/></Results></TestRun>"""


class Reports(CodeBuildCase):
    def report(self, content, style=None, group="unit", file="r.xml", commands=("true",), **options):
        body = {"files": ["r*"], "base-directory": "out", **({"file-format": style} if style else {})}
        return self.build(phases({"build": list(commands)}, reports={group: body}), outputs=0,
                          source={f"out/{file}": content}, **options)

    def counts(self, ending, group="unit"):
        words = ("Total", "Passed", "Failed", "Error", "Skipped")
        return [int(ending.variables[f"Report_{group}_{word}"]) for word in words]

    def test_every_format_is_counted_BLD_8(self):
        for content, style, expected in (
            (JUNIT, None, [5, 2, 1, 1, 1]), (JUNIT, "JunitXml", [5, 2, 1, 1, 1]), (CUCUMBER, "CUCUMBERJSON", [3, 1, 1, 0, 1]),
            (TESTNG, "TESTNGXML", [3, 1, 1, 0, 1]), (NUNIT2, "NUNITXML", [4, 1, 1, 1, 1]), (NUNIT3, "NUNIT3XML", [4, 1, 1, 1, 1]),
            (TRX, "VISUALSTUDIOTRX", [4, 1, 1, 1, 1]), ("<testsuite><testcase/></testsuite>", None, [1, 1, 0, 0, 0]),
        ):
            ending = self.report(content, style)
            self.assertSucceeded(ending)
            self.assertEqual(self.counts(ending), expected, style)
        self.assertIn("unit: 1 tests, 1 passed", ending.last["executionDetails"]["summary"])

    def test_counts_of_several_files_are_added_and_reach_a_failure_too(self):
        commands = ["cp out/r.xml out/r2.xml"]
        self.assertEqual(self.counts(self.report(JUNIT, commands=commands)), [10, 4, 2, 2, 2])
        ending = self.report(JUNIT, commands=[*commands, "exit 1"])
        self.assertFailed(ending, "JobFailed", "phase build", "unit: 10 tests, 4 passed, 2 failed, 2 error, 2 skipped")

    def test_a_group_may_be_an_arn_or_have_odd_letters(self):
        for group, name in (("arn:aws:codebuild:eu-west-1:123456789012:report-group/my-tests", "my-tests"), ("my é.tests", "my___tests")):
            self.assertEqual(self.counts(self.report(JUNIT, group=group), name), [5, 2, 1, 1, 1])

    def test_files_that_are_no_reports_are_told_and_left_out(self):
        bomb = '<!DOCTYPE t [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]><testsuite><testcase name="&b;"/></testsuite>'
        outside = '<!DOCTYPE t [<!ENTITY x SYSTEM "file:///etc/passwd">]><testsuite>&x;</testsuite>'
        for content, style, text in (
            (bomb, None, "refused"), (outside, None, "refused"), ("<a", None, "well-formed"), ("<html/>", None, "begins with <html>"),
            ("", None, "well-formed"), ("\0\1", None, "well-formed"), ("{}", "CUCUMBERJSON", None), ("[1]", "CUCUMBERJSON", "shape"),
            ("[" * 100_000, "CUCUMBERJSON", "JSON"), ("<testsuite>" + "<a>" * 1000, None, "nested deeper"),
        ):
            ending = self.report(content, style)
            self.assertSucceeded(ending)
            self.assertEqual(self.counts(ending), [0, 0, 0, 0, 0])
            self.assertIn(f"out/r.xml is left out: " if text else "Report unit: 0 tests", ending.log)
            self.assertIn(text or "", ending.log)

    def test_a_group_without_files_or_of_an_unknown_format_does_no_harm(self):
        ending = self.report(JUNIT, file="other.xml")
        self.assertIn("matches nothing", ending.log)
        ending = self.build(phases({"build": ["true"]}, reports={"u": {"files": ["*"], "base-directory": "no"}}), outputs=0)
        self.assertIn("base-directory 'no'", ending.log)
        ending = self.report(JUNIT, "JUNIT")
        self.assertSucceeded(ending)
        self.assertIn("the file-format JUNIT is not read here", ending.log)

    def test_coverage_is_told_as_a_line_rate(self):
        for content, style, text in (
            ('<!DOCTYPE coverage SYSTEM "http://x/coverage-04.dtd"><coverage line-rate="0.755"><packages/></coverage>', "COBERTURAXML", "75.5 %"),
            ('<!DOCTYPE report PUBLIC "-//J//D" "report.dtd"><report><package><counter type="LINE" missed="9" covered="1"/></package>'
             '<counter type="LINE" missed="1" covered="3"/></report>', "JACOCOXML", "75.0 %"),
            ('<coverage><project><metrics statements="8" coveredstatements="2"/><package><metrics statements="1" coveredstatements="1"/>'
             "</package></project></coverage>", "CLOVERXML", "25.0 %"),
            ("{}", "SIMPLECOV", "the file-format SIMPLECOV is not read here"), ("<coverage/>", "COBERTURAXML", "lacks its numbers"),
        ):
            ending = self.report(content, style)
            self.assertSucceeded(ending)
            self.assertIn(text, ending.log)


class Caches(CodeBuildCase):
    def setUp(self):
        super().setUp()
        self.cache = os.path.join(self.base, "cache")

    def cached(self, *commands, cache=None, **options):
        spec = phases({"build": list(commands)}, cache={"paths": ["deps/**/*"], **(cache or {})}, env={"exported-variables": ["R"]})
        return self.build(spec, outputs=0, cache=self.cache, **options)

    SEEN = "R=$(cat deps/* 2>/dev/null || echo miss)"

    def test_what_one_build_keeps_the_next_one_finds_BLD_9(self):
        self.assertEqual(self.cached(self.SEEN, "mkdir -p deps; echo 1 > deps/a").variables["R"], "miss")
        self.assertEqual(self.cached(self.SEEN, "echo 2 > deps/b").variables["R"], "1")
        self.assertEqual(self.cached(self.SEEN).variables["R"], "1\n2")
        self.assertEqual(len(os.listdir(os.path.join(self.cache, "entries"))), 1)

    def test_modes_links_and_the_home_directory_are_kept(self):
        paths = ["deps", "/root/.m2/**/*", "~/.npm/**/*", "no/**/*"]
        first = self.cached("mkdir -p deps ~/.m2 ~/.npm; echo x > deps/x; chmod 755 deps/x; ln -s x deps/l; touch ~/.m2/j ~/.npm/n",
                            cache={"paths": paths})
        self.assertSucceeded(first)
        self.assertIn("'no/**/*' matches nothing", first.log)
        ending = self.cached("test -x deps/x && test -L deps/l && test -e ~/.m2/j && test -e ~/.npm/n", cache={"paths": paths})
        self.assertSucceeded(ending)

    def test_files_of_the_source_win_over_kept_ones(self):
        self.cached("echo new > source.txt", cache={"paths": ["source.txt"]})
        self.assertSucceeded(self.cached("grep primary source.txt", cache={"paths": ["source.txt"]}))

    def test_a_key_must_match_exactly_and_fallbacks_by_prefix_BLD_9(self):
        make = "mkdir -p deps; rm -f deps/*; echo {} > deps/a"
        key = {"key": "npm-$(codebuild-hash-files lock*)"}
        self.cached(make.format("one"), cache=key, source={"lock": "1"})
        self.assertEqual(self.cached(self.SEEN, cache={**key, "action": "restore"}, source={"lock": "1"}).variables["R"], "one")
        self.assertEqual(self.cached(self.SEEN, cache={**key, "action": "restore"}, source={"lock": "2"}).variables["R"], "miss")
        fallback = {**key, "fallback-keys": ["yarn-", "npm-"]}
        self.assertEqual(self.cached(self.SEEN, make.format("two"), cache=fallback, source={"lock": "2"}).variables["R"], "one")
        self.assertEqual(self.cached(self.SEEN, cache=fallback, source={"lock": "3"}).variables["R"], "two")
        self.assertEqual(self.cached(self.SEEN, cache={"key": "npm-"}).variables["R"], "miss")

    def test_action_save_restores_nothing_and_action_restore_saves_nothing(self):
        self.cached("mkdir deps; echo 1 > deps/a", cache={"action": "save"})
        self.assertEqual(self.cached(self.SEEN, "mkdir deps; echo 2 > deps/a", cache={"action": "save"}).variables["R"], "miss")
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
        job, root = self.build_job(phases({"build": ["echo 2 > deps/a"]}, cache={"paths": ["deps/**/*"]}), outputs=0, cache=self.cache)
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
