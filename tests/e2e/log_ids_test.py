"""One call in two logs: what noom-signal says of a member and what noom-turn says of its relay share the room's and the peer's id; neither holds a secret, nor more of an
address than the operator wants kept."""

import json
import pathlib
import re
import sys
import unittest

import minimal
import turn_client

sys.path.insert(0, str(pathlib.Path(__file__).parent / "signal"))
import websocket  # noqa: E402


class LogIds(unittest.TestCase):
    def setUp(self):
        log = {"format": "json", "level": "debug"}
        self.turn = minimal.start("noom-turn", log=log)
        self.addCleanup(self.turn.stop)
        url = f"turn:127.0.0.1:{self.turn.port('udp')}?transport=udp"
        self.signal = minimal.start("noom-signal", turn={"rest_secret": minimal.SECRET, "urls": [url]}, log=log)
        self.addCleanup(self.signal.stop)

    def lines(self, daemon, event):
        return [line for line in map(json.loads, daemon.log().splitlines()) if line["event"] == event]

    def test_a_member_and_its_relay_are_found_by_the_same_ids(self):
        with websocket.Client(self.signal.port("http")) as client:
            client.send({"type": "hello", "protocol": "noom.v1"})
            client.send({"type": "join", "id": 1, "room": "board-meeting", "name": "Ann Example"})
            while (joined := client.receive())["type"] != "joined":
                pass
            ice = joined["ice_servers"][-1]
            with turn_client.Client("udp", ("127.0.0.1", self.turn.port("udp")), ice["username"], ice["credential"]) as relay:
                self.assertEqual(0, relay.allocate().code)
                self.assertEqual(403, relay.permit(("10.0.0.9", 9)).code)
            member = self.signal.process.wait_for(lambda: self.lines(self.signal, "peer_joined"), "peer_joined")[0]
            created = self.turn.process.wait_for(lambda: self.lines(self.turn, "allocation_created"), "allocation_created")[0]
            refused = self.turn.process.wait_for(lambda: self.lines(self.turn, "request_refused"), "request_refused")[0]
        self.assertEqual(joined["peer"], member["peer"])
        for line in (created, refused):
            self.assertRegex(line["username"], rf"^\d+:{re.escape(member['room'])}\.{re.escape(member['peer'])}$")
        for text in (self.signal.log(), self.turn.log()):
            for hidden in (minimal.SECRET, ice["credential"], "board-meeting", "Ann Example"):
                self.assertNotIn(hidden, text)

    def test_addresses_are_cut_down_to_what_is_wanted(self):
        for addresses, client, peer in (("full", r"127\.0\.0\.1:\d+", r"10\.1\.2\.3:9"), ("network", r"127\.0\.0\.0/24", r"10\.1\.2\.0/24"), ("none", "ipv4", "ipv4")):
            with self.subTest(addresses=addresses):
                turn = minimal.start("noom-turn", auth={"users": ["alice:apple"]}, log={"format": "json", "level": "debug", "addresses": addresses})
                self.addCleanup(turn.stop)
                with turn_client.Client("udp", ("127.0.0.1", turn.port("udp")), "alice", "apple") as relay:
                    self.assertEqual(0, relay.allocate().code)
                    self.assertEqual(403, relay.permit(("10.1.2.3", 9)).code)
                refused = turn.process.wait_for(lambda t=turn: self.lines(t, "request_refused"), "request_refused")[0]
                self.assertRegex(refused["client"], f"^{client}$")
                self.assertRegex(refused["peer"], f"^{peer}$")
                self.assertRegex(self.lines(turn, "ready")[0]["listener"][0], r"^udp://127\.0\.0\.1:\d+$")


if __name__ == "__main__":
    unittest.main()
