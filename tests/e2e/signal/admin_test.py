"""The operator's API over the real daemon: rooms and members seen, put out and ended, tickets, usage, drain; and everything that is refused."""

import pathlib
import tempfile
import time
import unittest

from admin_client import TOKEN, ask
from harness import Daemon
from http_test import get
from websocket import Client


class AdminTest(unittest.TestCase):
    def setUp(self):
        self.directory = tempfile.TemporaryDirectory()
        self.addCleanup(self.directory.cleanup)
        token = pathlib.Path(self.directory.name) / "token"
        token.write_text(TOKEN + "\n")
        token.chmod(0o600)
        self.config = {
            "listen": {"http": ["127.0.0.1:0"], "https": []},
            "web": {"root": ""},
            "admin": {"token_file": str(token)},
            "admission": {"modes": ["open", "ticket"]},
            "limits": {"openings_burst": 1000},
        }

    def start(self, **changes):
        return Daemon("noom-signal", {**self.config, **changes})

    def client(self, daemon):
        client = Client(daemon.port("http"))
        self.addCleanup(client.close)
        return client

    def test_rooms_and_their_members_are_shown_as_they_are(self):
        with self.start() as daemon:
            self.assertEqual(ask(daemon, "GET", "/v1/rooms")[:2], (200, {"rooms": []}))
            began = int(time.time())
            ann, bo = self.client(daemon), self.client(daemon)
            joined = ann.join("standup", name="Ann \"A\"")
            bo_joined = bo.join("standup", name="보")
            status, page, headers = ask(daemon, "GET", "/v1/rooms")
            self.assertEqual((status, headers["content-type"], headers["cache-control"]), (200, "application/json", "no-store"))
            (room,) = page["rooms"]
            self.assertEqual(
                {key: room[key] for key in ("name", "member_count", "waiting_count", "capacity", "locked", "lobby", "password", "epoch", "seq")},
                {"name": "standup", "member_count": 2, "waiting_count": 0, "capacity": 8, "locked": False, "lobby": False, "password": False, "epoch": joined["epoch"], "seq": 2},
            )
            self.assertTrue(began <= room["since"] <= time.time())
            detail = ask(daemon, "GET", "/v1/rooms/standup")[1]
            self.assertEqual({key: detail[key] for key in room}, room)
            members = [(one["peer"], one["name"], one["role"], one["away"]) for one in detail["members"]]
            self.assertEqual(members, [(joined["peer"], "Ann \"A\"", "host", False), (bo_joined["peer"], "보", "member", False)])
            for one in detail["members"]:
                self.assertTrue(one["session"].startswith("s_") and began <= one["since"] <= time.time(), one)

    def test_pages_bring_each_room_once(self):
        with self.start() as daemon:
            clients = [self.client(daemon) for _ in range(7)]
            for number, client in enumerate(clients):
                client.join(f"room-{number}")
            seen, cursor = [], ""
            for _ in range(4):
                page = ask(daemon, "GET", f"/v1/rooms?limit=2{cursor}")[1]
                self.assertLessEqual(len(page["rooms"]), 2)
                seen += [room["name"] for room in page["rooms"]]
                if "next" not in page:
                    break
                cursor = f"&cursor={page['next']}"
            self.assertEqual(sorted(seen), [f"room-{number}" for number in range(7)])

    def test_a_member_is_put_out_and_stays_out_while_banned(self):
        with self.start() as daemon:
            ann, bo = self.client(daemon), self.client(daemon)
            ann.join("standup", name="Ann")
            peer = bo.join("standup", name="Bo")["peer"]
            self.assertEqual(ask(daemon, "DELETE", f"/v1/rooms/standup/members/{peer}?ban_s=60&message=Enough%20now")[0], 204)
            left = bo.receive_type("left")
            self.assertEqual((left["reason"], left["message"]), ("kicked", "Enough now"))
            self.assertEqual(ann.receive_type("peer_left")["reason"], "kicked")
            bo.send({"type": "join", "room": "standup", "id": 1})
            self.assertEqual(bo.receive_type("error")["code"], "banned")
            self.assertEqual(ask(daemon, "DELETE", f"/v1/rooms/standup/members/{peer}")[:2][0], 404)
            self.assertEqual(ask(daemon, "DELETE", f"/v1/rooms/standup/members/{peer}")[1]["code"], "no_such_peer")

    def test_a_room_is_ended_for_all(self):
        with self.start() as daemon:
            ann, bo = self.client(daemon), self.client(daemon)
            ann.join("standup")
            bo.join("standup")
            self.assertEqual(ask(daemon, "DELETE", "/v1/rooms/standup")[0], 204)
            for client in (ann, bo):
                self.assertEqual(client.receive_type("left")["reason"], "ended")
            self.assertEqual(ask(daemon, "GET", "/v1/rooms/standup")[1]["code"], "no_such_room")
            self.assertEqual(ask(daemon, "DELETE", "/v1/rooms/standup")[0], 404)
            ann.send({"type": "join", "room": "standup"})
            ann.receive_type("joined")

    def test_a_ticket_lets_one_in_once(self):
        with self.start(admission={"modes": ["ticket"]}) as daemon:
            status, made, _ = ask(daemon, "POST", "/v1/tickets", {"room": "standup", "role": "host", "identity": "ann@example.com", "lifetime_s": 60})
            self.assertEqual((status, made["room"], made["role"], made["lifetime_s"]), (201, "standup", "host", 60))
            ann, thief = self.client(daemon), self.client(daemon)
            ann.join("standup", token=made["ticket"])
            thief.hello()
            thief.send({"type": "join", "room": "standup", "token": made["ticket"], "id": 1})
            self.assertEqual(thief.receive_type("error")["code"], "token_used")
            (member,) = ask(daemon, "GET", "/v1/rooms/standup")[1]["members"]
            self.assertEqual((member["role"], member["identity"]), ("host", "ann@example.com"))
            for body in (b"", b"[]", b"{", {}, {"room": ""}, {"room": "a b"}, {"room": "a", "role": "king"}, {"room": "a", "identity": 5},
                         {"room": "a", "lifetime_s": 0}, {"room": "a", "lifetime_s": 604801}, {"room": "a", "lifetime_s": "60"}):
                self.assertEqual(ask(daemon, "POST", "/v1/tickets", body)[0], 400, body)
        with self.start(admission={"modes": ["open"]}) as daemon:
            self.assertEqual(ask(daemon, "POST", "/v1/tickets", {"room": "a"})[1]["code"], "no_tickets")

    def test_usage_counts(self):
        with self.start() as daemon:
            ann, bo = self.client(daemon), self.client(daemon)
            ann.join("a")
            bo.join("a")
            usage = ask(daemon, "GET", "/v1/usage")[1]
            self.assertEqual([usage[key] for key in ("sessions", "rooms", "members", "sessions_opened", "messages_received")], [2, 1, 2, 2, 4])
            self.assertGreater(usage["bytes_sent"], usage["bytes_received"])
            self.assertEqual(ask(daemon, "GET", "/v1/nodes")[1], {"nodes": []})

    def test_what_is_wrong_is_refused_and_changes_nothing(self):
        with self.start() as daemon:
            ann = self.client(daemon)
            ann.join("standup")
            for token in (None, "", TOKEN[:-1] + "x", TOKEN + "x"):
                status, error, headers = ask(daemon, "DELETE", "/v1/rooms/standup", token=token)
                self.assertEqual((status, error["code"], headers["www-authenticate"]), (401, "unauthorized", "Bearer"))
            for method, path, code in (("POST", "/v1/rooms", 405), ("PUT", "/v1/rooms/standup", 405), ("GET", "/v1/drain", 405),
                                       ("GET", "/v1/rooms?limit=0", 400), ("GET", "/v1/rooms?limit=101", 400), ("GET", "/v1/rooms?limit=x", 400),
                                       ("GET", "/v1/rooms?cursor=-1", 400), ("GET", "/v1/rooms?cursor=99999999999", 400),
                                       ("DELETE", "/v1/rooms/standup?message=" + "x" * 201, 400), ("DELETE", "/v1/rooms/standup?message=a%0A", 400),
                                       ("DELETE", "/v1/rooms/standup/members/p_x?ban_s=86401", 400), ("DELETE", "/v1/rooms/standup/members/p_x?ban_s=", 400),
                                       ("GET", "/v1/rooms/other", 404), ("GET", "/v1/rooms/%FF", 404), ("GET", "/v1/nothing", 404)):
                self.assertEqual(ask(daemon, method, path)[0], code, (method, path))
            self.assertEqual(ask(daemon, "POST", "/v1/tickets", b"x" * 9000)[0], 413)
            self.assertEqual(ask(daemon, "GET", "/v1/rooms/standup")[1]["member_count"], 1)

    def test_drain_ends_the_process_as_sigterm_does(self):
        with self.start() as daemon:
            ann = self.client(daemon)
            ann.join("standup")
            self.assertEqual(ask(daemon, "POST", "/v1/drain")[0], 202)
            self.assertEqual(ann.close_code(), 1001)
            self.assertEqual(daemon.process.wait(20), 0)

    def test_without_a_token_there_is_no_api_and_no_page(self):
        with self.start(admin={}) as daemon:
            for path in ("/v1/rooms", "/v1/usage", "/admin", "/admin/admin.js"):
                self.assertEqual(ask(daemon, "GET", path)[0], 404, path)

    def test_the_page_is_on_the_admin_port_alone(self):
        web = pathlib.Path(self.directory.name) / "web"
        (web / "admin").mkdir(parents=True)
        for page in ("index.html", "admin.html"):
            (web / page).write_text("<!doctype html>")
        (web / "admin" / "admin.js").write_text("export {};")
        with self.start(web={"root": str(web)}) as daemon:
            for path in ("/admin", "/admin.html", "/admin/admin.js"):
                status, _, headers = ask(daemon, "GET", path, token=None)
                self.assertEqual(status, 200, path)
                self.assertIn("default-src 'none'", headers["content-security-policy"])
            for path in ("/admin.html", "/admin/admin.js"):
                self.assertEqual(get(daemon.port("http"), path)[0], 404, path)


if __name__ == "__main__":
    unittest.main()
