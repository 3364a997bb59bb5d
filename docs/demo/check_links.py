#!/usr/bin/python3
"""Checks that the relative links and anchors of a static site lead somewhere.

check_links.py SITE prints the number of links checked; broken ones go to stderr and make it exit 1.
"""

import os
import sys
from html.parser import HTMLParser
from urllib.parse import unquote, urlsplit


class Page(HTMLParser):
    def __init__(self, path):
        super().__init__()
        self.links, self.anchors = [], {"", "top"}
        with open(path, encoding="utf-8") as stream:
            self.feed(stream.read())

    def handle_starttag(self, tag, attrs):
        for name, value in attrs:
            if name in ("href", "src") and value is not None:
                self.links.append((self.getpos()[0], value))
            elif name == "id" or (tag, name) == ("a", "name"):
                self.anchors.add(value)


def fault(pages, site, path, link):
    """Why a link leads nowhere, or None; links to other hosts are not followed."""
    parts = urlsplit(link)
    if parts.scheme or parts.netloc:
        return None
    target = path
    if parts.path:
        base = site if parts.path.startswith("/") else os.path.dirname(path)
        target = os.path.normpath(os.path.join(base, unquote(parts.path).lstrip("/")))
    if os.path.isdir(target):
        target = os.path.join(target, "index.html")
    if os.path.relpath(target, site).split(os.sep)[0] == "..":
        return "leads out of the site"
    if not os.path.exists(target):
        return "no such file"
    if target in pages and unquote(parts.fragment) not in pages[target].anchors:
        return "no such anchor"
    return None


def main(site):
    site = os.path.normpath(site)
    paths = sorted(
        os.path.join(folder, name) for folder, _, names in os.walk(site) for name in names if name.endswith(".html")
    )
    if not paths:
        sys.exit(f"{site} holds no page")
    pages = {path: Page(path) for path in paths}
    broken = [
        (path, line, link, why)
        for path, page in pages.items()
        for line, link in page.links
        if (why := fault(pages, site, path, link))
    ]
    for path, line, link, why in broken:
        print(f"{path}:{line}: {link}: {why}", file=sys.stderr)
    print(sum(len(page.links) for page in pages.values()))
    return 1 if broken else 0


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1]))
