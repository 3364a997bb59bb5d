"""The s3 plugin's deploy action, against moto and rclone."""

import hashlib
import io
import os
import stat
import unittest
import zipfile

from harness import ODD, ProcessRules
from s3_proxies import Answering
from s3_servers import HAVE_TOOLS, MISSING, ServedCase

SITE = {
    "index.html": "<h1>x</h1>",
    "style.css": "a {}",
    "app.js": "1;",
    "a b/é 🙂.html": "y",
    "data": b"\0\1",
    "x.tar.gz": b"\x1f\x8b",
    "zero.txt": b"",
    "logo.svg": "<svg/>",
    "f.woff2": b"w",
    "m.wasm": b"\0asm",
    "page?.html": "z",
    "hash#.json": "{}",
}


@unittest.skipUnless(HAVE_TOOLS, MISSING)
class DeployCase(ServedCase):
    def deploy(self, files, server=None, settings=None, **configuration):
        job, root = self.deploy_job(settings or self.settings((server or self.moto).url), files, **configuration)
        return self.run_job(job, root)

    def keys(self, client, prefix):
        pages = client.get_paginator("list_objects_v2").paginate(Bucket="shop", Prefix=prefix)
        return sorted(entry["Key"] for page in pages for entry in page.get("Contents", []))

    def body(self, client, key):
        return client.get_object(Bucket="shop", Key=key)["Body"].read()


class DeployProcess(ProcessRules, DeployCase):
    def good_job(self):
        return self.deploy_job(self.settings(self.moto.url), {"a": "b"}, ObjectKey="process")


class Deploy(DeployCase):
    def test_every_file_becomes_an_object_with_its_content_type(self):
        for client, server in ((self.versions, self.moto), (self.plain, self.rclone)):
            ending = self.deploy(SITE, server, ObjectKey="site/v 1/", CacheControl="max-age=60")
            self.assertSucceeded(ending)
            self.assertEqual(self.keys(client, "site/v 1/"), sorted("site/v 1/" + path for path in SITE))
            for path, content in SITE.items():
                content = content if isinstance(content, bytes) else content.encode()
                self.assertEqual(self.body(client, "site/v 1/" + path), content)
        kinds = {path: self.versions.head_object(Bucket="shop", Key="site/v 1/" + path) for path in SITE}
        self.assertEqual(
            {path: head["ContentType"] for path, head in kinds.items()},
            {
                "index.html": "text/html",
                "style.css": "text/css",
                "app.js": "text/javascript",
                "a b/é 🙂.html": "text/html",
                "data": "application/octet-stream",
                "x.tar.gz": "application/gzip",
                "zero.txt": "text/plain",
                "logo.svg": "image/svg+xml",
                "f.woff2": "font/woff2",
                "m.wasm": "application/wasm",
                "page?.html": "text/html",
                "hash#.json": "application/json",
            },
        )
        self.assertEqual({head["CacheControl"] for head in kinds.values()}, {"max-age=60"})
        self.assertNotIn("ContentEncoding", kinds["x.tar.gz"])

    def test_without_a_prefix_files_lie_at_the_top(self):
        self.assertSucceeded(self.deploy({"top-of-all/x": "1", "top-of-all-y": "2"}))
        self.assertEqual(self.keys(self.versions, "top-of-all"), ["top-of-all-y", "top-of-all/x"])

    def test_an_archive_keeps_modes_and_links_and_is_the_same_each_time(self):
        def fill(folder):
            self.write(folder, "bin", "run", content="#!/bin/sh\n", mode=0o755)
            self.write(folder, "é.txt", content="é")
            os.symlink("bin/run", os.path.join(folder, "link"))
            os.mkdir(os.path.join(folder, "empty"))

        digests = set()
        for client, server in ((self.versions, self.moto), (self.plain, self.rclone)):
            self.assertSucceeded(self.deploy(fill, server, Extract="false", ObjectKey="one/app.zip"))
            content = self.body(client, "one/app.zip")
            digests.add(hashlib.sha256(content).hexdigest())
        self.assertEqual(len(digests), 1)
        archive = zipfile.ZipFile(io.BytesIO(content))
        modes = {entry.filename: entry.external_attr >> 16 for entry in archive.infolist()}
        self.assertEqual(sorted(modes), ["bin/run", "empty/", "link", "é.txt"])
        self.assertEqual(modes["bin/run"] & 0o777, 0o755)
        self.assertTrue(stat.S_ISLNK(modes["link"]))
        self.assertEqual(archive.read("link"), b"bin/run")
        self.assertEqual(self.versions.head_object(Bucket="shop", Key="one/app.zip")["ContentType"], "application/zip")

    def test_what_deploy_packs_source_unpacks(self):
        self.assertSucceeded(self.deploy(SITE, Extract="False", ObjectKey="round.zip"))
        job, root = self.source_job(self.settings(self.moto.url), "round.zip")
        self.assertSucceeded(self.run_job(job, root))
        self.assertEqual(
            self.tree(), {path: text if isinstance(text, bytes) else text.encode() for path, text in SITE.items()}
        )

    def test_the_key_may_hold_the_time_and_the_executions_id(self):
        job, root = self.deploy_job(
            self.settings(self.moto.url), {"a": "1"}, Extract="false", ObjectKey="when/{datetime}-{uuid}.zip"
        )
        for _ in range(2):  # the second is a dispatch after a crash
            self.assertSucceeded(self.run_job(job, root))
            os.remove(os.path.join(root, "tmp", "artifact.zip"))
        found = self.keys(self.versions, "when/")
        for key in found:
            self.assertRegex(
                key, r"^when/\d{4}-\d\d-\d\d_\d\d-\d\d-\d\d-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\.zip$"
            )
        self.assertEqual(len({key[-40:] for key in found}), 1)

    def test_acl_and_encryption_are_asked_for(self):
        seen = {}

        def answer(request):
            seen.update(request.headers.items())
            return 200, "", {"ETag": '"x"'}

        server = Answering(answer)
        self.addCleanup(server.close)
        self.assertSucceeded(
            self.deploy(
                {"a": "1"},
                settings=self.settings(server.url),
                CannedACL="public-read",
                KMSEncryptionKeyARN="arn:aws:kms:us-east-1:1:key/k",
            )
        )
        self.assertEqual((seen["x-amz-acl"], seen["x-amz-server-side-encryption"]), ("public-read", "aws:kms"))
        self.assertEqual(seen["x-amz-server-side-encryption-aws-kms-key-id"], "arn:aws:kms:us-east-1:1:key/k")

    def test_configuration_that_cannot_be_is_refused(self):
        for configuration, text in (
            ({"Extract": "yes"}, "Extract"),
            ({"Extract": "false"}, "ObjectKey"),
            ({"CannedACL": "public"}, "public-read-write"),
            ({"CacheControl": "a\nx: y"}, "CacheControl"),
            ({"ObjectKey": "k" * 1020}, "1024"),
        ):
            self.assertFailed(self.deploy({"some": "1"}, **configuration), "ConfigurationError", text)

    def test_a_bucket_that_is_not_there_and_wrong_credentials_write_nothing(self):
        for server in (self.moto, self.rclone):
            ending = self.deploy({"a": "1"}, settings=self.settings(server.url, bucket="nowhere-1"))
            self.assertFailed(ending, "ConfigurationError", "nowhere-1", server.url, "Nothing is written")
        ending = self.deploy({"a": "1"}, settings=self.settings(self.rclone.url, secretAccessKey="another-secret"))
        self.assertFailed(ending, "PermissionError", self.rclone.url)

    def test_pages_come_last_and_not_at_all_after_a_failure(self):
        order, refused = [], []

        def answer(request):
            order.append(request.path.removeprefix("/shop/"))
            return (403, "AccessDenied", {}) if order[-1] in refused else (200, "", {"ETag": '"x"'})

        server = Answering(answer)
        self.addCleanup(server.close)
        files = {"index.html": "", "a/index.html": "", "b.html": "", "z.js": "", "a.css": ""}
        self.assertSucceeded(self.deploy(files, settings=self.settings(server.url)))
        self.assertEqual(
            (set(order[:2]), order[2], set(order[3:])), ({"z.js", "a.css"}, "b.html", {"index.html", "a/index.html"})
        )
        order.clear()
        refused.append("b.html")
        ending = self.deploy(files, settings=self.settings(server.url))
        self.assertFailed(ending, "PermissionError", "shop/b.html", "2 of 5 files are written and stay")
        self.assertEqual(order[2:], ["b.html"])

    def test_links_are_followed_inside_the_artifact(self):
        def fill(folder):
            self.write(folder, "real", "f.txt", content="f")
            os.symlink("real/f.txt", os.path.join(folder, "file.txt"))
            os.symlink("real", os.path.join(folder, "folder"))

        self.assertSucceeded(self.deploy(fill, ObjectKey="links"))
        self.assertEqual(
            self.keys(self.versions, "links/"), ["links/file.txt", "links/folder/f.txt", "links/real/f.txt"]
        )

    def test_links_that_lead_nowhere_or_in_a_circle_are_refused(self):
        for target in ("gone", "/etc/passwd", "../../x", "l", "."):
            ending = self.deploy(lambda folder, to=target: os.symlink(to, os.path.join(folder, "l")), ObjectKey="no")
            self.assertFailed(ending, "JobFailed", "the link 'l'")

        def circle(folder):
            os.makedirs(os.path.join(folder, "a", "b"))
            os.symlink("../../a", os.path.join(folder, "a", "b", "up"))

        self.assertFailed(self.deploy(circle, ObjectKey="no"), "JobFailed", "a/b/up")
        self.assertEqual(self.keys(self.versions, "no/"), [])

    def test_names_may_be_odd_but_must_be_text(self):
        odd = ODD.replace("/", "_").replace("\n", " ")
        self.assertSucceeded(self.deploy({odd: "1"}, ObjectKey="odd"))
        self.assertEqual(self.keys(self.versions, "odd/"), ["odd/" + odd])

        def latin(folder):
            with open(os.path.join(os.fsencode(folder), b"caf\xe9"), "wb"):
                pass

        self.assertFailed(self.deploy(latin, ObjectKey="x"), "ConfigurationError", "not UTF-8")
        self.assertFailed(self.deploy(latin, ObjectKey="x", Extract="false"), "JobFailed", "not UTF-8")

    def test_ten_thousand_files(self):
        ending = self.deploy({f"{n % 100}/f{n}.txt": str(n) for n in range(10_000)}, self.rclone, ObjectKey="many")
        self.assertSucceeded(ending)
        found = sum(len(files) for _, _, files in os.walk(os.path.join(self.rclone.folder, "shop", "many")))
        self.assertEqual(found, 10_000)
        self.assertIn("10000 files", ending.last["executionDetails"]["summary"])

    def test_a_large_file_goes_in_parts(self):
        content = os.urandom(1 << 20) * 64 + b"end"
        for client, server in ((self.versions, self.moto), (self.plain, self.rclone)):
            self.assertSucceeded(self.deploy({"large.bin": content, "small.txt": "x"}, server, ObjectKey="big"))
            self.assertTrue(self.body(client, "big/large.bin") == content)
            self.assertEqual(self.uploads(client), [])
        self.assertEqual(
            self.versions.head_object(Bucket="shop", Key="big/large.bin")["ContentType"], "application/octet-stream"
        )


if __name__ == "__main__":
    unittest.main()
