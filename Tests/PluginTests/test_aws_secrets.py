"""What asks AWS for secrets: against moto, and against a server that fails as it is told."""

import http.server
import json
import os
import subprocess
import threading
import unittest

import botocore.session
from harness import ROOT
from s3_servers import HAVE_TOOLS, MISSING, Server

PROGRAM = os.path.join(ROOT, "Sources", "Settings", "Providers", "aws", "secret")
KEYS = {"accessKeyId": "AKIASECRETTEST", "secretAccessKey": "secret-of-the-secrets-test"}


class Broken(http.server.BaseHTTPRequestHandler):
    """Answers every request with `answer`, after it has read it."""

    answer = (500, b"{}")
    requests = []

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.requests.append((dict(self.headers), body))
        self.send_response(self.answer[0])
        self.send_header("Content-Length", str(len(self.answer[1])))
        self.end_headers()
        self.wfile.write(self.answer[1])

    def log_message(self, *_):
        pass


class AWSSecretCase(unittest.TestCase):
    def ask(self, question, **environment):
        sent = question if isinstance(question, bytes) else json.dumps(question).encode()
        usual = {"PATH": "/usr/bin:/bin", "HOME": "/nonexistent", "AWS_EC2_METADATA_DISABLED": "true"}
        done = subprocess.run([PROGRAM], input=sent, capture_output=True, env={**usual, **environment}, timeout=60)
        answer = json.loads(done.stdout)
        self.assertEqual((done.returncode, done.stderr), (0 if "value" in answer else 1, b""))
        return answer

    def assertRefused(self, question, *texts, **environment):
        answer = self.ask(question, **environment)
        for text in texts:
            self.assertIn(text, answer["error"])

    def broken(self, status, body):
        handler = type("Handler", (Broken,), {"answer": (status, body), "requests": []})
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{server.server_port}", handler.requests


@unittest.skipUnless(HAVE_TOOLS, MISSING)
class Moto(AWSSecretCase):
    def client(self, service):
        client = botocore.session.Session().create_client(
            service,
            region_name="eu-west-1",
            endpoint_url=Server.moto().url,
            aws_access_key_id=KEYS["accessKeyId"],
            aws_secret_access_key=KEYS["secretAccessKey"],
        )
        self.addCleanup(client.close)
        return client

    def question(self, service, name, **more):
        place = {"endpoint": Server.moto().url, "region": "eu-west-1"}
        return {"service": service, "id": name, **place, **KEYS, **more}

    def test_a_secret_and_its_versions(self):
        client = self.client("secretsmanager")
        first = client.create_secret(Name="prod/db", SecretString='{"password": "é one"}')
        client.put_secret_value(SecretId="prod/db", SecretString="two")
        ask = self.question
        self.assertEqual(self.ask(ask("secretsmanager", "prod/db")), {"value": "two"})
        self.assertEqual(self.ask(ask("secretsmanager", first["ARN"])), {"value": "two"})
        old = {"value": '{"password": "é one"}'}
        self.assertEqual(self.ask(ask("secretsmanager", "prod/db", stage="AWSPREVIOUS")), old)
        self.assertEqual(self.ask(ask("secretsmanager", "prod/db", version=first["VersionId"])), old)

    def test_a_parameter_is_decrypted(self):
        client = self.client("ssm")
        for value in ("one", "two"):
            client.put_parameter(Name="/shop/db", Value=value, Type="SecureString", Overwrite=True)
        self.assertEqual(self.ask(self.question("ssm", "/shop/db")), {"value": "two"})
        self.assertEqual(self.ask(self.question("ssm", "/shop/db", version="1")), {"value": "one"})

    def test_credentials_may_come_from_the_environment(self):
        self.client("secretsmanager").create_secret(Name="mine", SecretString="value")
        question = {"service": "secretsmanager", "id": "mine", "endpoint": Server.moto().url}
        keys = {"AWS_ACCESS_KEY_ID": "id", "AWS_SECRET_ACCESS_KEY": "key", "AWS_DEFAULT_REGION": "eu-west-1"}
        self.assertEqual(self.ask(question, **keys), {"value": "value"})
        self.assertRefused(question, "NoRegionError")
        self.assertRefused({**question, "region": "eu-west-1"}, "NoCredentialsError")

    def test_what_is_not_there_or_no_text_is_told(self):
        self.client("secretsmanager").create_secret(Name="binary", SecretBinary=b"\xff")
        self.assertRefused(self.question("secretsmanager", "nope"), "ResourceNotFoundException")
        self.assertRefused(self.question("ssm", "/nope"), "ParameterNotFound")
        self.assertRefused(self.question("secretsmanager", "binary"), "binary")


class Faults(AWSSecretCase):
    def question(self, endpoint):
        return {"service": "secretsmanager", "id": "a", "endpoint": endpoint, "region": "eu-west-1", **KEYS}

    def test_the_request_is_signed_and_says_what_is_wanted(self):
        endpoint, requests = self.broken(200, b'{"SecretString": "value"}')
        self.assertEqual(self.ask(self.question(endpoint)), {"value": "value"})
        headers, body = requests[0]
        self.assertEqual(headers["X-Amz-Target"], "secretsmanager.GetSecretValue")
        self.assertIn("Credential=AKIASECRETTEST/", headers["Authorization"])
        self.assertEqual(json.loads(body), {"SecretId": "a"})

    def test_a_refusal_is_told_by_its_code(self):
        body = b'{"__type": "AccessDeniedException", "Message": "not you"}'
        endpoint, requests = self.broken(400, body)
        self.assertRefused(self.question(endpoint), "AccessDeniedException: not you")
        self.assertEqual(len(requests), 1)

    def test_a_server_that_fails_or_talks_nonsense_is_told(self):
        for status, body in ((500, b"{}"), (200, b"<html>"), (302, b"")):
            endpoint, _ = self.broken(status, body)
            self.assertIn("error", self.ask(self.question(endpoint)))

    def test_nobody_there_and_no_question(self):
        self.assertRefused(self.question("http://127.0.0.1:1"), "EndpointConnectionError")
        for sent in (b"", b"x", b"[]", b"{}", b'{"service": "s3", "id": "x"}'):
            self.assertIn("error", self.ask(sent))


if __name__ == "__main__":
    unittest.main()
