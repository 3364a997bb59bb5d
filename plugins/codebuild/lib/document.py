"""YAML as buildspecs use it: scalars stay the text that the file has (`yes`, `0.10`), and a mapping knows its source.

Aliases share the value of their anchor and are never expanded, so a small file cannot become a large one.
"""

try:
    import yaml
except ImportError:
    yaml = None

from protocol import Failure

SIZE_LIMIT_BYTES = 1 << 20
DEPTH_LIMIT = 32
MERGED_LIMIT = 10_000


class Malformed(Exception):
    """What is wrong with the text, with its line."""


class Mapping(dict):
    """Key to value; `source` is the text that the mapping was read from, up to the end of its last scalar."""

    source = ""


class Reader:
    def __init__(self, text):
        self.text = text
        self.events = yaml.parse(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
        self.anchors, self.end, self.merged = {}, 0, 0

    def document(self):
        """The value of the first document; None if there is nothing in it."""
        for event in self.events:
            if isinstance(event, yaml.DocumentStartEvent):
                value = self.value(next(self.events), 1)
                next(self.events)  # the document's end
                if not isinstance(next(self.events), yaml.StreamEndEvent):
                    raise Malformed("it holds several YAML documents; keep one")
                return value
        return None

    def value(self, event, depth):
        line = event.start_mark.line + 1
        if depth > DEPTH_LIMIT:
            raise Malformed(f"line {line} is nested deeper than {DEPTH_LIMIT} levels")
        if isinstance(event, yaml.AliasEvent):
            if event.anchor not in self.anchors:
                raise Malformed(f"line {line}: the alias *{event.anchor} has no anchor before it")
            return self.anchors[event.anchor]
        if isinstance(event, yaml.ScalarEvent):
            self.end = event.end_mark.index
            plain = event.style in (None, "") and event.value in ("", "~", "null", "Null", "NULL")
            value = None if plain else event.value
        elif isinstance(event, yaml.SequenceStartEvent):
            value = self.sequence(depth)
        else:
            value = self.mapping(event.start_mark.index, depth)
        if event.anchor:
            self.anchors[event.anchor] = value
        return value

    def sequence(self, depth):
        values = []
        while not isinstance(event := next(self.events), yaml.SequenceEndEvent):
            values.append(self.value(event, depth + 1))
        return values

    def mapping(self, start, depth):
        found, lines = Mapping(), {}
        while not isinstance(event := next(self.events), yaml.MappingEndEvent):
            key, line = self.value(event, depth + 1), event.start_mark.line + 1
            if isinstance(key, (list, Mapping)):
                raise Malformed(f"line {line} has a list or a map for a key; a key is a word")
            key = "" if key is None else key
            value = self.value(next(self.events), depth + 1)
            if key == "<<":
                self.merge(found, value, line)
            elif key in lines:  # a merged key has no line, and gives way
                raise Malformed(f"line {line} repeats the key {key!r} of line {lines[key]}; keep one")
            else:
                found[key], lines[key] = value, line
        found.source = self.text[start : self.end]
        return found

    def merge(self, into, value, line):
        for part in value if isinstance(value, list) else [value]:
            if not isinstance(part, Mapping):
                raise Malformed(f"line {line}: << needs a map")
            self.merged += len(part)
            if self.merged > MERGED_LIMIT:
                raise Malformed(f"line {line}: << merges more than {MERGED_LIMIT} keys")
            for key, merged in part.items():
                into.setdefault(key, merged)


def read(data):
    """The value of a YAML text given as bytes; Malformed says what is wrong with it."""
    if yaml is None:
        raise Failure("ConfigurationError", "this machine lacks Python's YAML: apt-get install python3-yaml")
    if len(data) > SIZE_LIMIT_BYTES:
        raise Malformed(f"it has {len(data)} bytes; the limit is {SIZE_LIMIT_BYTES}")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Malformed(f"it is not UTF-8 text: byte {error.start} is {data[error.start]:#04x}") from None
    try:
        return Reader(text).document()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
        raise Malformed(f"{place}{error.problem or error.context}") from None
    except yaml.YAMLError as error:
        raise Malformed(str(error).replace("\n", " ")) from None
