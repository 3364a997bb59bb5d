"""The commands plugin with real shells."""

import json
import os
import unittest

from harness import ODD, PluginCase, ProcessRules


class CommandsCase(PluginCase):
    plugin = "commands"

    def commands_job(self, *commands, files=None, inputs=1, output=True, data=None, **action):
        root = self.workspace()
        self.root, self.output = root, os.path.join(root, "out", "Bïn 1")
        os.mkdir(self.output)
        artifacts = []
        for number in range(inputs):
            self.write(root, "in", f"a {number}", "source.txt", content=f"input {number}\n")
            artifacts.append(
                {
                    "name": f"In{number}",
                    "revision": "abc",
                    "location": {"type": "Path", "pathLocation": {"path": f"in/a {number}"}},
                }
            )
        outputs = (
            [{"name": "Bin", "location": {"type": "Path", "pathLocation": {"path": "out/Bïn 1"}}}] if output else []
        )
        return (
            self.job(
                {
                    "actionTypeId": {"category": "Compute", "owner": "AWS", "provider": "Commands", "version": "1"},
                    "actionConfiguration": {"configuration": {}},
                    "inputArtifacts": artifacts,
                    "outputArtifacts": outputs,
                    "action": {
                        "commands": list(commands),
                        **action,
                        "outputArtifacts": [{"name": "Bin", **({"files": files} if files else {})}],
                    },
                    **(data or {}),
                }
            ),
            root,
        )

    def commands(self, *commands, **options):
        job, root = self.commands_job(*commands, **options)
        return self.run_job(job, root)

    def left(self):
        """Relative paths of the output artifact's files and links."""
        return sorted(
            os.path.relpath(os.path.join(place, name), self.output)
            for place, folders, files in os.walk(self.output)
            for name in files + [f for f in folders if os.path.islink(os.path.join(place, f))]
        )


class CommandsProcess(ProcessRules, CommandsCase):
    def good_job(self):
        return self.commands_job("cat source.txt", "X=1", outputVariables=["X"])


class Commands(CommandsCase):
    def test_one_shell_runs_all_commands_in_a_writable_copy_of_the_first_input(self):
        job, root = self.commands_job(
            "export A=1; cd /",
            "B=$A$(pwd)",
            'echo changed > "$CODEBUILD_SRC_DIR/source.txt"',
            outputVariables=["A", "B"],
        )
        os.chmod(os.path.join(root, "in", "a 0", "source.txt"), 0o444)
        ending = self.run_job(job, root)
        self.assertSucceeded(ending)
        self.assertEqual(ending.variables, {"A": "1", "B": "1/"})
        with open(os.path.join(root, "in", "a 0", "source.txt"), encoding="utf-8") as stream:
            self.assertEqual(stream.read(), "input 0\n")  # ART-02
        self.assertEqual(self.left(), ["source.txt"])

    def test_other_inputs_are_named_in_the_environment(self):
        ending = self.commands(
            'V=$(cat "$CODEBUILD_SRC_DIR_In1/source.txt" "$CODEBUILD_SRC_DIR_In2/source.txt")',
            inputs=3,
            outputVariables=["V"],
        )
        self.assertEqual(ending.variables, {"V": "input 1\ninput 2"})
        self.assertSucceeded(self.commands("test -w .", inputs=0, output=False))

    def test_the_first_failing_command_ends_the_action_with_its_code_and_text(self):
        ending = self.commands("echo one", "echo two; exit 3", "echo never")
        self.assertFailed(ending, "JobFailed", "command 2 of 3", "exit code 3", "echo two; exit 3")
        self.assertNotIn("never", ending.log)
        for command, text in (
            ("false", "exit code 1"),
            ("no-such-program", "exit code 127"),
            ("echo 'open", "exit code"),
            ("kill -9 $$", "signal 9"),
            ("set -e; false; true", "exit code 1"),
            ("f() { return 9; }; f", "code 9"),
        ):
            self.assertFailed(self.commands("true", command, "true"), "JobFailed", "command 2 of 3", text, command)

    def test_a_command_that_ends_the_shell_early_is_no_silent_success(self):
        self.assertFailed(self.commands("exit 0", "false"), "JobFailed", "command 1 of 2", "did not run")
        self.assertSucceeded(self.commands("true", "exit 0"))

    def test_shell_options_of_a_command_do_not_harm_the_rest(self):
        ending = self.commands(
            "set -euo pipefail -C", "printf() { :; }; exit_() { :; }", "X='a b'", "set -x", outputVariables=["X"]
        )
        self.assertSucceeded(ending)
        self.assertEqual(ending.variables, {"X": "a b"})

    def test_values_of_output_variables_arrive_byte_for_byte(self):
        declared = [{"name": "V", "value": ODD, "type": "PLAINTEXT"}]
        ending = self.commands(
            "W=\"$V\"$'\\n'", "EMPTY=", environmentVariables=declared, outputVariables=["V", "W", "EMPTY"]
        )
        self.assertSucceeded(ending)
        self.assertEqual(ending.variables, {"V": ODD, "W": ODD + "\n", "EMPTY": ""})
        for place, _, files in os.walk(self.base):
            self.assertNotIn("pwned", files, place)  # MSG-08

    def test_output_variables_that_cannot_be_reported_are_named(self):
        self.assertFailed(self.commands("A=1", outputVariables=["A", "Missing"]), "JobFailed", "Missing", "export")
        self.assertFailed(self.commands("true", outputVariables=["a-b"]), "JobFailed", "a-b")
        self.assertFailed(self.commands("A=$'\\xff'", outputVariables=["A"]), "JobFailed", "UTF-8")
        self.assertFailed(self.commands("A=$(printf '%0130000d' 0)", outputVariables=["A"]), "JobFailed", "122880")

    def test_commands_that_are_no_single_lines_are_refused_FAI_1(self):
        self.assertFailed(self.commands("a\nb"), "ConfigurationError", "command 1", "line")
        self.assertFailed(self.commands(), "ConfigurationError", "no commands")

    def test_secrets_are_masked_before_use_and_never_printed_SEC_01_SEC_06(self):
        ending = self.commands(
            "test ${#TOKEN} = 8",
            environmentVariables=[{"name": "TOKEN", "value": "hunter22", "type": "SECRETS_MANAGER"}],
        )
        self.assertSucceeded(ending)
        self.assertEqual((ending.messages[0]["type"], ending.messages[0]["value"]), ("mask", "hunter22"))
        self.assertNotIn("hunter22", ending.log + str(ending.messages[1:]))

    def test_output_goes_to_the_log_and_no_child_holds_the_protocol_FRM_01(self):
        ending = self.commands("echo to stdout", "echo to stderr >&2", "test ! -e /proc/self/fd/3")
        self.assertSucceeded(ending)
        self.assertIn("to stdout\n", ending.log)
        self.assertIn("to stderr\n", ending.log)

    def test_files_choose_what_the_artifact_holds(self):
        build = (
            "mkdir -p dist/js/deep .hidden 'sp ace'",
            "touch dist/a.js dist/js/b.js dist/js/deep/c.js dist/d.txt .hidden/x",
            "touch 'sp ace/[1]' $'sp ace/new\\nline' $'sp ace/\\xff'",
            "ln -s d.txt dist/link; ln -s js dist/folder; ln -s no dist/no",
        )
        for files, expected in (
            (["dist/*.js"], ["dist/a.js"]),
            (["dist/**/*.js"], ["dist/a.js", "dist/js/b.js", "dist/js/deep/c.js"]),
            (["./dist/js/**/*"], ["dist/js/b.js", "dist/js/deep/c.js"]),
            (["dist/[ab].js", "dist/?.txt"], ["dist/a.js", "dist/d.txt"]),
            (["dist/link", "dist/folder", "dist/no"], ["dist/folder", "dist/link", "dist/no"]),
            (["sp ace/[1]"], ["sp ace/[1]"]),
            (["**/x"], [".hidden/x"]),
        ):
            ending = self.commands(*build, files=files)
            self.assertSucceeded(ending)
            self.assertEqual(self.left(), expected, files)
        for files in (None, ["**/*"], ["**"]):
            self.assertSucceeded(self.commands(*build, files=files))
            self.assertEqual(len(self.left()), 12, self.left())

    def test_modes_and_links_survive_the_way_through(self):
        job, root = self.commands_job("ln -s run link")
        self.write(root, "in", "a 0", "run", content="#!/bin/sh\n", mode=0o555)
        self.assertSucceeded(self.run_job(job, root))
        self.assertTrue(os.stat(os.path.join(self.output, "run")).st_mode & 0o111)
        self.assertEqual(os.readlink(os.path.join(self.output, "link")), "run")

    def test_files_that_cannot_be_collected_are_named(self):
        self.assertFailed(self.commands("true", files=["source.txt", "*.jar"]), "JobFailed", "*.jar")
        self.assertFailed(self.commands("mkdir dist; touch dist/a", files=["dist/"]), "JobFailed", "dist/**/*")
        self.assertFailed(self.commands("true", files=["../x"]), "ConfigurationError", "../x")
        self.assertFailed(self.commands("true", files=["/etc/passwd"]), "ConfigurationError", "/etc/passwd")
        self.assertFailed(self.commands("mkfifo pipe"), "JobFailed", "pipe")  # ART-05
        self.assertFailed(self.commands("ln -s /etc/passwd out"), "JobFailed", "/etc/passwd")  # ART-03
        self.assertFailed(self.commands("mkdir a; ln -s ../../x a/out"), "JobFailed", "a/out")
        self.assertFailed(self.commands("mkfifo $'p\\xffipe'"), "JobFailed", "\\udcff")

    def test_a_link_to_a_folder_above_is_not_entered(self):
        self.assertSucceeded(self.commands("ln -s . self; ln -s self/self loop", files=["**/*"]))
        self.assertEqual(self.left(), ["loop", "self", "source.txt"])

    def test_what_the_commands_leave_running_is_ended_LIF_06_LIF_07(self):
        job, root = self.commands_job(
            "sleep 1000 &", "setsid sleep 1000 & true", "(trap '' TERM; setsid -f sleep 1000)"
        )
        process = self.start(root)
        ending = self.finish(process, job, json.dumps(job).encode() + b"\n")
        self.assertSucceeded(ending)
        self.assertEqual(self.survivors(process), [])

    def test_sigterm_in_the_middle_abandons_CAN_01_CAN_03(self):
        for command in (
            "echo started; sleep 1000",
            "trap '' TERM; echo started; sleep 1000",
            "setsid -f sleep 1000; trap 'echo cleaned; exit 7' TERM; echo started; sleep 1000",
        ):
            job, root = self.commands_job(command)
            process = self.start(root)
            process.stdin.write(json.dumps(job).encode() + b"\n")
            process.stdin.flush()
            for line in process.stderr:
                if line == b"started\n":
                    break
            ending = self.stop(process, job)
            self.assertEqual("cleaned" in ending.log, "cleaned" in command)


class CommandsRule(CommandsCase):
    def rule(self, *commands, inputs=0):
        kind = {"category": "Rule", "owner": "AWS", "provider": "Commands", "version": "1"}
        data = {"actionTypeId": kind, "action": {"commands": list(commands)}}
        return self.commands_job(*commands, inputs=inputs, output=False, data=data)

    def test_a_rule_is_met_when_its_commands_succeed_CND_10(self):
        for commands, inputs in ((["true"], 0), (["[ -z \"$(ls -A)\" ]"], 0), (["cd /", "test -s /etc/hosts"], 1)):
            ending = self.run_job(*self.rule(*commands, inputs=inputs))
            self.assertSucceeded(ending)
            self.assertEqual(ending.variables, {})
        self.assertSucceeded(self.run_job(*self.rule('cat source.txt "$CODEBUILD_SRC_DIR_In1/source.txt"', inputs=2)))

    def test_a_rule_whose_command_fails_is_not_met_CND_10(self):
        job = self.rule("true", "grep -q ready source.txt", inputs=1)
        self.assertFailed(self.run_job(*job), "JobFailed", "command 2 of 2", "exit code 1", "grep -q ready")

    def test_a_rule_without_commands_is_refused(self):
        self.assertFailed(self.run_job(*self.rule()), "ConfigurationError", "no commands")

    def test_a_rule_that_is_cancelled_is_given_up(self):
        job, root = self.rule("echo here >&2", "sleep 60")
        process = self.start(root)
        process.stdin.write(json.dumps(job).encode() + b"\n")
        process.stdin.flush()
        for line in process.stderr:
            if line == b"here\n":
                break
        self.stop(process, job)


if __name__ == "__main__":
    unittest.main()
