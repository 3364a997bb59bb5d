"""What the codebuild plugin collects."""

import os
import unittest

from codebuild import CodeBuildCase, phases

TREE = {
    "dist/a.js": "a",
    "dist/js/b.js": "b",
    "dist/js/deep/c.js": "c",
    "dist/d.txt": "d",
    ".hidden/x": "x",
    "build-1/one": "1",
    "build-2/two": "2",
    "sp ace/[1]": "s",
}


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
        ending = self.collect(
            {"files": ["$TMPDIR/b.json", "$TMPDIR/d/**/*", "source.txt"]},
            ['echo 1 > "$TMPDIR/b.json"; mkdir -p "$TMPDIR/d/e"; echo 2 > "$TMPDIR/d/e/f"'],
        )
        self.assertSucceeded(ending)
        self.assertEqual(self.left(), ["b.json", "e/f", "source.txt"])

    def test_modes_survive_and_links_are_followed_or_kept(self):
        commands = [
            "chmod 755 dist/a.js; ln -s a.js dist/link; ln -s js dist/folder; ln -s nowhere dist/no; ln -s .. dist/up"
        ]
        self.assertSucceeded(
            ending := self.collect({"files": ["dist/**/*"], "exclude-paths": ["dist/js/**/*"]}, commands)
        )
        self.assertEqual(
            self.left(), ["dist/a.js", "dist/d.txt", "dist/folder/b.js", "dist/folder/deep/c.js", "dist/link"]
        )
        self.assertEqual(self.content("dist", "link"), "a")
        self.assertTrue(os.stat(os.path.join(self.outputs["Out"], "dist/a.js")).st_mode & 0o111)
        self.assertIn("no leads nowhere", ending.log)
        self.assertSucceeded(self.collect({"files": ["dist/**/*"], "enable-symlinks": "yes"}, commands))
        self.assertEqual(os.readlink(os.path.join(self.outputs["Out"], "dist/folder")), "js")
        self.assertIn("dist/no", self.left())

    def test_several_outputs_are_secondary_artifacts_of_that_name_BLD_7(self):
        artifacts = {
            "files": ["source.txt"],
            "secondary-artifacts": {
                "Out0": {"files": ["*"], "base-directory": "dist"},
                "Out1": {"files": ["build-1/*"]},
            },
        }
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
            (
                phases(
                    {"build": ["echo ran"]},
                    artifacts={"files": ["*"], "secondary-artifacts": {"Out0": {"files": ["*"]}}},
                ),
                2,
                "lacks Out1",
            ),
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


if __name__ == "__main__":
    unittest.main()
