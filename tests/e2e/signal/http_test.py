"""noom-signal as a web server: pages, their headers, traversal, refusals, TLS with a development certificate, reload."""

import os
import pathlib
import signal
import socket
import ssl
import subprocess
import tempfile
import unittest

from harness import Daemon, binary
from websocket import Client, Refused, read_head

PAGE = b"<!doctype html><title>Noom</title>"


def ask(port, request, tls=None):
    """(status, headers, body) of one request given as lines; the connection is used once."""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as plain:
        stream = tls.wrap_socket(plain, server_hostname="localhost") if tls else plain
        with stream, stream.makefile("rb") as answer:
            stream.sendall(("\r\n".join(request) + "\r\n\r\n").encode())
            status, headers = read_head(answer)
            has_body = not request[0].startswith("HEAD") and status != 304
            return status, headers, answer.read(int(headers.get("content-length", 0))) if has_body else b""


def get(port, path, *fields, method="GET", tls=None):
    return ask(port, [f"{method} {path} HTTP/1.1", "Host: localhost", *fields], tls)


class HttpTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.directory = tempfile.TemporaryDirectory()
        root = pathlib.Path(cls.directory.name)
        cls.web = root / "web"
        (cls.web / "client").mkdir(parents=True)
        (cls.web / "index.html").write_bytes(PAGE)
        (cls.web / "client" / "index.js").write_bytes(b"export {};")
        (cls.web / "doctor").mkdir()
        (cls.web / "doctor" / "index.html").write_bytes(b"doctor")
        (cls.web / ".hidden").write_bytes(b"hidden")
        (root / "secret.txt").write_bytes(b"outside")
        os.symlink(root / "secret.txt", cls.web / "link.txt")
        cls.dev = root / "dev"
        config = {
            "listen": {"http": ["127.0.0.1:0"], "https": ["127.0.0.1:0"]},
            "web": {"root": str(cls.web)},
            "turn": {"rest_secret": "0123456789abcdef"},
            "dev": {"directory": str(cls.dev)},
        }
        cls.daemon = Daemon("noom-signal", config, arguments=["--dev"])
        cls.port = cls.daemon.port("http")

    @classmethod
    def tearDownClass(cls):
        try:
            cls.daemon.stop()
        finally:
            cls.directory.cleanup()

    def test_root_and_room_serve_the_page_with_strict_headers(self):
        for path in ("/", "/r/standup", "/r/standup?lang=ko", "/index.html"):
            status, headers, body = get(self.port, path)
            self.assertEqual((status, body), (200, PAGE), path)
        policy = headers["content-security-policy"]
        self.assertIn("default-src 'none'", policy)
        self.assertIn("frame-ancestors 'none'", policy)
        self.assertNotIn("unsafe", policy)
        self.assertEqual(headers["x-content-type-options"], "nosniff")
        self.assertEqual(headers["referrer-policy"], "no-referrer")
        self.assertEqual(headers["content-type"], "text/html; charset=utf-8")

    def test_a_folder_stands_for_its_page(self):
        for path in ("/doctor", "/doctor/", "/doctor?x", "/doctor/index.html"):
            self.assertEqual((200, b"doctor"), get(self.port, path)[::2], path)

    def test_what_the_doctor_page_found_is_counted(self):
        def report(body, *fields, length=None):
            length = len(body) if length is None else length
            return ask(self.port, ["POST /v1/probe HTTP/1.1", "Host: localhost", f"Content-Length: {length}", *fields, "", body])[0]

        name = 'noom_client_probe_total{transport="turn_tcp",result="unreachable"}'
        self.assertEqual(0, self.daemon.metrics()[name])
        self.assertEqual(204, report("turn_tcp unreachable\nsse ok\n", "Origin: http://localhost"))
        self.assertEqual(1, self.daemon.metrics()[name])
        self.assertEqual(400, report("turn_tcp unreachable\nturn_pigeon ok\n"))
        self.assertEqual(413, report("", length=1025))
        self.assertEqual(403, report("sse ok\n", "Origin: https://elsewhere.example"))
        self.assertEqual(405, get(self.port, "/v1/probe")[0])
        answers = [report("sse ok\n") for _ in range(10)]
        self.assertEqual(429, answers[-1])
        self.assertEqual(1, self.daemon.metrics()[name])

    def test_head_has_the_length_and_no_body(self):
        status, headers, _ = get(self.port, "/client/index.js", method="HEAD")
        self.assertEqual((status, headers["content-length"]), (200, "10"))
        self.assertEqual(headers["content-type"], "text/javascript; charset=utf-8")

    def test_a_known_etag_is_answered_304(self):
        etag = get(self.port, "/")[1]["etag"]
        for field in (f"If-None-Match: {etag}", f'If-None-Match: "x", W/{etag}', "If-None-Match: *"):
            status, headers, _ = get(self.port, "/", field)
            self.assertEqual(status, 304)
            self.assertEqual(headers["etag"], etag)
        self.assertEqual(get(self.port, "/", 'If-None-Match: "other"')[0], 200)

    def test_nothing_outside_the_folder_is_served(self):
        for path in (
            "/../secret.txt", "/%2e%2e/secret.txt", "/client/../../secret.txt", "/..%2fsecret.txt", "//etc/passwd", "/./index.html", "/link.txt",
            "/.hidden", "/client", "/client/", "/r/", "/r/a/b", "/index.html%00", "/\\..\\secret.txt", "/nothing",
        ):
            status, _, body = get(self.port, path)
            self.assertEqual(status, 404, path)
            self.assertNotIn(b"outside", body)

    def test_malformed_requests_are_refused_and_the_connection_closed(self):
        cases = {
            400: [["GARBAGE"], ["GET / HTTP/1.1"], ["GET / HTTP/1.1", "Host: a b"], ["GET / HTTP/1.1", "Host: a", "Host: b"], ["GET index.html HTTP/1.1", "Host: a"]],
            405: [["POST / HTTP/1.1", "Host: a"], ["DELETE /index.html HTTP/1.1", "Host: a"]],
            413: [["POST / HTTP/1.1", "Host: a", "Content-Length: 9"], ["GET / HTTP/1.1", "Host: a", "Transfer-Encoding: chunked"]],
            431: [["GET / HTTP/1.1", "Host: a", "X: " + "x" * 20000]],
        }
        for status, requests in cases.items():
            for request in requests:
                answer, headers, _ = ask(self.port, request)
                self.assertEqual(answer, status, request[:3])
                self.assertEqual(headers["connection"], "close")

    def test_one_connection_serves_many_requests_in_order(self):
        with socket.create_connection(("127.0.0.1", self.port), timeout=20) as connection, connection.makefile("rb") as stream:
            request = b"GET /%s HTTP/1.1\r\nHost: localhost\r\n\r\n"
            connection.sendall(request % b"" + request % b"nothing" + request % b"client/index.js")
            seen = []
            for _ in range(3):
                status, headers = read_head(stream)
                seen.append((status, stream.read(int(headers["content-length"]))))
            self.assertEqual([status for status, _ in seen], [200, 404, 200])
            self.assertEqual(seen[2][1], b"export {};")

    def test_tls_serves_pages_and_websockets_and_phones_can_fetch_the_authority(self):
        status, headers, body = get(self.port, "/dev-ca.pem")
        self.assertEqual((status, headers["content-type"]), (200, "application/x-x509-ca-cert"))
        trusted = ssl.create_default_context(cadata=body.decode())
        https = self.daemon.port("https")
        self.assertEqual(get(https, "/", tls=trusted)[2], PAGE)
        with Client(https, tls=trusted) as client:
            self.assertEqual(client.join("tls")["room"], "tls")
        before = self.daemon.metrics()["noom_signal_tls_handshakes_failed_total"]
        with self.assertRaises((OSError, IndexError)):
            ask(https, ["GET / HTTP/1.1", "Host: a"])
        self.assertEqual(self.daemon.metrics()["noom_signal_tls_handshakes_failed_total"], before + 1)

    def test_certificates_are_kept_and_private(self):
        kept = (self.dev / "cert.pem").read_bytes()
        subprocess.run([binary("noom-signal"), "--make-dev-cert", str(self.dev)], check=True, capture_output=True, timeout=60)
        self.assertEqual((self.dev / "cert.pem").read_bytes(), kept)
        for name in ("key.pem", "ca-key.pem"):
            self.assertEqual((self.dev / name).stat().st_mode & 0o777, 0o600)

    def test_upgrades_that_are_not_in_order_are_refused(self):
        cases = [
            (400, {"Sec-WebSocket-Protocol": None}),
            (400, {"Sec-WebSocket-Protocol": "chat"}),
            (400, {"Sec-WebSocket-Key": None}),
            (400, {"Sec-WebSocket-Key": "short"}),
            (400, {"Host": "a/b"}),
            (403, {"Origin": "https://evil.example"}),
            (403, {"Origin": "null"}),
            (426, {"Sec-WebSocket-Version": "8"}),
            (426, {"Upgrade": None}),
            (426, {"Connection": "keep-alive"}),
        ]
        for status, headers in cases:
            with self.assertRaises(Refused) as refused:
                Client(self.port, headers=headers)
            self.assertEqual(refused.exception.status, status, headers)
            self.assertTrue(refused.exception.body)
        with Client(self.port, headers={"Origin": f"http://127.0.0.1:{self.port}", "Sec-WebSocket-Protocol": "chat, noom.v1"}) as client:
            self.assertEqual(client.headers["sec-websocket-protocol"], "noom.v1")

    def test_reload_reads_the_pages_again(self):
        (self.web / "late.txt").write_bytes(b"late")
        self.assertEqual(get(self.port, "/late.txt")[0], 404)
        self.daemon.process._child.send_signal(signal.SIGHUP)
        self.daemon.process.wait_for(lambda: get(self.port, "/late.txt")[0] == 200, "the new page")

    def test_admin_port_says_ready_and_counts_answers(self):
        self.assertEqual(self.daemon.admin("/readyz")[0], 200)
        get(self.port, "/")
        metrics = self.daemon.metrics()
        self.assertGreaterEqual(metrics['noom_signal_http_answers_total{class="2xx"}'], 1)


if __name__ == "__main__":
    unittest.main(verbosity=2)
