"""Sockets from systemd (LISTEN_FDS) in place of the daemon's own: served from, told apart by their endpoint, and refused with a remedy."""

import socket
import unittest
import urllib.request

import harness
import minimal
import turn_client

BINDING = 0x001


def opened(kind, port=0):
    """As systemd opens them."""
    handed = socket.socket(socket.AF_INET, kind)
    handed.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    handed.bind(("127.0.0.1", port))
    if kind == socket.SOCK_STREAM:
        handed.listen()
    return handed


def at(handed):
    return f"127.0.0.1:{handed.getsockname()[1]}"


class HandedOver(unittest.TestCase):
    def start(self, name, sockets, **listen):
        for each in sockets:
            self.addCleanup(each.close)
        config = {**minimal.CONFIG[name], "listen": {**minimal.CONFIG[name]["listen"], **listen}}
        shards = [] if name == "noom-signal" else ["--set", "shards=2"]
        return harness.Daemon(name, config, shards, sockets=sockets)

    def refusal(self, name, sockets, **listen):
        with self.assertRaisesRegex(harness.DaemonError, "exited with 1") as refused:
            self.start(name, sockets, **listen).stop()
        return str(refused.exception)

    def test_noom_signal_serves_a_connection_that_waited_for_its_start(self):
        handed = opened(socket.SOCK_STREAM)
        with socket.create_connection(handed.getsockname()) as early, self.start("noom-signal", [handed], http=[at(handed)]):
            early.settimeout(20)
            early.sendall(b"GET /healthz HTTP/1.0\r\n\r\n")
            self.assertTrue(early.recv(1000).startswith(b"HTTP/1."))
            with urllib.request.urlopen(f"http://{at(handed)}/", timeout=20) as page:
                self.assertEqual(200, page.status)

    def test_every_shard_of_noom_turn_and_noom_stun_serves_from_them(self):
        for name in ("noom-turn", "noom-stun"):
            stream, first = opened(socket.SOCK_STREAM), opened(socket.SOCK_DGRAM)
            second = opened(socket.SOCK_DGRAM, first.getsockname()[1])
            with self.subTest(name), self.start(name, [stream, first, second], tcp=[at(stream)], udp=[at(first)]):
                for transport, handed in (("udp", first), ("tcp", stream)):
                    for _ in range(20):  # the kernel chooses the shard
                        with turn_client.Client(transport, handed.getsockname(), "", "") as client:
                            self.assertEqual(0, client.request(BINDING).code)

    def test_fewer_datagram_sockets_than_shards_are_refused(self):
        handed = opened(socket.SOCK_DGRAM)
        self.assertRegex(self.refusal("noom-turn", [handed], udp=[at(handed)]), r"listen\.udp.*fewer sockets than there are shards: 1; write ReusePort=yes")

    def test_a_socket_that_no_listener_names_is_refused(self):
        for name in minimal.DAEMONS:
            handed = opened(socket.SOCK_STREAM)
            self.assertIn(f"tcp {at(handed)}: systemd hands over a socket that no listener has a use for; ", self.refusal(name, [handed]))


if __name__ == "__main__":
    unittest.main()
