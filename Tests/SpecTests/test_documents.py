"""Schemas, vectors, transcripts, examples and shipped manifests agree."""

import glob
import json
import os
import re
import unittest

from contract import FROM_HOST, FROM_PLUGIN, JOB_ID, SCHEMAS, TERMINALS, names, problems, read, schema_of
from jsonschema import Draft202012Validator
from prose import PROFILES, SPEC, pages

ROOT = os.path.dirname(SPEC)


class Schemas(unittest.TestCase):
    def test_there_is_one_for_each_message_and_document(self):
        self.assertEqual(set(SCHEMAS), set(FROM_HOST + FROM_PLUGIN + ("manifest", "cases", "result", "mutant")))

    def test_each_is_a_valid_schema(self):
        for name, schema in SCHEMAS.items():
            with self.subTest(name):
                Draft202012Validator.check_schema(schema)

    def test_what_several_define_is_the_same_in_all(self):
        seen = {}
        for name, schema in SCHEMAS.items():
            for key, definition in schema.get("$defs", {}).items():
                first, same = seen.setdefault(key, (name, definition))
                if key != "path":
                    self.assertEqual(definition, same, f"{key} of {name} and {first}")

    def test_the_shipped_manifests_and_their_cases_are_valid(self):
        manifests = glob.glob(os.path.join(ROOT, "plugins", "*", "plugin.json"))
        manifests += glob.glob(os.path.join(SPEC, "good", "*", "plugin.json"))
        self.assertTrue(manifests)
        for path in manifests:
            with self.subTest(path):
                manifest = read(path)
                self.assertEqual(problems("manifest", manifest), [])
                cases = read(os.path.join(os.path.dirname(path), manifest["conformance"]))
                self.assertEqual(problems("cases", cases), [])


class Vectors(unittest.TestCase):
    def setUp(self):
        self.exceptions = read("vectors/exceptions.json")

    def test_every_good_one_is_valid(self):
        for name in names("vectors/good", ".json"):
            with self.subTest(name):
                document = read(f"vectors/good/{name}")
                self.assertEqual(schema_of(document), name.split("-")[0])
                self.assertEqual(problems(schema_of(document), document), [])

    def test_every_schema_has_a_good_one(self):
        # The mutants themselves are those of the last one.
        self.assertEqual({name.split("-")[0] for name in names("vectors/good", ".json")} | {"mutant"}, set(SCHEMAS))

    def test_every_bad_one_is_refused_but_for_the_exceptions(self):
        accepted = []
        for name in names("vectors/bad", ".json"):
            document = read(f"vectors/bad/{name}")
            schema = "manifest" if name.startswith("MAN") and isinstance(document, dict) else schema_of(document)
            judges = [schema] if schema else FROM_PLUGIN
            accepted += [name] if any(not problems(judge, document) for judge in judges) else []
        self.assertEqual(accepted, self.exceptions["schemaAccepts"])

    def test_every_bad_one_is_named_after_a_rule(self):
        rules = {rule["id"] for rule in read("requirements/1.0.json")["plugins"]}
        for name in os.listdir(os.path.join(SPEC, "vectors/bad")):
            self.assertIn(name[:6], rules)
            self.assertRegex(name, r"^[A-Z]{3}-\d\d-[\w-]+\.(json|line)$")

    def test_messages_stand_on_one_line_and_are_about_the_job(self):
        for folder in ("good", "bad"):
            for name in names(f"vectors/{folder}", ".json"):
                with open(os.path.join(SPEC, "vectors", folder, name), "rb") as file:
                    text = file.read()
                if b'"protocol": "penstock/' in text and b'"kit"' not in text:
                    self.assertEqual((text.count(b"\n"), text[-1:]), (1, b"\n"), name)
                    if not name.startswith("MSG-02"):
                        self.assertEqual(json.loads(text)["jobId"], JOB_ID, name)

    def test_what_the_host_takes_otherwise_is_there(self):
        there = set(os.listdir(os.path.join(SPEC, "vectors/bad")))
        self.assertLessEqual(set(self.exceptions["hostTakesAs"]), there)


class Examples(unittest.TestCase):
    def test_every_example_in_the_prose_is_valid(self):
        found = set()
        for page, text in pages():
            for language, block in re.findall(r"^```(\w*)\n(.*?)^```", text, re.M | re.S):
                documents = [block] if language == "json" else block.splitlines() if language == "jsonl" else []
                for document in map(json.loads, documents):
                    with self.subTest(page, document=document):
                        schema = schema_of(document)
                        self.assertIsNotNone(schema)
                        self.assertEqual(problems(schema, document), [])
                        found.add(schema)
        self.assertEqual(found, set(SCHEMAS), "each document has an example")

    def test_profiles_are_those_of_the_result(self):
        profiles = SCHEMAS["result"]["$defs"]["rule"]["properties"]["profile"]["enum"]
        self.assertEqual(set(profiles), set(PROFILES.values()) - {"host"})


class Transcripts(unittest.TestCase):
    def events(self):
        for name in names("transcripts", ".jsonl"):
            with open(os.path.join(SPEC, "transcripts", name), encoding="utf-8") as file:
                first, *events = map(json.loads, file)
            yield name, first, events

    def test_every_message_is_valid(self):
        for name, first, events in self.events():
            self.assertLessEqual(set(first), {"note", "breaks"})
            for event in events:
                with self.subTest(name, event=event):
                    self.assertTrue({"message", "event", "verdict"} & set(event))
                    if "message" in event:
                        kinds = FROM_HOST if event["from"] == "host" else FROM_PLUGIN
                        self.assertIn(event["message"]["type"], kinds)
                        self.assertEqual(problems(event["message"]["type"], event["message"]), [])

    def test_every_job_obeys_the_grammar(self):
        for name, first, events in self.events():
            for job, talk in conversations(events).items():
                with self.subTest(name, job=job):
                    said = " ".join(kind for kind in talk if kind in FROM_PLUGIN)
                    whole = rf"(acknowledge ?)?((progress|log|mask) ?)*({'|'.join(TERMINALS)})"
                    killed = "SIGTERM" in talk or "RES-01" in first.get("breaks", "")
                    self.assertRegex(said, rf"^{whole}{'?' if killed else ''}$")
                    self.assertEqual((talk[0], talk[-1]), ("job", "verdict"))
                    abandoned = "jobAbandonedResult" in talk
                    self.assertLessEqual(abandoned, "cancel" in talk or "SIGTERM" in talk)

    def test_together_they_show_every_message_operation_and_verdict(self):
        text = json.dumps([events for _, _, events in self.events()])
        shown = set(re.findall(r'"(?:type|operation|verdict|event)": "(\w+)"', text))
        expected = set(FROM_HOST + FROM_PLUGIN) | {"check", "notify", "start", "endOfInput", "signal", "exit"}
        self.assertLessEqual(expected | {"Succeeded", "InProgress", "Failed", "Abandoned"}, shown)


def conversations(events):
    """What happens to each job, in words: messages' types, signals, the verdict."""
    talks, open_jobs = {}, []
    for event in events:
        job = event.get("jobId") or event.get("message", {}).get("jobId")
        if event.get("event") == "signal":
            for known in open_jobs:
                talks[known].append(event["signal"])
        elif "verdict" in event:
            talks[job].append("verdict")
            open_jobs.remove(job)
        elif job and (job in open_jobs or event["message"]["type"] == "job"):
            open_jobs += [job] if job not in open_jobs else []
            talks.setdefault(job, []).append(event["message"]["type"])
        elif job and event["message"]["type"] != "cancel":
            raise AssertionError(f"a message for a job that is not in flight: {event}")
    return talks


if __name__ == "__main__":
    unittest.main()
