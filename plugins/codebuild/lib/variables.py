"""The environment of the build (BLD-2, BLD-11) and what it exports (BLD-6)."""

import json
import os
import re
import time

from protocol import Failure, directory, nearest, printable, warn
from shell import NAME

ENTRY = ("buildspec", "environment", "parameters", "secrets", "region", "accountId")
KINDS = ("PLAINTEXT", "PARAMETER_STORE", "SECRETS_MANAGER")
REMEDY = 'write [{"name": …, "value": …}]'
VARIABLES_LIMIT = 50
VARIABLES_LIMIT_BYTES = 122_880  # AWS: output variables of one action, names and values together


class Project:
    """The operator's entry for the project; everything in it is optional."""

    def __init__(self, name, entry):
        self.name, self.entry = name, entry
        if not isinstance(entry, dict):
            self.refuse("", "it is no map")
        for key in entry:
            if key not in ENTRY:
                warn(f"settings: CodeBuild.projects.{name}.{key} is not used{nearest(key, ENTRY)}")
        self.buildspec, self.region, self.account = self.text("buildspec"), self.text("region"), self.text("accountId")
        self.environment, self.parameters, self.secrets = map(self.texts, ("environment", "parameters", "secrets"))

    def refuse(self, key, text):
        place = f"settings: CodeBuild.projects.{self.name}{'.' + key if key else ''}"
        raise Failure("ConfigurationError", f"{place}: {text}")

    def text(self, key):
        value = self.entry.get(key, "")
        if not isinstance(value, str):
            self.refuse(key, f"it must be a text; it is {json.dumps(value)}")
        return value

    def texts(self, key):
        value = self.entry.get(key, {})
        if not isinstance(value, dict):
            self.refuse(key, "it must be a map of names to texts")
        for name, text in value.items():
            if not isinstance(text, str):
                self.refuse(f"{key}.{name}", "it must be a text; write it in quotes")
        return value

    def parameter(self, name, wanted):
        for known in (name, "/" + name, name.removeprefix("/")):
            if known in self.parameters:
                return self.parameters[known]
        self.refuse(
            "parameters",
            f"{wanted} needs the parameter {name}; add {json.dumps(name)}: its value, " "or {secret: NAME}",
        )

    def secret(self, reference, wanted, mask):
        """`id:json-key:version-stage:version-id`, where the id may be an ARN."""
        parts = reference.split(":")
        length = 7 if parts[0] == "arn" else 1
        identity, key = ":".join(parts[:length]), "".join(parts[length : length + 1])
        name = identity.rpartition(":")[2]
        known = [each for each in (identity, name, re.sub(r"-[A-Za-z0-9]{6}\Z", "", name)) if each in self.secrets]
        if not known:
            self.refuse(
                "secrets",
                f"{wanted} needs the secret {identity}; add {json.dumps(identity)}: "
                "{secret: NAME}" + (f", a JSON object with the member {key}" if key else ""),
            )
        value = self.secrets[known[0]]
        if key:
            value = self.member(known[0], value, key, wanted)
        if value:
            mask(value)
        return value

    def member(self, name, text, key, wanted):
        try:
            value = json.loads(text)[key]
        except (ValueError, RecursionError):
            self.refuse(f"secrets.{name}", f"{wanted} asks for its member {key}, but it is no JSON text")
        except (LookupError, TypeError):
            self.refuse(f"secrets.{name}", f"{wanted} asks for its member {key}, which it lacks")
        return value if isinstance(value, str) else json.dumps(value)


def override(text, project, mask):
    """The action's EnvironmentVariables, name to value, and the names that hold parameters and secrets."""
    place = "EnvironmentVariables"
    try:
        listed = json.loads(text) if text else []
    except (ValueError, RecursionError) as error:
        raise Failure("ConfigurationError", f"{place} is no JSON: {error}; {REMEDY}") from None
    if not isinstance(listed, list):
        raise Failure("ConfigurationError", f"{place} is no JSON array; {REMEDY}")
    found, closed = {}, set()
    for number, item in enumerate(listed):
        item = item if isinstance(item, dict) else {}
        name, value, kind = item.get("name"), item.get("value"), item.get("type", "PLAINTEXT")
        if not isinstance(name, str) or not isinstance(value, str) or kind not in KINDS:
            raise Failure(
                "ConfigurationError",
                f"{place}[{number}] needs the texts name and value, and a type that is "
                f"{', '.join(KINDS)} or absent; it has {sorted(map(str, item))}, type {kind!r}",
            )
        if kind == "PARAMETER_STORE":
            value = project.parameter(value, f"{place}[{number}] {name}")
        elif kind == "SECRETS_MANAGER":
            value = project.secret(value, f"{place}[{number}] {name}", mask)
        found[name] = value
        if kind != "PLAINTEXT":
            closed.add(name)
    return found, closed


def environment(data, project, spec, overrides, mask, places):
    """The environment of the build's shell, and the names that may not be exported. `places` is the directory of each
    input artifact by name, the primary one's first."""
    chosen, closed = dict(spec.variables), set(overrides[1])
    for name, value in chosen.items():
        if value.startswith("$"):
            warn(f"env.variables.{name}: {value!r} is taken as it stands; set it in a command to have it expanded")
    given = {**project.environment, **overrides[0]}
    for name, wanted in spec.parameters.items():
        if name not in given:
            chosen[name] = project.parameter(wanted, f"env.parameter-store.{name}")
            closed.add(name)
    for name, wanted in spec.secrets.items():
        if name not in given:
            chosen[name] = project.secret(wanted, f"env.secrets-manager.{name}", mask)
            closed.add(name)
    usable = {name: value for name, value in {**chosen, **given}.items() if fit(name, value)}
    return {**os.environ, **provided(data, project, places), **usable}, closed


def fit(name, value):
    """Whether the build can have the variable; the log tells why not."""
    reserved = name.startswith("CODEBUILD_")
    if reserved or not NAME.match(name) or "\0" in value:
        warn(
            f"the environment variable {name} is left out: "
            f"{'names with CODEBUILD_ are reserved' if reserved else 'a shell cannot hold it'}"
        )
        return False
    return True


def provided(data, project, places):
    context = data["pipelineContext"]
    pipeline, identity = context.get("pipelineName", ""), context["action"]["actionExecutionId"]
    region, primary = project.region or "us-east-1", next(iter(places))
    revision = {artifact["name"]: artifact.get("revision") for artifact in data["inputArtifacts"]}[primary] or ""
    build = f"{project.name}:{identity}"
    source = f"arn:aws:s3:::penstock/{pipeline[:20]}/{primary[:10]}/{identity.replace('-', '')[:7]}"
    others = {f"CODEBUILD_SRC_DIR_{name}": place for name, place in list(places.items())[1:]}
    return {
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
        "CODEBUILD_CI": "true",
        "CODEBUILD_SRC_DIR": places[primary],
        **others,
        "CODEBUILD_BUILD_ID": build,
        "CODEBUILD_BUILD_NUMBER": str(data.get("attempt", 1)),
        "CODEBUILD_BUILD_ARN": f"arn:aws:codebuild:{region}:{project.account or '0' * 12}:build/{build}",
        "CODEBUILD_BUILD_SUCCEEDING": "1",
        "CODEBUILD_INITIATOR": f"codepipeline/{pipeline}",
        "CODEBUILD_LOG_PATH": identity,
        "CODEBUILD_RESOLVED_SOURCE_VERSION": revision,
        "CODEBUILD_SOURCE_VERSION": source,
        "CODEBUILD_START_TIME": str(time.time_ns() // 1_000_000),
    }


def copies(data, configuration):
    """The input artifacts, the primary one first."""
    inputs = {artifact["name"]: directory(artifact) for artifact in data.get("inputArtifacts", [])}
    wanted = configuration.get("PrimarySource") or ""
    if not inputs:
        raise Failure("ConfigurationError", "the action has no input artifact; give it the source to build")
    if not wanted and len(inputs) > 1:
        raise Failure(
            "ConfigurationError",
            "PrimarySource is missing; name the input artifact that holds the " f"buildspec: {', '.join(inputs)}",
        )
    if wanted and wanted not in inputs:
        raise Failure(
            "ConfigurationError",
            f"PrimarySource names {wanted}, which is none of the action's inputs: " f"{', '.join(inputs)}",
        )
    primary = wanted or next(iter(inputs))
    return {primary: inputs.pop(primary), **inputs}


def exported(names, values, closed):
    """The output variables among exported-variables; what cannot be one is named in the log."""
    found = {}
    for name in names:
        value = values.get(name)
        if name in closed or name.startswith("AWS_"):
            warn(f"env.exported-variables: {name} is not exported: parameters, secrets and AWS_* never are")
        elif value is None:
            warn(f"env.exported-variables: {name} is not set at the end of post_build; set it in a command")
        elif not value.isprintable() and value != printable(value):
            raise Failure("JobFailed", f"the value of the exported variable {name} is not UTF-8 text")
        else:
            found[name] = value
    return found


def bounded(variables):
    size = sum(len(name.encode()) + len(value.encode()) for name, value in variables.items())
    if size > VARIABLES_LIMIT_BYTES:
        raise Failure("JobFailed", f"the output variables have {size} bytes; the limit is {VARIABLES_LIMIT_BYTES}")
    if len(variables) > VARIABLES_LIMIT:
        raise Failure("JobFailed", f"{len(variables)} output variables are too many; the limit is {VARIABLES_LIMIT}")
    return variables
