"""The adapter exec with scripts of an author's own plugin, and the plugin exec that is made with it."""

import json
import os
import shutil
import signal
import unittest

from harness import ODD, ROOT, PluginCase, ProcessRules

EXEC = os.path.join(ROOT, "plugins", "exec")


class ExecCase(PluginCase):
    plugin = "exec"

    def command(self):
        return [os.path.join(EXEC, "bin", "exec"), "script"]

    def exec_job(self, configuration, inputs=("App",), outputs=("Dist",), secrets=(), **members):
        root = self.workspace()
        self.root = root
        for name in inputs:
            self.write(root, "in", f"ï {name}", "hello.txt", content=f"hello {name}\n")
        for name in outputs:
            os.makedirs(os.path.join(root, "out", f"ö {name}"))
        data = {
            "actionTypeId": {"category": "Build", "owner": "Custom", "provider": "Exec", "version": "1"},
            "actionConfiguration": {"configuration": configuration},
            "inputArtifacts": [self.artifact(name, f"in/ï {name}") for name in inputs],
            "outputArtifacts": [self.artifact(name, f"out/ö {name}") for name in outputs],
            **members,
        }
        return self.job(data, secretConfigurationKeys=list(secrets)), root

    @staticmethod
    def artifact(name, path):
        return {"name": name, "location": {"type": "Path", "pathLocation": {"path": path}}}

    def running(self, job, root):
        """The process, once the script has printed `started`."""
        process = self.start(root)
        process.stdin.write(json.dumps(job).encode() + b"\n")
        process.stdin.flush()
        for line in process.stderr:
            if line == b"started\n":
                return process
        raise AssertionError("the script ended before it said that it had started")


class ExecProcess(ProcessRules, ExecCase):
    def good_job(self):
        return self.exec_job({"Command": "cat hello.txt; echo X=1 >>$PENSTOCK_OUTPUT"})


class Adapter(ExecCase):
    """bin/exec in a plugin of someone's own, whose script is `action.sh`."""

    script = "action.sh"

    def command(self):
        return [os.path.join(self.base, "pläg in", "bin", "exec"), self.script]

    def setUp(self):
        super().setUp()
        os.makedirs(os.path.join(self.base, "pläg in", "bin"))
        shutil.copy(os.path.join(EXEC, "bin", "exec"), os.path.join(self.base, "pläg in", "bin", "exec"))

    def action(self, text, mode=0o755, head="#!/bin/sh\n"):
        content = text if isinstance(text, bytes) else head + text
        self.write(self.base, "pläg in", "action.sh", content=content, mode=mode)

    def act(self, text, configuration=None, **members):
        self.action(text)
        return self.run_job(*self.exec_job(configuration or {}, **members))

    def test_configuration_settings_artifacts_and_names_are_variables(self):
        ending = self.act(
            'set -u; cat "$INPUT/hello.txt" "$INPUT_APP_1/hello.txt"; touch "$OUTPUT/a" "$OUTPUT_LOG/a"\n'
            "printf '%s\\n' \"$INPUTS\" \"$OUTPUTS\" | grep -c / \n"
            'for key in CONFIG_PROJECTNAME CONFIG_GR__E_2 SETTING_URL SETTING_PORTS PIPELINE_NAME STAGE_NAME '
            "ACTION_NAME ACTION_EXECUTION_ID PIPELINE_EXECUTION_ID; do\n"
            'eval "value=\\${$key-unset}"; printf \'%s<<=\\n%s\\n=\\n\' "$key" "$value" >>"$PENSTOCK_OUTPUT"; done\n',
            {"ProjectName": ODD, "größe-2": "y"},
            inputs=("App", "app-1"),
            outputs=("Dist", "Log"),
            providerSettings={"url": "https://x", "ports": [1, True]},
        )
        self.assertSucceeded(ending)
        identity = ending.variables.pop("ACTION_EXECUTION_ID")
        self.assertEqual(len(identity), 36)
        self.assertEqual(
            ending.variables,
            {
                "CONFIG_PROJECTNAME": ODD,
                "CONFIG_GR__E_2": "y",
                "SETTING_URL": "https://x",
                "SETTING_PORTS": "[1,true]",
                "PIPELINE_NAME": "shop",
                "STAGE_NAME": "S",
                "ACTION_NAME": "A",
                "PIPELINE_EXECUTION_ID": "unset",
            },
        )
        self.assertEqual(ending.log, "hello App\nhello app-1\n4\n")
        for place, _, files in os.walk(self.base):
            self.assertNotIn("pwned", files, place)  # MSG-08

    def test_keys_that_become_one_variable_and_values_that_fit_in_none_are_named(self):
        for configuration, members, texts in (
            ({"a-b": "1", "A_b": "2"}, {}, ("A_b", "a-b", "CONFIG_A_B", "rename")),
            ({}, {"inputs": ("a.b", "a-b")}, ("a.b", "a-b", "INPUT_A_B")),
            ({"Big": "é" * 70_000}, {}, ("Big", "140011", "131071")),
            ({"Nul": "a\0b"}, {}, ("Nul", "U+0000")),
            ({"List": ["a"]}, {}, ("List", "no text")),
        ):
            ending = self.act("touch \"$OUTPUT/ran\"\n", configuration, **members)
            self.assertFailed(ending, "ConfigurationError", *texts)
            self.assertEqual(os.listdir(os.path.join(self.root, "out", "ö Dist")), [])

    def test_only_the_operation_run_is_served(self):
        self.action("exit 0\n")
        job, root = self.exec_job({})
        self.assertFailed(self.run_job({**job, "operation": "check"}, root), "ConfigurationError", "check")

    def test_the_status_is_the_result_and_the_last_lines_tell_why(self):
        ending = self.act("for n in 1 2 3 4; do echo line $n >&2; done; exit 3\n")
        self.assertFailed(ending, "JobFailed", "action.sh ended with status 3", "line 2\nline 3\nline 4")
        self.assertNotIn("line 1", ending.last["failureDetails"]["message"])
        self.assertFailed(self.act("kill -9 $$\n"), "JobFailed", "action.sh was ended by signal 9", "nothing")
        self.assertFailed(self.act("no-such-program\n"), "JobFailed", "status 127", "no-such-program")
        self.assertFailed(self.act("printf %6000s x | tr ' ' y; false\n"), "JobFailed", "yyy")

    def test_a_script_may_name_the_failure(self):
        ending = self.act("echo '::failure PermissionError the key \"é\" was refused'; exit 1\n")
        self.assertFailed(ending, "PermissionError", 'the key "é" was refused')
        self.assertSucceeded(self.act("echo '::failure JobFailed not really'\n"))
        self.assertFailed(self.act("echo '::failure Broken for good'; exit 1\n"), "JobFailed", "::failure Broken")

    def test_progress_revision_and_mask_are_said_in_lines_of_output(self):
        ending = self.act(
            "echo '::progress 50 half wäy'; echo '::progress 20'; echo '::progress 101 x'; echo '::unknown x'\n"
            "echo '::revision abc the first' >&2; echo '::mask hunter22'; echo 'it is hunter22'\n"
        )
        self.assertSucceeded(ending)
        self.assertEqual(ending.log, "::progress 101 x\n::unknown x\nit is ***\n")
        details = [message["executionDetails"] for message in ending.messages if message["type"] == "progress"]
        self.assertEqual(details, [{"summary": "running action.sh"}, {"summary": "half wäy", "percentComplete": 50}])
        self.assertIn(("mask", "hunter22"), [(message["type"], message.get("value")) for message in ending.messages])
        self.assertEqual(ending.last["currentRevision"], {"revision": "abc", "revisionSummary": "the first"})

    def test_a_long_secret_is_masked_whole_SEC_06(self):
        ending = self.act("s=$(head -c 40000 /dev/zero | tr '\\0' s); echo ::mask $s; echo done\n")
        self.assertSucceeded(ending)
        self.assertEqual(ending.log, "done\n")
        self.assertIn("s" * 40_000, [message.get("value") for message in ending.messages])

    def test_a_silent_script_does_not_keep_the_adapter_from_telling_that_it_lives_PRG_03(self):
        ending = self.act("sleep 4.5\n")
        self.assertGreaterEqual(sum(message["type"] == "progress" for message in ending.messages), 3)

    def test_output_variables_of_one_and_several_lines(self):
        ending = self.act(
            "cat >>\"$PENSTOCK_OUTPUT\" <<'END'\nA=1\n\nB=x=y <<Z\nA=2\n"
            "C<<EOF\none\nD=no\n\ntwo é\nEOF\nE=\nF<<EOF\nEOF\nEND\n"
            "printf 'G=no line feed' >>\"$PENSTOCK_OUTPUT\"\n"
        )
        self.assertSucceeded(ending)
        expected = {"A": "2", "B": "x=y <<Z", "C": "one\nD=no\n\ntwo é", "E": "", "F": "", "G": "no line feed"}
        self.assertEqual(ending.variables, expected)

    def test_what_is_wrong_in_the_file_of_output_variables_is_named(self):
        write = ' >>"$PENSTOCK_OUTPUT"\n'
        for text, texts in (
            ("printf 'A=1\\nVersion 2\\n'" + write, ("line 2", '"Version 2"', "KEY=VALUE")),
            ("echo 'a b=1'" + write, ("line 1", '"a b=1"', "128 characters")),
            ("echo '=1'" + write, ("line 1", '"=1"')),
            ("printf 'A<<EOF\\nx\\n'" + write, ("line 1", "A<<EOF", '"EOF"')),
            ("printf 'A=\\377\\n'" + write, ("line 1", "UTF-8")),
            ("for n in $(seq 51); do echo K$n=; done" + write, ("51 variables", "50")),
            ("printf 'A=%0122880d\\n' 0" + write, ("122881", "122880")),
            ("head -c 1000000 /dev/zero" + write, ("1000000", "122880")),
            ('rm "$PENSTOCK_OUTPUT"\n', ("no file any more",)),
            ('rm "$PENSTOCK_OUTPUT"; mkfifo "$PENSTOCK_OUTPUT"\n', ("no file any more",)),
            ('ln -sf /etc/passwd "$PENSTOCK_OUTPUT"\n', ("no file any more",)),
        ):
            self.assertFailed(self.act(text), "JobFailed", "$PENSTOCK_OUTPUT", *texts)

    def test_descriptors_of_the_protocol_are_closed_to_the_script_FRM_01(self):
        ending = self.act("cat; ls /proc/self/fd; readlink /proc/self/fd/0; pwd; echo ours >file\n")
        self.assertSucceeded(ending)
        lines = ending.log.split("\n")
        self.assertEqual(lines[:5], ["0", "1", "2", "3", "/dev/null"])  # 3 is the folder that ls lists
        self.assertTrue(lines[5].startswith(os.path.join(self.root, "tmp")), lines)

    def test_output_that_is_not_utf_8_or_has_no_line_ends_is_told_as_it_can_be_LOG_01(self):
        ending = self.act("printf 'caf\\351 \\303\\251\\n\\355\\240\\200\\nend'; printf '%040000d' 0 | tr 0 '\\303'\n")
        self.assertSucceeded(ending)
        lines = ending.log.split("\n")
        self.assertEqual(lines[0], "caf\\xE9 é")
        self.assertEqual(lines[1], "\\xED\\xA0\\x80")
        self.assertTrue(lines[2].startswith("end\\xC3"))
        self.assertEqual(ending.log.count("\\xC3"), 40_000)
        ending = self.act("awk 'BEGIN { while (i++ < 20000) printf \"éé\" }'; exit 1\n")
        self.assertEqual(ending.log.count("é"), 40_000)
        self.assertNotIn("\\x", ending.log)

    def test_output_of_a_hundred_megabytes_is_read_to_its_end_HST_04(self):
        ending = self.act("yes 'a line as long as lines are, about that' | head -c 100000000\n")
        self.assertSucceeded(ending)
        self.assertGreaterEqual(len(ending.log), 100_000_000)

    def test_how_a_script_is_started(self):
        for mode, head, text, log in (
            (0o755, "#!/bin/sh\n", "echo $0", "action.sh"),
            (0o755, "", "echo ${BASH_VERSION:-sh}", "sh"),
            (0o644, "", "echo ${BASH_VERSION:-sh}", "sh"),
            (0o644, "#!/usr/bin/env bash\n", "echo ${BASH_VERSION%%.*}", "5"),
            (0o644, "#! /bin/sh -x\n", "echo hi", "+ echo hi\nhi"),
        ):
            self.action(text + "\n", mode, head)
            ending = self.run_job(*self.exec_job({}))
            self.assertSucceeded(ending)
            self.assertTrue(ending.log.rstrip("\n").endswith(log), ending.log)
        for content, texts in (
            (b"#!/bin/sh\r\necho hi\r\n", ("line 1", "CR LF")),
            (b"#!/no/such/sh\n", ("line 1", "/no/such/sh")),
        ):
            self.action(content)
            self.assertFailed(self.run_job(*self.exec_job({})), "ConfigurationError", "action.sh", *texts)
        os.remove(os.path.join(self.base, "pläg in", "action.sh"))
        self.assertFailed(self.run_job(*self.exec_job({})), "ConfigurationError", "action.sh", "plugin.json")

    def test_secrets_are_in_the_environment_only_and_hidden_in_what_is_printed_SEC_01_SEC_04(self):
        ending = self.act(
            'test "$CONFIG_TOKEN" = hunter22; tr "\\0" "\\n" </proc/$$/cmdline; echo "is hunter22"; exit 1\n',
            {"Token": "hunter22", "Pin": "123"},
            secrets=("Token", "Pin"),
        )
        self.assertFailed(ending, "JobFailed", "is ***")
        self.assertNotIn("hunter22", ending.log + str(ending.messages))
        for place, _, files in os.walk(self.root):
            for name in files:
                with open(os.path.join(place, name), "rb") as stream:
                    self.assertNotIn(b"hunter22", stream.read())

    def test_what_the_script_leaves_running_is_ended_LIF_06_LIF_07(self):
        self.action("sleep 1000 & setsid -f sleep 1000; (trap '' TERM; setsid -f sleep 1000) & wait $!\n")
        job, root = self.exec_job({})
        process = self.start(root)
        ending = self.finish(process, job, json.dumps(job).encode() + b"\n")
        self.assertSucceeded(ending)
        self.assertEqual(self.survivors(process), [])

    def test_sigterm_in_the_middle_abandons_CAN_01_CAN_03(self):
        for text in (
            "echo started; sleep 1000\n",
            "trap '' TERM; echo started; sleep 1000\n",
            "setsid -f sleep 1000; trap 'echo cleaned; exit 7' TERM; sleep 1000 & echo started; wait\n",
            "echo started; exec >&- 2>&-; sleep 1000\n",
        ):
            self.action(text)
            job, root = self.exec_job({})
            ending = self.stop(self.running(job, root), job)
            self.assertEqual("cleaned" in ending.log, "cleaned" in text)

    def test_what_had_its_sigterm_gets_no_second_one_CAN_07(self):
        self.action("trap 'echo cleaning; sleep 1.2; echo cleaned; exit 7' TERM; sleep 1000 & echo started; wait\n")
        job, root = self.exec_job({})
        process = self.running(job, root)
        os.killpg(process.pid, signal.SIGTERM)
        ending = self.finish(process, job)
        self.assertEqual(ending.last.get("type"), "jobAbandonedResult")
        self.assertEqual((ending.log.count("cleaning\n"), ending.log.count("cleaned\n")), (1, 1), ending.log)

    def test_a_host_that_is_gone_ends_the_script(self):
        self.action("echo started; sleep 1000\n")
        job, root = self.exec_job({})
        process = self.running(job, root)
        process.stdout.close()
        self.assertEqual(process.wait(timeout=20), 74)
        self.assertEqual(self.survivors(process), [])


class Shipped(ExecCase):
    """The plugin exec: Command or Script of the configuration."""

    def run_with(self, files=(), links=(), **configuration):
        options = {key: configuration.pop(key) for key in ("inputs", "outputs", "secrets") if key in configuration}
        job, root = self.exec_job(configuration, **options)
        for path, content, mode in files:
            self.write(root, "in", "ï App", path, content=content, mode=mode)
        for path, target in links:
            os.symlink(target, os.path.join(root, "in", "ï App", path))
        return self.run_job(job, root)

    def test_a_command_runs_in_a_writable_copy_of_the_first_input(self):
        ending = self.run_with(
            Command='echo changed >hello.txt; pwd; printf "%s," "$@"; cp hello.txt "$OUTPUT"', Arguments="a b\n\nç\n"
        )
        self.assertSucceeded(ending)
        self.assertTrue(ending.log.endswith("/work\na b,,ç,\n"), ending.log)
        with open(os.path.join(self.root, "in", "ï App", "hello.txt"), encoding="utf-8") as stream:
            self.assertEqual(stream.read(), "hello App\n")  # ART-02
        self.assertEqual(os.listdir(os.path.join(self.root, "out", "ö Dist")), ["hello.txt"])
        self.assertSucceeded(self.run_with(Command="test -w .", inputs=()))

    def test_the_first_command_that_fails_ends_it(self):
        ending = self.run_with(Command="echo one\nfalse\necho never")
        self.assertFailed(ending, "JobFailed", "script ended with status 1", "one")
        self.assertNotIn("never", ending.log)

    def test_a_script_runs_however_it_is_stored(self):
        for head, mode in (("#!/bin/bash\n", 0o755), ("", 0o755), ("#! /usr/bin/env bash\n", 0o644), ("", 0o644)):
            script = ("ci/rün it", head + "echo ok $1 ${0##*/}\n", mode)
            ending = self.run_with([script], Script="ci/rün it", Arguments="x y", Directory="ci")
            self.assertSucceeded(ending)
            self.assertEqual(ending.log, "ok x y rün it\n")

    def test_variables_and_secrets_are_given_and_secrets_masked(self):
        ending = self.run_with(
            Command='test -z "${CONFIG_SECRETS-}"; echo "$MODE|$TEXT|$TOKEN|$KEY" | tr "\\n" " "',
            Variables="MODE=rel=ease\n\nTEXT<<E\na\nb\nE",
            Secrets="TOKEN=hunter22\nKEY<<E\nfirst line\nsecond line\nE\n",
            secrets=("Secrets",),
        )
        self.assertSucceeded(ending)
        self.assertEqual(ending.log, "rel=ease|a b|***|*** *** \n")
        masks = [message["value"] for message in ending.messages if message["type"] == "mask"]
        self.assertEqual(masks, ["hunter22", "first line", "second line"])

    def test_variables_concern_the_program_only(self):
        ending = self.run_with(Command="echo $PATH; test -e hello.txt", Variables="PATH=/nowhere\nLD_PRELOAD=/no.so")
        self.assertSucceeded(ending)
        self.assertIn("/nowhere\n", ending.log)

    def test_configuration_that_makes_no_sense_is_named(self):
        script = [("a.sh", "true\n", 0o644), ("crlf.sh", "#!/bin/sh\r\ntrue\r\n", 0o755)]
        links = [("out", "/etc"), ("out.sh", "/bin/true"), ("gone", "nowhere"), ("up", "../..")]
        for configuration, texts in (
            ({}, ("neither Command nor Script",)),
            ({"Command": "true", "Script": "a.sh"}, ("both",)),
            ({"Script": "b.sh"}, ('"b.sh"', '"a.sh"', '"hello.txt"')),
            ({"Script": "crlf.sh"}, ("crlf.sh", "line 1", "CR LF")),
            ({"Script": "../../x"}, ("../../x", "leads out")),
            ({"Script": "/bin/true"}, ("/bin/true", "leads out")),
            ({"Script": "out.sh"}, ("out.sh", "leads out")),
            ({"Script": "up/a.sh"}, ("up/a.sh", "leads out")),
            ({"Script": "up/tree/a.sh"}, ("up/tree/a.sh", "is not in")),
            ({"Script": "gone"}, ("gone", "is not in")),
            ({"Script": "."}, ("no file",)),
            ({"Script": "no\nsuch"}, ("no such", "is not in")),
            ({"Command": "true", "Directory": "out"}, ("Directory", "leads out")),
            ({"Command": "true", "Directory": "a.sh"}, ("Directory", "a.sh", "Not a directory")),
            ({"Command": "true", "Variables": "A=1\nB"}, ("Variables, line 2", "KEY=VALUE")),
            ({"Command": "true", "Variables": "a-b=1"}, ("Variables, line 1", "name of a variable")),
            ({"Command": "true", "Variables": "A<<E\nx"}, ("Variables, line 1",)),
            ({"Command": "true", "Variables": "INPUT=x"}, ("Variables, line 1", "INPUT")),
        ):
            ending = self.run_with(script, links, **configuration)
            self.assertFailed(ending, "ConfigurationError", *texts)
        ending = self.run_with(Command="true", Secrets="hunter22", secrets=("Secrets",))
        self.assertFailed(ending, "ConfigurationError", "Secrets, line 1")
        self.assertNotIn("hunter22", ending.log + str(ending.messages))
        self.assertFailed(self.run_with(Script="a.sh", inputs=()), "ConfigurationError", "a.sh", "nothing")


if __name__ == "__main__":
    unittest.main()
