"""Mobility (RFC 8016) through a running noom-turn: a client takes its allocation from one source port to another, then to TCP, TLS and
back, and data flows all along; with one shard and with four, where the new five-tuple is mostly another shard's to hear."""

import pathlib
import re
import socket
import tempfile
import unittest

import harness
import minimal
import relay
from turn_client import LIFETIME, MOBILITY_TICKET, PATIENCE_S, REFRESH, XOR_RELAYED_ADDRESS, Client, u32

CHANNEL = 0x4001
HOST = relay.HOSTS["v4"]
HOPS = ("udp", "tcp", "tls", "tcp", "udp", "udp", "udp", "tls", "udp", "udp", "udp", "udp")
# With Send indications turnutils_uclient draws no channel numbers, of which only a quarter are RFC 8656's. Not over TLS: there it frees one
# connection in four twice, and waits for ever when both answers to its Refresh, which it always sends twice, come in one record.
UCLIENT_FLAGS = {"udp": [], "tcp": ["-t"]}
MESSAGES = 5


class Mobility(unittest.TestCase):
    def setUp(self):
        self.peer = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.addCleanup(self.peer.close)
        self.peer.bind((HOST, 0))
        self.peer.settimeout(PATIENCE_S)

    def client(self, transport):
        client = Client(transport, (HOST, self.turn.port(transport, HOST)), relay.USER, relay.PASSWORD, self.certificate)
        self.addCleanup(client.socket.close)
        return client

    def run_with(self, shards, test, **tables):
        with self.subTest(shards=shards), relay.running(shards=shards, **tables) as (self.turn, self.certificate):
            test()

    def start(self, client):
        """Allocates with a ticket and a channel to the peer; the ticket."""
        answer = client.allocate([(MOBILITY_TICKET, b"")])
        self.assertEqual(0, answer.code)
        self.relayed = answer.address(XOR_RELAYED_ADDRESS)
        self.assertEqual(0, client.bind(CHANNEL, self.peer.getsockname()).code)
        return answer.attributes[MOBILITY_TICKET]

    def move(self, client, ticket, lifetime=600):
        answer = client.request(REFRESH, [(LIFETIME, u32(lifetime)), (MOBILITY_TICKET, ticket)])
        self.assertEqual(0, answer.code)
        self.assertNotEqual(ticket, answer.attributes[MOBILITY_TICKET])
        return answer.attributes[MOBILITY_TICKET]

    def assertUp(self, client, payload):
        client.send_channel(CHANNEL, payload)
        self.assertEqual((payload, self.relayed), self.peer.recvfrom(2048))

    def assertDown(self, client, payload):
        self.peer.sendto(payload, self.relayed)
        self.assertEqual(payload, client.receive_channel(CHANNEL))

    def assertDead(self, client):
        """Neither data nor requests do anything there any more."""
        try:
            client.send_channel(CHANNEL, b"from the dead")
            if client.transport == "udp":
                self.assertEqual(437, client.request(REFRESH).code)
        except OSError:
            pass
        self.assertTrue(client.hears_nothing())
        self.peer.setblocking(False)
        self.assertRaises(BlockingIOError, self.peer.recv, 2048)
        self.peer.settimeout(PATIENCE_S)

    def counted(self, series):
        return self.turn.metrics()[series]

    def test_a_client_moves_and_data_keeps_flowing(self):
        for shards in (1, 4):
            self.run_with(shards, self.moves_on_and_on)

    def moves_on_and_on(self):
        old = self.client("udp")
        ticket = self.start(old)
        for hop, transport in enumerate(HOPS):
            new = self.client(transport)
            ticket = self.move(new, ticket)
            # Make before break: the old one serves both ways until data comes on the new one.
            self.assertUp(old, b"up %d" % hop)
            self.assertDown(old, b"down %d" % hop)
            self.assertUp(new, b"new up %d" % hop)
            self.assertDown(new, b"new down %d" % hop)
            self.assertEqual(0, new.permit(("127.0.0.1", 9)).code)
            self.assertDead(old)
            old = new
        self.assertEqual(len(HOPS), self.counted('noom_turn_moves_total{stage="completed"}'))
        self.assertEqual(1, self.counted('noom_turn_allocations{transport="udp",family="ipv4"}'))
        self.assertEqual(0, old.request(REFRESH, [(LIFETIME, u32(0))]).code)
        self.turn.process.wait_for(lambda: self.counted("noom_turn_clients_forwarded") == 0, "the end of forwarding")

    def test_a_lost_answer_is_asked_for_again(self):
        for shards in (1, 4):
            self.run_with(shards, self.asks_again)

    def asks_again(self):
        ticket = self.start(self.client("udp"))
        for _ in range(8):
            new = self.client("udp")
            first = new.request(REFRESH, [(MOBILITY_TICKET, ticket)], b"one request.")
            again = new.request(REFRESH, [(MOBILITY_TICKET, ticket)], b"one request.")
            self.assertEqual((0, 0), (first.code, again.code))
            self.assertEqual(first.attributes, again.attributes)
            self.assertEqual(400, self.client("udp").request(REFRESH, [(MOBILITY_TICKET, ticket)]).code)
            ticket = first.attributes[MOBILITY_TICKET]

    def test_a_closed_connection_comes_back(self):
        for shards in (1, 4):
            self.run_with(shards, self.comes_back)

    def comes_back(self):
        old = self.client("tcp")
        ticket = self.start(old)
        for transport in ("tcp", "tls", "tcp", "udp", "tls", "tcp"):
            old.socket.close()
            new = self.client(transport)
            ticket = self.move(new, ticket)
            self.assertUp(new, b"up")
            self.assertDown(new, b"down")
            old = new

    def test_only_its_user_moves_an_allocation(self):
        def test():
            ticket = self.start(self.client("udp"))
            for attempt in range(6):
                mallory = self.client("udp")
                mallory.username, mallory.password = "mallory", "melon"
                self.assertEqual(441, mallory.request(REFRESH, [(MOBILITY_TICKET, ticket)]).code)
                self.assertEqual(400, mallory.request(REFRESH, [(MOBILITY_TICKET, bytes(reversed(ticket)))]).code)
            self.assertEqual(0, self.counted("noom_turn_clients_forwarded"))

        users = [f"{relay.USER}:{relay.PASSWORD}", "mallory:melon"]
        self.run_with(4, test, auth={"realm": relay.REALM, "users": users})

    def test_switched_off_it_is_forbidden(self):
        def test():
            self.assertEqual(405, self.client("udp").allocate([(MOBILITY_TICKET, b"")]).code)
            self.assertEqual(0, self.client("udp").allocate().code)

        self.run_with(1, test, relay={"addresses": [HOST], "mobility": False, **relay.relay_ports()})

    def test_coturns_client_moves(self):
        # Towards an echo: whom it waits for before it sends data is served on the five-tuple that it has closed.
        with relay.echo_peer() as self.echo:
            for shards in (1, 4):
                self.run_with(shards, self.uclient_moves)

    def uclient_moves(self):
        for transport, flags in UCLIENT_FLAGS.items():
            command = [
                "turnutils_uclient", "-M", "-s", "-c", *flags, "-e", self.echo[0], "-r", self.echo[1], "-m", 2, "-n", MESSAGES,
                "-u", relay.USER, "-w", relay.PASSWORD, "-p", self.turn.port(transport, HOST), HOST,
            ]  # fmt: skip
            with self.subTest(transport), tempfile.TemporaryDirectory() as folder:
                before = self.counted('noom_turn_moves_total{stage="completed"}')
                process = harness.Process(command, pathlib.Path(folder) / "uclient.log")
                code = process.wait(60)
                process.stop()
                log = process.log()
                self.assertEqual(0, code, log)
                self.assertEqual((str(2 * MESSAGES),) * 2, re.findall(r"tot_send_msgs=(\d+), tot_recv_msgs=(\d+)", log)[-1], log)
                self.assertGreaterEqual(self.counted('noom_turn_moves_total{stage="completed"}'), before + 2)


if __name__ == "__main__":
    unittest.main()
