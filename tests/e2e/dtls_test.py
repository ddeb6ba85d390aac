"""TURN over DTLS through the real daemon: OpenSSL's and coturn's clients, UDP on the same port at the same time, spoofed hellos, certificates
that change."""

import contextlib
import os
import pathlib
import re
import signal
import socket
import struct
import tempfile
import unittest

import harness
import minimal
import relay

TIMEOUT_S = 60
# The first ClientHello of some client: version 1.2, no cookie, two ciphers, null compression.
HELLO_BODY = b"\xfe\xfd" + bytes(range(32)) + b"\x00" + b"\x00" + b"\x00\x04\xc0\x2b\xc0\x2f" + b"\x01\x00"
HELLO = (
    b"\x16\xfe\xfd" + bytes(8) + struct.pack("!H", 12 + len(HELLO_BODY))
    + b"\x01" + len(HELLO_BODY).to_bytes(3, "big") + bytes(5) + len(HELLO_BODY).to_bytes(3, "big") + HELLO_BODY
)  # fmt: skip


@contextlib.contextmanager
def openssl_client(port, folder, *arguments):
    """s_client, connected within the block. It stays for as long as its standard input is open, and says goodbye then."""
    held, write = os.pipe()
    command = ["openssl", "s_client", "-dtls1_2", "-connect", f"127.0.0.1:{port}", *arguments]
    client = harness.Process(command, pathlib.Path(folder) / f"s_client{port}.log", stdin=held)
    try:
        client.wait_for(lambda: "Extended master secret" in client.log(), "handshake")  # the last that it says about it
        yield client
    finally:
        os.close(write)
        os.close(held)
        try:
            client.wait(TIMEOUT_S)
        finally:
            client.stop()


def fingerprint(log):
    return re.search(r"-----BEGIN CERTIFICATE-----.*?-----END", log, re.DOTALL)[0]


def bind_over_udp(port):
    """Whether a plain Binding request is answered with success."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(10)
        client.connect(("127.0.0.1", port))
        client.send(struct.pack("!HHI12s", 1, 0, 0x2112A442, b"plain-as-day"))
        return client.recv(2000)[:2] == b"\x01\x01"


class Dtls(unittest.TestCase):
    def setUp(self):
        stack = contextlib.ExitStack()
        self.addCleanup(stack.close)
        self.folder = stack.enter_context(tempfile.TemporaryDirectory())
        self.tls = minimal.certificate(self.folder)
        self.turn = stack.enter_context(
            minimal.start(
                "noom-turn",
                listen={"udp": [], "dtls": ["127.0.0.1:0"], "udp_or_dtls": ["127.0.0.1:0"]},
                tls=self.tls,
                auth={"users": [f"{relay.USER}:{relay.PASSWORD}"]},
                peers={"allow": ["127.0.0.0/8"]},
                relay=relay.relay_ports(),
            )
        )
        self.both = self.turn.port("udp_or_dtls")
        self.only = self.turn.port("dtls")

    def metric(self, name):
        return self.turn.metrics()[name]

    def uclient(self, port, *flags):
        command = ["turnutils_uclient", *flags, "-u", relay.USER, "-w", relay.PASSWORD, "-s", "-y", "-c", "-m", 2, "-n", 10, "-p", port, "127.0.0.1"]
        path = pathlib.Path(self.folder) / f"uclient{port}{''.join(flags)}.log"
        return harness.Process(command, path)

    def test_the_listeners_are_named_where_it_is_ready(self):
        kinds = {(each["name"], each["transport"]) for each in self.turn.ready["listeners"]}
        self.assertLessEqual({("listen.udp_or_dtls", "udp_or_dtls"), ("listen.dtls", "dtls")}, kinds)
        self.assertIn(f"dtls://127.0.0.1:{self.only}", self.turn.log())
        self.assertIn(f"udp_or_dtls://127.0.0.1:{self.both}", self.turn.log())

    def test_openssl_connects_with_alpn_and_says_goodbye(self):
        for port in (self.only, self.both):
            with openssl_client(port, self.folder, "-alpn", "stun.turn", "-CAfile", self.tls["certificate"]) as client:
                self.assertRegex(client.log(), r"Protocol *: DTLSv1\.2")
                self.assertIn("ALPN protocol: stun.turn", client.log())
                self.assertIn("Verify return code: 0 (ok)", client.log())
                self.assertEqual(1, self.metric("noom_turn_dtls_sessions"))
            self.turn.process.wait_for(lambda: self.metric("noom_turn_dtls_sessions") == 0, "end of the session")
        self.assertEqual(2, self.metric('noom_turn_dtls_handshakes_total{result="completed"}'))

    def test_coturns_client_relays_over_dtls_and_udp_on_one_port_at_the_same_time(self):
        clients = [self.uclient(self.both, "-S"), self.uclient(self.both), self.uclient(self.only, "-S")]
        for client in clients:
            code = client.wait(TIMEOUT_S)
            client.stop()
            self.assertEqual(0, code, client.log())
            self.assertRegex(client.log(), r"tot_send_msgs=20, tot_recv_msgs=20")
        created = 'noom_turn_allocations_created_total{transport="%s",family="ipv4"}'
        self.assertGreaterEqual(self.metric(created % "udp"), 2)
        self.assertEqual(2 * self.metric(created % "udp"), self.metric(created % "dtls"))

    def test_spoofed_hellos_are_answered_with_less_and_leave_nothing(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.settimeout(10)
            client.connect(("127.0.0.1", self.both))
            for _ in range(200):
                client.send(HELLO)
                answer = client.recv(2000)
                self.assertEqual((22, 3), (answer[0], answer[13]))  # handshake, HelloVerifyRequest
                self.assertLess(len(answer), len(HELLO))
        self.assertEqual(200, self.metric("noom_turn_dtls_cookies_sent_total"))
        self.assertEqual(0, self.metric("noom_turn_dtls_sessions"))

    def test_plain_udp_is_served_beside_a_session(self):
        with openssl_client(self.both, self.folder):
            self.assertTrue(bind_over_udp(self.both))

    def test_a_new_certificate_is_for_new_sessions(self):
        with openssl_client(self.only, self.folder) as before, tempfile.TemporaryDirectory() as folder:
            old = fingerprint(before.log())
            minimal.certificate(self.folder)
            reloads = self.turn.log().count("event=reloaded")
            os.kill(self.turn.pid, signal.SIGHUP)
            self.turn.process.wait_for(lambda: self.turn.log().count("event=reloaded") > reloads, "reload")
            self.assertEqual(1, self.metric("noom_turn_dtls_sessions"), "the old session goes on")
            with openssl_client(self.only, folder) as after:
                self.assertNotEqual(old, fingerprint(after.log()))


if __name__ == "__main__":
    unittest.main()
