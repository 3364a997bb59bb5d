"""Reads test and coverage reports (BLD-8) and counts. Files are streamed; entities and inner DTDs are refused."""

import os
from xml.parsers import expat

from artifacts import bases
from patterns import expand, find
from protocol import Failure, say, warn

SIZE_LIMIT_BYTES = 64 << 20
FILES_LIMIT = 5_000
DEPTH_LIMIT = 200
COVERAGE = ("CLOVERXML", "COBERTURAXML", "JACOCOXML", "SIMPLECOV")
PASSED, FAILED, ERROR, SKIPPED = range(4)


class Unreadable(Exception):
    """Why a file is no report of its format."""


class Elements:
    """Streams the elements of an XML file to `opened(depth, name, attributes)` and `closed(depth, name)`."""

    roots = ()

    def read(self, path):
        self.depth = 0
        parser = expat.ParserCreate(namespace_separator=" ")
        parser.StartElementHandler, parser.EndElementHandler = self.start, self.end
        parser.StartDoctypeDeclHandler, parser.EntityDeclHandler = self.doctype, self.entity
        try:
            with open(path, "rb") as stream:
                parser.ParseFile(stream)
        except expat.ExpatError as error:
            raise Unreadable(f"it is no well-formed XML: {error}") from None

    def start(self, name, attributes):
        name = name.rpartition(" ")[2]
        if not self.depth and name not in self.roots:
            raise Unreadable(f"it begins with <{name}>, not with <{'> or <'.join(self.roots)}>")
        self.depth += 1
        if self.depth > DEPTH_LIMIT:
            raise Unreadable(f"it is nested deeper than {DEPTH_LIMIT} elements")
        self.opened(self.depth, name, attributes)

    def end(self, name):
        self.closed(self.depth, name.rpartition(" ")[2])
        self.depth -= 1

    def closed(self, depth, name):
        pass

    @staticmethod
    def doctype(name, system, public, inner):
        if inner:
            raise Unreadable("it brings a document type of its own, which is refused")

    @staticmethod
    def entity(*_):
        raise Unreadable("it declares entities, which are refused")


class Tests(Elements):
    """Counts of a test report: passed, failed, error, skipped."""

    def __init__(self):
        self.counts = [0, 0, 0, 0]


class JUnit(Tests):
    roots = ("testsuites", "testsuite")
    outcomes = {"failure": FAILED, "error": ERROR, "skipped": SKIPPED}
    case = None

    def opened(self, depth, name, attributes):
        if name == "testcase":
            self.case, self.case_depth = PASSED, depth
        elif self.case is not None and depth == self.case_depth + 1 and name in self.outcomes:
            self.case = self.outcomes[name]

    def closed(self, depth, name):
        if name == "testcase" and self.case is not None:
            self.counts[self.case] += 1
            self.case = None


class Outcomes(Tests):
    """Formats whose test is one element with its outcome in an attribute."""

    def __init__(self, roots, element, attribute, outcomes):
        super().__init__()
        self.roots, self.element, self.attribute, self.outcomes = roots, element, attribute, outcomes

    def opened(self, depth, name, attributes):
        if name == self.element and attributes.get("is-config") != "true":
            outcome = attributes.get(self.attribute, "").lower()
            error = attributes.get("label", "").lower() == "error"
            self.counts[ERROR if error else self.outcomes.get(outcome, SKIPPED)] += 1


class Lines(Elements):
    """The line rate of a coverage report."""

    def __init__(self, style):
        self.style, self.covered, self.total, self.rate = style, 0, 0, None
        self.roots = {"CLOVERXML": ("coverage",), "COBERTURAXML": ("coverage",), "JACOCOXML": ("report",)}[style]
        self.above = []

    def opened(self, depth, name, attributes):
        self.above = [*self.above[: depth - 1], name]
        try:
            if self.style == "COBERTURAXML" and depth == 1:
                self.rate = float(attributes["line-rate"])
            elif self.style == "JACOCOXML" and depth == 2 and name == "counter" and attributes["type"] == "LINE":
                self.count(int(attributes["covered"]), int(attributes["covered"]) + int(attributes["missed"]))
            elif self.style == "CLOVERXML" and name == "metrics" and self.above == ["coverage", "project", "metrics"]:
                self.count(int(attributes["coveredstatements"]), int(attributes["statements"]))
        except (KeyError, ValueError) as error:
            raise Unreadable(f"<{name}> lacks its numbers: {error}") from None

    def count(self, covered, total):
        self.covered, self.total = covered, total
        self.rate = covered / total if total else 0.0


class Cucumber:
    """Counts the scenarios of a Cucumber JSON report."""

    def __init__(self):
        self.counts = [0, 0, 0, 0]

    def read(self, path):
        import json

        try:
            with open(path, "rb") as stream:
                features = json.load(stream)
            for feature in features:
                for element in feature.get("elements", []):
                    if element.get("type") != "background":
                        parts = element.get("before", []) + element.get("steps", []) + element.get("after", [])
                        self.count({str(part.get("result", {}).get("status")).lower() for part in parts})
        except (ValueError, RecursionError) as error:
            raise Unreadable(f"it is no JSON: {error}") from None
        except (AttributeError, TypeError):
            raise Unreadable("it has not the shape of a Cucumber report") from None

    def count(self, statuses):
        skipped = statuses & {"skipped", "pending", "undefined", "ambiguous"}
        self.counts[FAILED if "failed" in statuses else SKIPPED if skipped else PASSED] += 1


def reader(style):
    """A reader for one file of the format, or None if the format is unknown."""
    words = {
        "pass": PASSED,
        "passed": PASSED,
        "success": PASSED,
        "fail": FAILED,
        "failed": FAILED,
        "failure": FAILED,
        "error": ERROR,
        "timeout": ERROR,
        "aborted": ERROR,
    }
    if style in ("JUNITXML", "CUCUMBERJSON"):
        return JUnit() if style == "JUNITXML" else Cucumber()
    if style in COVERAGE:
        return Lines(style) if style != "SIMPLECOV" else None
    shape = {
        "TESTNGXML": (("testng-results",), "test-method", "status"),
        "NUNITXML": (("test-results",), "test-case", "result"),
        "NUNIT3XML": (("test-run",), "test-case", "result"),
        "VISUALSTUDIOTRX": (("TestRun",), "UnitTestResult", "outcome"),
    }.get(style)
    return Outcomes(*shape, words) if shape else None


def paths(group, files, source, values):
    """The files of a group; a pattern that matches none is told and does no harm."""
    found = {}
    try:
        tops = bases(files, source, values)
    except Failure as error:
        warn(f"report group {group}: {error}")
        return []
    for text in files.files:
        pattern = expand(text, values)
        matched = [path for base in tops for path in find(pattern, base) if os.path.isfile(path)]
        if not matched:
            warn(f"report group {group}: the files pattern {text!r} matches nothing")
        found.update(dict.fromkeys(matched))
    return list(found)[:FILES_LIMIT]


def read_file(path, style):
    size = os.path.getsize(path)
    if size > SIZE_LIMIT_BYTES:
        raise Unreadable(f"it has {size} bytes; the limit is {SIZE_LIMIT_BYTES}")
    report = reader(style)
    report.read(path)
    return report


def summarise(group, files, source, values):
    """One sentence about a group, and its counts (None for coverage)."""
    if not reader(files.style):
        warn(f"report group {group}: the file-format {files.style} is not read here, so the group is ignored")
        return None, None
    counts, rates = [0, 0, 0, 0], []
    for path in paths(group, files, source, values):
        try:
            report = read_file(path, files.style)
        except (Unreadable, OSError) as error:
            warn(f"report group {group}: {os.path.relpath(path, source)} is left out: {error}")
            continue
        if files.style in COVERAGE:
            rates += [] if report.rate is None else [report.rate]
        else:
            counts = [one + other for one, other in zip(counts, report.counts)]
    if files.style in COVERAGE:
        return (f"{group}: line coverage {', '.join(f'{100 * rate:.1f} %' for rate in rates)}" if rates else None), None
    words = [f"{count} {word}" for count, word in zip(counts, ("passed", "failed", "error", "skipped")) if count]
    return f"{group}: {sum(counts)} tests{', ' if words else ''}{', '.join(words)}", counts


def variables(group, counts):
    """Output variables of a group; of an ARN the name alone, with _ for letters that no variable has."""
    name = "".join(c if c.isascii() and (c.isalnum() or c in "-_@") else "_" for c in group.rpartition("/")[2])
    passed, failed, error, skipped = map(str, counts)
    values = {"Total": str(sum(counts)), "Passed": passed, "Failed": failed, "Error": error, "Skipped": skipped}
    return {f"Report_{name}_{word}"[-128:]: value for word, value in values.items()}


def publish(spec, source, values):
    """The sentences about all groups, and their output variables."""
    sentences, found = [], {}
    for group, files in spec.reports.items():
        sentence, counts = summarise(group, files, source, values)
        if sentence:
            say(f"Report {sentence}")
            sentences.append(sentence)
        if counts:
            found.update(variables(group, counts))
    return sentences, found
