#!/usr/bin/python3
"""Packs a repository's Markdown into a small static site.

Run at the repository's root: build_site.py OUTPUT. Prints the number of pages. Needs Debian's python3-markdown.
"""

import glob
import html
import os
import re
import shutil
import sys

import markdown
from markdown.extensions.toc import TocExtension
from markdown.treeprocessors import Treeprocessor

SOURCES = ("README.md", "docs/**/*.md", "plugins/README.md", "plugins/*/README.md", "spec/**/*.md")
PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
body {{ margin: 0 auto; padding: 1rem; max-width: 60rem; font: 1rem/1.5 sans-serif; }}
nav {{ border-bottom: 1px solid #ccc; padding-bottom: .5rem; font-size: .9rem; }}
pre {{ overflow-x: auto; padding: .7rem; background: #f4f4f4; }}
code {{ font-size: .9em; }}
table {{ border-collapse: collapse; }}
th, td {{ border: 1px solid #ccc; padding: .2rem .5rem; text-align: left; vertical-align: top; }}
</style>
</head>
<body>
<nav>{navigation}</nav>
<main>
{body}
</main>
</body>
</html>
"""


def sources():
    found = [path for pattern in SOURCES for path in sorted(glob.glob(pattern, recursive=True)) if os.path.isfile(path)]
    return list(dict.fromkeys(found))


def address(source):
    """Where the page of a Markdown file stands in the site; a README is its folder's index."""
    folder, name = os.path.split(source)
    return os.path.join(folder, "index.html" if name == "README.md" else name[:-3] + ".html")


def relative(target, source):
    return os.path.relpath(target, os.path.dirname(address(source)) or ".")


class Links(Treeprocessor):
    """Points links at pages; a link to any other file of the repository takes the file into the site."""

    def __init__(self, processor, source, pages, assets):
        super().__init__(processor)
        self.source, self.pages, self.assets = source, pages, assets

    def run(self, root):
        for element in root.iter():
            for attribute in ("href", "src"):
                link = element.get(attribute)
                if link and not re.match(r"[a-z][a-z0-9+.-]*:|//|#|/", link, re.I):
                    self.rewrite(element, attribute, *link.partition("#"))

    def rewrite(self, element, attribute, path, mark, fragment):
        target = os.path.normpath(os.path.join(os.path.dirname(self.source), path))
        if target.startswith(".."):
            return
        readme = os.path.normpath(os.path.join(target, "README.md"))
        if target in self.pages or readme in self.pages:
            page = address(target if target in self.pages else readme)
            element.set(attribute, relative(page, self.source) + mark + fragment)
        elif os.path.isfile(target):
            self.assets.add(target)
            element.set(attribute, relative(target, self.source))
        elif os.path.isdir(target):
            del element.attrib[attribute]  # a folder without a page: the text stays


def anchor(text, separator):
    """Headings' anchors as code hosts make them, so that links work there and here."""
    return re.sub(r"[^\w\- ]", "", text.strip().lower()).replace(" ", separator)


def loosened(text):
    """A blank line before each list that follows a paragraph directly, which this Markdown needs and others do not."""
    lines, fenced = [], False
    for line in text.splitlines():
        fenced ^= line.lstrip().startswith("```")
        item = r"([-*+]|\d+\.) "
        if (
            not fenced
            and re.match(item, line)
            and lines
            and lines[-1].strip()
            and not re.match(item + r"| ", lines[-1])
        ):
            lines.append("")
        lines.append(line)
    return "\n".join(lines)


def render(source, pages, assets):
    processor = markdown.Markdown(
        extensions=["tables", "fenced_code", "sane_lists", TocExtension(slugify=anchor)], tab_length=2
    )
    processor.treeprocessors.register(Links(processor, source, pages, assets), "links", 0)
    with open(source, encoding="utf-8") as stream:
        text = stream.read()
    body = processor.convert(loosened(text))
    title = re.search(r"^# +(.+)$", text, re.M)
    navigation = " · ".join(
        f'<a href="{html.escape(relative(address(page), source))}">{html.escape(page)}</a>' for page in pages
    )
    return PAGE.format(title=html.escape(title[1] if title else source), navigation=navigation, body=body)


def main(output):
    pages, assets = sources(), set()
    if not pages:
        sys.exit("no Markdown found: run this at the root of a repository")
    for source in pages:
        target = os.path.join(output, address(source))
        os.makedirs(os.path.dirname(target), exist_ok=True)
        with open(target, "w", encoding="utf-8") as stream:
            stream.write(render(source, pages, assets))
        print(f"{source} -> {target}", file=sys.stderr)
    for asset in assets:
        target = os.path.join(output, asset)
        os.makedirs(os.path.dirname(target), exist_ok=True)
        shutil.copyfile(asset, target)
    print(len(pages))


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(sys.argv[1])
