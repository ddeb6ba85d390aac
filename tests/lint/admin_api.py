#!/usr/bin/python3
"""docs/api has the routes that the code has, and its references lead somewhere."""

import pathlib
import re
import unittest

import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
METHODS = ("get", "post", "put", "patch", "delete")


# Routes of every daemon, and a daemon's own.
LIFE = "common/ops/life_routes.cc"


class ApiDocument:
    name = ""
    sources = ()

    def setUp(self):
        self.document = yaml.safe_load((ROOT / "docs" / "api" / f"{self.name}.yaml").read_text(encoding="utf-8"))

    def test_routes_are_those_of_the_code(self):
        code = "".join((ROOT / source).read_text(encoding="utf-8") for source in (*self.sources, LIFE))
        routes = set(re.findall(r'\{"([A-Z]+)",\s*"(/v1/[^"]*)"', code))
        self.assertTrue(routes)
        written = {(method.upper(), path) for path, entry in self.document["paths"].items() for method in entry if method in METHODS}
        self.assertEqual(written, routes, f"docs/api/{self.name}.yaml and the code differ: write down the one, or route the other")

    def test_references_lead_somewhere(self):
        for reference in self.references(self.document):
            at = self.document
            for step in reference.removeprefix("#/").split("/"):
                self.assertIn(step, at, reference)
                at = at[step]

    def test_each_operation_has_a_name_of_its_own_and_refuses_strangers(self):
        operations = [entry[method] for entry in self.document["paths"].values() for method in entry if method in METHODS]
        names = [operation["operationId"] for operation in operations]
        self.assertEqual(len(names), len(set(names)))
        for operation in operations:
            self.assertIn("401", operation["responses"], operation["operationId"])

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



class NoomSignal(ApiDocument, unittest.TestCase):
    name = "noom-signal"
    sources = ("signal/admin_routes.cc",)

    def test_keys_of_answers_are_those_of_the_code(self):
        code = "".join((ROOT / "signal" / name).read_text(encoding="utf-8") for name in ("admin_routes.cc", "admin_json.cc"))
        keys = set(re.findall(r'\.(?:text|number|flag|raw)\("(\w+)"', code))
        schemas = self.document["components"]["schemas"]
        for name in ("Room", "Member", "Node", "Usage"):
            self.assertEqual(set(schemas[name]["properties"]) - keys, set(), f"{name}: the code writes no such key")


class NoomTurn(ApiDocument, unittest.TestCase):
    name = "noom-turn"
    sources = ("turn/main.cc",)


if __name__ == "__main__":
    unittest.main()
