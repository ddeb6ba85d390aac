"""Garbage on every port leaves the daemon serving: random bytes, lies about lengths, halves of messages, the wrong protocol."""

import base64
import contextlib
import random
import socket
import ssl
import struct
import tempfile
import unittest

import minimal

MAGIC = 0x2112A442
TIMEOUT_S = 10
SEED = 20260131
CLIENT_HELLO = bytes.fromhex("160301007a010000760303") + bytes(range(32))  # and then nothing


def binding_request(length=0, kind=0x0001, magic=MAGIC):
    return struct.pack("!HHI12s", kind, length, magic, b"noom-garbage")


def udp_rain(rng):
    """Datagrams that no client should send."""
    yield b""
    yield from (rng.randbytes(rng.randrange(1, 1500)) for _ in range(300))
    yield from (bytes([first]) + rng.randbytes(40) for first in range(256))
    yield rng.randbytes(65507)
    yield from (binding_request(length) for length in (1, 3, 4, 8, 1000, 65532, 65535))
    yield from (binding_request()[:cut] for cut in range(20))
    yield binding_request(kind=0x3FFF)
    yield binding_request(magic=0)
    # Attributes that lie about their length, and a fingerprint that is not one.
    yield binding_request(8) + struct.pack("!HH4s", 0x0006, 65535, b"name")
    yield binding_request(8) + struct.pack("!HHI", 0x8028, 4, 0)
    yield binding_request(4) + struct.pack("!HH", 0x0008, 20)
    yield binding_request(1200) + struct.pack("!HH", 0x0020, 0) * 300
    # ChannelData that lies about its length, on a channel that nobody bound.
    yield from (struct.pack("!HH", 0x4000, length) + b"data" for length in (0, 3, 4, 5, 65535))
    # Allocate, Send and Data without anything in them.
    yield from (binding_request(kind=kind) for kind in (0x0003, 0x0016, 0x0017, 0x0103, 0x0113))


def tcp_rain(rng):
    """What may come on a stream before its sender goes away."""
    yield b""
    yield from (rng.randbytes(rng.randrange(1, 4000)) for _ in range(40))
    yield binding_request()[:7]
    yield binding_request(65532)
    yield binding_request(4000) + rng.randbytes(3999)
    yield struct.pack("!HH", 0x4000, 65535) + rng.randbytes(200)
    yield b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
    yield b"\x16\x03\x01" + rng.randbytes(300)
    yield CLIENT_HELLO
    yield b"\xff" * 200_000


def http_rain(rng):
    yield from tcp_rain(rng)
    yield b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n"
    yield b"GET / HTTP/1.1\r\n" + b"X-Many: 1\r\n" * 20_000
    yield b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 18446744073709551616\r\n\r\n"
    yield b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n"
    yield b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"
    yield b"G E T / HTTP/9.9\r\n\r\n"
    yield b"OPTIONS * HTTP/1.1\r\n\r\n"
    yield b"\r\n" * 5000
    for path in (b"/../../../../etc/passwd", b"/%2e%2e/%2e%2e/etc/passwd", b"//etc/passwd", b"/..%5c..%5cetc/passwd", b"/%00", b"/a\0b", b"http://x/..//"):
        yield b"GET " + path + b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"


def ws_rain(rng):
    """Upgrades to a WebSocket, then bytes that are no frames, or frames that lie."""
    key = base64.b64encode(rng.randbytes(16))
    upgrade = (
        b"GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        b"Sec-WebSocket-Protocol: noom.v1\r\nSec-WebSocket-Key: " + key + b"\r\n\r\n"
    )
    text = b'{"type":"hello","protocol":"noom.v1"}'
    yield upgrade
    yield from (upgrade + rng.randbytes(rng.randrange(1, 500)) for _ in range(40))
    yield upgrade + bytes([0x81, len(text)]) + text  # not masked
    yield upgrade + b"\x81\xff" + b"\xff" * 8 + b"\0" * 4 + b"x" * 1000  # 2^64 bytes to come
    yield upgrade + b"\x81\xfe\xff\xff\0\0\0\0" + b"[" * 65535  # a depth bomb of one frame
    yield upgrade + b"\x88\xfe\x01\x00\0\0\0\0" + b"\xff" * 256  # a control frame that is too long
    yield upgrade + b"\x81\x85\0\0\0\0" + b"\xff\xfe\xfd\xfc\xfb"  # not UTF-8
    yield upgrade + b"\x01\x81\0\0\0\0[" * 2000  # fragments without an end


@contextlib.contextmanager
def connect(port, tls=None):
    with socket.create_connection(("127.0.0.1", port), TIMEOUT_S) as plain:
        if tls is None:
            yield plain
        else:
            with tls.wrap_socket(plain, server_hostname="localhost") as encrypted:
                yield encrypted


def throw(port, bursts, tls=None):
    """One connection a burst. What the daemon does with each is its business."""
    for burst in bursts:
        try:
            with connect(port, tls) as connection:
                connection.sendall(burst)
                connection.shutdown(socket.SHUT_WR)
                while connection.recv(65536):
                    pass
        except TimeoutError:
            raise AssertionError(f"a connection was neither answered nor closed after {burst[:40]}") from None
        except OSError:
            pass  # reset, or refused by TLS


class Garbage:
    name = ""
    stream = ""  # the transport whose connections may idle

    def setUp(self):
        self.rng = random.Random(SEED)
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.tls = minimal.certificate(scratch.name)
        self.client_tls = ssl.create_default_context(cafile=self.tls["certificate"])

    def assertBindingAnswered(self, exchange):
        response = exchange(binding_request())
        self.assertEqual(0x0101, struct.unpack("!H", response[:2])[0])
        self.assertEqual(b"noom-garbage", response[8:20])

    def over_udp(self, port):
        def exchange(request):
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
                client.settimeout(TIMEOUT_S)
                client.connect(("127.0.0.1", port))
                client.send(request)
                return client.recv(2048)

        return exchange

    def over_stream(self, port, tls=None):
        def exchange(request):
            with connect(port, tls) as client:
                client.sendall(request)
                return client.recv(2048)

        return exchange

    def throw_udp(self, port):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.connect(("127.0.0.1", port))
            for datagram in udp_rain(self.rng):
                client.send(datagram)
                self.assertBindingAnsweredNowAndThen(port)

    def assertBindingAnsweredNowAndThen(self, port):
        if self.rng.random() < 0.1:
            self.assertBindingAnswered(self.over_udp(port))

    def test_the_admin_port_survives_it_too(self):
        with minimal.start(self.name) as daemon:
            throw(daemon.ready["metrics"]["port"], http_rain(self.rng))
            self.assertEqual(200, daemon.admin("/healthz")[0])

    def test_half_open_connections_do_not_keep_others_out(self):
        with minimal.start(self.name) as daemon:
            port = daemon.port(self.stream)
            idle = [socket.create_connection(("127.0.0.1", port), TIMEOUT_S) for _ in range(30)]
            for connection in idle:
                self.addCleanup(connection.close)
            for connection in idle[::2]:
                connection.send(binding_request()[:5])
            request = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n" if self.stream == "http" else binding_request()
            self.assertTrue(self.over_stream(port)(request))
            for connection in idle:
                connection.close()


class NoomStun(Garbage, unittest.TestCase):
    name = "noom-stun"
    stream = "tcp"

    def test_it_goes_on_serving(self):
        with minimal.start(self.name) as stun:
            udp, tcp = stun.port("udp"), stun.port("tcp")
            self.throw_udp(udp)
            throw(tcp, tcp_rain(self.rng))
            self.assertBindingAnswered(self.over_udp(udp))
            self.assertBindingAnswered(self.over_stream(tcp))
            self.assertEqual(200, stun.admin("/healthz")[0])


class NoomTurn(Garbage, unittest.TestCase):
    name = "noom-turn"
    stream = "tcp"

    def test_it_goes_on_serving(self):
        with minimal.start(self.name, listen={"tls": ["127.0.0.1:0"]}, tls=self.tls) as turn:
            udp, tcp, tls = (turn.port(transport) for transport in ("udp", "tcp", "tls"))
            self.throw_udp(udp)
            throw(tcp, tcp_rain(self.rng))
            throw(tls, tcp_rain(self.rng))
            throw(tls, tcp_rain(self.rng), self.client_tls)
            self.assertBindingAnswered(self.over_udp(udp))
            self.assertBindingAnswered(self.over_stream(tcp))
            self.assertBindingAnswered(self.over_stream(tls, self.client_tls))
            self.assertEqual(200, turn.admin("/healthz")[0])


class NoomSignal(Garbage, unittest.TestCase):
    name = "noom-signal"
    stream = "http"

    def test_it_goes_on_serving(self):
        limits = {"listen": {"https": ["127.0.0.1:0"]}, "tls": self.tls}
        with minimal.start(self.name, **limits) as signal:
            http, https = signal.port("http"), signal.port("https")
            for rain in (http_rain, ws_rain):
                throw(http, rain(self.rng))
                throw(https, rain(self.rng), self.client_tls)
            throw(https, tcp_rain(self.rng))
            for exchange in (self.over_stream(http), self.over_stream(https, self.client_tls)):
                self.assertRegex(exchange(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"), rb"^HTTP/1\.1 200 ")
            self.assertEqual(200, signal.admin("/healthz")[0])

    def test_no_path_leaves_the_web_folder(self):
        with minimal.start(self.name) as signal:
            exchange = self.over_stream(signal.port("http"))
            for path in ("/../CMakeLists.txt", "/%2e%2e/CMakeLists.txt", "/..%2fCMakeLists.txt", "//CMakeLists.txt", "/./../CMakeLists.txt", "/%2e%2e%2fCMakeLists.txt"):
                with self.subTest(path=path):
                    reply = exchange(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
                    self.assertRegex(reply, rb"^HTTP/1\.1 4\d\d ")
                    self.assertNotIn(b"cmake_minimum_required", reply)


if __name__ == "__main__":
    unittest.main()
