"""Real buildspecs, found in public repositories; PENSTOCK_CORPUS names the folder that has them."""

import os
import sys
import unittest

from harness import ROOT

sys.path.insert(0, os.path.join(ROOT, "plugins", "codebuild", "lib"))
import buildspec  # noqa: E402

CORPUS = os.environ.get("PENSTOCK_CORPUS")
RUN_AS = "run-as is not used: commands run as the user of the build"
TYPE = "artifacts.type is no key of a buildspec and is ignored"

# Version, phases with the number of their commands (+ finally), warnings.
EXPECTED = {
    "003.yml": ("0.2", "install:2 post_build:0+1"),
    "012.yml": ("0.2", "install:2 build:2", "phases.install." + RUN_AS, "phases.build." + RUN_AS),
    "014.yml": ("0.2", "install:1 build:2"),
    "015.yml": ("0.2", "install:1 build:1"),
    "016.yml": ("0.1", "install:1 pre_build:2 build:1"),
    "030.yml": ("0.2", "install:1 build:1"),
    "031.yml": ("0.2", "install:2", TYPE),
    "032.yml": ("0.2", "install:2 pre_build:4 build:2"),
    "033.yml": ("0.2", "install:1 pre_build:3 build:4 post_build:2"),
    "034.yml": ("0.2", "install:10 pre_build:7 build:9 post_build:2"),
    "035.yml": ("0.2", "install:11 pre_build:5 build:1 post_build:4"),
    "036.yml": ("0.2", "pre_build:10 build:4 post_build:9"),
    "037.yml": ("0.2", "install:5+1 build:4+1"),
    "040.yml": ("0.2", "pre_build:6 build:4 post_build:6"),
    "041.yml": ("0.2", "install:0 pre_build:6 build:4 post_build:6"),
    "046.yaml": ("0.2", "pre_build:1 build:4"),
    "047.yaml": ("0.2", "pre_build:5 build:5 post_build:5"),
    "048.yaml": ("0.2", "install:2 build:5"),
    "049.yml": ("0.2", "install:1 build:4"),
    "050.yaml": ("0.2", "install:8 pre_build:2 build:7"),
    "051.yaml": ("0.2", "install:3 pre_build:1 build:6"),
    "054.yml": ("0.1", "build:1"),
    "057.yml": ("0.2", "install:0 build:1"),
    "058.yml": ("0.2", "install:3 build:1"),
    "079.yml": ("0.2", "install:1 pre_build:5 build:4"),
    "080.yml": ("0.2", "install:6 build:4"),
    "082.yml": ("0.2", "install:4 pre_build:3 build:12 post_build:3"),
    "096.yml": ("0.2", "install:4 build:3 post_build:1"),
    "097.yml": ("0.2", "install:4 pre_build:2 build:1 post_build:1"),
    "102.yml": ("0.2", "build:4"),
    "103.yml": ("0.2", "pre_build:6 build:3"),
    "105.yml": ("0.2", "install:0 pre_build:2 build:2"),
    "106.yml": (
        "0.2",
        "install:0 pre_build:6 build:8 post_build:1",
        "eb_codebuild_settings is no key of a buildspec and is ignored",
    ),
    "119.yml": (
        "0.2",
        "install:8 pre_build:10 build:17 post_build:1",
        "env.git-credential-helper is not used: git finds the credentials that the build gives it",
        "phases.build.commands[15] reads as a map in YAML and is taken as the command 'git secrets --scan --recursive . || :'; quote it",
        TYPE,
    ),
    "120.yml": ("0.2", "install:8 pre_build:12 build:4 post_build:5+2", TYPE),
    "122.yml": ("0.2", "pre_build:10 build:8 post_build:3"),
    "123.yml": ("0.2", "pre_build:10 build:6 post_build:12"),
    "125.yml": ("0.2", "build:2", TYPE),
    "126.yml": ("0.1", "install:1 pre_build:3 build:3 post_build:1"),
    "127.yml": ("0.1", "install:1 build:1"),
    "128.yml": ("0.2", "build:1"),
}


class Corpus(unittest.TestCase):
    maxDiff = None

    @unittest.skipUnless(CORPUS or os.environ.get("CI") == "true", "PENSTOCK_CORPUS names no corpus")
    def test_every_real_buildspec_is_read_with_the_warnings_that_it_deserves_BLD_12(self):
        self.assertTrue(CORPUS, "CI needs PENSTOCK_CORPUS")
        folder, found = os.path.join(CORPUS, "buildspec"), {}
        for name in sorted(os.listdir(folder)):
            with open(os.path.join(folder, name), "rb") as stream:
                spec = buildspec.Buildspec(stream.read(), name)
            phases = (
                f"{each.name}:{len(each.commands)}" + (f"+{len(each.final)}" if each.final else "")
                for each in spec.phases
            )
            found[name] = (spec.version, " ".join(phases), *spec.warnings)
        self.assertEqual(found, EXPECTED)


if __name__ == "__main__":
    unittest.main()
