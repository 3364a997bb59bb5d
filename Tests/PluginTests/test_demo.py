"""The demonstration's scripts: the site builder and the link checker."""

import importlib.util
import os
import subprocess
import sys
import unittest

from harness import ROOT, PluginCase

DEMO = os.path.join(ROOT, "docs", "demo")


class Demo(PluginCase):
    def script(self, name, *arguments):
        return subprocess.run(
            [sys.executable, os.path.join(DEMO, name), *arguments],
            cwd=self.base,
            capture_output=True,
            text=True,
            check=False,
        )

    def read(self, *path):
        with open(os.path.join(self.base, *path), encoding="utf-8") as stream:
            return stream.read()

    def check(self, html):
        self.write(self.base, "site", "index.html", content=html)
        self.write(self.base, "site", "sub", "a b.html", content="<h1 id='été'>x</h1><a name=old>y</a>")
        return self.script("check_links.py", "site")

    @unittest.skipUnless(importlib.util.find_spec("markdown"), "needs Debian's python3-markdown")
    def test_the_site_links_as_the_repository_does(self):
        self.write(
            self.base,
            "README.md",
            content=(
                "# Top & bottom\n\nsee:\n- [guide](docs/guide.md#a-b--c)\n- [git](plugins/git)\n- [code](src/x.c)\n"
                "- [dir](src)\n- [self](#top--bottom) [out](https://example.org/x.md)\n\n"
                "```sh\n- not a list\n```\n\n| a | b |\n| - | - |\n| 1 | 2 |\n"
            ),
        )
        self.write(self.base, "docs", "guide.md", content="# A b & c\n\n[up](../README.md) ![p](../src/x.c)\n")
        self.write(self.base, "plugins", "git", "README.md", content="# Git\n\n[guide](../../docs/guide.md)\n")
        self.write(self.base, "src", "x.c", content="int x;\n")
        self.write(self.base, "notes.md", content="# not part of the documentation\n")
        built = self.script("build_site.py", "site")
        self.assertEqual((built.returncode, built.stdout), (0, "3\n"), built.stderr)
        index = self.read("site", "index.html")
        for text in (
            'href="docs/guide.html#a-b--c"',
            'href="plugins/git/index.html"',
            'href="src/x.c"',
            "<table>",
            "<li>",
            "- not a list",
            'href="https://example.org/x.md"',
            "<title>Top &amp; bottom</title>",
        ):
            self.assertIn(text, index)
        self.assertIn('href="../index.html"', self.read("site", "docs", "guide.html"))
        checked = self.script("check_links.py", "site")
        self.assertEqual(checked.returncode, 0, checked.stderr)

    @unittest.skipUnless(importlib.util.find_spec("markdown"), "needs Debian's python3-markdown")
    def test_a_broken_link_in_the_documentation_is_found(self):
        self.write(self.base, "README.md", content="# Top\n\n[a](docs/gone.md) [b](#gone) [c](../out.md)\n")
        self.assertEqual(self.script("build_site.py", "site").returncode, 0)
        checked = self.script("check_links.py", "site")
        self.assertEqual(checked.returncode, 1)
        for text in ("docs/gone.md: no such file", "#gone: no such anchor", "../out.md: leads out of the site"):
            self.assertIn(text, checked.stderr)

    def test_good_links_pass_and_are_counted(self):
        done = self.check(
            "<a href='sub/a%20b.html#%C3%A9t%C3%A9'>1</a><a href='sub/a%20b.html#old'>2</a><a href='#'>3</a>"
            "<a href='/index.html'>4</a><a href='mailto:a@b.c'>5</a><img src='//host/x'>"
        )
        self.assertEqual((done.returncode, done.stdout), (0, "6\n"), done.stderr)

    def test_each_broken_link_is_named_with_page_and_line(self):
        done = self.check(
            "\n<a href='no.html'>1</a>\n<a href='sub/a%20b.html#no'>2</a><a href='../x'>3</a><a href='sub'>4</a>"
        )
        self.assertEqual(done.returncode, 1)
        self.assertIn("site/index.html:2: no.html: no such file", done.stderr)
        self.assertIn("site/index.html:3: sub/a%20b.html#no: no such anchor", done.stderr)
        self.assertEqual(len(done.stderr.splitlines()), 4)

    def test_nothing_to_do_is_an_error(self):
        os.mkdir(os.path.join(self.base, "site"))
        self.assertNotEqual(self.script("check_links.py", "site").returncode, 0)
        self.assertNotEqual(self.script("build_site.py", "site").returncode, 0)


if __name__ == "__main__":
    unittest.main()
