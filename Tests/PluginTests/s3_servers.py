"""S3 servers on loopback for the s3 plugin: moto and rclone, a proxy that breaks connections, one that answers as told."""

import atexit
import functools
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import botocore.config
import botocore.session
from harness import ROOT, PluginCase

TOOLS = os.path.join(ROOT, ".build", "test-tools", "bin")
HAVE_TOOLS = os.path.exists(os.path.join(TOOLS, "moto_server"))
MISSING = "needs the servers that `make test-tools` installs"
KEYS = {"accessKeyId": "AKIAPLUGINTEST", "secretAccessKey": "secret-of-the-plugin-test"}


class Server:
    """One server process, in a folder of its own, with the bucket shop."""

    def __init__(self, *command):
        self.folder = tempfile.mkdtemp(prefix="s3 server ")
        environment = {"PATH": "/usr/bin:/bin", "HOME": self.folder, "TMPDIR": self.folder}
        self.process = subprocess.Popen(
            [os.path.join(TOOLS, command[0]), *(part.replace("FOLDER", self.folder) for part in command[1:])],
            cwd=self.folder, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE, start_new_session=True)
        for line in self.process.stderr:
            found = re.search(rb"http://127\.0\.0\.1:(\d+)", line)
            if found:
                break
        else:
            raise AssertionError(f"{command[0]} did not start")
        self.port, self.url = int(found[1]), found[0].decode()
        threading.Thread(target=self.process.stderr.read, daemon=True).start()
        atexit.register(self.stop)
        client = self.client()
        client.create_bucket(Bucket="shop")
        client.close()

    @classmethod
    @functools.cache
    def moto(cls):
        server = cls("moto_server", "-H", "127.0.0.1", "-p", "0")
        client = server.client()
        client.put_bucket_versioning(Bucket="shop", VersioningConfiguration={"Status": "Enabled"})
        client.close()
        return server

    @classmethod
    @functools.cache
    def rclone(cls):
        return cls("rclone", "serve", "s3", "FOLDER", "--addr", "127.0.0.1:0", "--config", "FOLDER/.none",
                   "--auth-key", ",".join(KEYS.values()))

    def client(self):
        return botocore.session.Session().create_client(
            "s3", region_name="us-east-1", endpoint_url=self.url, aws_access_key_id=KEYS["accessKeyId"],
            aws_secret_access_key=KEYS["secretAccessKey"], config=botocore.config.Config(s3={"addressing_style": "path"}))

    def stop(self):
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self.process.stderr.close()
        shutil.rmtree(self.folder, True)


class BreakingProxy:
    """Passes bytes on to a server; breaks the first `count` connections on which one direction passes `after` bytes."""

    def __init__(self, port, direction, after, count):
        self.target, self.direction, self.after, self.left = port, direction, after, count
        self.lock, self.broken = threading.Lock(), 0
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.connect, args=(client,), daemon=True).start()

    def connect(self, client):
        with client, socket.create_connection(("127.0.0.1", self.target)) as server:
            down = threading.Thread(target=self.pump, args=("down", server, client), daemon=True)
            down.start()
            self.pump("up", client, server)
            down.join()

    def pump(self, name, origin, destination):
        passed = 0
        try:
            while data := origin.recv(65536):
                passed += len(data)
                if name == self.direction and passed > self.after and self.may_break():
                    break
                destination.sendall(data)
        except OSError:
            pass
        for end in (origin, destination):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def may_break(self):
        with self.lock:
            if self.left <= 0:
                return False
            self.left, self.broken = self.left - 1, self.broken + 1
            return True

    def close(self):
        self.listener.close()


class Answering:
    """A server that gives the answers of a function: (status, code or body, headers) for each request."""

    def __init__(self, answer):
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def reply(self):
                self.rfile.read(int(self.headers.get("Content-Length") or 0))
                status, body, headers = answer(self)
                if isinstance(body, str):
                    body = f"<Error><Code>{body}</Code><Message>as told</Message></Error>".encode() if body else b""
                self.send_response(status)
                for name, value in {"Content-Length": str(len(body)), **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(body)

            do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = reply

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.server.handle_error = lambda *_: None  # a plugin that goes away before it has read everything
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class S3Case(PluginCase):
    plugin = "s3"
    patience_seconds = 180

    def settings(self, url, **members):
        return {"endpoint": url, **KEYS, "attempts": 3, **members}

    def source_job(self, settings, key="app.zip", revision=None, **configuration):
        root = self.workspace()
        self.output = os.path.join(root, "out", "Sörce 1")
        os.mkdir(self.output)
        data = {
            "actionTypeId": {"category": "Source", "owner": "AWS", "provider": "S3", "version": "1"},
            "actionConfiguration": {"configuration": {"S3Bucket": "shop", "S3ObjectKey": key, **configuration}},
            "providerSettings": settings,
            "outputArtifacts": [
                {"name": "Source", "location": {"type": "Path", "pathLocation": {"path": "out/Sörce 1"}}}],
        }
        if revision:
            data["sourceRevision"] = dict(zip(("revisionType", "revisionValue"), revision))
        return self.job(data), root

    def deploy_job(self, settings, files, **configuration):
        """`files` is a folder's content: path to text or bytes, or a function that fills the folder."""
        root = self.workspace()
        folder = os.path.join(root, "in", "Ärtifact 1")
        os.mkdir(folder)
        if callable(files):
            files(folder)
        else:
            for path, content in files.items():
                self.write(folder, path, content=content)
        data = {
            "actionTypeId": {"category": "Deploy", "owner": "AWS", "provider": "S3", "version": "1"},
            "actionConfiguration": {"configuration": {"BucketName": "shop", "Extract": "true", **configuration}},
            "providerSettings": settings,
            "inputArtifacts": [
                {"name": "App", "location": {"type": "Path", "pathLocation": {"path": "in/Ärtifact 1"}}}],
        }
        return self.job(data), root

    def finish(self, process, job, sent=b""):
        ending = super().finish(process, job, sent)
        for told in (ending.log, "".join(str(m) for m in ending.messages if m["type"] != "mask")):
            self.assertNotIn(KEYS["secretAccessKey"], told)
        return ending

    def tree(self):
        """What the output artifact holds: path to bytes, or to the target of a link."""
        found = {}
        for parent, folders, files in os.walk(self.output):
            for name in files + [name for name in folders if os.path.islink(os.path.join(parent, name))]:
                path = os.path.join(parent, name)
                if os.path.islink(path):
                    found[os.path.relpath(path, self.output)] = "-> " + os.readlink(path)
                else:
                    with open(path, "rb") as stream:
                        found[os.path.relpath(path, self.output)] = stream.read()
        return found


class ServedCase(S3Case):
    """Both servers, started once for all test classes; each has the bucket shop, moto's with versions."""

    @classmethod
    def setUpClass(cls):
        cls.moto, cls.rclone = Server.moto(), Server.rclone()
        cls.versions, cls.plain = cls.moto.client(), cls.rclone.client()
        for client in (cls.versions, cls.plain):
            cls.addClassCleanup(client.close)

    def uploads(self, client):
        """The multipart uploads that were begun and not ended."""
        try:
            return client.list_multipart_uploads(Bucket="shop").get("Uploads", [])
        except client.exceptions.NoSuchUpload:  # rclone, where there are none
            return []
