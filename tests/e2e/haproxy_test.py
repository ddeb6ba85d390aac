"""HAProxy in front, as docs/operations.md has it: TURN over TLS and a web page share a port by server name, and everybody is seen as themselves."""

import pathlib
import shutil
import socket
import ssl
import tempfile
import unittest

import harness
import minimal
import stun_client

CONFIG = """
defaults
    mode tcp
    timeout connect 20s
    timeout client 60s
    timeout server 60s
frontend https
    bind fd@{https}
    tcp-request inspect-delay 20s
    tcp-request content accept if {{ req.ssl_hello_type 1 }}
    use_backend turn if {{ req.ssl_sni -i turn.example.org }}
    default_backend web
backend turn
    server turn 127.0.0.1:{tls} send-proxy-v2 check inter 100
backend web
    server web 127.0.0.1:{web} send-proxy check inter 100
listen plain
    bind fd@{plain}
    server turn 127.0.0.1:{tcp} send-proxy check inter 100
listen shared
    bind fd@{shared}
    server turn 127.0.0.1:{tcp_or_tls} send-proxy-v2 check inter 100
"""
FRONTENDS = ("https", "plain", "shared")


@unittest.skipIf(shutil.which("haproxy") is None, "no haproxy here")
class HaProxy(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        trusted = {"proxy_protocol_from": ["127.0.0.1"]}
        here, tls = ["127.0.0.1:0"], minimal.certificate(folder.name)
        self.turn = minimal.start("noom-turn", tls=tls, listen={"udp": [], "tcp": here, "tls": here, "tcp_or_tls": here, **trusted})
        self.addCleanup(self.turn.stop)
        self.signal = minimal.start("noom-signal", tls=tls, listen={"http": [], "https": here, **trusted})
        self.addCleanup(self.signal.stop)
        self.frontends = {name: socket.create_server(("127.0.0.1", 0)) for name in FRONTENDS}
        for frontend in self.frontends.values():
            self.addCleanup(frontend.close)
        config = self.folder / "haproxy.cfg"
        ports = {kind: self.turn.port(kind) for kind in ("tcp", "tls", "tcp_or_tls")}
        fds = {name: frontend.fileno() for name, frontend in self.frontends.items()}
        config.write_text(CONFIG.format(web=self.signal.port("https"), **ports, **fds))
        self.proxy = harness.Process(["haproxy", "-db", "-f", config], self.folder / "haproxy.log", pass_fds=fds.values())
        self.addCleanup(self.proxy.stop)

    def connect(self, frontend, name=None):
        """TLS when a name is given."""
        stream = stun_client.connect(*self.frontends[frontend].getsockname())
        if name is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
            stream = context.wrap_socket(stream, server_hostname=name)
        self.addCleanup(stream.close)
        return stream

    def test_clients_are_seen_as_themselves_on_every_path(self):
        for frontend, name in (("https", "turn.example.org"), ("plain", None), ("shared", None), ("shared", "any.example")):
            stream = self.connect(frontend, name)
            self.assertEqual(stream.getsockname(), stun_client.mapped_address(stream), (frontend, name))
        web = self.connect("https", "www.example.org")
        web.sendall(b"GET / HTTP/1.1\r\nHost: www.example.org\r\nConnection: close\r\n\r\n")
        self.assertEqual(b"HTTP/1.1 200", stun_client.receive_exactly(web, 12))

    def test_its_health_checks_find_everything_well(self):
        def checked():
            metrics = self.turn.metrics()
            return metrics['noom_turn_streams_ended_total{reason="client_closed"}'] >= 9 and metrics

        metrics = self.turn.process.wait_for(checked, "health checks")
        faults = [reason for reason in ("handshake_failed", "not_turn", "refused") if metrics[f'noom_turn_streams_ended_total{{reason="{reason}"}}']]
        faults += [series for series, count in metrics.items() if "proxy_header" in series and count]
        self.assertEqual([], faults)
        self.assertNotIn("is DOWN", self.proxy.log())


if __name__ == "__main__":
    unittest.main()
