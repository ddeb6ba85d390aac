"""Debian's Prometheus scrapes all three daemons under load with the shipped configuration and rules, and every query of every dashboard finds what it asks for."""

import json
import pathlib
import re
import shutil
import tempfile
import unittest
import urllib.error
import urllib.parse
import urllib.request

import harness
import minimal
import suite_load

SHIPPED = minimal.ROOT / "monitoring"
SCRAPE_INTERVAL = "250ms"
RANGE = "5s"
# Filters (what is empty is well), and what has no value without an alert or a client that proves nothing.
MAY_BE_EMPTY = re.compile(r"> 0$|ALERTS|unauthenticated_bytes|noom_stun_received_bytes|_udp_sent_total.* / |_udp_received_total.* / ")


def queries():
    """(dashboard, panel, query) with the variables filled in."""
    for file in sorted(SHIPPED.rglob("*.json")):
        for panel in json.loads(file.read_text())["panels"]:
            for target in panel.get("targets", ()):
                yield file.stem, panel["title"], target["expr"].replace("$instance", ".*").replace("$__rate_interval", RANGE)


@unittest.skipIf(shutil.which("prometheus") is None, "prometheus is not installed: scripts/install-packages test")
class Prometheus(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.folder = pathlib.Path(folder.name)
        cls.suite = cls.enterClassContext(suite_load.running())
        cls.server = cls.start()
        cls.addClassCleanup(cls.server.stop)
        cls.url = "http://" + cls.server.wait_for(cls.listening, "a port")
        cls.server.wait_for(cls.is_ready, "readiness")
        cls.server.wait_for(cls.has_scraped, "several scrapes of all three")

    @classmethod
    def start(cls):
        for file in (SHIPPED / "prometheus").glob("noom.rules.yml"):
            shutil.copy(file, cls.folder)
        config = (SHIPPED / "prometheus/prometheus.yml").read_text().replace("15s", SCRAPE_INTERVAL)
        for name, shipped in zip(minimal.DAEMONS, (9641, 9642, 9643)):
            target = f'"127.0.0.1:{shipped}"'
            assert target in config
            config = config.replace(target, f'"127.0.0.1:{cls.suite.daemons[name].ready["metrics"]["port"]}"')
        (cls.folder / "prometheus.yml").write_text(config)
        command = ["prometheus", f"--config.file={cls.folder}/prometheus.yml", f"--storage.tsdb.path={cls.folder}/data", "--web.listen-address=127.0.0.1:0"]
        return harness.Process(command, cls.folder / "prometheus.log")

    @classmethod
    def listening(cls):
        found = re.search(r'msg="Listening on" address=(\S+)', cls.server.log())
        return found and found[1]

    @classmethod
    def is_ready(cls):
        try:
            return urllib.request.urlopen(f"{cls.url}/-/ready", timeout=20).close() is None
        except urllib.error.HTTPError:
            return False

    @classmethod
    def api(cls, path, **parameters):
        with urllib.request.urlopen(f"{cls.url}/api/v1/{path}?{urllib.parse.urlencode(parameters)}", timeout=20) as answer:
            return json.load(answer)["data"]

    @classmethod
    def ask(cls, query):
        return cls.api("query", query=query)["result"]

    @classmethod
    def has_scraped(cls):
        cls.suite.talk()
        scraped = cls.ask(f'count_over_time(up{{job=~"noom-.*"}}[{RANGE}])')
        return len(scraped) == len(minimal.DAEMONS) and all(int(each["value"][1]) > 4 for each in scraped)

    def test_all_three_are_up_and_told_apart(self):
        up = {each["metric"]["job"]: each["value"][1] for each in self.ask("up")}
        self.assertEqual({name: "1" for name in minimal.DAEMONS}, up)
        builds = {each["metric"]["daemon"] for each in self.ask("noom_build_info")}
        self.assertEqual(set(minimal.DAEMONS), builds)

    def test_every_query_of_every_dashboard_is_answered(self):
        asked = list(queries())
        self.assertGreater(len(asked), 150)
        for dashboard, panel, query in asked:
            with self.subTest(dashboard=dashboard, panel=panel, query=query):
                if not MAY_BE_EMPTY.search(query):
                    self.server.wait_for(lambda q=query: self.suite.talk() or self.ask(q), query)
                else:
                    self.ask(query)

    def test_latencies_and_batches_have_been_measured(self):
        for query in (
            "noom_event_loop_lag_seconds_count",
            "noom_turn_allocation_seconds_count",
            'noom_turn_handshake_seconds_count{transport="tls"}',
            'noom_turn_handshake_seconds_count{transport="dtls"}',
            "noom_signal_handshake_seconds_count",
            "noom_turn_udp_receive_batch_datagrams_count",
            "noom_turn_udp_send_batch_datagrams_count",
            "noom_stun_udp_receive_batch_datagrams_count",
        ):
            with self.subTest(query=query):
                self.assertTrue(self.ask(f"sum({query}) > 0"))
        self.assertEqual("3", self.ask("sum(noom_turn_allocation_seconds_count)")[0]["value"][1])

    def test_traffic_is_counted_while_it_flows(self):
        before = float(self.ask('sum(noom_turn_forwarded_bytes_total{to="peers"})')[0]["value"][1])
        self.server.wait_for(
            lambda: self.suite.talk() or float(self.ask('sum(noom_turn_forwarded_bytes_total{to="peers"})')[0]["value"][1]) > before, "more bytes"
        )
        self.assertEqual("3", self.ask("sum(noom_turn_allocations)")[0]["value"][1])

    def test_the_rules_are_loaded_and_one_fires(self):
        def firing():
            groups = self.api("rules")["groups"]
            rules = [rule for group in groups for rule in group["rules"]]
            self.assertGreater(len(rules), 15)
            if any(rule["health"] == "unknown" for rule in rules):
                return None
            self.assertEqual([], [rule["name"] for rule in rules if rule["health"] != "ok"])
            return {rule["name"]: rule for rule in rules if rule["state"] == "firing"}

        # The tests' certificate has two days left.
        fired = self.server.wait_for(firing, "an alert")
        self.assertEqual({"NoomCertificateExpires"}, set(fired))
        alerts = fired["NoomCertificateExpires"]["alerts"]
        self.assertEqual({"noom-turn", "noom-signal"}, {alert["labels"]["job"] for alert in alerts})
        self.assertIn("expires in 1d", alerts[0]["annotations"]["summary"])


if __name__ == "__main__":
    unittest.main()
