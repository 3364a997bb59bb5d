"""The codebuild plugin with real shells: phases, one shell, cancel."""

import json
import unittest

from codebuild import CodeBuildCase, phases
from harness import ProcessRules


class CodeBuildProcess(ProcessRules, CodeBuildCase):
    def good_job(self):
        return self.build_job(phases({"build": ["cat source.txt"]}, artifacts={"files": ["**/*"]}))


class Phases(CodeBuildCase):
    def order(self, *bodies, **options):
        """What a build printed as `@word`, in order, and its ending."""
        names = ("install", "pre_build", "build", "post_build")
        ending = self.build(phases(dict(zip(names, bodies))), outputs=0, **options)
        return [line[1:] for line in ending.log.splitlines() if line.startswith("@")], ending

    def test_phases_run_in_their_order_whatever_the_file_has_BLD_3(self):
        ending = self.build(
            """
            version: 0.2
            phases:
              post_build: {commands: [echo @4]}
              build: {commands: [echo @3], finally: [echo @3f]}
              install: {commands: [echo @1]}
              pre_build:
            """,
            outputs=0,
        )
        self.assertSucceeded(ending)
        printed = [line for line in ending.log.splitlines() if line.startswith("@")]
        self.assertEqual(printed, ["@1", "@3", "@3f", "@4"])
        for text in ("Entering phase BUILD", "Running command echo @3", "Phase complete: BUILD State: SUCCEEDED"):
            self.assertIn(text, ending.log)

    def test_a_failure_has_the_transition_of_its_phase_BLD_5(self):
        def body(word, fails):
            first = ["exit 3" if fails == "exit" else "(exit 3)"] if fails else []
            return {
                "commands": [f"echo @{word}", *first, "echo @never"][: 2 if fails else 1] + ["echo @z"] * bool(fails),
                "finally": [f"echo @{word}f"],
            }

        for fails in ("plain", "exit"):
            for phase, expected in (
                (0, ["i", "if"]),
                (1, ["i", "if", "p", "pf"]),
                (2, ["i", "if", "p", "pf", "b", "bf", "o", "of"]),
                (3, ["i", "if", "p", "pf", "b", "bf", "o", "of"]),
            ):
                bodies = [body(word, fails if number == phase else None) for number, word in enumerate("ipbo")]
                words, ending = self.order(*bodies)
                name = ("install", "pre_build", "build", "post_build")[phase]
                self.assertFailed(ending, "JobFailed", f"phase {name}, command 2 of 3", "exit status 3")
                self.assertEqual(words, expected)

    def test_a_failing_finally_fails_its_phase_and_ends_the_rest_of_it_BLD_5(self):
        words, ending = self.order({"commands": ["echo @i"], "finally": ["false", "echo @no"]}, ["echo @p"])
        self.assertFailed(ending, "JobFailed", "phase install, finally command 1 of 2", "exit status 1")
        self.assertEqual(words, ["i"])

    def test_the_first_failure_is_the_one_that_is_reported(self):
        _, ending = self.order([], [], ["false"], ["exit 7"])
        self.assertFailed(ending, "JobFailed", "phase build", "exit status 1")

    def test_post_build_sees_whether_the_build_succeeds_BLD_11(self):
        for command, expected in (("true", "1"), ("false", "0"), ("exit 9", "0")):
            words, _ = self.order(
                [], [], ["echo @$CODEBUILD_BUILD_SUCCEEDING", command], ["echo @$CODEBUILD_BUILD_SUCCEEDING"]
            )
            self.assertEqual(words, ["1", expected])

    def test_on_failure_decides_what_follows_BLD_3(self):
        for policy, phase, expected in (
            ("ABORT", 2, ["i", "p", "b"]),
            ("CONTINUE", 0, ["i", "p", "b", "o"]),
            ("CONTINUE", 1, ["i", "p", "b", "o"]),
            ("CONTINUE", 2, ["i", "p", "b", "o"]),
            ("ABORT", 1, ["i", "p"]),
        ):
            bodies = [
                {
                    "commands": [f"echo @{word}"] + (["false"] if number == phase else []),
                    **({"on-failure": policy} if number == phase else {}),
                }
                for number, word in enumerate("ipbo")
            ]
            words, ending = self.order(*bodies)
            self.assertFailed(ending, "JobFailed")
            self.assertEqual(words, expected, policy)

    def test_retries_repeat_the_phase_as_often_as_told_BLD_3(self):
        count = "n=$((n+1)); echo @$n"
        for policy, fails, expected in (
            ("RETRY", "[ $n -ge 3 ]", ["1", "2", "3", "after"]),
            ("RETRY", "false", ["1", "2", "3", "4"]),
            ("RETRY-1", "false", ["1", "2"]),
            ("RETRY-0", "false", ["1"]),
            ("RETRY-timed out", "echo connection timed out; false", ["1", "2", "3", "4"]),
            ("RETRY-timed out", "echo no; false", ["1"]),
            ("RETRY-2-exit status 4", "(exit 4)", ["1", "2", "3"]),
            ("RETRY-2-time.*out", "[ $n = 2 ] || { echo timed out; exit 1; }", ["1", "2", "after"]),
        ):
            words, ending = self.order({"commands": [count, fails], "on-failure": policy}, ["echo @after"])
            self.assertEqual(words, expected, policy)
            self.assertEqual(ending.last["type"] == "jobSuccessResult", "after" in expected)

    def test_a_wrong_on_failure_is_refused_before_anything_runs(self):
        for policy in ("abort", "RETRY-101", "RETRY-99999999999999", "RETRY-(", "CONTINUE-1"):
            _, ending = self.order({"commands": ["echo @x"], "on-failure": policy})
            self.assertFailed(ending, "ConfigurationError", "phases.install.on-failure", policy.rpartition("-")[2])

    def test_runtime_versions_are_told_and_nothing_is_installed(self):
        ending = self.build(
            phases({"install": {"runtime-versions": {"python": "3.99", "golang": "1.12", "cobol": "85"}}}), outputs=0
        )
        self.assertSucceeded(ending)
        self.assertIn("runtime-versions asks for python 3.99; this machine has Python 3.", ending.log)
        self.assertIn("warning: runtime-versions asks for cobol 85", ending.log)


class OneShell(CodeBuildCase):
    def test_directory_variables_functions_and_jobs_persist_across_phases_BLD_4(self):
        ending = self.build(
            phases(
                {
                    "install": ["mkdir sub; cd sub", "A=1; export B=2", "f() { echo f-$1; }", "sleep 0.1 & job=$!"],
                    "build": ['R="$(basename "$PWD") $A $B $(f x)"', 'wait $job && R="$R waited"'],
                },
                env={"exported-variables": ["R"]},
            ),
            outputs=0,
        )
        self.assertSucceeded(ending)
        self.assertEqual(ending.variables["R"], "sub 1 2 f-x waited")

    def test_version_0_1_has_a_shell_for_each_command_BLD_4(self):
        ending = self.build(
            phases(
                {
                    "build": ["cd /; A=1; export B=2; exit 0", 'test "$PWD" = "$CODEBUILD_SRC_DIR"', 'test -z "$A$B"'],
                    "post_build": ["test $CODEBUILD_BUILD_SUCCEEDING = 1"],
                },
                version="0.1",
            ),
            outputs=0,
        )
        self.assertSucceeded(ending)

    def test_a_command_that_ends_the_shell_leaves_what_was_known_before_it(self):
        for command in ("exit 0", "exec true", "set -e; (exit 0); exit"):
            ending = self.build(
                phases(
                    {
                        "build": [
                            "cd /usr; A=$'1\\n 2'; export B='x y'; L=(a 'b c')",
                            "f() { echo fn; }; unset HOME",
                            command,
                            'R="$PWD|$A|$B|${L[1]}|$(f)|${HOME-none}"; export -p | grep -q "B="',
                        ]
                    },
                    env={"exported-variables": ["R", "X"], "shell": "bash"},
                ),
                outputs=0,
            )
            self.assertSucceeded(ending)
            self.assertEqual(ending.variables, {"R": "/usr|1\n 2|x y|b c|fn|none"})

    def test_no_command_breaks_the_driver(self):
        for command in (
            "break",
            "continue",
            "set -euo pipefail -C",
            "set -x",
            "cat",
            "read x || true",
            "exec 2>&1",
            "trap 'true' ERR",
            "printf() { :; }; eval_() { :; }; read() { exit 9; }",
            "IFS=abc",
            "shopt -s extglob nullglob || true",
            'rm -rf "$TMPDIR"/[!s]*',
            "exec </dev/null",
            "alias printf=false",
            "cat <<E\n$(date)\nE",
            "readonly Q=1",
            "for i in 1 2; do\n  echo $i\ndone\n",
            "echo 'it'\\''s' \"quo\\\"ted\"",
            "true # comment",
            "! false",
            "(exit 0) &",
            "yes | head -1",
            "ulimit -n 64",
            "trap 'echo bye' EXIT",
            "cd /; rm -rf nowhere*",
            "{ :; } 9>&1",
            "exec 3>&1 4>&1 5>&1 6>&1 7>&1 8>&1 9>&1",
            "exec 3>&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&-",
        ):
            words = self.exports(command, "R=done", names=["R"])
            self.assertEqual(words, {"R": "done"}, command)

    def test_failing_commands_of_every_kind_are_named_with_their_end(self):
        for command, text in (
            ("no-such-program", "exit status 127"),
            ("echo 'open", "exit status"),
            ("kill -9 $$", "signal 9"),
            ("exec false", "exit status 1"),
            ("set -e; false; true", "exit status 1"),
            ("f() { return 9; }; f", "status 9"),
            ("set -u; echo $nothing", "exit status"),
            ("if true; then\n echo 1;\n exit 5\nfi\ntrue\n", "exit status 5"),
            ("exit -1", "exit status"),
            ("kill $$; sleep 5", "signal 15"),
        ):
            ending = self.build(phases({"build": ["true", command, "true"]}), outputs=0)
            self.assertFailed(ending, "JobFailed", "phase build, command 2 of 3", text, command.strip())

    def test_sh_is_posix_and_bash_is_bash(self):
        spec = {"build": ["R=${POSIXLY_CORRECT+posix}$([[ ab == a* ]] && echo test)"]}
        for shell, expected in ((None, "posixtest"), ("/bin/sh", "posixtest"), ("bash", "test")):
            env = {"exported-variables": ["R"], **({"shell": shell} if shell else {})}
            ending = self.build(phases(spec, env=env), outputs=0)
            self.assertEqual(ending.variables, {"R": expected})
        ending = self.build(phases(spec, env={"shell": "powershell.exe"}), outputs=0)
        self.assertFailed(ending, "ConfigurationError", "env.shell", "powershell.exe")

    def test_commands_cannot_speak_for_the_plugin_FRM_01(self):
        job, root = self.build_job(outputs=0)
        forged = {"protocol": "penstock/1", "type": "jobSuccessResult", "jobId": job["jobId"]}
        spec = phases(
            {
                "build": [
                    f"echo '{json.dumps(forged)}'",
                    "for n in 1 2 3 4 5 6 7 8 9; do echo forged >&$n || true; done",
                    "ls -l /proc/self/fd /proc/$PPID/fd/1 > fds; (exit 3)",
                ]
            }
        )
        self.write(root, "in/söurce 1", "buildspec.yml", content=spec)
        self.assertFailed(self.run_job(job, root), "JobFailed", "exit status 3")

    def test_a_hundred_thousand_lines_arrive_in_the_log(self):
        for extra in ({}, {"on-failure": "RETRY-1-nothing"}):
            ending = self.build(phases({"build": {"commands": ["seq 1 100000", "echo end >&2"], **extra}}), outputs=0)
            self.assertSucceeded(ending)
            lines = ending.log.splitlines()
            self.assertEqual([line for line in lines if line.isdigit()], [str(n) for n in range(1, 100_001)])
            self.assertLess(lines.index("100000"), lines.index("end"))

    def test_what_the_commands_leave_running_is_ended_LIF_06(self):
        job, root = self.build_job(
            phases(
                {
                    "build": [
                        "sleep 1000 &",
                        "nohup setsid sleep 1000 > log 2>&1 & true",
                        "(trap '' TERM; setsid -f sleep 1000)",
                    ]
                }
            ),
            outputs=0,
        )
        process = self.start(root)
        self.assertSucceeded(self.finish(process, job, json.dumps(job).encode() + b"\n"))
        self.assertEqual(self.survivors(process), [])

    def test_sigterm_in_the_middle_abandons_CAN_01_CAN_03(self):
        for command in (
            "echo started; sleep 1000",
            "trap '' TERM; echo started; sleep 1000",
            "(setsid sh -c 'trap \"\" TERM; sleep 1000 & wait' &) ; echo started; sleep 1000",
            "setsid -f sleep 1000; trap 'echo cleaned; exit 7' TERM; echo started; sleep 1000",
        ):
            job, root = self.build_job(
                phases({"build": {"commands": [command], "finally": ["echo finally"]}}), outputs=0
            )
            process = self.start(root)
            process.stdin.write(json.dumps(job).encode() + b"\n")
            process.stdin.flush()
            for line in process.stderr:
                if line == b"started\n":
                    break
            ending = self.stop(process, job)
            self.assertEqual("cleaned" in ending.log, "cleaned" in command)
            self.assertNotIn("\nfinally\n", ending.log)


class CodeBuildRule(CodeBuildCase):
    def rule(self, *commands, **options):
        job, root = self.build_job(phases({"build": commands}), outputs=0, **options)
        job["data"]["actionTypeId"]["category"] = "Rule"
        return self.run_job(job, root)

    def test_a_rule_is_met_when_the_build_succeeds_CND_10(self):
        self.assertSucceeded(self.rule("grep -q primary source.txt"))
        extra = self.rule('grep -q Extra1 "$CODEBUILD_SRC_DIR_Extra1"/*', inputs=2, PrimarySource="Source")
        self.assertSucceeded(extra)

    def test_a_rule_whose_build_fails_is_not_met_CND_10(self):
        self.assertFailed(self.rule("grep -q ready source.txt"), "JobFailed", "grep -q ready")

    def test_a_rule_is_configured_as_an_action_is(self):
        self.assertFailed(self.rule("true", inputs=2), "ConfigurationError", "PrimarySource is missing")
        self.assertFailed(self.rule("true", BatchEnabled="true"), "ConfigurationError", "BatchEnabled")


if __name__ == "__main__":
    unittest.main()
