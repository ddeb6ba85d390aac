"""noom-stun and noom-signal behind a proxy that sends PROXY protocol headers. noom-turn's are in stream_transports_test.py."""

import contextlib
import ssl
import tempfile
import unittest

import minimal
import proxy_header
import stun_client

PROXY, DIRECT = "127.0.0.2", "127.0.0.1"
TRUSTED = [f"{PROXY}/32"]
UPGRADE = (
    b"GET /ws HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Protocol: noom.v1\r\n\r\n"
)


def ends(stream):
    with contextlib.suppress(ConnectionError):
        return stream.recv(1) == b""
    return True


class Proxied(unittest.TestCase):
    def connect(self, daemon, kind, source):
        stream = stun_client.connect("127.0.0.1", daemon.port(kind), source)
        self.addCleanup(stream.close)
        return stream

    def start(self, name, **tables):
        daemon = minimal.start(name, **tables)
        self.addCleanup(daemon.stop)
        return daemon

    def assertCounted(self, daemon, series):
        daemon.process.wait_for(lambda: daemon.metrics().get(series), series)

    def test_noom_stun_tells_the_client_that_the_header_names(self):
        stun = self.start("noom-stun", listen={"tcp": ["127.0.0.1:0"], "proxy_protocol_from": TRUSTED})
        for ip in (4, 6):
            for header in (proxy_header.version1(ip), proxy_header.version2(ip)):
                stream = self.connect(stun, "tcp", PROXY)
                stream.sendall(header)
                self.assertEqual(proxy_header.CLIENT[ip], stun_client.mapped_address(stream))
        stream = self.connect(stun, "tcp", PROXY)
        stream.sendall(stun_client.request())
        self.assertTrue(ends(stream))
        self.assertCounted(stun, 'noom_stun_tcp_closed_total{reason="proxy_header"}')
        stream = self.connect(stun, "tcp", DIRECT)
        self.assertEqual(stream.getsockname(), stun_client.mapped_address(stream))
        stream.sendall(proxy_header.version2())
        self.assertTrue(ends(stream))
        self.assertCounted(stun, 'noom_stun_tcp_closed_total{reason="not_stun"}')

    def opens(self, daemon, kind, address):
        """The status of a WebSocket's opening on behalf of the address."""
        stream = self.connect(daemon, kind, PROXY)
        stream.sendall(proxy_header.version2(client=(address, 50000)))
        if kind == "https":
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
            stream = context.wrap_socket(stream, server_hostname="localhost")
            self.addCleanup(stream.close)
        stream.sendall(UPGRADE)
        return int(stun_client.receive_exactly(stream, 12).split()[1])

    def test_noom_signal_limits_the_client_that_the_header_names(self):
        with tempfile.TemporaryDirectory() as folder:
            signal = self.start(
                "noom-signal",
                listen={"http": ["127.0.0.1:0"], "https": ["127.0.0.1:0"], "proxy_protocol_from": TRUSTED},
                tls=minimal.certificate(folder),
                web={"root": ""},
                limits={"openings_per_minute": 1, "openings_burst": 1},
            )
        for kind, address in (("http", "203.0.113.5"), ("https", "203.0.113.6")):
            self.assertEqual([101, 429], [self.opens(signal, kind, address) for _ in range(2)])
        stream = self.connect(signal, "http", PROXY)
        stream.sendall(UPGRADE)
        self.assertTrue(ends(stream))
        self.assertCounted(signal, 'noom_signal_proxy_headers_refused_total{reason="missing"}')
        stream = self.connect(signal, "http", DIRECT)
        stream.sendall(proxy_header.version1() + UPGRADE)
        self.assertEqual(b"HTTP/1.1 400", stun_client.receive_exactly(stream, 12))


if __name__ == "__main__":
    unittest.main()
