"""What is shipped to watch the daemons with fits the daemons: each metric of a dashboard, a rule or a document is on a running daemon's /metrics."""

import json
import re
import shutil
import subprocess
import unittest

import metrics_page
import minimal

MONITORING = minimal.ROOT / "monitoring"
NAME = re.compile(r"\b(?:noom|process)_[a-z0-9_]+\b")
SELECTOR = re.compile(r"\b((?:noom|process)_[a-z0-9_]+)\{([^{}]*)\}")
# What Prometheus itself adds to every series it scrapes.
SCRAPED_LABELS = {"job", "instance", "daemon", "le"}


class Metrics(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.pages = {}
        for name in minimal.DAEMONS:
            with metrics_page.complete(name) as daemon:
                cls.pages[name] = daemon.admin("/metrics")[1]
        cls.families = {}
        for text in cls.pages.values():
            cls.families.update(metrics_page.families(text))

    def shipped(self):
        """(file, text) of all that names metrics."""
        for file in [*sorted(MONITORING.rglob("*")), minimal.ROOT / "docs/operations.md"]:
            if file.is_file():
                yield file.relative_to(minimal.ROOT), file.read_text()

    def family_of(self, name):
        return self.families.get(name) or self.families.get(re.sub(r"_(bucket|sum|count)$", "", name))

    def test_every_metric_that_is_named_exists(self):
        named = set()
        for file, text in self.shipped():
            for name in set(NAME.findall(text)):
                with self.subTest(file=str(file), metric=name):
                    self.assertTrue(self.family_of(name), "no daemon has it")
                named.add(name)
        self.assertGreater(len(named), 20)

    def test_every_label_and_value_that_is_selected_exists(self):
        served = "".join(self.pages.values())
        for file, text in self.shipped():
            for name, selector in SELECTOR.findall(text.replace('\\"', '"')):
                for label, values in re.findall(r'(\w+)\s*(?:=~|!~|!=|=)\s*"([^"]*)"', selector):
                    if label in SCRAPED_LABELS:
                        continue
                    with self.subTest(file=str(file), metric=name, label=label):
                        self.assertIn(label, self.family_of(name)[2])
                        for value in values.split("|"):
                            self.assertRegex(served, rf'{name}\{{[^}}]*{label}="{value}"')

    def test_the_metrics_page_is_what_the_daemons_serve(self):
        documented = (minimal.ROOT / "docs/metrics.md").read_text()
        self.assertEqual(documented, metrics_page.page(), "scripts/update-docs writes it anew")

    def test_dashboards_are_complete(self):
        dashboards = sorted(MONITORING.rglob("*.json"))
        self.assertTrue(dashboards)
        for file in dashboards:
            with self.subTest(dashboard=file.name):
                board = json.loads(file.read_text())
                panels = [panel for panel in board["panels"] if panel["type"] != "row"]
                ids = [panel["id"] for panel in board["panels"]]
                self.assertEqual(len(ids), len(set(ids)))
                for panel in panels:
                    self.assertTrue(panel["title"])
                    self.assertTrue(all(target["expr"] for target in panel["targets"]), panel["title"])
                    self.assertEqual({"type": "prometheus", "uid": "${datasource}"}, panel["datasource"], panel["title"])

    @unittest.skipUnless(shutil.which("promtool"), "promtool is not installed: scripts/install-packages test")
    def test_prometheus_finds_nothing_to_say_about_the_pages(self):
        for name, text in self.pages.items():
            with self.subTest(daemon=name):
                run = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, text=True)
                ours = [line for line in (run.stdout + run.stderr).splitlines() if line.startswith("noom_")]
                self.assertEqual([], ours)


if __name__ == "__main__":
    unittest.main()
