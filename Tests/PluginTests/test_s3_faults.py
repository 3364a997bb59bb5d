"""The s3 plugin on bad days: connections that break, servers that fail, objects that change, jobs that are stopped."""

import importlib
import json
import os
import resource
import socket
import sys
import threading
import time
import unittest
from unittest import mock

from harness import ROOT
from s3_proxies import MIB, Answering, BreakingProxy, CompletionProxy, SlowProxy
from s3_servers import HAVE_TOOLS, MISSING, ServedCase

ALWAYS = 1_000_000
LARGE = os.urandom(MIB) * 24


@unittest.skipUnless(HAVE_TOOLS, MISSING)
class FaultCase(ServedCase):
    def proxy(self, server, direction, after, count):
        proxy = BreakingProxy(server.port, direction, after, count)
        self.addCleanup(proxy.close)
        return proxy

    def answering(self, answer):
        server = Answering(answer)
        self.addCleanup(server.close)
        return server

    def fetch(self, url, key, **settings):
        job, root = self.source_job(self.settings(url, **settings), key)
        return self.run_job(job, root)

    def deploy(self, url, files, **configuration):
        job, root = self.deploy_job(self.settings(url), files, **configuration)
        return self.run_job(job, root)

    def assertNothingLeft(self, client, prefix):
        self.assertEqual(self.uploads(client), [])
        self.assertNotIn("Contents", client.list_objects_v2(Bucket="shop", Prefix=prefix))

    def both(self):
        return (("moto", self.moto, self.versions), ("rclone", self.rclone, self.plain))


class BrokenConnections(FaultCase):
    def test_a_download_goes_on_where_its_connection_broke(self):
        for name, server, client in self.both():
            client.put_object(Bucket="shop", Key="down", Body=LARGE)
            proxy = self.proxy(server, "down", 3 * MIB, 2)
            ending = self.fetch(proxy.url, "down")
            self.assertSucceeded(ending)
            self.assertEqual((proxy.broken, self.tree() == {"down": LARGE}), (2, True), name)
            self.assertIn("try 1 of 3 failed", ending.log)

    def test_a_download_that_always_breaks_fails_clearly(self):
        for _, server, client in self.both():
            client.put_object(Bucket="shop", Key="down", Body=LARGE)
            proxy = self.proxy(server, "down", MIB, ALWAYS)
            ending = self.fetch(proxy.url, "down")
            self.assertFailed(ending, "SystemUnavailable", "shop/down", proxy.url, "tried 3 times")
            self.assertEqual(self.tree(), {})

    def test_an_upload_whose_connection_broke_is_tried_again(self):
        for name, server, client in self.both():
            for key, content in (("small", LARGE[: 4 * MIB]), ("large", LARGE)):
                proxy = self.proxy(server, "up", 3 * MIB, 2)
                ending = self.deploy(proxy.url, {key: content}, ObjectKey="up")
                self.assertSucceeded(ending)
                self.assertEqual(proxy.broken, 2, name)
                found = client.get_object(Bucket="shop", Key=f"up/{key}")["Body"].read()
                self.assertTrue(found == content, name)
            self.assertEqual(self.uploads(client), [])

    def test_an_upload_that_always_breaks_leaves_nothing(self):
        for _, server, client in self.both():
            for key, content in (("small", LARGE[: 4 * MIB]), ("large", LARGE)):
                proxy = self.proxy(server, "up", 3 * MIB, ALWAYS)
                ending = self.deploy(proxy.url, {key: content}, ObjectKey="never")
                self.assertFailed(
                    ending, "SystemUnavailable", f"shop/never/{key}", proxy.url, "tried 3 times", "Nothing is written"
                )
                self.assertNothingLeft(client, "never")

    def test_a_server_that_is_not_there_is_named(self):
        with socket.create_server(("127.0.0.1", 0)) as free:
            url = f"http://127.0.0.1:{free.getsockname()[1]}"
        self.assertFailed(self.fetch(url, "x"), "SystemUnavailable", url, "tried 3 times")
        self.assertFailed(self.deploy(url, {"a": "1"}), "SystemUnavailable", url)
        self.assertFailed(self.fetch("http://no-such-host.invalid", "x", attempts=1), "SystemUnavailable", "invalid")


class Refusals(FaultCase):
    def test_what_a_server_answers_becomes_a_clear_failure(self):
        for status, code, headers, kind, text in (
            (403, "AccessDenied", {}, "PermissionError", "access is denied"),
            (403, "InvalidAccessKeyId", {}, "PermissionError", "accessKeyId"),
            (403, "SignatureDoesNotMatch", {}, "PermissionError", "secretAccessKey"),
            (403, "RequestTimeTooSkewed", {}, "PermissionError", "clocks"),
            (400, "ExpiredToken", {}, "PermissionError", "expired"),
            (403, "SomethingElse", {}, "PermissionError", "SomethingElse"),
            (301, "PermanentRedirect", {"x-amz-bucket-region": "eu-west-1"}, "ConfigurationError", "region: eu-west-1"),
            (
                400,
                "AuthorizationHeaderMalformed",
                {"x-amz-bucket-region": "eu-west-1"},
                "ConfigurationError",
                "region: eu-west-1",
            ),
            (404, "NoSuchBucket", {}, "ConfigurationError", "no such bucket"),
            (500, "InternalError", {}, "SystemUnavailable", "tried 2 times"),
            (503, "SlowDown", {}, "SystemUnavailable", "tried 2 times"),
            (501, "NotImplemented", {}, "JobFailed", "NotImplemented"),
        ):
            server = self.answering(lambda request, answer=(status, code, headers): answer)
            self.assertFailed(self.fetch(server.url, "k", attempts=2), kind, text, "shop/k", server.url)
            job, root = self.deploy_job(self.settings(server.url, attempts=2), {"a": "1"})
            self.assertFailed(self.run_job(job, root), kind, text, "shop/a", server.url)

    def test_an_error_of_the_server_is_tried_again(self):
        answers = [(503, "SlowDown", {}), (500, "InternalError", {}), (200, "", {"ETag": '"x"'})]
        server = self.answering(lambda request: answers.pop(0))
        self.assertSucceeded(self.deploy(server.url, {"a": "1"}))
        self.assertEqual(answers, [])

    def test_a_completion_whose_answer_was_lost_is_recognised(self):
        for name, server, client in self.both():
            proxy = CompletionProxy(server.port)
            self.addCleanup(proxy.close)
            ending = self.deploy(proxy.url, {"l": LARGE}, ObjectKey="lost")
            self.assertSucceeded(ending)
            self.assertEqual(proxy.broken, 1, name)
            self.assertTrue(client.get_object(Bucket="shop", Key="lost/l")["Body"].read() == LARGE)

    def changing(self, times):
        """A server whose object is another one after each of the first `times` reads."""
        reads = []

        def answer(request):
            about = {"ETag": f'"{len(reads)}"', "Last-Modified": "Mon, 01 Jan 2024 00:00:00 GMT"}
            if request.command == "HEAD":
                return 200, "", {**about, "Content-Length": "4"}
            reads.append(request.headers["If-Match"])
            if len(reads) <= times:
                return 412, "PreconditionFailed", {}
            return 206, b"text", {**about, "Content-Range": "bytes 0-3/4"}

        return self.answering(answer), reads

    def test_an_object_that_is_replaced_meanwhile_is_begun_again(self):
        server, reads = self.changing(times=2)
        ending = self.fetch(server.url, "file")
        self.assertSucceeded(ending)
        self.assertEqual((self.tree(), reads), ({"file": b"text"}, ['"0"', '"1"', '"2"']))
        self.assertEqual(ending.variables["ETag"], "2")

    def test_an_object_that_is_always_replaced_is_given_up(self):
        server, reads = self.changing(times=ALWAYS)
        self.assertFailed(self.fetch(server.url, "file"), "RevisionOutOfSync", "replaced while it was read, 3 times")
        self.assertEqual((self.tree(), len(reads)), ({}, 3))

    def test_a_server_without_ranges_is_told(self):
        def answer(request):
            about = {"ETag": '"x"', "Last-Modified": "Mon, 01 Jan 2024 00:00:00 GMT", "Content-Length": str(9 * MIB)}
            return 200, b"" if request.command == "HEAD" else b"x" * 9 * MIB, about

        self.assertFailed(self.fetch(self.answering(answer).url, "file"), "JobFailed", "ranges")

    def test_an_object_over_the_limit_is_refused_before_it_is_read_ART_4(self):
        def answer(request):
            self.assertEqual(request.command, "HEAD")
            return (
                200,
                "",
                {"Content-Length": str(8 << 30), "ETag": '"x"', "Last-Modified": "Mon, 01 Jan 2024 00:00:00 GMT"},
            )

        self.assertFailed(self.fetch(self.answering(answer).url, "huge"), "JobFailed", "8.0 GiB", "7.0 GiB")


class Units(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        with mock.patch.object(sys, "path", [os.path.join(ROOT, "plugins", "s3", "lib"), *sys.path]):
            with mock.patch.object(sys, "dont_write_bytecode", True):
                cls.transfer, cls.store = importlib.import_module("transfer"), importlib.import_module("store")

    def test_progress_is_told_once_a_second_with_its_percentage(self):
        host, clock = mock.Mock(), mock.Mock(return_value=0)
        with mock.patch.object(self.transfer.time, "monotonic", clock):
            progress = self.transfer.Progress(host, "reading", 400 * MIB)
            for second in range(1, 5):
                clock.return_value = second
                for _ in range(100):
                    progress.add(MIB)
        told = [call.args for call in host.progress.mock_calls]
        self.assertEqual([percent for _, percent in told], [0, 0, 25, 50, 75])
        self.assertEqual(told[2][0], "reading, 101.0 MiB of 400.0 MiB")

    def test_without_an_endpoint_it_is_AWS_and_the_bucket_stands_where_the_settings_say(self):
        for settings, place in (
            ({}, "https://shop.s3.amazonaws.com/k"),
            ({"region": "eu-west-1"}, "https://shop.s3.eu-west-1.amazonaws.com/k"),
            ({"region": "eu-west-1", "pathStyle": True}, "https://s3.eu-west-1.amazonaws.com/shop/k"),
            ({"endpoint": "http://minio:9000"}, "http://minio:9000/shop/k"),
            ({"endpoint": "http://minio:9000", "pathStyle": "false"}, "http://shop.minio:9000/k"),
        ):
            client = self.store.Store(settings, "shop", threading.Event()).client
            asked = []

            def note(request, asked=asked, **_):
                asked.append(request.url)
                raise InterruptedError  # nothing is sent

            client.meta.events.register("before-send.s3", note)
            with self.assertRaises(InterruptedError):
                client.get_object(Bucket="shop", Key="k")
            self.assertEqual(asked, [place])


class Stopping(FaultCase):
    def begin(self, job, root):
        process = self.start(root)
        process.stdin.write(json.dumps(job).encode() + b"\n")
        process.stdin.flush()
        return process

    def wait_for(self, met):
        end = time.monotonic() + 60
        while not met():
            self.assertLess(time.monotonic(), end)
            time.sleep(0.02)

    def stop_upload(self, server, client, dead):
        slow = SlowProxy(server.port)
        job, root = self.deploy_job(self.settings(slow.url), {"l": LARGE}, ObjectKey="stopped")
        job["cancelGraceSeconds"] = 10
        self.addCleanup(slow.close)
        process = self.begin(job, root)
        self.wait_for(lambda: slow.passed > 10 * MIB)
        self.assertEqual(len(self.uploads(client)), 1)
        slow.stuck = dead
        self.stop(process, job)
        slow.stuck = False
        self.assertNothingLeft(client, "stopped")

    def test_a_stopped_upload_is_taken_back_CAN_01(self):
        for _, server, client in self.both():
            self.stop_upload(server, client, dead=False)

    def test_a_stopped_upload_on_a_dead_connection_is_taken_back(self):
        for _, server, client in self.both():
            self.stop_upload(server, client, dead=True)

    def test_a_stopped_download_ends_at_once(self):
        self.plain.put_object(Bucket="shop", Key="d", Body=LARGE)
        slow = SlowProxy(self.rclone.port)
        self.addCleanup(slow.close)
        job, root = self.source_job(self.settings(slow.url), "d")
        process = self.begin(job, root)
        self.wait_for(lambda: slow.passed > MIB)
        self.stop(process, job)
        self.assertNotIn("d", self.tree())  # what the held connection was writing may be there, under another name

    def test_a_server_that_says_nothing_does_not_hold_a_stopped_job(self):
        with socket.create_server(("127.0.0.1", 0)) as silent:
            job, root = self.source_job(self.settings(f"http://127.0.0.1:{silent.getsockname()[1]}"))
            process = self.begin(job, root)
            with silent.accept()[0]:
                self.stop(process, job)

    def test_a_pause_between_tries_does_not_hold_a_stopped_job(self):
        asked = threading.Event()

        def answer(request):
            asked.set()
            return 503, "SlowDown", {}

        job, root = self.source_job(self.settings(self.answering(answer).url, attempts=20))
        process = self.begin(job, root)
        self.assertTrue(asked.wait(30))
        self.stop(process, job)

    def test_a_disk_that_is_full_is_told(self):
        self.plain.put_object(Bucket="shop", Key="d", Body=LARGE)
        job, root = self.source_job(self.settings(self.rclone.url), "d")
        process = self.start(root)
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (4 * MIB, 4 * MIB))
        ending = self.finish(process, job, json.dumps(job).encode() + b"\n")
        self.assertFailed(ending, "JobFailed", "could not go on", "too large")


if __name__ == "__main__":
    unittest.main()
