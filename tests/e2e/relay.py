"""A noom-turn that relays on loopback for foreign clients: both families, every transport, static users and time-limited credentials side by
side, two shards so that relays of one call may live on different ones."""

import contextlib
import pathlib
import socket
import tempfile

import harness
import minimal

USER, PASSWORD, REALM = "alice", "apple", "example.org"
HOSTS = {"v4": "127.0.0.1", "v6": "::1"}


@contextlib.contextmanager
def running(**tables):
    """(daemon, path of the certificate that clients trust)."""
    both = ["127.0.0.1:0", "[::1]:0"]
    with tempfile.TemporaryDirectory() as folder:
        tls = minimal.certificate(folder)
        config = {
            "shards": 2,
            "listen": {"udp": both, "tcp": both, "tls": both},
            "tls": tls,
            "relay": {"addresses": list(HOSTS.values())},
            "auth": {"realm": REALM, "users": [f"{USER}:{PASSWORD}"], "rest_secrets": [minimal.SECRET]},
            "peers": {"allow": ["127.0.0.0/8", "::1"]},
            **tables,
        }
        with harness.Daemon("noom-turn", config) as daemon:
            yield daemon, pathlib.Path(tls["certificate"])


@contextlib.contextmanager
def echo_peer(family="v4"):
    """(address, port) of coturn's echo server. It takes no port 0: a pair of ports is found free first, and another tried when lost to a race."""
    host = HOSTS[family]
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(20):
            port = free_port(host)
            peer = harness.Process(["turnutils_peer", "-L", host, "-p", port], pathlib.Path(folder) / "peer.log")
            try:
                peer.wait_for(lambda: echoes(host, port), "echo")
                yield host, port
                return
            except harness.DaemonError:
                if peer.exit_code() is None:
                    raise
            finally:
                peer.stop()
    raise harness.DaemonError("turnutils_peer found no free port")


def free_port(host):
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind((host, 0))
        return probe.getsockname()[1]


def echoes(host, port):
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(0.2)
        client.connect((host, port))
        try:
            client.send(b"are you there?")
            return client.recv(64) == b"are you there?"
        except OSError:
            return False
