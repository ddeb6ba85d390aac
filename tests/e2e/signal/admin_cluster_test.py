"""The operator's API of any node for the rooms of all, over a real nats-server: seen, put out, ended; and what cannot be done says so."""

import os
import pathlib
import signal
import tempfile
import time
import unittest

import minimal
import nats
from admin_client import TOKEN, ask
from harness import Daemon
from websocket import Client


class AdminClusterTest(unittest.TestCase):
    def setUp(self):
        self.directory = tempfile.TemporaryDirectory()
        self.addCleanup(self.directory.cleanup)
        token = pathlib.Path(self.directory.name) / "token"
        token.write_text(TOKEN + "\n")
        token.chmod(0o600)
        self.nats = nats.Server()
        self.addCleanup(self.nats.close)
        self.nodes = {}
        for name in ("a", "b"):
            self.nodes[name] = Daemon("noom-signal", {
                "listen": {"http": ["127.0.0.1:0"], "https": []},
                "web": {"root": ""},
                "turn": {"rest_secret": minimal.SECRET},
                "admin": {"token_file": str(token)},
                "cluster": {"servers": [self.nats.url()], "node": name},
                "limits": {"openings_burst": 1000},
            })
            self.addCleanup(self.nodes[name].stop)
        self.await_nodes(2)

    def await_nodes(self, count):
        for node in self.nodes.values():
            node.process.wait_for(lambda: node.metrics()["noom_signal_nodes"] == count, f"{count} nodes in view")

    def member(self, node, room, name):
        client = Client(self.nodes[node].port("http"))
        self.addCleanup(client.close)
        client.joined = client.join(room, name=name)
        return client

    def ask(self, node, method, path):
        status, body, _ = ask(self.nodes[node], method, path)
        return status, body

    def room_of(self, owner):
        """A room of that node with one member, who is connected to the other."""
        other = "b" if owner == "a" else "a"
        for number in range(64):
            room = f"room-of-{owner}-{number}"
            ann = self.member(other, room, "Ann")
            if self.ask(other, "GET", f"/v1/rooms/{room}")[1]["owner"] == owner:
                return room, other, ann
            ann.send({"type": "bye"})
            ann.close()
        self.fail("no room of " + owner)

    def test_each_node_shows_the_rooms_of_both_page_by_page(self):
        for number in range(8):
            self.member("ab"[number % 2], f"room-{number}", "Ann")
        for node in self.nodes:
            seen, owners, cursor = [], set(), ""
            for _ in range(10):
                status, page = self.ask(node, "GET", f"/v1/rooms?limit=3{cursor}")
                self.assertEqual(status, 200)
                self.assertLessEqual(len(page["rooms"]), 3)
                self.assertTrue("unavailable" not in page and "cut_off" not in page, page)
                seen += [room["name"] for room in page["rooms"]]
                owners |= {room["owner"] for room in page["rooms"]}
                if "next" not in page:
                    break
                cursor = f"&cursor={page['next']}"
            self.assertEqual(sorted(seen), [f"room-{number}" for number in range(8)])
            self.assertLessEqual(owners, {"a", "b"})
            self.assertEqual(len(self.ask(node, "GET", "/v1/rooms")[1]["rooms"]), 8)
            self.assertEqual([one["name"] for one in self.ask(node, "GET", "/v1/nodes")[1]["nodes"]], ["a", "b"])

    def test_members_are_put_out_and_rooms_ended_by_the_node_that_does_not_own_them(self):
        for owner in ("a", "b"):
            room, other, ann = self.room_of(owner)
            bo = self.member(owner, room, "Bo")
            status, detail = self.ask(other, "GET", f"/v1/rooms/{room}")
            self.assertEqual((status, detail["owner"]), (200, owner))
            self.assertEqual([(one["name"], one["node"], one["role"]) for one in detail["members"]], [("Ann", other, "host"), ("Bo", owner, "member")])
            path = f"/v1/rooms/{room}/members/{bo.joined['peer']}"
            self.assertEqual(self.ask(other, "DELETE", path + "?ban_s=60&message=Later")[0], 204)
            left = bo.receive_type("left")
            self.assertEqual((left["reason"], left["message"]), ("kicked", "Later"))
            bo.send({"type": "join", "room": room, "id": 9})
            self.assertEqual(bo.receive_type("error")["code"], "banned")
            status, error = self.ask(other, "DELETE", path)
            self.assertEqual((status, error["code"]), (404, "no_such_peer"))
            self.assertEqual(self.ask(other, "DELETE", f"/v1/rooms/{room}")[0], 204)
            self.assertEqual(ann.receive_type("left")["reason"], "ended")
            self.assertEqual(self.ask(other, "GET", f"/v1/rooms/{room}")[1]["code"], "no_such_room")

    def test_without_nats_what_cannot_be_known_or_done_is_unavailable(self):
        room, other, ann = self.room_of("a")
        self.nats.kill()
        self.await_nodes(1)
        for node, method, path in (("a", "DELETE", f"/v1/rooms/{room}"), (other, "DELETE", f"/v1/rooms/{room}"), (other, "GET", f"/v1/rooms/{room}"),
                                   ("a", "DELETE", f"/v1/rooms/{room}/members/{ann.joined['peer']}")):
            status, error = self.ask(node, method, path)
            self.assertEqual((status, error["code"], error["retry_after"]), (503, "unavailable", 2), (node, method, path))
        self.assertEqual(self.ask("a", "GET", f"/v1/rooms/{room}")[0], 200)
        page = self.ask(other, "GET", "/v1/rooms")[1]
        self.assertTrue(page["cut_off"])
        self.assertNotIn(room, [one["name"] for one in page["rooms"]])
        self.nats.start()
        self.await_nodes(2)
        present = lambda: any(not one["away"] for one in self.ask(other, "GET", f"/v1/rooms/{room}")[1].get("members", ()))
        self.nodes[other].process.wait_for(present, "the member to be back")
        self.assertEqual(self.ask(other, "DELETE", f"/v1/rooms/{room}")[0], 204)
        while (left := ann.receive())["type"] != "left":
            pass
        self.assertEqual(left["reason"], "ended")

    def test_an_owner_that_hangs_is_unavailable_within_the_deadline(self):
        room, other, _ = self.room_of("b")
        os.kill(self.nodes["b"].pid, signal.SIGSTOP)
        try:
            begin = time.monotonic()
            status, error = self.ask(other, "GET", f"/v1/rooms/{room}")
            self.assertEqual((status, error["code"], error["node"]), (503, "unavailable", "b"))
            self.assertLess(time.monotonic() - begin, 10)
        finally:
            os.kill(self.nodes["b"].pid, signal.SIGCONT)


if __name__ == "__main__":
    unittest.main()
