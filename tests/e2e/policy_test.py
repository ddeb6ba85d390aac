"""What an operator allows, on a running noom-turn: how fast a user may go, which clients are served, how soon what was taken back ends."""

import os
import signal
import socket
import ssl
import tempfile
import time
import unittest

import minimal
import relay
import plain_client

PAYLOAD = bytes(500)
PASSWORD = "apple"
LIMIT = 400_000  # bits a second
BURST_MS = 200
OFFERED = 5  # times the limit
FLOOD_S = 2.0
SOON_S = 1.0  # what was taken back has ended
SLACK_S = 4.0  # of a loaded machine


class Policy(unittest.TestCase):
    def start(self, users="", arguments=(), **tables):
        scratch = self.enterContext(_folder())
        self.user_file = os.path.join(scratch, "users")
        self.write_users(users)
        config = {"peers": {"allow": ["127.0.0.0/8"]}, "relay": relay.relay_ports(), **tables}
        config["auth"] = {"user_file": self.user_file, **config.get("auth", {})}
        turn = minimal.start("noom-turn", arguments, **config)
        self.addCleanup(turn.stop)
        return turn

    def write_users(self, text):
        with open(self.user_file, "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(self.user_file, 0o600)

    def reload(self, turn, edit=lambda text: text):
        turn.config_path.write_text(edit(turn.config_path.read_text()))
        before = turn.log().count("event=reloaded")
        os.kill(turn.pid, signal.SIGHUP)
        turn.process.wait_for(lambda: turn.log().count("event=reloaded") > before, "reload")

    def client(self, turn, name, password=PASSWORD, source="127.0.0.1"):
        client = plain_client.TurnClient.udp(("127.0.0.1", turn.port("udp")), name, password, source)
        self.addCleanup(client.close)
        return client

    def peer(self):
        peer = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        peer.bind(("127.0.0.1", 0))
        peer.setblocking(False)
        self.addCleanup(peer.close)
        return peer

    def flood(self, clients, peer):
        """(bits that arrived, seconds it took) while the clients together send OFFERED times the limit, evenly."""
        begin = time.monotonic()
        arrived, sent = 0, 0
        while (now := time.monotonic() - begin) < FLOOD_S:
            while sent < now * LIMIT * OFFERED:
                clients[sent // (8 * len(PAYLOAD)) % len(clients)].send(peer.getsockname(), PAYLOAD)
                sent += 8 * len(PAYLOAD)
            arrived += self.drain(peer, wait_s=0.005)
        elapsed = time.monotonic() - begin
        return arrived + self.drain(peer, wait_s=0.2), elapsed

    def drain(self, peer, wait_s):
        arrived = 0
        until = time.monotonic() + wait_s
        while (left := until - time.monotonic()) > 0:
            peer.settimeout(left)
            try:
                arrived += 8 * len(peer.recv(2048))
            except TimeoutError:
                break
        return arrived

    def assertAboutTheLimit(self, arrived, elapsed):
        self.assertLessEqual(arrived, LIMIT * (elapsed + 0.3) + LIMIT * BURST_MS / 1000)
        self.assertGreaterEqual(arrived, LIMIT * FLOOD_S * 0.7)

    def test_a_users_bits_per_second_are_what_all_allocations_together_get(self):
        turn = self.start(f"alice:{PASSWORD}\tbits_per_second={LIMIT}\nbob:{PASSWORD}\n", ("--set", "shards=2"), limits={"burst_ms": BURST_MS})
        peer = self.peer()
        clients = [self.client(turn, "alice") for _ in range(3)]
        for client in clients:
            self.assertIsNone(client.allocate().error)
            self.assertIsNone(client.permit(peer.getsockname()).error)
        self.assertAboutTheLimit(*self.flood(clients, peer))
        self.assertGreater(turn.metrics()['noom_turn_drops_total{reason="user_bit_rate"}'], 0)
        turn.process.wait_for(lambda: "event=rate_limited" in turn.log(), "the log's word on it")
        # Nobody else is held back; nor is alice once her line says so.
        bob = self.client(turn, "bob")
        bob.allocate()
        bob.permit(peer.getsockname())
        arrived, elapsed = self.flood([bob], peer)
        self.assertGreater(arrived, 2 * LIMIT * elapsed)
        self.write_users(f"alice:{PASSWORD}\nbob:{PASSWORD}\n")
        self.reload(turn)
        arrived, elapsed = self.flood(clients, peer)
        self.assertGreater(arrived, 2 * LIMIT * elapsed)

    def test_data_between_two_relays_is_limited_too(self):
        turn = self.start(f"alice:{PASSWORD}\tpackets_per_second=5\nbob:{PASSWORD}\n")
        alice, bob = self.client(turn, "alice"), self.client(turn, "bob")
        relays = {client: client.allocate().relayed for client in (alice, bob)}
        self.assertIsNone(alice.permit(relays[bob]).error)
        self.assertIsNone(bob.permit(relays[alice]).error)
        for _ in range(50):
            alice.send(relays[bob], PAYLOAD)
        series = 'noom_turn_drops_total{reason="user_packet_rate"}'
        turn.process.wait_for(lambda: turn.metrics()[series] >= 40, "drops")

    def test_too_many_new_peers_are_508(self):
        turn = self.start(f"alice:{PASSWORD}\tnew_peers_per_second=1\n", limits={"new_peers_burst": 3})
        alice = self.client(turn, "alice")
        alice.allocate()
        answers = [alice.permit((f"127.0.1.{host}", 9)).error for host in range(1, 9)]
        self.assertEqual([None] * 3, answers[:3])
        self.assertIn(508, answers)
        turn.process.wait_for(lambda: "reason=user_peer_rate" in turn.log(), "the log's word on it")

    def test_a_denied_client_is_silence_over_udp_and_closed_over_tcp_and_tls(self):
        folder = self.enterContext(_folder())
        tls = minimal.certificate(folder)
        turn = self.start(
            f"alice:{PASSWORD}\n", listen={"udp": ["127.0.0.1:0"], "tcp": ["127.0.0.1:0"], "tls": ["127.0.0.1:0"]}, tls=tls,
            clients={"deny": ["127.0.0.2/32"]},
        )  # fmt: skip
        self.assertIsNone(self.client(turn, "alice").allocate().error)
        denied = self.client(turn, "alice", source="127.0.0.2")
        denied.socket.settimeout(0.5)
        with self.assertRaises(TimeoutError):
            denied.allocate()
        for transport in ("tcp", "tls"):
            with socket.create_connection(("127.0.0.1", turn.port(transport)), 10, ("127.0.0.2", 0)) as stream:
                if transport == "tcp":
                    self.assertEqual(b"", stream.recv(1))
                else:
                    context = ssl._create_unverified_context()
                    with self.assertRaises(OSError):
                        context.wrap_socket(stream)
            with socket.create_connection(("127.0.0.1", turn.port(transport)), 10, ("127.0.0.1", 0)) as stream:
                if transport == "tls":
                    stream = ssl._create_unverified_context().wrap_socket(stream)
                client = plain_client.TurnClient(stream, "alice", PASSWORD)
                self.assertIsNone(client.allocate().error)
                client.close()
        metrics = turn.metrics()
        self.assertGreater(metrics['noom_turn_drops_total{reason="client_denied"}'], 0)
        self.assertEqual(2, metrics['noom_turn_streams_refused_total{reason="client_denied"}'])
        self.assertRegex(turn.log(), r'event=client_ignored .*rule="deny 127\.0\.0\.2/32"')
        self.assertRegex(turn.log(), r'event=stream_refused .*rule="deny 127\.0\.0\.2/32"')

    def test_clients_denied_by_a_reload_lose_their_allocations(self):
        turn = self.start(f"alice:{PASSWORD}\n", clients={"deny": ["192.0.2.0/24"]})
        staying, leaving = self.client(turn, "alice"), self.client(turn, "alice", source="127.0.0.2")
        for client in (staying, leaving):
            self.assertIsNone(client.allocate().error)
        self.reload(turn, lambda text: text.replace("192.0.2.0/24", "127.0.0.2/32"))
        self.assertEndsSoon(turn, "client_denied")
        self.assertIsNone(staying.refresh(600).error)

    def assertEndsSoon(self, turn, reason):
        """The end of one allocation is counted within a second of the call."""
        begin = time.monotonic()
        turn.process.wait_for(lambda: turn.metrics()[f'noom_turn_allocations_ended_total{{reason="{reason}"}}'] == 1, f"an end by {reason}")
        self.assertLess(time.monotonic() - begin, SOON_S + SLACK_S)

    def test_a_user_taken_out_of_the_file_is_gone_at_once(self):
        turn = self.start(f"alice:{PASSWORD}\nbob:{PASSWORD}\n")
        alice, bob = self.client(turn, "alice"), self.client(turn, "bob")
        for client in (alice, bob):
            self.assertIsNone(client.allocate().error)
        self.write_users(f"bob:{PASSWORD}\n")
        self.reload(turn)
        self.assertEndsSoon(turn, "revoked")
        self.assertIsNone(bob.refresh(600).error)
        self.assertEqual(401, alice.refresh(600).error)

    def test_an_allocation_ends_with_its_time_limited_credentials(self):
        turn = self.start(auth={"rest_secrets": [minimal.SECRET]})
        expires = int(time.time()) + 3
        client = self.client(turn, *plain_client.rest_credentials(minimal.SECRET, "carol", expires))
        self.assertIsNone(client.allocate().error)
        ended = 'noom_turn_allocations_ended_total{reason="credential_expired"}'
        turn.process.wait_for(lambda: turn.metrics()[ended] == 1, "the end")
        self.assertGreaterEqual(time.time(), expires)
        self.assertLess(time.time(), expires + SOON_S + SLACK_S)

    def test_unless_the_operator_says_otherwise(self):
        turn = self.start(auth={"rest_secrets": [minimal.SECRET], "end_at_expiry": False})
        expires = int(time.time()) + 2
        client = self.client(turn, *plain_client.rest_credentials(minimal.SECRET, "carol", expires))
        peer = self.peer()
        client.allocate()
        self.assertIsNone(client.permit(peer.getsockname()).error)
        turn.process.wait_for(lambda: time.time() > expires + SOON_S, "time to pass")
        client.send(peer.getsockname(), PAYLOAD)
        self.assertEqual(8 * len(PAYLOAD), self.drain(peer, 5))


def _folder():

    return tempfile.TemporaryDirectory()


if __name__ == "__main__":
    unittest.main()
