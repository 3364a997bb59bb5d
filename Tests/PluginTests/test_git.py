"""The git plugin against real repositories."""

import json
import os
import subprocess
import threading
import unittest
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from harness import ODD, PluginCase, ProcessRules

IDENTITY = {
    "PATH": "/usr/bin:/bin",
    "HOME": "/nonexistent",
    "GIT_CONFIG_NOSYSTEM": "1",
    "TZ": "UTC",
    "GIT_AUTHOR_NAME": "Ada",
    "GIT_AUTHOR_EMAIL": "ada@example.org",
    "GIT_AUTHOR_DATE": "2024-02-03T04:05:06+0200",
    "GIT_COMMITTER_NAME": "Bob",
    "GIT_COMMITTER_EMAIL": "bob@example.org",
    "GIT_COMMITTER_DATE": "2024-02-04T00:00:00Z",
}


class GitCase(PluginCase):
    plugin = "git"

    def git(self, *arguments, where, data=None):
        done = subprocess.run(["git", *arguments], cwd=where, env=IDENTITY, input=data, capture_output=True, check=True)
        return done.stdout.decode(errors="surrogateescape").strip()

    def repository(self, name="shop", branch="main", **options):
        """A bare repository and a work tree beside it, both empty."""
        tree, bare = os.path.join(self.base, name), os.path.join(self.base, name + ".git")
        form = options.get("form", "sha1")
        self.git("init", "-q", "--bare", f"--object-format={form}", bare, where=self.base)
        self.git("init", "-q", f"--object-format={form}", f"--initial-branch={branch}", tree, where=self.base)
        self.git("remote", "add", "origin", bare, where=tree)
        return tree, bare

    def commit(self, tree, message="first", push=True):
        self.git("add", "-A", where=tree)
        self.git(
            "commit",
            "-q",
            "--allow-empty",
            "--cleanup=verbatim",
            "-F",
            "-",
            where=tree,
            data=message if isinstance(message, bytes) else message.encode(),
        )
        if push:
            self.git("push", "-q", "origin", "HEAD", where=tree)
        return self.git("rev-parse", "HEAD", where=tree)

    def simple(self):
        tree, bare = self.repository()
        self.write(tree, "hello.txt", content="hello\n")
        return tree, bare, self.commit(tree)

    def git_job(self, url, branch="main", provider="Git", configuration=None, **data):
        root = self.workspace()
        self.output = os.path.join(root, "out", "Sörce 1")
        os.mkdir(self.output)
        os.chmod(self.output, 0o777)
        settings = {} if url is None else {"url": url}
        job = self.job(
            {
                "actionTypeId": {"category": "Source", "owner": "Custom", "provider": provider, "version": "1"},
                "actionConfiguration": {"configuration": configuration or {"Repository": "shop", "Branch": branch}},
                "providerSettings": settings,
                "outputArtifacts": [
                    {"name": "Source", "location": {"type": "Path", "pathLocation": {"path": "out/Sörce 1"}}}
                ],
                **data,
            }
        )
        return job, root


class GitProcess(ProcessRules, GitCase):
    def good_job(self):
        if not hasattr(self, "bare"):
            self.bare = self.simple()[1]
        return self.git_job(self.bare)


class GitSource(GitCase):
    def fetch(self, url, **options):
        user = options.pop("user", None)
        job, root = self.git_job(url, **options)
        return self.run_job(job, root, user=user)

    def test_brings_the_files_without_git_and_says_what_they_are(self):
        tree, bare, _ = self.simple()
        self.write(tree, "bin", "run me", content="#!/bin/sh\n", mode=0o755)
        os.symlink("bin/run me", os.path.join(tree, "link"))
        os.symlink("not there", os.path.join(tree, "dangling"))
        commit = self.commit(tree, "second\n\nbody\n")
        ending = self.fetch(bare)
        self.assertSucceeded(ending)
        self.assertEqual(sorted(os.listdir(self.output)), ["bin", "dangling", "hello.txt", "link"])
        self.assertTrue(os.access(os.path.join(self.output, "bin", "run me"), os.X_OK))
        self.assertEqual(os.readlink(os.path.join(self.output, "link")), "bin/run me")
        self.assertEqual(
            ending.variables,
            {
                "AuthorDate": "2024-02-03T02:05:06Z",
                "BranchName": "main",
                "CommitId": commit,
                "CommitMessage": "second\n\nbody",
                "CommitterDate": "2024-02-04T00:00:00Z",
                "RepositoryName": "shop",
            },
        )
        self.assertEqual(
            ending.last["currentRevision"],
            {
                "revision": commit,
                "changeIdentifier": "main",
                "created": "2024-02-04T00:00:00Z",
                "revisionSummary": "second\n\nbody",
            },
        )

    def test_each_provider_has_its_own_output_variables(self):
        _, bare, _ = self.simple()
        common = {"AuthorDate", "BranchName", "CommitId", "CommitMessage"}
        for provider, configuration, own in (
            ("CodeCommit", {"RepositoryName": "shop", "BranchName": "main"}, {"CommitterDate", "RepositoryName"}),
            (
                "CodeStarSourceConnection",
                {"FullRepositoryId": "acme/shop", "BranchName": "main", "ConnectionArn": "arn:x"},
                {"ConnectionArn", "FullRepositoryName"},
            ),
            (
                "GitHub",
                {"Owner": "acme", "Repo": "shop", "Branch": "main", "OAuthToken": "****"},
                {"CommitterDate", "CommitUrl", "RepositoryName"},
            ),
        ):
            ending = self.fetch(bare, provider=provider, configuration=configuration)
            self.assertSucceeded(ending)
            self.assertEqual(set(ending.variables), common | own)
            if provider == "GitHub":
                self.assertEqual(
                    ending.variables["CommitUrl"], "https://github.com/acme/shop/commit/" + ending.variables["CommitId"]
                )
                self.assertEqual(ending.variables["RepositoryName"], "shop")
            if provider == "CodeStarSourceConnection":
                self.assertEqual(ending.variables["FullRepositoryName"], "acme/shop")

    def test_a_file_url_and_a_repository_of_another_user_work(self):
        _, bare, _ = self.simple()
        self.assertSucceeded(self.fetch("file://" + bare.replace(" ", "%20")))
        self.assertSucceeded(self.fetch(bare, user=65534 if os.geteuid() == 0 else None))

    def test_any_file_name_that_git_holds_comes_through(self):
        tree, bare, _ = self.simple()
        names = [b"a b", b"new\nline", b"\xff\xfe raw", "é🙂".encode(), b"-dash", b"'quote\"", b"$(touch pwned)"]
        for name in names:
            self.write(os.fsencode(tree), name)
        self.commit(tree)
        self.assertSucceeded(self.fetch(bare))
        self.assertEqual(sorted(os.listdir(os.fsencode(self.output))), sorted(names + [b"hello.txt"]))

    def test_any_branch_name_that_git_holds_works(self):
        tree, bare, commit = self.simple()
        for branch in ("feature/über", "-dash", "a'b\"c", "x;$(id)`id`&", "release@1.0", "penstock", "🙂" * 40):
            self.git("update-ref", f"refs/heads/{branch}", commit, where=bare)
            for form in ("CODE_ZIP", "CODEBUILD_CLONE_REF"):
                ending = self.fetch(
                    bare, configuration={"Repository": "shop", "Branch": branch, "OutputArtifactFormat": form}
                )
                self.assertSucceeded(ending)
                self.assertEqual(ending.variables["BranchName"], branch)
                self.assertLessEqual(len(ending.last["currentRevision"]["changeIdentifier"]), 100)

    def test_commit_messages_arrive_whole_or_cut_at_the_limit_RES_12(self):
        tree, bare, _ = self.simple()
        long = 'long "quoted" 🙂\n' * 700
        for message, cut in (
            (ODD, ODD.strip()),
            (long, long.strip()[:2048]),
            ("x" * 50_000, "x" * 2048),
            (b"caf\xe9", "café"),
        ):
            self.commit(tree, message)
            ending = self.fetch(bare)
            self.assertSucceeded(ending)
            self.assertEqual(ending.last["currentRevision"]["revisionSummary"], cut)
            self.assertTrue(ending.variables["CommitMessage"].startswith(cut))
        self.assertEqual(len(self.fetch(bare).variables["CommitMessage"]), 4)

    def test_an_empty_tree_and_an_empty_message_are_fine(self):
        tree, bare = self.repository()
        empty = self.git("hash-object", "-t", "tree", "-w", "/dev/null", where=bare)
        made = self.git("commit-tree", empty, where=bare, data=b"")
        self.git("update-ref", "refs/heads/main", made, where=bare)
        ending = self.fetch(bare)
        self.assertSucceeded(ending)
        self.assertNotIn("revisionSummary", ending.last["currentRevision"])
        self.assertEqual(os.listdir(self.output), [])

    def test_a_sha256_repository_works(self):
        tree, bare = self.repository(form="sha256")
        self.assertEqual(len(self.commit(tree)), 64)
        self.assertSucceeded(self.fetch(bare))

    def test_a_full_clone_has_history_tags_and_no_shallow_mark(self):
        tree, bare, first = self.simple()
        self.git("tag", "v1", where=tree)
        second = self.commit(tree, "second")
        self.git("push", "-q", "origin", "v1", where=tree)
        ending = self.fetch(
            bare, configuration={"Repository": "shop", "Branch": "main", "OutputArtifactFormat": "CODEBUILD_CLONE_REF"}
        )
        self.assertSucceeded(ending)
        self.assertEqual(self.git("rev-list", "HEAD", where=self.output).split(), [second, first])
        self.assertEqual(self.git("describe", "--tags", "v1", where=self.output), "v1")
        self.assertEqual(self.git("status", "--porcelain", where=self.output), "")
        self.assertEqual(self.git("branch", "--show-current", where=self.output), "main")

    def test_a_source_revision_comes_before_the_branch_SRC_3(self):
        tree, bare, first = self.simple()
        self.write(tree, "later.txt")
        self.commit(tree, "second")
        self.git("checkout", "-q", "-b", "side", first, where=tree)
        side = self.commit(tree, "side")
        for form in ("CODE_ZIP", "CODEBUILD_CLONE_REF"):
            for wanted in (first, side):
                ending = self.fetch(
                    bare,
                    configuration={"Repository": "shop", "Branch": "main", "OutputArtifactFormat": form},
                    sourceRevision={"revisionType": "COMMIT_ID", "revisionValue": wanted},
                )
                self.assertSucceeded(ending)
                self.assertEqual(ending.last["currentRevision"]["revision"], wanted)
                self.assertFalse(os.path.exists(os.path.join(self.output, "later.txt")))

    def test_a_source_revision_is_found_where_the_server_gives_out_tips_only(self):
        tree, bare, first = self.simple()
        self.commit(tree, "second")
        server = serve(self, os.path.dirname(bare), protocol_two=False)
        ending = self.fetch(server + "/shop.git", sourceRevision={"revisionType": "COMMIT_ID", "revisionValue": first})
        self.assertSucceeded(ending)
        self.assertEqual(ending.variables["CommitId"], first)

    def test_an_unknown_or_misshapen_source_revision_is_named(self):
        _, bare, _ = self.simple()
        self.assertFailed(
            self.fetch(bare, sourceRevision={"revisionType": "COMMIT_ID", "revisionValue": "a" * 40}),
            "RevisionUnavailable",
            "a" * 40,
        )
        for kind, value in (("COMMIT_ID", "abc"), ("COMMIT_ID", "--upload-pack=x"), ("IMAGE_DIGEST", "a" * 40)):
            self.assertFailed(
                self.fetch(bare, sourceRevision={"revisionType": kind, "revisionValue": value}),
                "ConfigurationError",
                "COMMIT_ID",
            )

    def test_an_unknown_branch_lists_those_that_there_are(self):
        _, bare, commit = self.simple()
        self.assertFailed(self.fetch(bare, branch="mian"), "ConfigurationError", '"mian"', "main")
        for number in range(30):
            self.git("update-ref", f"refs/heads/b{number}", commit, where=bare)
        self.assertFailed(self.fetch(bare, branch=ODD), "ConfigurationError", "and 11 more")
        self.assertFailed(self.fetch(bare, branch="refs/heads/main"), "ConfigurationError", "main")

    def test_an_empty_repository_says_so(self):
        _, bare = self.repository()
        self.assertFailed(self.fetch(bare), "ConfigurationError", "no branches yet")

    def test_a_missing_url_names_the_lines_to_add(self):
        self.assertFailed(
            self.fetch(None, provider="CodeCommit", configuration={"RepositoryName": "shop", "BranchName": "m"}),
            "ConfigurationError",
            'CodeCommit:\n  repositories:\n    "shop":\n      url: ',
        )
        self.assertFailed(
            self.fetch(None, provider="GitHub", configuration={"Owner": "a", "Repo": "b", "Branch": "m"}),
            "ConfigurationError",
            'GitHub:\n  repositories:\n    "a/b":\n      url: ',
        )

    def test_urls_that_cannot_work_are_explained(self):
        self.assertFailed(self.fetch("/not/here.git"), "ConfigurationError", "/not/here.git", "hostPaths")
        self.assertFailed(self.fetch(self.workspace()), "ConfigurationError", "no git repository")
        for url in ("shop.git", "ext::sh -c whoami", "--upload-pack=touch pwned", "-oProxyCommand=x@y:z", ODD):
            self.assertFailed(self.fetch(url), "ConfigurationError", "settings")
        ending = self.fetch("https://ada:hunter22@example.org/x.git")
        self.assertFailed(ending, "ConfigurationError", "credentials")
        self.assertNotIn("hunter22", ending.log + str(ending.messages))
        self.assertFailed(self.fetch("http://127.0.0.1:1/x.git"), "SystemUnavailable", "127.0.0.1")
        self.assertFailed(self.fetch("http://no-such-host.invalid/x.git"), "SystemUnavailable", "network: true")

    def test_a_server_without_the_repository_says_so(self):
        server = serve(self, self.base)
        self.assertFailed(self.fetch(server + "/none.git"), "ConfigurationError", "/none.git")

    @unittest.skipUnless(os.path.exists("/usr/bin/ssh"), "needs Debian's openssh-client")
    def test_an_ssh_host_that_does_not_answer_is_unavailable(self):
        self.assertFailed(self.fetch("ssh://git@127.0.0.1:1/x.git"), "SystemUnavailable", "127.0.0.1")

    def test_a_repository_that_may_not_be_read_is_a_permission_error(self):
        _, bare, _ = self.simple()
        os.chmod(bare, 0)
        self.addCleanup(os.chmod, bare, 0o755)
        self.assertFailed(self.fetch(bare, user=65534 if os.geteuid() == 0 else None), "PermissionError", "chmod")

    def test_links_out_of_the_repository_are_refused_by_name_ART_03(self):
        for target in ("/etc/passwd", "../../../x"):
            tree, bare = self.repository(name=f"links{len(target)}")
            os.symlink(target, os.path.join(tree, "a link"))
            self.commit(tree)
            self.assertFailed(self.fetch(bare), "JobFailed", '"a link"')

    def test_odd_values_stay_values_MSG_08(self):
        _, bare, _ = self.simple()
        job, root = self.git_job(
            bare, configuration={"Repository": ODD, "Branch": "main"}, provider="CodeStarSourceConnection"
        )
        ending = self.run_job(job, root)
        self.assertSucceeded(ending)
        self.assertEqual(ending.variables["FullRepositoryName"], ODD)
        for place, _, files in os.walk(self.base):
            self.assertNotIn("pwned", files, place)

    def test_sigterm_in_the_middle_abandons_CAN_01(self):
        with socket_that_never_answers(self) as (url, reached):
            job, root = self.git_job(url)
            process = self.start(root)
            process.stdin.write(json.dumps(job).encode() + b"\n")
            process.stdin.flush()
            reached()
            self.stop(process, job)

    def test_credentials_reach_the_server_and_nobody_else_SEC_01_SEC_04(self):
        _, bare, _ = self.simple()
        server = serve(self, os.path.dirname(bare), password="pa$$ 'wörd\"")
        job, root = self.git_job(
            server + "/shop.git",
            providerSettings={
                "url": server + "/shop.git",
                "credentials": {"username": "ada", "password": "pa$$ 'wörd\""},
            },
        )
        ending = self.run_job(job, root)
        self.assertSucceeded(ending)
        self.assertEqual(ending.messages[0]["type"], "mask")
        self.assertNotIn("wörd", ending.log + str(ending.messages[1:]))
        for place, _, files in os.walk(root):
            for file in files:
                with open(os.path.join(place, file), "rb") as stream:
                    self.assertNotIn("wörd".encode(), stream.read(), file)

    def test_a_github_token_serves_as_password_and_a_wrong_one_is_a_permission_error(self):
        _, bare, _ = self.simple()
        server = serve(self, os.path.dirname(bare), password="token-1234", user="x-access-token")
        for token, expected in (("token-1234", None), ("wrong-1234", "PermissionError"), ("****", "PermissionError")):
            ending = self.fetch(
                server + "/shop.git",
                provider="GitHub",
                configuration={"Owner": "a", "Repo": "shop", "Branch": "main", "OAuthToken": token},
            )
            if expected:
                self.assertFailed(ending, expected, "credentials")
            else:
                self.assertSucceeded(ending)
                self.assertEqual(ending.variables["CommitUrl"], f"{server}/shop/commit/{ending.variables['CommitId']}")
            for secret in ("token-1234", "wrong-1234"):
                self.assertNotIn(secret, ending.log + str(ending.messages))


class GitCheck(GitCase):
    def check(self, url, cursor=None, **options):
        data = {} if cursor is None else {"cursor": cursor}
        job, root = self.git_job(url, outputArtifacts=[], **data, **options)
        ending = self.run_job({**job, "operation": "check"}, root)
        self.assertEqual(os.listdir(self.output), [])
        return ending

    def changes(self, url, cursor=None, **options):
        ending = self.check(url, cursor, **options)
        self.assertSucceeded(ending)
        self.assertNotIn("outputVariables", ending.last)
        return ending.last["changes"], ending.last["cursor"]

    def test_the_first_time_the_tip_is_new_and_then_nothing(self):
        tree, bare, _ = self.simple()
        self.write(tree, "shop", "cart.py")
        tip = self.commit(tree, "second\n\nbody\n")
        for url in (bare, "file://" + bare, serve(self, self.base) + "/shop.git"):
            changes, cursor = self.changes(url)
            self.assertEqual(cursor, tip)
            self.assertEqual(
                changes,
                [
                    {
                        "revision": tip,
                        "changeIdentifier": "main",
                        "created": "2024-02-04T00:00:00Z",
                        "revisionSummary": "second\n\nbody",
                        "branch": "main",
                        "author": "Ada",
                        "files": ["shop/cart.py"],
                    }
                ],
            )
            self.assertEqual(self.changes(url, cursor), ([], tip))

    def test_all_that_is_new_comes_oldest_first_with_its_files(self):
        tree, bare, first = self.simple()
        url = serve(self, self.base) + "/shop.git"
        commits = []
        for number in range(3):
            self.write(tree, f"f{number}")
            self.write(tree, "né\nw", content=str(number))
            commits.append(self.commit(tree, f"number {number}", push=False))
        self.git("mv", "hello.txt", "renamed", where=tree)
        commits.append(self.commit(tree, "rename"))
        for source in (bare, url):
            changes, cursor = self.changes(source, first)
            self.assertEqual([change["revision"] for change in changes], commits)
            self.assertEqual(cursor, commits[-1])
            self.assertEqual(changes[1]["files"], ["f1", "né\nw"])
            self.assertEqual(changes[3]["files"], ["hello.txt", "renamed"])
            self.assertEqual(len(self.changes(source, commits[1])[0]), 2)  # asked again with an older one

    def test_a_merge_brings_its_commits_and_what_it_changed_here(self):
        tree, bare, first = self.simple()
        self.git("checkout", "-q", "-b", "side", where=tree)
        self.write(tree, "side")
        side = self.commit(tree, "side", push=False)
        self.git("checkout", "-q", "main", where=tree)
        self.write(tree, "here")
        here = self.commit(tree, "here", push=False)
        self.git("merge", "-q", "--no-ff", "-m", "merged", "side", where=tree)
        self.git("push", "-q", "origin", "main", where=tree)
        changes, _ = self.changes(bare, first)
        self.assertEqual({change["revision"] for change in changes[:2]}, {side, here})
        self.assertEqual(changes[2]["files"], ["side"])

    def test_a_branch_that_was_pushed_by_force_has_only_what_is_new(self):
        tree, bare, first = self.simple()
        self.write(tree, "gone")
        gone = self.commit(tree, "gone")
        self.git("reset", "-q", "--hard", first, where=tree)
        self.write(tree, "instead")
        instead = self.commit(tree, "instead", push=False)
        self.git("push", "-q", "--force", "origin", "main", where=tree)
        self.assertEqual([change["revision"] for change in self.changes(bare, gone)[0]], [instead])
        self.assertEqual([change["revision"] for change in self.changes(bare, "0" * 40)[0]], [instead])
        self.git("push", "-q", "--force", "origin", f"{first}:main", where=tree)
        self.assertEqual(self.changes(bare, instead), ([], first))

    def test_no_more_than_the_newest_100_commits_and_100_files_are_told(self):
        tree, bare, first = self.simple()
        stream = [f"commit refs/heads/main\ncommitter B <b@x> {n} +0000\ndata 2\nn{n % 10}\n"
                  + (f"from {first}\n" if n == 1 else "")
                  + "".join(f"M 644 inline d/{n}-{f}\ndata 1\nx\n" for f in range(120 if n == 150 else 1))
                  for n in range(1, 151)]
        self.git("fast-import", "--quiet", "--force", where=tree, data="".join(stream).encode())
        self.git("push", "-q", "origin", "main", where=tree)
        changes, cursor = self.changes(bare, first)
        self.assertEqual(len(changes), 100)
        self.assertEqual(changes[-1]["revision"], cursor)
        self.assertEqual([len(change["files"]) for change in changes], [1] * 99 + [100])
        self.assertEqual(changes[0]["created"], "1970-01-01T00:00:51Z")

    def test_changes_that_would_burst_the_message_leave_out_their_files(self):
        tree, bare, first = self.simple()
        for number in range(45):
            folder = "/".join(f"{number}{letter}" * 60 for letter in "abcd")
            for file in range(50):
                self.write(tree, folder, f"{file}")
            self.commit(tree, f"{number}", push=False)
        self.git("push", "-q", "origin", "main", where=tree)
        changes, _ = self.changes(bare, first)
        self.assertEqual(len(changes), 45)
        self.assertTrue(all("files" not in change for change in changes))

    def test_a_sha256_repository_and_an_odd_branch_work(self):
        branch = "fe/'a\"$b;c`d🙂"
        tree, bare = self.repository(branch=branch, form="sha256")
        first = self.commit(tree)
        tip = self.commit(tree, "second")
        changes, cursor = self.changes(bare, first, branch=branch)
        self.assertEqual(([change["revision"] for change in changes], cursor), ([tip], tip))
        self.assertEqual(changes[0]["branch"], branch)
        self.assertNotIn("files", changes[0])

    def test_what_is_wrong_is_said_as_for_a_fetch(self):
        _, bare, _ = self.simple()
        self.assertFailed(self.check(bare, branch="mian"), "ConfigurationError", "has no branch", "main")
        self.assertFailed(self.check(None), "ConfigurationError", "no url")
        self.assertFailed(self.check(bare, "c-2; touch pwned"), "ConfigurationError", "cursor", "no commit id")
        self.assertFailed(self.check(serve(self, self.base, password="x") + "/shop.git"), "PermissionError")

    def test_credentials_stay_secret_SEC_01(self):
        self.simple()
        url = serve(self, self.base, password="hunter2-canary", user="ada") + "/shop.git"
        job, root = self.git_job(url, outputArtifacts=[])
        job["data"]["providerSettings"]["credentials"] = {"username": "ada", "password": "hunter2-canary"}
        ending = self.run_job({**job, "operation": "check"}, root)
        self.assertSucceeded(ending)
        self.assertNotIn("canary", ending.log + str([m for m in ending.messages if m["type"] != "mask"]))

    def test_sigterm_in_the_middle_abandons_CAN_01(self):
        with socket_that_never_answers(self) as (url, reached):
            job, root = self.git_job(url, outputArtifacts=[])
            process = self.start(root)
            process.stdin.write(json.dumps({**job, "operation": "check"}).encode() + b"\n")
            process.stdin.flush()
            reached()
            self.stop(process, job)


def serve(case, folder, password=None, user="ada", protocol_two=True):
    """git's own smart HTTP server behind a password; gives its address."""
    import base64

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_):
            pass

        def answer(self):
            wanted = "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
            if password and self.headers.get("Authorization") != wanted:
                self.send_response(401)
                self.send_header("WWW-Authenticate", 'Basic realm="x"')
                self.end_headers()
                return
            path, _, query = self.path.partition("?")
            environment = {
                **IDENTITY,
                "GIT_PROJECT_ROOT": folder,
                "GIT_HTTP_EXPORT_ALL": "1",
                "PATH_INFO": path,
                "QUERY_STRING": query,
                "REQUEST_METHOD": self.command,
                "CONTENT_TYPE": self.headers.get("Content-Type", ""),
                "GIT_CONFIG_COUNT": "1",
                "GIT_CONFIG_KEY_0": "safe.directory",
                "GIT_CONFIG_VALUE_0": "*",
                "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
            }
            if protocol_two:
                environment["GIT_PROTOCOL"] = self.headers.get("Git-Protocol", "")
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            reply = subprocess.run(
                ["git", "http-backend"], env=environment, input=body, capture_output=True, check=False
            ).stdout
            head, _, content = reply.partition(b"\r\n\r\n")
            fields = dict(line.split(": ", 1) for line in head.decode().split("\r\n"))
            self.send_response(int(fields.pop("Status", "200 OK").split()[0]))
            for name, value in fields.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = answer

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    case.addCleanup(server.server_close)
    case.addCleanup(thread.join)
    case.addCleanup(server.shutdown)
    return f"http://127.0.0.1:{server.server_port}"


class socket_that_never_answers:
    """A listener that git connects to and waits on."""

    def __init__(self, case):
        import socket

        self.listener = socket.create_server(("127.0.0.1", 0))
        self.listener.settimeout(30)
        self.connections = []

    def __enter__(self):
        return f"http://127.0.0.1:{self.listener.getsockname()[1]}/x.git", self.reached

    def reached(self):
        self.connections.append(self.listener.accept()[0])

    def __exit__(self, *_):
        for connection in self.connections:
            connection.close()
        self.listener.close()


if __name__ == "__main__":
    unittest.main()
