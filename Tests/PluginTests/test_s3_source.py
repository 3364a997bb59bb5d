"""The s3 plugin's source action, against moto (versions) and rclone (none)."""

import io
import os
import stat
import struct
import unittest
import zipfile

from harness import ODD, ProcessRules
from s3_proxies import Answering
from s3_servers import HAVE_TOOLS, MISSING, ServedCase


def zipped(*entries, method=zipfile.ZIP_DEFLATED):
    """(name, content, mode or None) each."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, content, mode in entries:
            entry = zipfile.ZipInfo(name)
            entry.compress_type = method
            if mode is not None:
                entry.create_system, entry.external_attr = 3, mode << 16
            archive.writestr(entry, content)
    return file.getvalue()


GOOD = zipped(
    ("hello.txt", "hello\n", None),
    ("bin/run me", "#!/bin/sh\n", stat.S_IFREG | 0o755),
    ("ünï/🙂.txt", "é", stat.S_IFREG | 0o600),
    ("bin/link", "run me", stat.S_IFLNK | 0o777),
    ("empty/", "", stat.S_IFDIR | 0o755),
    ("zero", b"", None),
)


@unittest.skipUnless(HAVE_TOOLS, MISSING)
class SourceCase(ServedCase):
    def put(self, key, body, client=None, **attributes):
        return (client or self.versions).put_object(Bucket="shop", Key=key, Body=body, **attributes)

    def fetch(self, key="app.zip", server=None, settings=None, **options):
        job, root = self.source_job(settings or self.settings((server or self.moto).url), key, **options)
        return self.run_job(job, root)


class SourceProcess(ProcessRules, SourceCase):
    def good_job(self):
        self.put("app.zip", GOOD)
        return self.source_job(self.settings(self.moto.url))


class Source(SourceCase):
    def test_unpacks_a_zip_and_reports_its_version_SRC_5_TRG_2(self):
        version = self.put("a/app.zip", GOOD, Metadata={"codepipeline-artifact-revision-summary": "third try"})
        ending = self.fetch("a/app.zip", PollForSourceChanges="false")
        self.assertSucceeded(ending)
        self.assertEqual(
            self.tree(),
            {
                "hello.txt": b"hello\n",
                "bin/run me": b"#!/bin/sh\n",
                "ünï/🙂.txt": "é".encode(),
                "bin/link": "-> run me",
                "zero": b"",
            },
        )
        self.assertTrue(os.path.isdir(os.path.join(self.output, "empty")))
        self.assertTrue(os.access(os.path.join(self.output, "bin", "run me"), os.X_OK))
        tag = version["ETag"].strip('"')
        self.assertEqual(
            ending.variables,
            {"BucketName": "shop", "ETag": tag, "ObjectKey": "a/app.zip", "VersionId": version["VersionId"]},
        )
        revision = ending.last["currentRevision"]
        self.assertRegex(revision.pop("created"), r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")
        self.assertEqual(
            revision, {"revision": version["VersionId"], "changeIdentifier": tag, "revisionSummary": "third try"}
        )

    def test_a_bucket_without_versions_has_the_etag_as_revision(self):
        tag = self.put("app.zip", GOOD, self.plain)["ETag"].strip('"')
        ending = self.fetch(server=self.rclone)
        self.assertSucceeded(ending)
        self.assertEqual(len(self.tree()), 5)
        self.assertEqual(ending.last["currentRevision"]["revision"], tag)
        self.assertEqual(ending.variables["VersionId"], "null")

    def test_another_object_than_a_zip_is_the_one_file_ART_3(self):
        for client, server in ((self.versions, self.moto), (self.plain, self.rclone)):
            for key, content in (
                ("x/app.tar.gz", b"\x1f\x8bnot really"),
                ("né w/ü & +%20é.txt", b"text"),
                ("zero", b""),
                ("not.zip", b"<html>"),
            ):
                self.put(key, content, client)
                self.assertSucceeded(self.fetch(key, server))
                self.assertEqual(self.tree(), {os.path.basename(key): content})

    def test_the_key_may_be_odd(self):
        key = "x" + ODD.replace("/", "_").replace("\n", " ")  # moto knows no line feeds
        self.put(key, GOOD)
        ending = self.fetch(key)
        self.assertSucceeded(ending)
        self.assertEqual(ending.variables["ObjectKey"], key)
        self.assertFalse(os.path.exists(os.path.join(self.output, "pwned")))

    def test_a_large_object_comes_in_parts_with_progress(self):
        content = os.urandom(1 << 20) * 64
        self.put("large", content, self.plain)
        ending = self.fetch("large", self.rclone)
        self.assertSucceeded(ending)
        self.assertEqual(self.tree(), {"large": content})
        self.assertIn("64.0 MiB", str([m for m in ending.messages if m["type"] == "progress"][0]))

    def test_a_version_asked_for_is_brought_SRC_1(self):
        old = self.put("v", b"old")["VersionId"]
        self.put("v", b"new")
        ending = self.fetch("v", revision=("S3_OBJECT_VERSION_ID", old))
        self.assertSucceeded(ending)
        self.assertEqual((self.tree(), ending.variables["VersionId"]), ({"v": b"old"}, old))

    def test_a_version_that_is_not_there_is_unavailable(self):
        self.put("v", b"new")
        marker = self.versions.delete_object(Bucket="shop", Key="v")["VersionId"]
        for version in (marker, "nonsense", "3a1c9c5e-0000-0000-0000-000000000000"):
            ending = self.fetch("v", revision=("S3_OBJECT_VERSION_ID", version))
            self.assertFailed(ending, "RevisionUnavailable", version, "shop/v", self.moto.url)

    def test_another_key_may_be_asked_for_where_it_is_allowed_SRC_2(self):
        self.put("other", b"o")
        asked = ("S3_OBJECT_KEY", "other")
        self.assertFailed(self.fetch(revision=asked), "ConfigurationError", "AllowOverrideForS3ObjectKey")
        ending = self.fetch(revision=asked, AllowOverrideForS3ObjectKey="true")
        self.assertSucceeded(ending)
        self.assertEqual((self.tree(), ending.variables["ObjectKey"]), ({"other": b"o"}, "other"))
        self.assertFailed(self.fetch(revision=("COMMIT_ID", "0" * 40)), "ConfigurationError", "COMMIT_ID")

    def test_a_version_of_another_key_may_be_asked_for_where_it_is_allowed_SRC_1(self):
        old = self.put("other", b"old")["VersionId"]
        self.put("other", b"new")
        asked = ("S3_OBJECT_VERSION_ID", old, "other")
        self.assertFailed(self.fetch(revision=asked), "ConfigurationError", "AllowOverrideForS3ObjectKey")
        ending = self.fetch(revision=asked, AllowOverrideForS3ObjectKey="true")
        self.assertSucceeded(ending)
        self.assertEqual((self.tree(), ending.variables["VersionId"]), ({"other": b"old"}, old))

    def test_the_summary_may_be_beyond_ASCII_or_absent(self):
        self.put("s", b"", Metadata={"codepipeline-artifact-revision-summary": "=?UTF-8?Q?f=C3=BCnf?="})
        self.assertEqual(self.fetch("s").last["currentRevision"]["revisionSummary"], "fünf")
        version = self.put("s", b"")["VersionId"]
        self.assertEqual(self.fetch("s").last["currentRevision"]["revisionSummary"], f"Amazon S3 version id: {version}")

    def test_the_real_bucket_may_have_another_name(self):
        self.versions.create_bucket(Bucket="acme-shop-1")
        self.versions.put_object(Bucket="acme-shop-1", Key="f", Body=b"there")
        ending = self.fetch("f", settings=self.settings(self.moto.url, bucket="acme-shop-1"))
        self.assertSucceeded(ending)
        self.assertEqual((self.tree(), ending.variables["BucketName"]), ({"f": b"there"}, "shop"))

    def test_what_is_not_there_is_named(self):
        for server in (self.moto, self.rclone):
            self.assertFailed(self.fetch("gone", server), "ConfigurationError", "shop/gone", server.url, "NoSuchKey")
            settings = self.settings(server.url, bucket="no-such-bucket")
            self.assertFailed(self.fetch(settings=settings), "ConfigurationError", "no-such-bucket", "NoSuchBucket")
        for key in ("folder/", "a/..", "a/.", "a/" + "é" * 130):
            self.assertFailed(self.fetch(key), "ConfigurationError", "S3ObjectKey")

    def test_wrong_credentials_are_refused(self):
        settings = self.settings(self.rclone.url, secretAccessKey="another-secret")
        self.assertFailed(self.fetch(settings=settings), "PermissionError", self.rclone.url)

    def test_without_credentials_requests_are_not_signed(self):
        seen = []

        def answer(request):
            seen.append(request.headers.get("Authorization"))
            return 403, "AccessDenied", {}

        server = Answering(answer)
        self.addCleanup(server.close)
        self.assertFailed(self.fetch(settings={"endpoint": server.url}), "PermissionError", "access is denied")
        self.assertEqual(seen, [None, None])

    def test_settings_that_cannot_be_are_named(self):
        for member, value in (
            ("endpoint", "ftp://x"),
            ("endpoint", "http://u:p@x/"),
            ("endpoint", "http://x:99999999"),
            ("endpoint", 7),
            ("region", "a\nb"),
            ("accessKeyId", ""),
            ("secretAccessKey", None),
            ("pathStyle", "maybe"),
            ("attempts", 0),
            ("attempts", "many"),
            ("region", "no region!"),
        ):
            ending = self.fetch(settings=self.settings(self.moto.url, **{member: value}))
            self.assertFailed(ending, "ConfigurationError", "shop")
        self.assertFailed(
            self.fetch(settings={"endpoint": self.moto.url, "sessionToken": "token-token"}),
            "ConfigurationError",
            "sessionToken",
        )


class Check(SourceCase):
    def check(self, key="checked", server=None, settings=None, cursor=None, **options):
        job, root = self.source_job(settings or self.settings((server or self.moto).url), key, **options)
        job["operation"], job["data"]["outputArtifacts"] = "check", []
        if cursor is not None:
            job["data"]["cursor"] = cursor
        ending = self.run_job(job, root)
        self.assertEqual(self.tree(), {})
        return ending

    def changes(self, **options):
        ending = self.check(**options)
        self.assertSucceeded(ending)
        self.assertNotIn("outputVariables", ending.last)
        return ending.last["changes"], ending.last["cursor"]

    def test_a_new_version_is_told_once_TRG_2(self):
        first = self.put("checked", b"1", Metadata={"codepipeline-artifact-revision-summary": "one"})
        changes, cursor = self.changes()
        self.assertEqual(cursor, first["VersionId"])
        self.assertRegex(changes[0].pop("created"), r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")
        told = {"revision": cursor, "changeIdentifier": first["ETag"].strip('"'), "revisionSummary": "one"}
        self.assertEqual(changes, [told])
        self.assertEqual(self.changes(cursor=cursor), ([], cursor))
        second = self.put("checked", b"1")["VersionId"]
        changes, newer = self.changes(cursor=cursor)
        self.assertEqual(([change["revision"] for change in changes], newer), ([second], second))
        self.assertEqual(self.changes(cursor=cursor)[1], second)  # asked again with an older one

    def test_without_versions_the_etag_tells(self):
        self.put("checked", b"1", self.plain)
        changes, cursor = self.changes(server=self.rclone)
        self.assertEqual(changes[0]["revision"], cursor)
        self.assertEqual(self.changes(server=self.rclone, cursor=cursor), ([], cursor))
        self.put("checked", b"22", self.plain)
        changes, newer = self.changes(server=self.rclone, cursor=cursor)
        self.assertNotEqual(newer, cursor)
        self.assertEqual(len(changes), 1)

    def test_a_cursor_that_the_bucket_does_not_know_is_an_old_one(self):
        version = self.put("checked", b"1")["VersionId"]
        changes, cursor = self.changes(cursor="some cursor; of old")
        self.assertEqual(([change["revision"] for change in changes], cursor), ([version], version))

    def test_what_is_wrong_is_said_as_for_a_fetch(self):
        self.assertFailed(self.check("not/there"), "ConfigurationError", "not/there")
        self.assertFailed(self.check("folder/"), "ConfigurationError", "S3ObjectKey")
        wrong = self.settings(self.moto.url, endpoint="http://127.0.0.1:9", attempts=1)
        self.assertFailed(self.check(settings=wrong), "SystemUnavailable")


class BadArchives(SourceCase):
    def refused(self, content, *texts):
        self.put("bad.zip", content)
        ending = self.fetch("bad.zip")
        self.assertFailed(ending, "JobFailed", "shop/bad.zip", *texts)
        return ending

    def test_names_that_lead_out_are_refused_before_anything_is_written(self):
        for name in ("../out", "/etc/pwned", "a/../../out", "..", "a/.."):
            self.refused(zipped(("good", "x", None), (name, "x", None)), "leads out", repr(name))
            self.assertEqual(self.tree(), {})
        dos = zipped(("good", "x", None), ("a\\..\\..\\out", "x", None))
        self.refused(dos.replace(b"\x14\x03", b"\x14\x00"), "leads out")

    def test_links_that_lead_out_are_refused(self):
        link = stat.S_IFLNK | 0o777
        for entries in (
            [("l", "/etc/passwd", link)],
            [("l", "../x", link)],
            [("l", "../../in", link)],
            [("d/e", "..", link), ("l", "d/e/../../x", link)],
            [("d/e", "../d", link), ("l", "d/e/../../x", link)],
            [("l", ".", link)],
            [("a", "b", link), ("b", "../../x", link)],
        ):
            self.refused(zipped(("good", "x", None), *entries), "link", "leads out")

    def test_nothing_is_written_through_a_link(self):
        link = stat.S_IFLNK | 0o777
        self.refused(zipped(("l", "../..", link), ("l/pwned", "x", None)), "below 'l'")
        self.assertEqual(self.tree(), {})

    def test_names_that_stand_twice_are_refused(self):
        with self.assertWarns(UserWarning):
            twice = zipped(("a", "1", None), ("a", "2", None))
        self.refused(twice, "twice")
        self.refused(zipped(("a", "1", None), ("./a", "2", None)), "twice")
        self.refused(zipped(("a", "1", None), ("a/b", "2", None)), "below 'a'")

    def test_bombs_are_refused_by_what_they_declare(self):
        entries = zipped(*((f"f{n}", b"\0" * 1000, None) for n in range(3)))
        bomb = entries.replace(struct.pack("<I", 1000), struct.pack("<I", 3_900_000_000))
        self.refused(bomb, "the limit is 8.0 GiB")
        self.assertEqual(self.tree(), {})

    def test_bombs_are_cut_at_what_they_declare(self):
        bomb = zipped(("f", b"\0" * 50_000_000, None))
        self.refused(bomb.replace(struct.pack("<I", 50_000_000), struct.pack("<I", 1000)), "damaged", "f")
        self.assertEqual([len(content) for content in self.tree().values() if len(content) > 1000], [])

    def test_damaged_and_foreign_ones_are_refused(self):
        noise = os.urandom(5000)
        whole = zipped(("f", noise, None), method=zipfile.ZIP_STORED)
        self.refused(whole[:-40], "damaged")
        self.refused(whole[:100], "damaged")
        self.refused(whole.replace(noise[:50], b"x" * 50), "damaged")
        self.refused(b"PK\3\4", "damaged")
        self.refused(zipped(), "no file")
        self.refused(zipped(("d/", "", None)), "no file")
        self.refused(zipped(("f", noise, None), method=zipfile.ZIP_BZIP2), "method 12")
        self.refused(zipped(("f", "x", stat.S_IFIFO | 0o644)), "neither file")
        self.refused(zipped(("f" * 300, "x", None)), "too long a name")
        secret = bytearray(whole)
        secret[6] |= 1
        secret[secret.index(b"PK\1\2") + 8] |= 1
        self.refused(bytes(secret), "encrypted")

    def test_a_forged_table_of_contents_takes_no_memory(self):
        content = zipped(("f", "x", None))
        end = content.index(b"PK\5\6")
        size = 70 << 20
        forged = (
            content[:end] + b"\0" * size + content[end : end + 12] + struct.pack("<II", size, 0) + content[end + 20 :]
        )
        self.refused(forged, "table of contents")

    def test_too_many_files_are_refused(self):
        self.refused(zipped(*((f"{n}", "", None) for n in range(100_001))), "100001 files", "100000")


if __name__ == "__main__":
    unittest.main()
