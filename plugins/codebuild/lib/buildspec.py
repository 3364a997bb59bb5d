"""What a buildspec says, checked and put into shape (BLD-1 to BLD-9), as lenient as CodeBuild is (BLD-12)."""

import re

import document
from protocol import Failure, nearest

PHASES = ("install", "pre_build", "build", "post_build")
TOP = {"version", "run-as", "env", "proxy", "batch", "phases", "reports", "artifacts", "cache"}
ENV = {"shell", "variables", "parameter-store", "secrets-manager", "exported-variables", "git-credential-helper"}
PHASE = {"run-as", "on-failure", "commands", "finally", "runtime-versions"}
ARTIFACT = {"files", "name", "discard-paths", "base-directory", "exclude-paths", "enable-symlinks", "s3-prefix"}
REPORT = {"files", "file-format", "base-directory", "discard-paths"}
CACHE = {"paths", "key", "fallback-keys", "action"}
REPORT_LIMIT = 5
FALLBACK_LIMIT = 5
RETRIES = 3  # what RETRY means without a number
SHELLS = {"bash": "bash", "/bin/bash": "bash", "/bin/sh": "sh", "sh": "sh"}
YES = {"yes", "true", "on", "y"}


class Phase:
    """`on_failure` is ABORT, CONTINUE, RETRY or None; `pattern` is what a failure must match to be retried."""

    def __init__(self, name):
        self.name, self.commands, self.final = name, [], []
        self.on_failure, self.retries, self.pattern = None, 0, None


class Files:
    """A choice of files: of an artifact or of a report group."""

    def __init__(self, base, files, exclude=(), flat=False, links=False, style="JUNITXML"):
        self.base, self.files, self.exclude, self.flat, self.links = base, files, exclude, flat, links
        self.style = style


class Buildspec:
    """Reads `data`; `name` is how messages call it. Findings that CodeBuild tolerates are in `warnings`."""

    def __init__(self, data, name):
        self.name, self.warnings = name, []
        try:
            root = document.read(data)
        except document.Malformed as error:
            self.refuse("", f"{error}; correct it")
        if root is None:
            self.refuse("", "it is empty; write `version: 0.2`, then `phases:` with the commands of each")
        if not isinstance(root, dict):
            kind = "a list" if isinstance(root, list) else "a single text"
            self.refuse("", f"it is {kind}; a buildspec is a map that begins with `version: 0.2` and `phases:`")
        self.known(root, TOP, "")
        self.version = self.read_version(root.get("version"))
        self.read_environment(self.map(root, "env", ""))
        self.phases = self.read_phases(root)
        self.artifacts, self.secondary = self.read_artifacts(self.map(root, "artifacts", ""))
        self.reports = self.read_reports(self.map(root, "reports", ""))
        self.read_cache(self.map(root, "cache", ""))
        for key, why in (
            ("run-as", "commands run as the user of the build"),
            ("proxy", "the build has the network that the plugin was granted"),
            ("batch", "the build runs as a single one"),
        ):
            if key in root:
                self.warn(key, f"is not used: {why}")

    def refuse(self, path, text):
        raise Failure("ConfigurationError", f"{self.name}: {path + ': ' if path else ''}{text}")

    def warn(self, path, text):
        self.warnings.append(f"{path} {text}")

    # Reading with a place

    def known(self, mapping, names, path):
        for key in mapping:
            if key not in names:
                self.warn(path + key, f"is no key of a buildspec and is ignored{nearest(key, names)}")

    def map(self, parent, key, path):
        value = parent.get(key)
        if value is None:
            return {}
        if not isinstance(value, dict):
            self.refuse(path + key, f"is {kind(value)} where a map belongs")
        return value

    def texts(self, parent, key, path):
        """A list of texts; a single text counts as a list of one, as CodeBuild has it."""
        value = parent.get(key)
        if value is None:
            return []
        values = value if isinstance(value, list) else [value]
        return [self.text(item, f"{path}{key}[{number}]") for number, item in enumerate(values) if item is not None]

    def text(self, value, path):
        if isinstance(value, (list, dict)):
            self.refuse(path, f"is {kind(value)} where a text belongs")
        return "" if value is None else value

    def flag(self, parent, key, path):
        return self.text(parent.get(key), path + key).lower() in YES

    # The parts

    def read_version(self, value):
        version = self.text(value, "version")
        if version not in ("0.1", "0.2"):
            said = f"it is {version!r}" if version else "it is missing"
            self.refuse("version", f"{said}; write `version: 0.2` (0.1 runs each command in a shell of its own)")
        return version

    def read_environment(self, env):
        self.known(env, ENV, "env.")
        shell = self.text(env.get("shell"), "env.shell") or "/bin/sh"
        if shell not in SHELLS:
            self.refuse("env.shell", f"{shell!r} is not supported here; write bash or /bin/sh")
        self.shell = SHELLS[shell]
        self.variables, self.parameters, self.secrets = (
            {name: self.text(value, f"env.{key}.{name}") for name, value in self.map(env, key, "env.").items()}
            for key in ("variables", "parameter-store", "secrets-manager")
        )
        self.exported = self.texts(env, "exported-variables", "env.")
        if self.flag(env, "git-credential-helper", "env."):
            self.warn("env.git-credential-helper", "is not used: git finds the credentials that the build gives it")

    def read_phases(self, root):
        if root.get("phases") is None:
            self.refuse("phases", "it is missing; write `phases:` with install, pre_build, build or post_build below")
        found = self.map(root, "phases", "")
        self.known(found, PHASES, "phases.")
        phases = [self.read_phase(name, self.map(found, name, "phases.")) for name in PHASES if name in found]
        if not phases:
            self.refuse("phases", f"none of {', '.join(PHASES)} is there, so nothing would run{self.hints(found)}")
        return phases

    def hints(self, found):
        return "".join(sorted({nearest(key, PHASES) for key in found}))

    def read_phase(self, name, body):
        phase, path = Phase(name), f"phases.{name}."
        self.known(body, PHASE, path)
        phase.commands, phase.final = self.commands(body, "commands", path), self.commands(body, "finally", path)
        if "run-as" in body:
            self.warn(path + "run-as", "is not used: commands run as the user of the build")
        versions = self.map(body, "runtime-versions", path)
        if versions and name != "install":
            self.warn(path + "runtime-versions", "is ignored: it belongs to phases.install")
        if name == "install":
            self.runtimes = {key: self.text(value, f"{path}runtime-versions.{key}") for key, value in versions.items()}
        self.read_on_failure(phase, self.text(body.get("on-failure"), path + "on-failure"), path + "on-failure")
        return phase

    runtimes = {}

    def commands(self, body, key, path):
        value = body.get(key)
        values = value if isinstance(value, list) else [] if value is None else [value]
        found = []
        for number, command in enumerate(values):
            place = f"{path}{key}[{number}]"
            if isinstance(command, list):
                self.refuse(place, "is a list where a command belongs; write each command as a text of its own")
            if isinstance(command, dict):  # `- echo a: b` without quotes
                self.warn(place, f"reads as a map in YAML and is taken as the command {command.source!r}; quote it")
                command = command.source
            if command and command.strip():
                found.append(command)
        return found

    def read_on_failure(self, phase, text, path):
        if not text:
            return
        word, _, rest = text.partition("-")
        if word not in ("ABORT", "CONTINUE", "RETRY") or rest and word != "RETRY":
            self.refuse(
                path, f"{text!r} is none of ABORT, CONTINUE, RETRY, RETRY-count, RETRY-regex, RETRY-count-regex"
            )
        phase.on_failure = word
        if word != "RETRY":
            return
        parts = re.fullmatch(r"(?:(\d+)(?:-(.+))?|(.+))?", rest, re.S)
        phase.retries = int(parts[1]) if parts[1] else RETRIES
        if phase.retries > 100:
            self.refuse(path, f"{phase.retries} retries are too many; the limit is 100")
        pattern = parts[2] or parts[3]
        try:
            phase.pattern = re.compile(pattern) if pattern else None
        except re.error as error:
            self.refuse(path, f"{pattern!r} is no regular expression: {error}")

    def files(self, body, path, style=None):
        base = self.text(body.get("base-directory"), path + "base-directory")
        files, exclude = self.texts(body, "files", path), self.texts(body, "exclude-paths", path)
        flat, links = self.flag(body, "discard-paths", path), self.flag(body, "enable-symlinks", path)
        return Files(base, files, exclude, flat, links, style)

    def read_artifacts(self, body):
        if not body:
            return None, {}
        self.known(body, ARTIFACT | {"secondary-artifacts"}, "artifacts.")
        secondary = {}
        for name in self.map(body, "secondary-artifacts", "artifacts."):
            path = f"artifacts.secondary-artifacts.{name}."
            inner = self.map(body["secondary-artifacts"], name, "artifacts.secondary-artifacts.")
            self.known(inner, ARTIFACT, path)
            secondary[name] = self.files(inner, path)
            if not secondary[name].files:
                self.refuse(path + "files", "it is missing; list what the artifact holds, such as '**/*'")
        top = self.files(body, "artifacts.")
        if not top.files:
            if not secondary:
                self.refuse("artifacts.files", "it is missing; list what the artifact holds, such as '**/*'")
            self.warn("artifacts.files", "is missing, which CodeBuild refuses beside secondary-artifacts")
        return top if top.files else None, secondary

    def read_reports(self, groups):
        if len(groups) > REPORT_LIMIT:
            self.refuse("reports", f"{len(groups)} report groups are too many; the limit is {REPORT_LIMIT}")
        found = {}
        for group in groups:
            path, body = f"reports.{group}.", self.map(groups, group, "reports.")
            self.known(body, REPORT, path)
            style = self.text(body.get("file-format"), path + "file-format").upper() or "JUNITXML"
            found[group] = self.files(body, path, style)
            if not found[group].files:
                self.refuse(path + "files", "it is missing; list the files of the report")
        return found

    def read_cache(self, body):
        self.known(body, CACHE, "cache.")
        self.cache_paths, self.cache_key = self.texts(body, "paths", "cache."), self.text(body.get("key"), "cache.key")
        self.cache_fallbacks = self.texts(body, "fallback-keys", "cache.")
        self.cache_action = self.text(body.get("action"), "cache.action") or "both"
        if self.cache_action not in ("restore", "save", "both"):
            self.refuse("cache.action", f"{self.cache_action!r} is neither restore nor save")
        if len(self.cache_fallbacks) > FALLBACK_LIMIT:
            self.refuse(
                "cache.fallback-keys", f"{len(self.cache_fallbacks)} are too many; the limit is {FALLBACK_LIMIT}"
            )
        if self.cache_fallbacks and not self.cache_key:
            self.refuse("cache.fallback-keys", "they need cache.key")
        if body and not self.cache_paths:
            self.warn("cache.paths", "is missing, so nothing is cached")


def kind(value):
    return "a list" if isinstance(value, list) else "a map" if isinstance(value, dict) else f"the text {value!r}"
