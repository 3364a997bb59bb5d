"""S3 servers on loopback for the s3 plugin, moto and rclone, and the jobs that it is given."""

import atexit
import functools
import os
import re
import shutil
import signal
import subprocess
import tempfile
import threading

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
            cwd=self.folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
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
        return cls(
            "rclone",
            "serve",
            "s3",
            "FOLDER",
            "--addr",
            "127.0.0.1:0",
            "--config",
            "FOLDER/.none",
            "--auth-key",
            ",".join(KEYS.values()),
        )

    def client(self):
        return botocore.session.Session().create_client(
            "s3",
            region_name="us-east-1",
            endpoint_url=self.url,
            aws_access_key_id=KEYS["accessKeyId"],
            aws_secret_access_key=KEYS["secretAccessKey"],
            config=botocore.config.Config(s3={"addressing_style": "path"}),
        )

    def stop(self):
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self.process.stderr.close()
        shutil.rmtree(self.folder, True)


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
                {"name": "Source", "location": {"type": "Path", "pathLocation": {"path": "out/Sörce 1"}}}
            ],
        }
        if revision:
            data["sourceRevision"] = dict(zip(("revisionType", "revisionValue", "objectKey"), revision))
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
                {"name": "App", "location": {"type": "Path", "pathLocation": {"path": "in/Ärtifact 1"}}}
            ],
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
