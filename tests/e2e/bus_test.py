"""noom-turn beside a real nats-server: what it tells of itself, and how soon those who were thrown out stop relaying."""

import json
import os
import signal
import tempfile
import time
import unittest
import urllib.error
import urllib.request

import minimal
import nats
import plain_client
import relay

URL = "turn:127.0.0.1:3478?transport=udp"
SOON_S = 1.0  # the promise
SLACK_S = 4.0  # of a loaded machine
PATIENCE_S = 20
TOKEN = "0123456789abcdef"
HOUR_S = 3600


class Bus(unittest.TestCase):
    def start_turn(self, cluster, **tables):
        tables = {"relay": relay.relay_ports(), "peers": {"allow": ["127.0.0.0/8"]}, **tables}
        turn = minimal.start("noom-turn", ["--set", "shards=2"], cluster={"node": "turn1", "urls": [URL], **cluster}, **tables)
        self.addCleanup(turn.stop)
        return turn

    def start(self, **tables):
        """nats-server, a noom-turn that is connected with it, and a client of the former."""
        server = nats.Server()
        self.addCleanup(server.close)
        turn = self.start_turn({"servers": [server.url()]}, **tables)
        self.wait_connected(turn)
        return server, turn, self.nats_client(server)

    def nats_client(self, server, *login):
        client = nats.Client(server, *login)
        self.addCleanup(client.close)
        return client

    def wait(self, turn, condition, what, timeout_s=PATIENCE_S):
        return turn.process.wait_for(condition, what, timeout_s)

    def wait_connected(self, turn, connected=1):
        self.wait(turn, lambda: turn.metrics()["noom_turn_bus_connected"] == connected, f"bus_connected {connected}")

    def allocate(self, turn, name, lifetime_s=HOUR_S):
        credentials = plain_client.rest_credentials(minimal.SECRET, name, time.time() + lifetime_s)
        client = self.client(turn, credentials)
        answer = client.allocate()
        return client, credentials, answer.error

    def client(self, turn, credentials):
        client = plain_client.TurnClient.udp(("127.0.0.1", turn.port("udp")), *credentials)
        self.addCleanup(client.close)
        return client

    def allocations(self, turn):
        return sum(value for series, value in turn.metrics().items() if series.startswith("noom_turn_allocations{"))

    def wait_allocations(self, turn, count):
        begin = time.monotonic()
        self.wait(turn, lambda: self.allocations(turn) == count, f"{count} allocations left")
        return time.monotonic() - begin

    def orders(self, turn, source, result):
        return turn.metrics()[f'noom_turn_revocation_orders_total{{source="{source}",result="{result}"}}']

    def status(self, client):
        return json.loads(client.next())

    # What it tells.

    def test_it_tells_how_it_is_each_second(self):
        _, turn, client = self.start()
        client.subscribe("noom.turn.status")
        first = self.status(client)
        second = self.status(client)
        self.assertEqual(first["node"], "turn1")
        self.assertEqual(first["urls"], [URL])
        self.assertFalse(first["draining"])
        self.assertEqual(first["health"], "ok")
        self.assertEqual(first["allocations"], 0)
        self.assertTrue(0 <= first["load"] <= 1, first)
        self.assertLess(abs(second["sent_at"] - time.time()), 5)
        self.assertEqual(first["incarnation"], second["incarnation"])
        self.allocate(turn, "room.carol")
        while self.status(client)["allocations"] != 1:
            pass

    def test_a_drain_and_the_end_are_told_at_once(self):
        server, turn, client = self.start(daemon={"drain_timeout_s": 60})
        holder, _, error = self.allocate(turn, "room.carol")
        self.assertIsNone(error)
        client.subscribe("noom.turn.status")
        os.kill(turn.pid, signal.SIGTERM)
        begin = time.monotonic()
        while not self.status(client)["draining"]:
            pass
        self.assertLess(time.monotonic() - begin, SOON_S + SLACK_S)
        holder.refresh(0)
        while (status := self.status(client))["health"] != "stopping":
            self.assertTrue(status["draining"])

    def test_another_prefix_is_another_suite(self):
        server, turn, client = self.start()
        other = self.start_turn({"servers": [server.url()], "subject_prefix": "test.noom"}, relay={})
        self.wait_connected(other)
        client.subscribe("test.noom.turn.status")
        self.assertEqual(self.status(client)["node"], "turn1")

    # What it obeys.

    def test_who_is_thrown_out_stops_relaying_within_a_second_and_does_not_come_back(self):
        _, turn, client = self.start()
        thrown = [self.allocate(turn, "room.carol") for _ in range(8)]  # over both shards
        stays, _, error = self.allocate(turn, "room.dave")
        self.assertEqual([error for _, _, error in thrown] + [error], [None] * 9)
        client.publish("noom.turn.revoke", {"username": "room.carol", "until": int(time.time()) + HOUR_S})
        took = self.wait_allocations(turn, 1)
        print(f"ended {took * 1000:.0f} ms after the order")
        self.assertLess(took, SOON_S + SLACK_S)
        for _, credentials, _ in thrown[:2]:
            self.assertEqual(self.client(turn, credentials).allocate().error, 401)
        self.assertEqual(turn.metrics()['noom_turn_refusals_total{code="401",reason="credentials_revoked"}'], 2)
        self.assertIsNone(stays.refresh(600).error)
        self.assertIsNone(self.allocate(turn, "room.carol", HOUR_S + 60)[2], "minted later")

    def test_a_room_that_ends_takes_all_its_members_along(self):
        _, turn, client = self.start()
        for name in ("room.carol", "room.dave", "roommate.erin"):
            self.assertIsNone(self.allocate(turn, name)[2])
        client.publish("noom.turn.revoke", {"username": "room."})
        self.wait_allocations(turn, 1)
        self.assertEqual(self.allocate(turn, "room.frank")[2], 401)
        self.assertIsNone(self.allocate(turn, "roommate.frank")[2])

    def test_a_malformed_order_does_nothing_and_is_counted(self):
        _, turn, client = self.start()
        self.assertIsNone(self.allocate(turn, "room.carol")[2])
        orders = (b"", b"room.carol", b"{}", b'{"username":"."}', b'{"username":"room.carol","until":"now"}', b"[" * 5000, b"\xff" * 100, b"x" * 20000)
        for order in orders:
            client.publish("noom.turn.revoke", order)
        self.wait(turn, lambda: self.orders(turn, "bus", "malformed") == len(orders), "all orders counted")
        self.assertEqual(self.allocations(turn), 1)
        client.publish("noom.turn.revoke", {"username": "room.carol"})
        self.wait_allocations(turn, 0)

    def test_a_user_without_the_right_to_order_is_not_heard(self):
        server = nats.Server(
            """authorization { users: [
                 {user: turn, password: t, permissions: {publish: "noom.turn.status", subscribe: "noom.turn.revoke"}},
                 {user: signal, password: s, permissions: {publish: "noom.>", subscribe: "noom.>"}}] }"""
        )
        self.addCleanup(server.close)
        folder = self.enterContext(tempfile.TemporaryDirectory())
        turn = self.start_turn({"servers": [server.url()], "user_file": self.secret_file(folder, "turn:t")})
        self.wait_connected(turn)
        self.assertIsNone(self.allocate(turn, "room.carol")[2])
        with self.assertRaises(AssertionError):  # -ERR: Permissions Violation
            self.nats_client(server, "turn", "t").publish("noom.turn.revoke", {"username": "room.carol"})
        self.assertEqual(self.allocations(turn), 1)
        self.nats_client(server, "signal", "s").publish("noom.turn.revoke", {"username": "room.carol"})
        self.wait_allocations(turn, 0)

    # NATS that comes and goes.

    def test_it_serves_without_nats_and_obeys_again_when_it_is_back(self):
        server, turn, _ = self.start()
        for _ in range(2):
            server.kill()
            self.wait_connected(turn, 0)
            self.assertEqual(turn.admin("/readyz")[0], 200)
            name = f"room.{time.monotonic_ns()}"
            self.assertIsNone(self.allocate(turn, name)[2])
            server.start()
            self.wait_connected(turn)
            self.nats_client(server).publish("noom.turn.revoke", {"username": name})
            self.wait_allocations(turn, 0)
        self.assertIn("event=bus_lost", turn.log())

    def test_it_starts_without_nats(self):
        server = nats.Server()
        self.addCleanup(server.close)
        server.kill()
        turn = self.start_turn({"servers": [server.url()]})
        self.assertEqual(turn.admin("/readyz")[0], 200)
        self.wait(turn, lambda: "event=bus_unreachable" in turn.log(), "the reason in the log")
        server.start()
        self.wait_connected(turn)

    def test_tls_with_a_name_that_is_checked(self):
        folder = self.enterContext(tempfile.TemporaryDirectory())
        tls = minimal.certificate(folder)
        server = nats.Server(f'tls {{ cert_file: "{tls["certificate"]}", key_file: "{tls["key"]}" }}')
        self.addCleanup(server.close)
        turn = self.start_turn({"servers": [server.url("tls", "localhost")], "tls_ca_file": tls["certificate"]})
        self.wait_connected(turn)

    # The same over HTTP.

    def secret_file(self, folder, text):
        path = os.path.join(folder, "secret")
        with open(path, "w", encoding="utf-8") as file:
            file.write(text + "\n")
        os.chmod(path, 0o600)
        return path

    def post(self, turn, body, token=TOKEN, path="/v1/revocations"):
        request = urllib.request.Request(turn.admin_url(path), data=body, headers={"Authorization": f"Bearer {token}"} if token else {})
        try:
            with urllib.request.urlopen(request, timeout=10) as reply:
                return reply.status, reply.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()

    def test_without_nats_the_admin_port_takes_the_same_orders(self):
        folder = self.enterContext(tempfile.TemporaryDirectory())
        turn = self.start_turn({}, admin={"token_file": self.secret_file(folder, TOKEN)})
        _, credentials, error = self.allocate(turn, "room.carol")
        self.assertIsNone(error)
        order = json.dumps({"username": "room.carol"}).encode()
        self.assertEqual(self.post(turn, order, token=None)[0], 401)
        self.assertEqual(self.post(turn, order, token=TOKEN[:-1] + "F")[0], 401)
        self.assertEqual(self.post(turn, b"{}"), (400, b'{"code":"malformed","message":"\\"username\\" is missing or no string"}\n'))
        self.assertEqual(self.post(turn, b"x" * 10000)[0], 413)
        self.assertEqual(turn.admin("/v1/revocations")[0], 405)
        self.assertEqual(self.allocations(turn), 1)
        self.assertEqual(self.post(turn, order), (204, b""))
        self.wait_allocations(turn, 0)
        self.assertEqual(self.client(turn, credentials).allocate().error, 401)
        self.assertEqual(self.orders(turn, "http", "malformed"), 1)
        self.assertEqual(self.orders(turn, "http", "obeyed"), 1)

    def test_without_a_token_there_is_no_such_path(self):
        turn = self.start_turn({})
        self.assertEqual(self.post(turn, b"{}")[0], 404)


if __name__ == "__main__":
    unittest.main(verbosity=2)
