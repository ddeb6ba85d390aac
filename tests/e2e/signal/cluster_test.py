"""Several noom-signal over a real nats-server: rooms across nodes, sessions that move, and each of the processes killed."""

import contextlib
import os
import signal
import tempfile
import time
import unittest

import minimal
import nats
import plain_client
import relay
from harness import Daemon
from resuming import Resuming

SECRET = minimal.SECRET
HI = {"type": "send", "data": "hi"}


class ClusterTest(unittest.TestCase):
    def setUp(self):
        self.nats = nats.Server()
        self.addCleanup(self.nats.close)
        self.nodes = {}
        for name in ("a", "b"):
            self.start(name)
        self.await_nodes(2)

    def start(self, name, **more):
        config = {
            "listen": {"http": ["127.0.0.1:0"]},
            "web": {"root": ""},
            "turn": {"rest_secret": SECRET},
            "admission": {"modes": ["open", "ticket"]},
            "resume": {"away_after_s": 1, "window_s": 60, "reconnect_spread_s": 0},
            "cluster": {"servers": [self.nats.url()], "node": name},
            "limits": {"messages_per_s": 0, "sends_per_s": 0, "room_events_per_s": 0, "joins_per_s": 0},
            "daemon": {"drain_timeout_s": 10},
        }
        self.nodes[name] = Daemon("noom-signal", {**config, **more})
        self.addCleanup(self.nodes[name].stop)

    def port(self, name):
        return self.nodes[name].port("http")

    def await_nodes(self, count, names=None):
        for name in names or self.nodes:
            node = self.nodes[name]
            node.process.wait_for(lambda: node.metrics()["noom_signal_nodes"] == count, f"{count} nodes in view of {name}")

    def client(self, node, room):
        client = Resuming(self.port(node))
        self.addCleanup(client.lose)
        client.joined = client.join(room)
        return client

    def owner_of(self, room):
        owners = [name for name, node in self.nodes.items() if node.metrics()["noom_signal_rooms"] > 0]
        self.assertEqual(len(owners), 1, room)
        return owners[0]

    def room_at(self, owner):
        """A room that this node owns, and a member of it at the other one."""
        other = "b" if owner == "a" else "a"
        for number in range(100):
            client = self.client(other, f"room{number}")
            if self.owner_of(f"room{number}") == owner:
                return f"room{number}", other, client
            client.send({"type": "bye"})
            for node in self.nodes.values():
                node.process.wait_for(lambda: node.metrics()["noom_signal_rooms"] == 0, "no room")
        self.fail("no room for " + owner)

    def test_a_room_with_members_at_two_nodes(self):
        ann, bo = self.client("a", "r"), self.client("b", "r")
        self.assertEqual([peer["peer"] for peer in bo.joined["peers"]], [ann.joined["peer"]])
        self.assertEqual(ann.receive_type("peer_joined")["peer"], bo.joined["peer"])
        for number in range(200):
            ann.send({"type": "send", "data": number})
        self.assertEqual([bo.receive_type("message")["data"] for _ in range(200)], list(range(200)))
        bo.send({"type": "leave"})
        bo.receive_type("left")
        self.assertEqual(ann.receive_type("peer_left")["reason"], "left")

    def test_a_session_is_resumed_at_the_other_node(self):
        ann, bo = self.client("a", "r"), self.client("b", "r")
        bo.lose()
        ann.send({"type": "send", "data": 1})
        bo.port = self.port("a")
        self.assertTrue(bo.connect()["recovered"])
        ann.send({"type": "send", "data": 2})
        self.assertEqual([bo.receive_type("message")["data"] for _ in range(2)], [1, 2])
        bo.send(HI)
        while (message := ann.receive())["type"] != "message":
            self.assertNotEqual(message["type"], "peer_left", message)

    def test_a_drained_node_gives_rooms_and_sessions_away(self):
        for owner in ("a", "b"):
            room, other, ann = self.room_at(owner)
            bo = self.client(owner, room)
            drained = self.nodes[owner]
            os.kill(drained.pid, signal.SIGTERM)
            self.assertEqual(bo.receive_type("go_away")["type"], "go_away")
            bo.port = self.port(other)
            self.assertTrue(bo.connect()["recovered"])
            ann.send(HI)
            self.assertEqual(bo.receive_type("message")["data"], "hi")
            self.assertEqual(drained.process.wait(20), 0)
            bo.send({"type": "bye"})
            self.assertEqual(ann.receive_type("peer_left")["peer"], bo.joined["peer"])
            ann.send({"type": "bye"})
            self.start(owner)
            self.await_nodes(2)

    def test_a_node_that_is_restarted_has_its_sessions_in_rooms_of_others_again(self):
        with tempfile.TemporaryDirectory() as directory:
            state = {"directory": directory}
            self.nodes["b"].stop()
            self.start("b", state=state)
            self.await_nodes(2)
            for owner in ("a", "b"):
                room, other, member = self.room_at(owner)
                ann, bo = (member, self.client("b", room)) if other == "a" else (self.client("a", room), member)
                ended = self.nodes["b"]
                os.kill(ended.pid, signal.SIGTERM)
                bo.receive_type("go_away")
                bo.lose()
                ann.send({"type": "send", "data": "to all"})
                self.assertEqual(ended.process.wait(30), 0)
                ann.send({"type": "send", "to": bo.joined["peer"], "data": "psst"})
                self.start("b", state=state)
                bo.port = self.port("b")
                welcome = bo.connect()
                self.assertTrue(welcome["recovered"], welcome)
                self.assertEqual((welcome["room"], welcome["peer"]), (room, bo.joined["peer"]))
                self.assertEqual([bo.receive_type("message")["data"] for _ in range(2)], ["to all", "psst"])
                bo.send(HI)
                while (message := ann.receive())["type"] != "message":
                    self.assertNotEqual(message["type"], "peer_left", message)
                for client in (ann, bo):
                    client.send({"type": "bye"})
                for node in self.nodes.values():
                    node.process.wait_for(lambda: node.metrics()["noom_signal_rooms"] == 0, "no room")
                self.await_nodes(2)

    def test_a_room_survives_the_death_of_its_owner(self):
        room, other, ann = self.room_at("a")
        bo = self.client(other, room)
        ann.receive_type("peer_joined")
        self.nodes.pop("a").kill()
        roster = ann.receive_type("roster")
        self.assertEqual([peer["peer"] for peer in roster["peers"]], [bo.joined["peer"]])
        self.assertGreater(roster["epoch"], ann.joined["epoch"])
        ann.send(HI)
        self.assertEqual(bo.receive_type("message")["data"], "hi")

    def test_a_client_of_a_dead_node_is_the_same_peer_again(self):
        room, other, ann = self.room_at("b")
        bo = self.client("b", room)
        ann.receive_type("peer_joined")
        self.nodes.pop("b").kill()
        self.await_nodes(1)
        bo.port = self.port("a")
        self.assertFalse(bo.connect()["recovered"])
        bo.send({"type": "join", "room": room})
        self.assertEqual(bo.receive_type("joined")["peer"], bo.joined["peer"])
        while (message := ann.receive()).get("state") != "present":
            self.assertNotEqual(message["type"], "peer_left", message)

    def test_nats_is_killed_and_comes_back(self):
        room, other, ann = self.room_at("a")
        bo, cy = self.client("a", room), self.client("a", room)
        self.nats.kill()
        self.await_nodes(1)
        bo.send(HI)
        self.assertEqual(cy.receive_type("message")["data"], "hi")
        ann.send({**HI, "id": 7})
        error = ann.receive_type("error")
        self.assertEqual((error["re"], error["code"]), (7, "unavailable"))
        self.assertEqual(bo.receive_type("presence")["state"], "away")
        self.nats.start()
        self.await_nodes(2)
        while bo.receive_type("presence")["state"] != "present":
            pass
        ann.send({"type": "send", "data": "back"})
        while bo.receive_type("message")["data"] != "back":
            pass

    def start_turn(self, name, url=None):
        turn = minimal.start(
            "noom-turn",
            auth={"rest_secrets": [SECRET]},
            relay=relay.relay_ports(),
            cluster={"servers": [url or self.nats.url()], "node": name, "urls": [f"turn:{name}.example:3478"]},
            daemon={"drain_timeout_s": 30},
        )
        self.addCleanup(turn.stop)
        return turn

    def client_with_relay(self, node, room, relay_name):
        """A member who has been given that relay."""
        client = self.client(node, room)
        servers = client.joined["ice_servers"]
        while not any(url.startswith(f"turn:{relay_name}.") for server in servers for url in server["urls"]):
            client.send({"type": "ice_servers"})
            servers = client.receive_type("ice_servers")["ice_servers"]
        client.relay = next(server for server in servers if "credential" in server)
        return client

    def test_a_kick_ends_what_the_member_relays(self):
        turn = self.start_turn("t1")
        host = self.client("a", "r")
        guest = self.client_with_relay("b", "r", "t1")
        credentials = guest.relay["username"], guest.relay["credential"]
        with contextlib.closing(plain_client.TurnClient.udp(("127.0.0.1", turn.port("udp")), *credentials)) as relayed:
            self.assertIsNone(relayed.allocate().error)
            host.send({"type": "kick", "peer": guest.joined["peer"]})
            begin = time.monotonic()
            turn.process.wait_for(lambda: turn.metrics()['noom_turn_revocation_orders_total{source="bus",result="obeyed"}'] == 1, "an order obeyed")
            turn.process.wait_for(lambda: not self.allocations(turn), "no allocation")
            self.assertLess(time.monotonic() - begin, 1)
            self.assertEqual(guest.receive_type("left")["reason"], "kicked")
        with contextlib.closing(plain_client.TurnClient.udp(("127.0.0.1", turn.port("udp")), *credentials)) as again:
            self.assertEqual(again.allocate().error, 401)

    def test_a_relay_that_starts_again_hears_again_what_was_taken_back(self):
        turn = self.start_turn("t1")
        host = self.client("a", "r")
        guest = self.client_with_relay("b", "r", "t1")
        credentials = guest.relay["username"], guest.relay["credential"]
        host.send({"type": "kick", "peer": guest.joined["peer"]})
        obeyed = 'noom_turn_revocation_orders_total{source="bus",result="obeyed"}'
        turn.process.wait_for(lambda: turn.metrics()[obeyed] == 1, "an order obeyed")
        turn.stop()
        for killed in (None, "a", "b"):  # any node tells it, whoever has given the order
            if killed:
                self.nodes.pop(killed).kill()
                self.start(killed)
                self.await_nodes(2)
            turn = self.start_turn("t1")
            turn.process.wait_for(lambda: turn.metrics()[obeyed] >= 1, "an order obeyed")
            with contextlib.closing(plain_client.TurnClient.udp(("127.0.0.1", turn.port("udp")), *credentials)) as again:
                self.assertEqual(again.allocate().error, 401)
            turn.stop()

    def test_a_relay_that_was_out_of_reach_obeys_afterwards_what_was_taken_back_meanwhile(self):
        line = nats.Line(self.nats)
        self.addCleanup(line.close)
        turn = self.start_turn("t1", line.url())
        host = self.client("a", "r")
        for nats_is_killed in (False, True):
            guest = self.client_with_relay("b", "r", "t1")
            credentials = guest.relay["username"], guest.relay["credential"]
            with contextlib.closing(plain_client.TurnClient.udp(("127.0.0.1", turn.port("udp")), *credentials)) as relayed:
                self.assertIsNone(relayed.allocate().error)
                line.cut()
                turn.process.wait_for(lambda: turn.metrics()["noom_turn_bus_connected"] == 0, "no connection with NATS")
                host.send({"type": "kick", "peer": guest.joined["peer"]})
                self.assertEqual(guest.receive_type("left")["reason"], "kicked")
                self.assertIsNone(relayed.refresh(600).error, "the order was not heard")
                if nats_is_killed:
                    self.nats.kill()
                    self.await_nodes(1)
                    self.nats.start()
                    self.await_nodes(2)
                line.mend()
                turn.process.wait_for(lambda: self.allocations(turn) == 0, "no allocation", 60)
            with contextlib.closing(plain_client.TurnClient.udp(("127.0.0.1", turn.port("udp")), *credentials)) as again:
                self.assertEqual(again.allocate().error, 401)

    def allocations(self, turn):
        return sum(value for series, value in turn.metrics().items() if series.startswith("noom_turn_allocations{"))

    def test_a_relay_that_drains_is_replaced(self):
        first, second = self.start_turn("t1"), self.start_turn("t2")
        member = self.client_with_relay("a", "r", "t1")
        with contextlib.closing(plain_client.TurnClient.udp(("127.0.0.1", first.port("udp")), member.relay["username"], member.relay["credential"])) as relayed:
            self.assertIsNone(relayed.allocate().error)
            os.kill(first.pid, signal.SIGTERM)
            told = member.receive_type("ice_servers")
            self.assertTrue(told["restart"])
            urls = [url for server in told["ice_servers"] for url in server["urls"]]
            self.assertIn("turn:t2.example:3478", urls)
            self.assertNotIn("turn:t1.example:3478", urls)
            relayed.refresh(0)
        self.assertEqual(self.allocations(second), 0)

    def test_an_invitation_is_good_at_the_other_node_and_good_once(self):
        ann = self.client("a", "r")
        ann.send({"type": "configure", "locked": False, "password": "tulip"})
        ann.send({"type": "invite", "id": 3, "role": "member", "lifetime_s": 600})
        ticket = ann.receive_type("invited")["ticket"]
        bo = Resuming(self.port("b"))
        self.addCleanup(bo.lose)
        self.assertEqual(bo.join("r", token=ticket)["room"], "r")
        cy = Resuming(self.port("b"))
        self.addCleanup(cy.lose)
        cy.connect()
        cy.send({"type": "join", "room": "r", "token": ticket})
        self.assertEqual(cy.receive_type("error")["code"], "token_used")

    def test_two_processes_of_one_name(self):
        first = self.nodes["a"]
        self.start("a")
        second = self.nodes["a"]
        second.process.wait_for(lambda: second.metrics()["noom_signal_node_name_taken"] == 1, "the name is taken")
        self.assertEqual(second.admin("/readyz")[0], 503)
        self.assertEqual(first.admin("/readyz")[0], 200)


if __name__ == "__main__":
    unittest.main()
