"""noom-turn's streams as clients, proxies and scanners meet them: TCP and TLS on one port, server names, ALPN, the PROXY protocol, limits."""

import contextlib
import os
import pathlib
import signal
import socket
import ssl
import subprocess
import tempfile
import time
import unittest

import harness
import minimal
import proxy_header
import stun_client

PROXY, DIRECT = "127.0.0.2", "127.0.0.1"  # the first is trusted; ::1 is trusted too
AT_ONCE_S = 8  # far below the 30 s of an idle connection, far above a loaded machine's answer
BOTH = ["127.0.0.1:0", "[::1]:0"]
EXPECTED_ALPN_ALERT = "no application protocol|NO_APPLICATION_PROTOCOL"


def certificate(folder, name, names, rsa=False):
    """(certificate, key) of a self-signed certificate for the names."""
    key, file = pathlib.Path(folder) / f"{name}.key", pathlib.Path(folder) / f"{name}.pem"
    kind = ["rsa:2048"] if rsa else ["ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
    command = ["openssl", "req", "-x509", "-newkey", *kind, "-nodes", "-days", "2", "-subj", f"/CN={name}", "-keyout", key, "-out", file]
    subprocess.run([*command, "-addext", "subjectAltName=" + ",".join(f"DNS:{each}" for each in names)], check=True, capture_output=True)
    return str(file), str(key)


def der(file):
    return ssl.PEM_cert_to_DER_cert(pathlib.Path(file).read_text())


def tls_client(stream, name=None, alpn=(), version=None, ciphers=None):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    if alpn:
        context.set_alpn_protocols(alpn)
    if version:
        context.minimum_version = context.maximum_version = version
    if ciphers:
        context.set_ciphers(ciphers)
    return context.wrap_socket(stream, server_hostname=name)


class Streams(unittest.TestCase):
    def start(self, certificates=(("default", ("default.example",), False),), listen=None, arguments=(), **tables):
        """A daemon with every kind of stream listener; certificates by (file name, names, RSA), the first of them the default."""
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.files = {name: certificate(folder.name, name, names, rsa) for name, names, rsa in certificates}
        default, *further = self.files.values()
        tls = {"certificate": default[0], "key": default[1], "further_certificates": [":".join(pair) for pair in further]}
        listen = {"udp": [], "tcp": BOTH, "tls": BOTH, "tcp_or_tls": BOTH, "proxy_protocol_from": [f"{PROXY}/32", "::1"], **(listen or {})}
        self.turn = minimal.start("noom-turn", arguments, tls={**tls, **tables.pop("tls", {})}, listen=listen, **tables)
        self.addCleanup(self.turn.stop)
        return self.turn

    def connect(self, kind, source=DIRECT):
        host = "::1" if ":" in source else "127.0.0.1"
        stream = stun_client.connect(host, self.turn.port(kind, host), source)
        self.addCleanup(stream.close)
        return stream

    def shown(self, kind="tls", **options):
        """The certificate that a client gets, by the name of its file."""
        with tls_client(self.connect(kind), **options) as stream:
            stun_client.mapped_address(stream)
            got = stream.getpeercert(binary_form=True)
        return next(name for name, (file, _) in self.files.items() if der(file) == got)

    def metric(self, name, **labels):
        inner = ",".join(f'{key}="{value}"' for key, value in labels.items())
        return self.turn.metrics().get(f"noom_turn_{name}" + (f"{{{inner}}}" if inner else ""))

    def assertClosed(self, stream):
        """At once, and not for being idle."""
        began = time.monotonic()
        with contextlib.suppress(ConnectionError):
            while stream.recv(4096):
                pass
        self.assertLess(time.monotonic() - began, AT_ONCE_S)

    def assertCounted(self, count, name, **labels):
        self.turn.process.wait_for(lambda: self.metric(name, **labels) == count, f"{name} {labels} {count}", AT_ONCE_S)


class OnePort(Streams):
    def test_tcp_and_tls_are_told_apart_by_the_first_byte(self):
        self.start(listen={"proxy_protocol_from": []}, auth={"listener_realms": ["tcp_or_tls://127.0.0.1:0=one.example"]})
        for source in (DIRECT, "::1"):
            with self.connect("tcp_or_tls", source) as stream:
                self.assertEqual(stun_client.mapped_address(stream), stream.getsockname()[:2])
            for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
                with tls_client(self.connect("tcp_or_tls", source), version=version) as stream:
                    self.assertEqual(stun_client.mapped_address(stream), stream.getsockname()[:2])
        with self.connect("tcp_or_tls") as stream:
            self.assertEqual("one.example", stun_client.realm(stream))
        with tls_client(self.connect("tcp_or_tls")) as stream:
            self.assertEqual("one.example", stun_client.realm(stream))
        with tls_client(self.connect("tls")) as stream:
            self.assertNotEqual("one.example", stun_client.realm(stream))

    def test_the_other_listeners_stay_strict(self):
        self.start()
        stream = self.connect("tcp")
        with self.assertRaises(OSError):
            tls_client(stream)
        stream = self.connect("tls")
        stream.sendall(stun_client.request())
        self.assertClosed(stream)
        self.assertCounted(1, "streams_ended_total", reason="tls_unexpected")
        self.assertCounted(1, "streams_ended_total", reason="handshake_failed")

    def test_http_is_closed_at_once(self):
        self.start()
        for kind in ("tcp", "tcp_or_tls"):
            for request in (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"POST / HTTP/1.0\r\n\r\n", b"HEAD"):
                stream = self.connect(kind)
                stream.sendall(request)
                self.assertClosed(stream)
        with tls_client(self.connect("tls")) as stream:
            stream.sendall(b"OPTIONS * HTTP/1.1\r\n\r\n")
            with contextlib.suppress(ssl.SSLError):
                self.assertClosed(stream)
        self.assertCounted(7, "streams_ended_total", reason="http")

    def test_a_channel_before_any_request_is_not_turn(self):
        self.start()
        stream = self.connect("tcp")
        stream.sendall(b"\x40\x00\x10\x00")
        self.assertClosed(stream)
        self.assertCounted(1, "streams_ended_total", reason="not_turn")

    def test_who_does_not_get_through_the_beginning_is_closed_after_ten_seconds(self):
        self.start()
        streams = [self.connect("tls"), self.connect("tcp_or_tls"), self.connect("tls"), self.connect("tcp", PROXY), self.connect("tls", PROXY)]
        began = time.monotonic()
        streams[2].sendall(b"\x16\x03\x01\x00\x7a\x01")
        streams[3].sendall(proxy_header.version2()[:20])
        streams[4].sendall(proxy_header.version2())
        for stream in streams:
            with contextlib.suppress(ConnectionError):
                self.assertEqual(b"", stream.recv(1))
        self.assertGreater(time.monotonic() - began, 9)
        self.assertLess(time.monotonic() - began, 25)
        self.assertCounted(5, "streams_ended_total", reason="handshake_failed")


class Certificates(Streams):
    KINDS = (
        ("default", ("default.example", "also.example"), False),
        ("wild", ("*.wild.example",), False),
        ("exact", ("exact.wild.example",), False),
        ("rsa", ("default.example", "also.example"), True),
    )

    def test_the_name_asked_for_chooses(self):
        self.start(self.KINDS)
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            for kind in ("tls", "tcp_or_tls"):
                expected = {
                    None: "default", "default.example": "default", "unknown.example": "default", "a.wild.example": "wild",
                    "A.Wild.Example": "wild", "a.b.wild.example": "default", "wild.example": "default", "exact.wild.example": "exact",
                }  # fmt: skip
                self.assertEqual(expected, {name: self.shown(kind, name=name, version=version) for name in expected})

    def test_rsa_and_ecdsa_of_one_name_stand_side_by_side(self):
        self.start(self.KINDS)
        for name in ("also.example", None):
            for ciphers, file in (("ECDHE-RSA-AES128-GCM-SHA256", "rsa"), ("ECDHE-ECDSA-AES128-GCM-SHA256", "default")):
                self.assertEqual(file, self.shown(name=name, version=ssl.TLSVersion.TLSv1_2, ciphers=ciphers))

    def test_a_listener_may_have_its_own(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        own = certificate(folder.name, "own", ("own.example",))
        self.start(self.KINDS, tls={"listener_certificates": ["tcp_or_tls://127.0.0.1:0=" + ":".join(own)]})
        self.files["own"] = own
        self.assertEqual("own", self.shown("tcp_or_tls", name="default.example"))
        self.assertEqual("wild", self.shown("tls", name="a.wild.example"))

    def test_sighup_changes_all_of_them_or_none(self):
        self.start(self.KINDS)
        with tempfile.TemporaryDirectory() as folder:
            renewed = {name: certificate(folder, name, names, rsa) for name, names, rsa in self.KINDS[:2]}
            before = {name: [pathlib.Path(file).read_bytes() for file in pair] for name, pair in self.files.items()}
            self.replace("default", renewed["default"])
            self.replace("wild", (renewed["wild"][0], self.files["wild"][1]))  # a certificate whose key has not come yet
            self.reload("reload_refused")
            self.assertRegex(self.turn.log(), r"tls\.further_certificates: entry 1: key \S+wild\.key does not belong to certificate")
            with tls_client(self.connect("tls")) as stream:
                self.assertEqual(ssl.PEM_cert_to_DER_cert(before["default"][0].decode()), stream.getpeercert(binary_form=True))
            self.replace("wild", renewed["wild"])
            self.reload("reloaded")
            self.assertEqual(("default", "wild"), (self.shown(name=None), self.shown(name="a.wild.example")))

    def replace(self, name, pair):
        for old, new in zip(self.files[name], pair):
            pathlib.Path(old).write_bytes(pathlib.Path(new).read_bytes())

    def reload(self, event):
        os.kill(self.turn.pid, signal.SIGHUP)
        self.turn.process.wait_for(lambda: f"event={event}" in self.turn.log(), event)

    def test_alpn_is_stun_or_none(self):
        self.start(self.KINDS)
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            for name in (None, "a.wild.example"):
                chosen = {
                    (): None, ("stun.turn",): "stun.turn", ("stun.nat-discovery",): "stun.nat-discovery",
                    ("http/1.1", "stun.nat-discovery", "stun.turn"): "stun.turn",
                }  # fmt: skip
                for offered, expected in chosen.items():
                    with tls_client(self.connect("tls"), name=name, alpn=offered, version=version) as stream:
                        self.assertEqual(expected, stream.selected_alpn_protocol())
                        stun_client.mapped_address(stream)
                with self.assertRaisesRegex(ssl.SSLError, EXPECTED_ALPN_ALERT):
                    tls_client(self.connect("tls"), name=name, alpn=["h2", "http/1.1"], version=version)
        self.assertCounted(4, "streams_ended_total", reason="handshake_failed")


class ProxyProtocol(Streams):
    def seen_through(self, kind, source, header, cut=None):
        """Behind the header: STUN on plain, TLS and then STUN elsewhere."""
        stream = self.connect(kind.removesuffix(" as tls"), source)
        stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for at in range(0, len(header), cut or len(header)):
            stream.sendall(header[at : at + (cut or len(header))])
        with (tls_client(stream) if "tls" in kind.split() else stream) as client:
            return stun_client.mapped_address(client)

    def test_the_client_it_names_is_the_client(self):
        self.start()
        for kind in ("tcp", "tls", "tcp_or_tls", "tcp_or_tls as tls"):
            for source in (PROXY, "::1"):
                for ip in (4, 6):
                    for header in (proxy_header.version1(ip), proxy_header.version2(ip)):
                        with self.subTest(kind=kind, source=source, header=header):
                            self.assertEqual(proxy_header.CLIENT[ip], self.seen_through(kind, source, header))
                            self.assertEqual(proxy_header.CLIENT[ip], self.seen_through(kind, source, header, cut=1))

    def test_header_and_request_in_one_segment_are_kept_apart(self):
        self.start()
        for header in (proxy_header.version1(), proxy_header.version2()):
            with self.connect("tcp", PROXY) as stream:
                stream.sendall(header + stun_client.request())
                self.assertEqual(0x0101, stun_client.receive(stream)[0])

    def test_without_a_client_in_it_the_connections_own_address_counts(self):
        self.start()
        for header in (proxy_header.LOCAL, proxy_header.UNSPEC, proxy_header.UNKNOWN):
            for kind in ("tcp", "tls", "tcp_or_tls"):
                self.assertEqual(PROXY, self.seen_through(kind, PROXY, header)[0])

    def test_from_a_proxy_it_is_required_and_every_fault_has_its_reason(self):
        self.start()
        faults = {
            "proxy_header_missing": stun_client.request(),
            "proxy_header_malformed": b"PROXY TCP4 203.0.113.5 198.51.100.9 50000 99999\r\n",
            "proxy_header_too_long": b"PROXY UNKNOWN " + b"f" * 200,
            "proxy_header_unsupported": proxy_header.binary(0x21, 0x31, bytes(216)),
        }
        for reason, sent in faults.items():
            for kind in ("tcp", "tls", "tcp_or_tls"):
                stream = self.connect(kind, PROXY)
                stream.sendall(sent)
                self.assertClosed(stream)
            self.assertCounted(3, "streams_ended_total", reason=reason)

    def test_from_others_it_is_refused(self):
        self.start()
        for header in (proxy_header.version1(), proxy_header.version2()):
            for kind in ("tcp", "tcp_or_tls"):
                stream = self.connect(kind, DIRECT)
                stream.sendall(header + stun_client.request())
                self.assertClosed(stream)
        self.assertCounted(4, "streams_ended_total", reason="proxy_header_unexpected")
        stream = self.connect("tls", DIRECT)
        stream.sendall(proxy_header.version2())
        self.assertClosed(stream)
        self.assertCounted(1, "streams_ended_total", reason="handshake_failed")

    def test_a_health_check_that_says_nothing_is_no_failed_handshake(self):
        self.start()
        for kind in ("tcp", "tls", "tcp_or_tls"):
            self.connect(kind, PROXY).close()
        stream = self.connect("tls", PROXY)
        stream.sendall(proxy_header.LOCAL)
        stream.close()
        self.connect("tls", DIRECT).close()
        self.assertCounted(5, "streams_ended_total", reason="client_closed")

    def test_limits_hold_over_all_shards_and_for_the_client_that_is_named(self):
        self.start(arguments=["--set", "shards=4"], limits={"stream_connections": 5, "stream_connections_per_source": 2})
        named = lambda address, port: proxy_header.version2(client=(address, port))
        for address, ports in (("203.0.113.5", (1, 2)), ("203.0.113.6", (1, 2))):
            for port in ports:
                stream = self.connect("tcp", PROXY)
                stream.sendall(named(address, port))
                self.assertEqual((address, port), stun_client.mapped_address(stream))
        stream = self.connect("tcp", PROXY)
        stream.sendall(named("203.0.113.5", 3))
        self.assertClosed(stream)
        self.assertCounted(1, "streams_refused_total", reason="source_full")
        self.assertCounted(1, "streams_ended_total", reason="refused")
        stream = self.connect("tcp")
        stun_client.mapped_address(stream)
        beyond = self.connect("tcp")
        self.assertClosed(beyond)
        self.assertCounted(1, "streams_refused_total", reason="full")
        self.assertEqual(5, self.metric("streams"))
        stream.close()
        self.assertCounted(4, "streams")
        stun_client.mapped_address(self.connect("tcp"))


if __name__ == "__main__":
    unittest.main()
