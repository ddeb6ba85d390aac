"""Credentials taken back over HTTP, without NATS: a kick ends what a real noom-turn relays; failures are retried, logged and counted."""

import json
import pathlib
import socket
import tempfile
import time
import unittest

import minimal
import plain_client
import relay
from admin_client import TOKEN, ask
from harness import Daemon
from post_receiver import Receiver
from websocket import Client

OBEYED = 'noom_turn_revocation_orders_total{source="http",result="obeyed"}'


class RelayOrdersTest(unittest.TestCase):
    def setUp(self):
        self.directory = tempfile.TemporaryDirectory()
        self.addCleanup(self.directory.cleanup)
        self.token = self.file("token", TOKEN)

    def file(self, name, text):
        path = pathlib.Path(self.directory.name) / name
        path.write_text(text + "\n")
        path.chmod(0o600)
        return str(path)

    def start_turn(self):
        turn = minimal.start("noom-turn", auth={"rest_secrets": [minimal.SECRET]}, relay=relay.relay_ports(), admin={"token_file": self.token})
        self.addCleanup(turn.stop)
        return turn

    def start_signal(self, *admin_urls, token=None):
        daemon = Daemon("noom-signal", {
            "listen": {"http": ["127.0.0.1:0"], "https": []},
            "web": {"root": ""},
            "turn": {"rest_secret": minimal.SECRET, "urls": ["turn:relay.example:3478"], "admin_urls": list(admin_urls), "admin_token_file": token or self.token},
            "admin": {"token_file": self.token},
        })
        self.addCleanup(daemon.stop)
        return daemon

    def member(self, daemon, name):
        client = Client(daemon.port("http"))
        self.addCleanup(client.close)
        client.joined = client.join("r", name=name)
        return client

    def relaying(self, turn, member):
        """An allocation of theirs."""
        server = next(server for server in member.joined["ice_servers"] if "credential" in server)
        client = plain_client.TurnClient.udp(("127.0.0.1", turn.port("udp")), server["username"], server["credential"])
        self.addCleanup(client.close)
        return client

    def allocations(self, turn):
        return sum(value for series, value in turn.metrics().items() if series.startswith("noom_turn_allocations{"))

    def test_a_kick_ends_the_allocation_within_a_second(self):
        turns = [self.start_turn(), self.start_turn()]
        daemon = self.start_signal(*(turn.admin_url("") for turn in turns))
        host = self.member(daemon, "Ann")
        for turn in turns:
            self.assertIsNone(self.relaying(turn, host).allocate().error)
        times = []
        while not times or (min(times) >= 1 and len(times) < 5):  # a busy machine may make one of them late
            times.append(self.time_of_a_kick(turns, daemon, host))
        self.assertLess(min(times), 1)
        for turn in turns:
            self.assertEqual(turn.metrics()[OBEYED], len(times))
        self.assertEqual(ask(daemon, "DELETE", "/v1/rooms/r")[0], 204)
        for turn in turns:
            turn.process.wait_for(lambda: self.allocations(turn) == 0, "no allocation after the room's end")
        delivered = len(turns) * (len(times) + 1)
        daemon.process.wait_for(lambda: daemon.metrics()["noom_signal_relay_orders_delivered_total"] == delivered, f"{delivered} orders delivered")

    def time_of_a_kick(self, turns, daemon, host):
        guest = self.member(daemon, "Bo")
        for turn in turns:
            self.assertIsNone(self.relaying(turn, guest).allocate().error)
        begin = time.monotonic()
        host.send({"type": "kick", "peer": guest.joined["peer"]})
        for turn in turns:
            turn.process.wait_for(lambda: self.allocations(turn) == 1, "the host's allocation alone")
        passed = time.monotonic() - begin
        for turn in turns:
            self.assertEqual(self.relaying(turn, guest).allocate().error, 401)
        return passed

    def test_one_that_is_away_is_told_when_it_is_back(self):
        good = self.start_turn()
        with socket.create_server(("127.0.0.1", 0)) as reserved:
            port = reserved.getsockname()[1]
        daemon = self.start_signal(f"http://127.0.0.1:{port}", good.admin_url(""))
        host, guest = self.member(daemon, "Ann"), self.member(daemon, "Bo")
        host.send({"type": "kick", "peer": guest.joined["peer"]})
        good.process.wait_for(lambda: good.metrics()[OBEYED] == 1, "an order obeyed by the other one")
        daemon.process.wait_for(lambda: daemon.metrics()["noom_signal_relay_order_attempts_failed_total"] > 0, "a failure")
        self.assertEqual(daemon.metrics()["noom_signal_relay_orders_queued"], 1)
        self.assertIn("event=relay_order_refused", daemon.log())
        late = Receiver(port=port)
        self.addCleanup(late.stop)
        late.wait(lambda: len(late.taken) == 1, "the order")
        (order,), (_, headers, body) = late.taken, late.attempts[0]
        self.assertTrue(order["username"].endswith("." + guest.joined["peer"]))
        self.assertGreater(order["until"], time.time())
        self.assertEqual((headers["Authorization"], json.loads(body)), (f"Bearer {TOKEN}", order))
        daemon.process.wait_for(lambda: daemon.metrics()["noom_signal_relay_orders_queued"] == 0, "an empty queue")

    def test_a_wrong_token_is_said_and_counted(self):
        turn = self.start_turn()
        daemon = self.start_signal(turn.admin_url(""), token=self.file("other", "f" * 32))
        host, guest = self.member(daemon, "Ann"), self.member(daemon, "Bo")
        host.send({"type": "kick", "peer": guest.joined["peer"]})
        daemon.process.wait_for(lambda: "event=relay_order_refused" in daemon.log(), "a refusal")
        self.assertIn("HTTP 401", daemon.log())
        self.assertNotIn("f" * 32, daemon.log())
        self.assertEqual(turn.metrics().get(OBEYED, 0), 0)


if __name__ == "__main__":
    unittest.main()
