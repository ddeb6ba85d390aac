"""TCP allocations (RFC 6062) through the real daemon: 10 MB each way at once, over TCP and TLS, on one shard and on several; and coturn's client.

    tcp_relay_test.py tcp|tls
"""

import concurrent.futures
import hashlib
import os
import pathlib
import socket
import sys
import tempfile
import unittest

import harness
import minimal
import relay
import turn_tcp

EACH_WAY_BYTES = 10 * 1024 * 1024
CLIENTS, MESSAGES, MESSAGE_BYTES = 4, 12, 200
CONNECTIONS = 6  # with two shards, one time in 32 all of them come to the shard that owns the allocation
TIMEOUT_S = 90

transport = "tcp"


class PeerServer:
    def __enter__(self):
        self._socket = socket.create_server((relay.HOSTS["v4"], 0))
        self._socket.settimeout(turn_tcp.TIMEOUT_S)
        self.address = self._socket.getsockname()
        return self

    def accept(self):
        accepted, _ = self._socket.accept()
        accepted.settimeout(turn_tcp.TIMEOUT_S)
        return accepted

    def __exit__(self, *_):
        self._socket.close()


def read_all(read):
    """The SHA-256 of everything up to the end."""
    digest = hashlib.sha256()
    while data := read():
        digest.update(data)
    return digest.hexdigest()


class TcpRelay(unittest.TestCase):
    def connection(self, turn, certificate, user=relay.USER, password=relay.PASSWORD):
        address = (relay.HOSTS["v4"], turn.port(transport, relay.HOSTS["v4"]))
        return turn_tcp.Connection(address, user, password, certificate if transport == "tls" else None)

    def assertBothWays(self, data, peer, early):
        """10 MB from each side at once; the peer closes its direction, then the client leaves."""
        up, down = os.urandom(EACH_WAY_BYTES), os.urandom(EACH_WAY_BYTES)
        with concurrent.futures.ThreadPoolExecutor() as pool:
            sent = pool.submit(lambda: (peer.sendall(down), peer.shutdown(socket.SHUT_WR)))
            received = pool.submit(lambda: hashlib.sha256(take(peer, len(early) + len(up))).hexdigest())
            wrote = pool.submit(data.socket.sendall, up) if transport == "tcp" else None
            if transport == "tls":  # Python's TLS sockets are not for two threads
                self.assertEqual(hashlib.sha256(exchange(data, up, len(down))).digest(), hashlib.sha256(down).digest())
            else:
                self.assertEqual(hashlib.sha256(down).hexdigest(), read_all(lambda: data.read(1 << 16)))
                wrote.result()
            sent.result()
            self.assertEqual(hashlib.sha256(early + up).hexdigest(), received.result())

    def test_ten_megabytes_each_way_whoever_connects(self):
        for shards in (1, 2, 3):
            with self.subTest(shards=shards), relay.running(shards=shards) as (turn, certificate), PeerServer() as server:
                with self.connection(turn, certificate) as control:
                    relayed = control.allocate()
                    control.permit(relay.HOSTS["v4"])
                    for i in range(CONNECTIONS):
                        if i % 2 == 0:
                            number = control.connect(server.address)
                            peer = server.accept()
                            self.assertEqual(relayed, peer.getpeername())
                        else:
                            peer = socket.create_connection(relayed, turn_tcp.TIMEOUT_S)
                            source, number = control.attempt()
                            self.assertEqual(peer.getsockname(), source)
                        with peer, self.connection(turn, certificate) as data:
                            data.use_nonce_of(control)
                            early = os.urandom(10_000)
                            data.bind(number, behind=early)
                            self.assertBothWays(data, peer, early)
                metrics = turn.metrics()
                self.assertEqual(CONNECTIONS * (EACH_WAY_BYTES + 10_000), metrics['noom_turn_stream_bytes_total{to="peers"}'])
                self.assertEqual(CONNECTIONS * EACH_WAY_BYTES, metrics['noom_turn_stream_bytes_total{to="clients"}'])
                self.assertEqual(CONNECTIONS / 2, metrics['noom_turn_peer_connects_total{result="connected"}'])
                self.assertEqual(CONNECTIONS / 2, metrics['noom_turn_peer_connects_total{result="accepted"}'])
                self.assertIn("peer_connection_ended", turn.log())

    def test_refusals_have_their_codes(self):
        with relay.running() as (turn, certificate), PeerServer() as server, self.connection(turn, certificate) as control:
            with self.assertRaises(turn_tcp.Refused) as refused:
                control.connect(server.address)
            self.assertEqual(437, refused.exception.code)
            control.allocate()
            number = control.connect(server.address)
            with self.assertRaises(turn_tcp.Refused) as refused:
                control.connect(server.address)
            self.assertEqual(446, refused.exception.code)
            with self.connection(turn, certificate) as stranger, self.assertRaises(turn_tcp.Refused) as refused:
                stranger.bind(bytes(b ^ 1 for b in number))
            self.assertEqual(400, refused.exception.code)
            with socket.create_server((relay.HOSTS["v4"], 0)) as gone:
                nobody = gone.getsockname()
            with self.assertRaises(turn_tcp.Refused) as refused:
                control.connect(nobody)
            self.assertEqual(447, refused.exception.code)

    def test_switched_off_is_442(self):
        config = {"addresses": list(relay.HOSTS.values()), **relay.relay_ports(), "tcp": False}
        with relay.running(relay=config) as (turn, certificate), self.connection(turn, certificate) as control:
            with self.assertRaises(turn_tcp.Refused) as refused:
                control.allocate()
            self.assertEqual(442, refused.exception.code)

    def uclient(self, turn, certificate, folder, *flags):
        """The log of coturn's client, four at a time, and the bytes that the server relayed meanwhile, to peers and to clients."""
        tls = ["-S", "-E", certificate] if transport == "tls" else []
        log = pathlib.Path(folder) / "uclient.log"
        before = streamed(turn)
        command = ["turnutils_uclient", "-T", *flags, *tls, "-X", "-u", relay.USER, "-w", relay.PASSWORD, "-m", CLIENTS, "-n", MESSAGES,
                   "-l", MESSAGE_BYTES, "-p", turn.port(transport, relay.HOSTS["v4"]), relay.HOSTS["v4"]]  # fmt: skip
        process = harness.Process(command, log)
        code = process.wait(TIMEOUT_S)
        process.stop()
        self.assertEqual(0, code, process.log())
        return process.log(), [after - start for after, start in zip(streamed(turn), before)]

    def test_coturns_clients_reach_each_other_over_two_relays(self):
        with relay.running() as (turn, certificate), tempfile.TemporaryDirectory() as folder:
            log, relayed = self.uclient(turn, certificate, folder)
            everything = CLIENTS * MESSAGES
            if transport == "tcp":
                self.assertRegex(log, rf"tot_send_msgs={everything}, tot_recv_msgs={everything}\n")
                self.assertEqual([everything * MESSAGE_BYTES] * 2, relayed)
            else:  # over TLS uclient takes each record for one message, however many the stream brought together, and may leave before it has sent all
                self.assertGreater(relayed[1], 0, log)
                self.assertGreaterEqual(relayed[0], relayed[1], log)

    def test_coturns_clients_are_reached_by_peers_that_connect(self):
        """-P: of each two one is a plain peer that connects to the other's relay; uclient counts only what one side of them receives."""
        if transport == "tls":
            self.skipTest("with -S uclient speaks TLS as the plain peer too")
        with relay.running() as (turn, certificate), tempfile.TemporaryDirectory() as folder:
            log, relayed = self.uclient(turn, certificate, folder, "-P")
            self.assertEqual([CLIENTS // 2 * MESSAGES * MESSAGE_BYTES] * 2, relayed, log)


def streamed(turn):
    metrics = turn.metrics()
    return [metrics[f'noom_turn_stream_bytes_total{{to="{to}"}}'] for to in ("peers", "clients")]


def take(peer, size):
    data = bytearray()
    while len(data) < size and (more := peer.recv(1 << 16)):
        data += more
    return bytes(data)


def exchange(data, up, down_size):
    """Writes and reads in turn, in one thread."""
    received = bytearray()
    step = 1 << 16
    for at in range(0, max(len(up), down_size), step):
        data.socket.sendall(up[at : at + step])
        received += data.read(min(step, down_size - at))
    assert data.read(1) == b"", "more than the peer sent"
    return bytes(received)


if __name__ == "__main__":
    transport = sys.argv.pop(1)
    unittest.main()
