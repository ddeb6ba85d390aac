#!/usr/bin/python3
"""docs/protocol: the schemas are schemas, their examples keep them, asyncapi.yaml names each of them once, and the SDK's types are theirs."""

import json
import pathlib
import subprocess
import sys
import unittest

import jsonschema
import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROTOCOL = ROOT / "docs" / "protocol"
FILES = sorted(PROTOCOL.glob("schemas/*/*.json"))


def read(path):
    return json.loads(path.read_text(encoding="utf-8"))


class ProtocolTest(unittest.TestCase):
    def test_every_schema_is_one_and_its_examples_keep_it(self):
        store = {"common.json": read(PROTOCOL / "schemas" / "common.json")}
        for path in FILES:
            schema = read(path)
            jsonschema.Draft7Validator.check_schema(schema)
            resolver = jsonschema.RefResolver(path.as_uri(), schema, store=store)
            self.assertEqual((schema["title"], schema["properties"]["type"]["const"]), (path.stem, path.stem))
            self.assertTrue(schema["examples"], path)
            for example in schema["examples"]:
                jsonschema.Draft7Validator(schema, resolver=resolver).validate(example)

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


if __name__ == "__main__":
    unittest.main()
