"""The rules LambdaInvoke and CloudWatchAlarm (CND-10): against moto, and against a server that fails as it is told."""

import base64
import http.server
import io
import json
import os
import signal
import threading
import time
import unittest
import urllib.request
import zipfile

import botocore.session
from harness import ODD, PluginCase, ProcessRules
from s3_servers import HAVE_TOOLS, KEYS, MISSING, Server


class Answers(http.server.BaseHTTPRequestHandler):
    """Gives the answers of `server.answers`, the last one again and again: status, body and headers, or a function."""

    def do_POST(self):
        self.server.asked.append(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.paths.append(self.path)
        answers = self.server.answers
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        if callable(answer):
            return answer(self)
        status, body, headers = answer
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def returned(value, **headers):
    return 200, json.dumps(value).encode(), headers


def refused(status, code):
    return status, json.dumps({"Message": "so it is"}).encode(), {"X-Amzn-ErrorType": code}


class RulesCase(PluginCase):
    plugin = "aws-rules"

    def serve(self, *answers):
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answers)
        self.server.daemon_threads = True
        self.server.answers, self.server.asked, self.server.paths = list(answers), [], []
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()
        self.addCleanup(self.server.server_close)
        self.addCleanup(self.server.shutdown)
        return f"http://127.0.0.1:{self.server.server_port}"

    def rule_job(self, provider, configuration, settings, **data):
        data = {
            "actionTypeId": {"category": "Rule", "owner": "AWS", "provider": provider, "version": "1"},
            "actionConfiguration": {"configuration": configuration},
            "providerSettings": settings,
            **data,
        }
        return self.job(data), self.workspace()

    def rule(self, *texts, **data):
        job, root = self.rule_job(*texts, **data)
        return self.run_job(job, root)

    def finish(self, process, job, sent=b""):
        ending = super().finish(process, job, sent)
        for told in (ending.log, "".join(str(m) for m in ending.messages if m["type"] != "mask")):
            self.assertNotIn(KEYS["secretAccessKey"], told)
        return ending

    def settings(self, url, **members):
        return {"endpoint": url, **KEYS, "attempts": 1, **members}

    def invoke(self, *answers, configuration=None, settings=None, **data):
        url = self.serve(*answers)
        configuration = {"FunctionName": "ready", **(configuration or {})}
        return self.rule("LambdaInvoke", configuration, self.settings(url, **(settings or {})), **data)


class RulesProcess(ProcessRules, RulesCase):
    def good_job(self):
        return self.rule_job("LambdaInvoke", {"FunctionName": "ready"}, self.settings(self.serve(returned({}))))


class LambdaInvoke(RulesCase):
    def test_a_function_gets_the_event_that_aws_makes_CND_10(self):
        place = {"type": "Path", "pathLocation": {"path": "in/App"}}
        ending = self.invoke(
            returned("fine"),
            configuration={"UserParameters": ODD},
            settings={"accountId": "123456789012"},
            inputArtifacts=[{"name": "App", "revision": "abc", "location": place}, {"name": "More", "location": place}],
        )
        self.assertSucceeded(ending)
        self.assertIn('the function "ready" returned "fine"', ending.log)
        self.assertEqual(self.server.paths, ["/2015-03-31/functions/ready/invocations"])
        job = json.loads(self.server.asked[0])["CodePipeline.job"]
        self.assertEqual((job["id"], job["accountId"]), (ending.last["jobId"], "123456789012"))
        configuration = {"FunctionName": "ready", "UserParameters": ODD}
        self.assertEqual(job["data"]["actionConfiguration"], {"configuration": configuration})
        inputs = [(each["name"], each["revision"], each["location"]) for each in job["data"]["inputArtifacts"]]
        self.assertEqual(inputs, [("App", "abc", None), ("More", None, None)])

    def test_a_function_that_fails_does_not_meet_the_rule_CND_10(self):
        log = base64.b64encode("START\ndas ist schön\n".encode()).decode()
        headers = {"X-Amz-Function-Error": "Unhandled", "X-Amz-Log-Result": log}
        raised = {"errorType": "NotReady", "errorMessage": "the queue is not empty", "stackTrace": []}
        ending = self.invoke(returned(raised, **headers))
        self.assertFailed(ending, "JobFailed", "the rule is not met", '"ready" failed: NotReady: the queue is not empty')
        self.assertIn("das ist schön", ending.log)
        for body in (b"", b"[1]", b"null", b"{", b"\xff\xfe"):
            self.assertFailed(self.invoke((200, body, headers)), "JobFailed", "the rule is not met")

    def test_refusals_say_what_to_do(self):
        for answer, kind, *texts in (
            (refused(404, "ResourceNotFoundException"), "ConfigurationError", '"ready" at http', "does not exist"),
            (refused(403, "AccessDeniedException"), "PermissionError", "credentials", "so it is"),
            (refused(403, "UnrecognizedClientException"), "PermissionError", "accessKeyId"),
            (refused(403, "InvalidSignatureException"), "PermissionError", "secretAccessKey"),
            (refused(400, "ExpiredTokenException"), "PermissionError", "sessionToken"),
            (refused(429, "TooManyRequestsException"), "SystemUnavailable", "429"),
            (refused(503, "ServiceException"), "SystemUnavailable", "503"),
            (refused(413, "RequestTooLargeException"), "JobFailed", "413"),
            ((500, b"<html>", {}), "SystemUnavailable", "500"),
        ):
            self.assertFailed(self.invoke(answer), kind, *texts)

    def test_what_may_pass_is_tried_again(self):
        ending = self.invoke(refused(500, "ServiceException"), returned(1), settings={"attempts": "3"})
        self.assertSucceeded(ending)
        self.assertEqual(len(self.server.asked), 2)
        self.assertFailed(self.invoke(refused(500, "ServiceException"), settings={"attempts": 2}), "SystemUnavailable")
        self.assertEqual(len(self.server.asked), 2)

    def test_no_server_and_no_answer(self):
        url = self.serve(lambda request: request.connection.close())
        job = ("LambdaInvoke", {"FunctionName": "ready"}, self.settings(url))
        self.assertFailed(self.rule(*job), "SystemUnavailable", url)
        self.server.shutdown()
        self.server.server_close()
        self.assertFailed(self.rule(*job), "SystemUnavailable", url)
        self.assertFailed(self.rule(*job[:2], self.settings("https" + url[4:])), "SystemUnavailable")

    def test_a_running_function_does_not_hold_a_cancel_up_CAN_01(self):
        asked, done = threading.Event(), threading.Event()
        self.addCleanup(done.set)
        url = self.serve(lambda _: (asked.set(), done.wait(20)))
        job, root = self.rule_job("LambdaInvoke", {"FunctionName": "ready"}, self.settings(url))
        process = self.start(root)
        process.stdin.write(json.dumps(job).encode() + b"\n")
        process.stdin.close()
        self.assertTrue(asked.wait(20))
        os.killpg(process.pid, signal.SIGTERM)
        self.assertEqual(process.wait(timeout=4), -signal.SIGTERM)
        self.assertEqual(self.survivors(process), [])

    def test_settings_that_cannot_be_are_refused(self):
        for settings, *texts in (
            ({"endpoint": "aws.example.org"}, "endpoint of LambdaInvoke.functions.ready", "URL"),
            ({"endpoint": "http://a:b@host"}, "endpoint", "user or password"),
            ({"endpoint": "http://[::1"}, "endpoint"),
            ({"region": "no such region!"}, "refused"),
            ({"region": ["x"]}, "region", "one line"),
            ({"accessKeyId": "A"}, "belong together"),
            ({"sessionToken": "A"}, "sessionToken", "needs"),
            ({"attempts": 0}, "attempts", "1 to 20"),
            ({"attempts": "many"}, "attempts", "1 to 20"),
        ):
            ending = self.rule("LambdaInvoke", {"FunctionName": "ready"}, settings)
            self.assertFailed(ending, "ConfigurationError", *texts)
        self.assertFailed(self.rule("LambdaInvoke", {}, {}), "ConfigurationError", "FunctionName is missing")

    @unittest.skipUnless(HAVE_TOOLS, MISSING)
    def test_a_function_of_moto_is_invoked(self):
        moto = Server.moto().url
        config = urllib.request.Request(moto + "/moto-api/config", b'{"lambda": {"use_docker": false}}', method="POST")
        urllib.request.urlopen(config).close()
        role = client("iam").create_role(RoleName="r", AssumeRolePolicyDocument="{}", Path="/x/")["Role"]["Arn"]
        code = io.BytesIO()
        with zipfile.ZipFile(code, "w") as archive:
            archive.writestr("f.py", "")
        client("lambda").create_function(
            FunctionName="ready", Role=role, Code={"ZipFile": code.getvalue()}, Runtime="python3.12", Handler="f.f"
        )
        self.assertSucceeded(self.rule("LambdaInvoke", {"FunctionName": "ready"}, self.settings(moto)))


class CompositeAlarm(RulesCase):
    def test_a_composite_alarm_is_an_alarm_too(self):  # moto makes none
        answer = (
            b'<DescribeAlarmsResponse xmlns="http://monitoring.amazonaws.com/doc/2010-08-01/"><DescribeAlarmsResult>'
            b"<CompositeAlarms><member><AlarmName>both</AlarmName><StateValue>%s</StateValue></member>"
            b"</CompositeAlarms></DescribeAlarmsResult></DescribeAlarmsResponse>"
        )
        settings = self.settings(self.serve((200, answer % b"OK", {}), (200, answer % b"ALARM", {})))
        self.assertSucceeded(self.rule("CloudWatchAlarm", {"AlarmName": "both"}, settings))
        self.assertFailed(self.rule("CloudWatchAlarm", {"AlarmName": "both"}, settings), "JobFailed", "no reason given")
        self.assertIn(b"AlarmTypes.member.2=CompositeAlarm", self.server.asked[0])


def client(service):
    keys = {"aws_access_key_id": KEYS["accessKeyId"], "aws_secret_access_key": KEYS["secretAccessKey"]}
    session = botocore.session.Session()
    return session.create_client(service, "us-east-1", endpoint_url=Server.moto().url, **keys)


@unittest.skipUnless(HAVE_TOOLS, MISSING)
class CloudWatchAlarm(RulesCase):
    """With an alarm of moto's, in whose name anything may stand."""

    NAME = 'Zoë\'s errors > 5 % "of all" &<x>'

    @classmethod
    def setUpClass(cls):
        cls.watch = client("cloudwatch")
        cls.addClassCleanup(cls.watch.close)
        numbers = {"EvaluationPeriods": 1, "Threshold": 5, "Period": 60, "Statistic": "Sum"}
        cls.watch.put_metric_alarm(
            AlarmName=cls.NAME, MetricName="m", Namespace="n", ComparisonOperator="GreaterThanThreshold", **numbers
        )

    def alarm(self, state, token=None, name=NAME, **configuration):
        self.watch.set_alarm_state(AlarmName=self.NAME, StateValue=state, StateReason="the test says so")
        data = {} if token is None else {"continuationToken": token}
        settings = self.settings(Server.moto().url)
        return self.rule("CloudWatchAlarm", {"AlarmName": name, **configuration}, settings, **data)

    def test_the_state_at_the_first_look_counts_CND_10(self):
        self.assertSucceeded(self.alarm("OK"))
        self.assertNotIn("continuationToken", self.alarm("OK", WaitTime="20").last)
        for state in ("ALARM", "INSUFFICIENT_DATA"):
            self.assertFailed(self.alarm(state), "JobFailed", f"is {state} (the test says so)", self.NAME)
            self.assertSucceeded(self.alarm(state, AlarmStates=state))
            self.assertSucceeded(self.alarm(state, AlarmStates="ALARM, INSUFFICIENT_DATA"))
            self.assertFailed(self.alarm("OK", AlarmStates=state, WaitTime="0"), "JobFailed", "is OK")

    def test_a_change_within_the_wait_meets_the_rule_CND_10_CNT_05(self):
        first = self.alarm("ALARM", WaitTime="2")
        self.assertSucceeded(first)
        token = first.last["continuationToken"]
        self.assertRegex(token, r"^until \d+$")
        self.assertTrue(1 <= first.last["continueAfterSeconds"] <= 15)
        self.assertIn("waiting for OK", first.last["executionDetails"]["summary"])
        again = self.alarm("ALARM", token, WaitTime="2")
        self.assertEqual(again.last["continuationToken"], token)  # each look counts from the first one
        last = self.alarm("OK", token, WaitTime="2")
        self.assertSucceeded(last)
        self.assertNotIn("continuationToken", last.last)
        names = {ending.last["executionDetails"]["externalExecutionId"] for ending in (first, again, last)}
        self.assertEqual(names, {self.NAME})

    def test_the_wait_ends_CND_10(self):
        past = f"until {int(time.time()) - 1}"
        ending = self.alarm("ALARM", past, WaitTime="2", AlarmStates="OK,INSUFFICIENT_DATA")
        self.assertFailed(ending, "JobFailed", "did not become OK or INSUFFICIENT_DATA in 2 minutes")
        self.assertSucceeded(self.alarm("OK", past, WaitTime="2"))

    def test_a_clock_that_was_set_back_makes_no_longer_wait(self):
        token = self.alarm("ALARM", f"until {int(time.time()) + 100_000}", WaitTime="2").last["continuationToken"]
        self.assertLessEqual(int(token.split()[1]), time.time() + 120)

    def test_a_token_of_somebody_else_is_refused_CNT_06(self):
        for token in ("", "until", "until 1e9", "until 12\n", "{}", "until ١٢"):
            self.assertFailed(self.alarm("OK", token, WaitTime="2"), "ConfigurationError", "token")

    def test_a_configuration_that_cannot_be_is_refused(self):
        for configuration, *texts in (
            ({"AlarmStates": "FINE"}, '"FINE"', "INSUFFICIENT_DATA"),
            ({"AlarmStates": "OK,"}, 'has ""'),
            ({"AlarmStates": "ok"}, '"ok"'),
            ({"WaitTime": "1.5"}, '"1.5"', "whole number"),
            ({"WaitTime": "-1"}, '"-1"'),
            ({"WaitTime": "86401"}, "0 to 86400"),
            ({"name": ""}, "AlarmName is missing"),
            ({"name": "absent"}, '"absent" does not exist'),
        ):
            self.assertFailed(self.alarm("OK", **configuration), "ConfigurationError", *texts)


if __name__ == "__main__":
    unittest.main()
