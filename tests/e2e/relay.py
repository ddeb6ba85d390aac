"""A noom-turn that relays on loopback for foreign clients: both families, every transport, static users and time-limited credentials side by
side, two shards so that relays of one call may live on different ones."""

import contextlib
import fcntl
import functools
import os
import pathlib
import socket
import tempfile

import harness
import minimal

USER, PASSWORD, REALM = "alice", "apple", "example.org"
HOSTS = {"v4": "127.0.0.1", "v6": "::1"}
SLICES = 8  # of the relay ports, each for one test at a time
locks = []  # held as long as they are open


@functools.cache
def relay_ports():
    """Apart from the ports that the kernel gives to the peers: on a relay address, all ports of the relay range belong to relays. And apart from
    those of tests that run beside this one: a port that is reserved but not yet relayed from is held by no socket. This process's, to its end."""
    low, high = map(int, pathlib.Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split())
    first, last = (high + 1, 65535) if high < 64000 else (max(1024, low - 4096), low - 1)
    size = (last + 1 - first) // SLICES
    mine = own_slice()
    return {"port_min": first + mine * size, "port_max": first + (mine + 1) * size - 1}


def own_slice():
    """The number of a slice that no other process has; with all taken, the first that becomes free of one chosen by chance."""
    for number in (*range(SLICES), None):
        blocking = number is None
        number = os.getpid() % SLICES if blocking else number
        lock = open(pathlib.Path(tempfile.gettempdir()) / f"noom-test-relay-ports-{number}", "w")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | (0 if blocking else fcntl.LOCK_NB))
        except BlockingIOError:
            lock.close()
            continue
        locks.append(lock)
        return number


@contextlib.contextmanager
def running(**tables):
    """(daemon, path of the certificate that clients trust)."""
    both = ["127.0.0.1:0", "[::1]:0"]
    with tempfile.TemporaryDirectory() as folder:
        tls = minimal.certificate(folder)
        config = {
            "shards": 2,
            "listen": {"udp": both, "tcp": both, "tls": both, "tcp_or_tls": both, "dtls": both, "udp_or_dtls": both},
            "tls": tls,
            "relay": {"addresses": list(HOSTS.values()), **relay_ports()},
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
