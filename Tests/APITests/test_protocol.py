"""What comes on the socket and is no good request: an answer by name where there is somebody, and the daemon lives."""

import json
import os
import re
import select
import socket
import unittest

import client as aws
from daemon import HERE
from definitions import action, pipeline, stage
from harness import APICase

SERVED = """CreatePipeline DeletePipeline DisableStageTransition EnableStageTransition GetPipeline GetPipelineExecution
    GetPipelineState ListActionExecutions ListPipelineExecutions ListPipelines ListRuleExecutions
    OverrideStageCondition PutActionRevision PutApprovalResult RetryStageExecution RollbackStage StartPipelineExecution
    StopPipelineExecution UpdatePipeline""".split()
LIMIT_BYTES = 4 << 20
# What is declared and cannot come: pipelines have no tags here, and there is no limit to their number.
NEVER = ("InvalidTagsException", "TooManyTagsException", "LimitExceededException", "ConcurrentModificationException")


class Protocol(APICase):
    def tearDown(self):
        """Whatever came, the daemon answers the next one."""
        self.assertEqual(self.call("ListPipelines", {"maxResults": 1}).get("__type"), None)
        self.assertIsNone(self.daemon.process.poll())

    def assertRefused(self, answer, type, *texts):
        self.assertEqual(answer.get("__type"), type, answer)
        for text in texts:
            self.assertIn(text, answer["message"])

    def test_these_operations_are_served_and_no_others_of_the_model(self):
        names = aws.client(self.daemon.socket).meta.service_model.operation_names
        served = [name for name in names if self.call(name, {}).get("__type") != "UnknownOperationException"]
        self.assertEqual(sorted(served), sorted(SERVED))

    def test_every_operation_and_every_exception_of_theirs_is_asked_for_by_these_tests(self):
        text = ""
        for name in sorted(os.listdir(HERE)):
            if name.endswith(".py"):
                with open(os.path.join(HERE, name), encoding="utf-8") as stream:
                    text += stream.read()
        model = self.aws.meta.service_model
        snake = [re.sub("(?<!^)(?=[A-Z])", "_", name).lower() for name in SERVED]
        self.assertEqual([name for name in snake if f".{name}(" not in text], [])
        declared = {shape.name for name in SERVED for shape in model.operation_model(name).error_shapes}
        self.assertEqual({name for name in declared if f'"{name}"' not in text}, set())

    def test_tags_are_refused(self):
        answer = self.call("CreatePipeline", {"pipeline": pipeline(self.name), "tags": [{"key": "a", "value": "b"}]})
        self.assertRefused(answer, "ValidationException", "tags")
        self.call("CreatePipeline", {"pipeline": pipeline(self.name), "tags": []})
        self.ends(self.executions()[0]["pipelineExecutionId"])

    def test_an_operation_that_is_not_there_is_named_with_one_that_is(self):
        self.assertRefused(
            self.call("StartPipelineExecutoin", {}), "UnknownOperationException", "did you mean StartPipelineExecution"
        )
        for name in ("", "PollForJobs", "startpipelineexecution", "../GetPipeline", "é", "A" * 4000):
            self.assertRefused(self.call(name.encode().decode("latin-1"), {}), "UnknownOperationException")

    def test_a_request_that_is_no_post_with_a_target_says_how(self):
        target = {"X-Amz-Target": aws.PREFIX + "ListPipelines"}
        for method, headers in (
            ("GET", target),
            ("PUT", target),
            ("DELETE", target),
            ("POST", {"X-Other": "1"}),
            ("POST", {"X-Amz-Target": "Other_20150709.ListPipelines"}),
            ("POST", {"X-Amz-Target": "ListPipelines"}),
        ):
            with self.subTest(method=method, headers=headers):
                answer = self.call("", b"{}", method=method, headers=headers)
                self.assertRefused(answer, "UnknownOperationException", "X-Amz-Target", aws.PREFIX)

    def test_a_body_that_is_no_json_is_refused(self):
        for body in (
            b"",
            b"{",
            b"x",
            b"{}{}",
            b"\xff\xfe",
            b'{"a":}',
            b'{"maxResults":1,"maxResults":2}',
            b"\x00",
            b"[" * 100_000,
        ):
            with self.subTest(body[:20]):
                self.assertRefused(self.call("ListPipelines", body), "SerializationException", "JSON")

    def test_text_and_numbers_that_are_none_are_refused(self):
        for operation, body in (
            ("GetPipeline", b'{"name":"\\ud800"}'),
            ("GetPipeline", b'{"name":"a\\u0000b"}'),
            ("GetPipeline", b'{"name":"\xff"}'),
            ("GetPipeline", b'{"name":"a","version":99999999999999999999999}'),
            ("GetPipeline", b'{"name":"a","version":1e400}'),
            ("GetPipeline", b'{"name":"a","version":1.0}'),
            ("GetPipeline", b'{"name":"a","version":NaN}'),
        ):
            with self.subTest(body):
                self.assertIn(self.call(operation, body)["__type"], ("SerializationException", "ValidationException"))

    def test_a_body_that_is_no_object_is_refused(self):
        for body in (b"[]", b"1", b'"x"', b"null", b"true"):
            with self.subTest(body):
                self.assertIn(
                    self.call("ListPipelines", body)["__type"], ("SerializationException", "ValidationException")
                )

    def test_a_body_that_is_too_long_is_refused_with_its_limit(self):
        body = json.dumps({"name": "x" * LIMIT_BYTES}).encode()
        self.assertRefused(self.call("GetPipeline", body), "RequestEntityTooLarge", str(LIMIT_BYTES))
        fits = json.dumps({"name": "x" * (LIMIT_BYTES - 100)}).encode()
        self.assertRefused(self.call("GetPipeline", fits), "ValidationException", "name")

    def test_a_body_that_grows_beyond_the_limit_in_pieces_is_refused(self):
        def pieces():
            for _ in range(6):
                yield b" " * (1 << 20)

        connection = aws.Connection(self.daemon.socket)
        self.addCleanup(connection.close)
        try:
            headers = {"X-Amz-Target": aws.PREFIX + "ListPipelines"}
            connection.request("POST", "/", body=pieces(), headers=headers, encode_chunked=True)
            response = connection.getresponse()
        except (BrokenPipeError, ConnectionResetError):
            return  # the daemon may hang up before all has come
        self.assertRefused(json.loads(response.read()), "RequestEntityTooLarge")

    # Connections

    def connect(self):
        stream = socket.socket(socket.AF_UNIX)
        stream.settimeout(30)
        self.addCleanup(stream.close)
        stream.connect(self.daemon.socket)
        return stream

    def test_garbage_on_the_socket_is_hung_up_on(self):
        for garbage in (
            b"\x00" * 1000,
            b"\x16\x03\x01\x02\x00\x01",
            b"hello\r\n\r\n",
            b"POST / HTTP/9.9\r\n\r\n",
            os.urandom(4096) + b"\r\n\r\n",
        ):
            stream = self.connect()
            stream.sendall(garbage)
            stream.shutdown(socket.SHUT_WR)
            answer = b""
            try:
                while piece := stream.recv(65536):
                    answer += piece
            except ConnectionResetError:
                pass
            self.assertNotIn(b" 200 ", answer)
            self.assertNotIn(b" 500 ", answer)

    def test_endless_headers_are_hung_up_on(self):
        stream = self.connect()
        stream.sendall(b"POST / HTTP/1.1\r\nHost: x\r\n")
        sent_bytes = 0
        while sent_bytes < 16 << 20:
            readable, writable, _ = select.select([stream], [stream], [], 30)
            if readable or not writable:
                break
            sent_bytes += stream.send(b"X-Long: " + b"a" * 10_000 + b"\r\n")
        self.assertTrue(stream.recv(4096).startswith(b"HTTP/1.1 400 "))
        self.assertEqual(stream.recv(4096), b"")

    def test_silent_connections_hold_nobody_up(self):
        silent = [self.connect() for _ in range(200)]
        half = self.connect()
        half.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{")
        self.created()
        for stream in [*silent, half]:
            stream.close()
        self.ends(self.start())

    def request(self, operation, input):
        body = json.dumps(input).encode()
        head = f"POST / HTTP/1.1\r\nHost: x\r\nX-Amz-Target: {aws.PREFIX}{operation}\r\n"
        return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body

    def test_who_says_nothing_more_gets_an_answer(self):
        self.created()
        stream = self.connect()
        stream.sendall(self.request("GetPipelineState", {"name": self.name}))
        stream.shutdown(socket.SHUT_WR)
        answer = b""
        while piece := stream.recv(65536):
            answer += piece
        self.assertIn(b"HTTP/1.1 200 ", answer)
        self.assertEqual(json.loads(answer.partition(b"\r\n\r\n")[2])["pipelineName"], self.name)

    def test_who_hangs_up_before_the_answer_leaves_nothing_half_done(self):
        self.created(mode="QUEUED")
        for _ in range(20):
            stream = self.connect()
            stream.sendall(self.request("StartPipelineExecution", {"name": self.name}))
            stream.close()
        last = self.start()
        self.ends(last)
        for each in self.executions():
            self.ends(each["pipelineExecutionId"])
            self.assertEqual(len(self.actions(each["pipelineExecutionId"])), 2)

    def test_one_connection_takes_many_requests(self):
        connection = aws.Connection(self.daemon.socket)
        self.addCleanup(connection.close)
        for count in range(50):
            target = aws.PREFIX + ("ListPipelines" if count % 2 else "Nothing")
            connection.request("POST", "/", body=b"{}", headers={"X-Amz-Target": target})
            response = connection.getresponse()
            self.assertEqual(
                (response.status, "pipelines" in json.loads(response.read())),
                (200, True) if count % 2 else (400, False),
            )

    def test_what_a_pipeline_is_called_never_becomes_a_path_or_a_query(self):
        for name in (
            "../../etc/passwd",
            "a/b",
            "a b",
            "a'; DROP TABLE pipeline; --",
            "é",
            "",
            "a" * 101,
            "a\n",
            "a\x00b",
        ):
            self.assertRefused(self.call("GetPipeline", {"name": name}), "ValidationException", "name")
        declared = pipeline("a/b", stage("Build", action("Make")))
        answer = self.call("CreatePipeline", {"pipeline": declared})
        self.assertRefused(answer, "InvalidStructureException", "name")


if __name__ == "__main__":
    unittest.main()
