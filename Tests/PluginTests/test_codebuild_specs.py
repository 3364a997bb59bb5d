"""The codebuild plugin with buildspecs good and bad."""

import sys
import unittest

from codebuild import CodeBuildCase, phases


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
        self.refused(
            f"version: 0.2\na: &a {{{keys}}}\nphases: {{<<: [{', '.join(['*a'] * 2000)}]}}\n", "merges more than"
        )
        self.refused("version: 0.2\n" + "#" * (1 << 20), "1048576")

    def test_what_codebuild_tolerates_is_tolerated_and_told_BLD_12(self):
        ending = self.build("""
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
        for text in (
            "env.variable is no key of a buildspec and is ignored; did you mean variables?",
            "phases.commands is no key",
            "phases.build.command is no key of a buildspec and is ignored; did you mean commands?",
            "on_failure is no key of a buildspec and is ignored; did you mean on-failure?",
            "artifacts.type is no key",
            "discard_paths is no key of a buildspec and is ignored; did you mean discard-paths?",
            "phases.build.commands[1] reads as a map in YAML and is taken as the command 'echo a: b'; quote it",
            "phases.build.run-as is not used",
            "run-as is not used",
            "env.git-credential-helper is not used",
            "eb_codebuild_settings is no key",
        ):
            self.assertIn(text, ending.log)
        self.assertNotIn("\nno\n", ending.log)

    def test_the_buildspec_may_be_elsewhere_or_in_the_settings_BLD_1(self):
        spec = phases({"build": ["touch made"]}, artifacts={"files": ["made"]})
        self.assertSucceeded(self.build(None, source={"ci/b.yml": spec}, entry={"buildspec": "./ci/b.yml"}))
        self.assertEqual(self.left(), ["made"])
        self.assertSucceeded(self.build("not this", entry={"buildspec": spec + "\n"}))
        for wanted, texts in (
            (None, ("buildspec.yml", "No such file", "has buildspec.yaml")),
            ("no.yml", ("no.yml", "No such file")),
            ("../x", ("below the source",)),
            ("/etc/passwd", ("below the source",)),
            ("arn:aws:s3:::b/x.yml", ("bucket",)),
            ("ci", ("ci", "directory")),
            ("- a\n- b\n", ("settings: CodeBuild.projects.shop.buildspec", "a list")),
        ):
            entry = {"buildspec": wanted} if wanted else {}
            self.refused(None, *texts, source={"buildspec.yaml": spec, "ci/x": ""}, entry=entry)

    def test_a_machine_without_yaml_is_told_what_to_install(self):
        job, root = self.build_job(phases({"build": ["true"]}), outputs=0)
        version = f"python{sys.version_info.major}.{sys.version_info.minor}"
        self.write(root, "home", ".local", "lib", version, "site-packages", "yaml.py", content="raise ImportError\n")
        self.assertFailed(self.run_job(job, root), "ConfigurationError", "apt-get install python3-yaml")


if __name__ == "__main__":
    unittest.main()
