#!/usr/bin/python3
"""docs/protocol: the schemas are schemas, their examples keep them, asyncapi.yaml names each of them once, and the SDK's types and the
fuzz seeds are theirs."""

import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

import jsonschema
import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROTOCOL = ROOT / "docs" / "protocol"
CORPUS = ROOT / "tests" / "fuzz" / "corpus" / "signal_hub"
FILES = sorted(PROTOCOL.glob("schemas/*/*.json"))


def read(path):
    return json.loads(path.read_text(encoding="utf-8"))


def validator_of(path, schema):
    store = {"common.json": read(PROTOCOL / "schemas" / "common.json")}
    return jsonschema.Draft7Validator(schema, resolver=jsonschema.RefResolver(path.as_uri(), schema, store=store))


class ProtocolTest(unittest.TestCase):
    def test_every_schema_is_one_and_its_examples_keep_it(self):
        for path in FILES:
            schema = read(path)
            jsonschema.Draft7Validator.check_schema(schema)
            self.assertEqual((schema["title"], schema["properties"]["type"]["const"]), (path.stem, path.stem))
            self.assertTrue(schema["examples"], path)
            for example in schema["examples"]:
                validator_of(path, schema).validate(example)

    def test_asyncapi_names_every_schema_and_its_references_lead_somewhere(self):
        document = yaml.safe_load((PROTOCOL / "asyncapi.yaml").read_text(encoding="utf-8"))
        self.assertTrue(document["asyncapi"].startswith("3."))
        messages = document["components"]["messages"]
        named = {message["payload"]["schema"]["$ref"] for message in messages.values()}
        self.assertEqual(named, {str(path.relative_to(PROTOCOL)) for path in FILES})
        for reference in self.references(document):
            if not reference.startswith("#/"):
                continue
            at = document
            for step in reference[2:].split("/"):
                self.assertIn(step, at, reference)
                at = at[step]

    def references(self, node):
        if isinstance(node, dict):
            for key, value in node.items():
                if key == "$ref":
                    yield value
                else:
                    yield from self.references(value)
        elif isinstance(node, list):
            for value in node:
                yield from self.references(value)

    def test_the_sdks_types_are_those_of_the_schemas(self):
        written = subprocess.run([sys.executable, ROOT / "scripts" / "protocol-types"], capture_output=True, text=True, check=True).stdout
        self.assertEqual((ROOT / "web" / "client" / "messages.js").read_text(encoding="utf-8"), written, "run scripts/protocol-types >web/client/messages.js")

    def test_the_fuzz_seeds_are_those_of_the_schemas(self):
        with tempfile.TemporaryDirectory() as folder:
            subprocess.run([sys.executable, ROOT / "scripts" / "protocol-seeds", folder], check=True)
            written = {path.name: path.read_text(encoding="utf-8") for path in pathlib.Path(folder).iterdir()}
        self.assertEqual({path.name: path.read_text(encoding="utf-8") for path in CORPUS.glob("schema_*")}, written, "run scripts/protocol-seeds")

    def test_the_fuzz_seeds_have_every_message_of_clients_with_each_of_its_members_alone_and_all_together(self):
        for path in (path for path in FILES if path.parent.name == "client"):
            schema = read(path)
            lines = (CORPUS / f"schema_{path.stem}").read_text(encoding="utf-8").splitlines()
            messages = [message for message in (json.loads(line[1:]) for line in lines if line[1] == "{") if message["type"] == path.stem]
            for message in messages:
                validator_of(path, schema).validate(message)
            members = [frozenset(message) for message in messages]
            self.assertEqual(frozenset().union(*members), set(schema["properties"]), path)
            self.assertIn(set(schema["required"]), members if "anyOf" not in schema else [set(schema["required"])], path)
            together = 2 if "not" in schema else 1
            self.assertEqual(len({keys for keys in members if not any(keys < other for other in members)}), together, path)


if __name__ == "__main__":
    unittest.main()
