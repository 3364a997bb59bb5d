"""The files of spec/, and which schema judges which document."""

import glob
import json
import os

from jsonschema import Draft202012Validator
from prose import SPEC

FROM_HOST = ("job", "cancel")
TERMINALS = ("jobSuccessResult", "jobFailureResult", "jobAbandonedResult")
FROM_PLUGIN = ("acknowledge", "progress", "log", "mask") + TERMINALS
JOB_ID = "6b7a1c1e-6a0b-4f3e-9d7e-1a2b3c4d5e6f"


def read(path):
    with open(os.path.join(SPEC, path), encoding="utf-8") as file:
        return json.load(file)


def names(folder, ending):
    return sorted(os.path.basename(path) for path in glob.glob(os.path.join(SPEC, folder, "*" + ending)))


SCHEMAS = {name[: -len(".json")]: read(f"schema/{name}") for name in names("schema", ".json")}


def problems(schema, document):
    """What is wrong with the document, as sentences."""
    return [f"{e.json_path}: {e.message[:200]}" for e in Draft202012Validator(SCHEMAS[schema]).iter_errors(document)]


def schema_of(document):
    """By what the document says it is; None for what no schema can be."""
    if isinstance(document, list):
        return "cases"
    if "breaks" in document:
        return "mutant"
    if "resultVersion" in document:
        return "result"
    if "actionTypes" in document:
        return "manifest"
    kind = document.get("type")
    return kind if kind in FROM_HOST + FROM_PLUGIN else None
