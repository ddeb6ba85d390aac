"""The signaling servers that are measured: each a context that yields a Target. Pinned to the CPU that this process is on."""

import contextlib
import dataclasses
import pathlib
import shutil
import subprocess

import harness
import nats

HERE = pathlib.Path(__file__).resolve().parent
SECRET = "0123456789abcdef0123456789abcdef"


@dataclasses.dataclass
class Target:
    dialect: str
    pid: int
    port: int
    other_port: int | None = None  # of a second node


def noom_config(directory=None, **tables):
    """Without the limits that keep one client from taking more than its share: here a few clients are everybody."""
    unlimited = ["messages_per_s", "sends_per_s", "joins_per_s", "acks_per_s", "room_events_per_s", "openings_per_minute"]
    return {
        "listen": {"http": ["127.0.0.1:0"], "https": ["127.0.0.1:0"] if directory else []},
        "web": {"root": ""},
        "turn": {"rest_secret": SECRET},
        "limits": {**{key: 0 for key in unlimited}, "ping_interval_s": 600, "hello_timeout_s": 60, "sessions_away": 100_000},
        "log": {"level": "warning"},
        **({"dev": {"directory": str(directory)}} if directory else {}),
        **tables,
    }


@contextlib.contextmanager
def noom(arguments, directory=None, dialect="noom"):
    with harness.Daemon("noom-signal", noom_config(directory), arguments=["--dev"] if directory else []) as daemon:
        yield Target(dialect, daemon.pid, daemon.port("https" if directory else "http"))


def noom_plain(arguments):
    """Clients that do not ask for the feature "resume": nothing is kept for them, and they acknowledge nothing."""
    return noom(arguments, dialect="noom-plain")


@contextlib.contextmanager
def noom_over_nats(arguments):
    """Two nodes; costs are the first's."""
    with contextlib.ExitStack() as stack:
        broker = nats.Server()
        stack.callback(broker.close)
        nodes = []
        for name in ("a", "b"):
            config = noom_config(cluster={"servers": [broker.url()], "node": name})
            nodes.append(stack.enter_context(harness.Daemon("noom-signal", config)))
        for node in nodes:
            node.process.wait_for(lambda: node.metrics()["noom_signal_nodes"] == 2, "two nodes")
        yield Target("noom", nodes[0].pid, nodes[0].port("http"), nodes[1].port("http"))


@contextlib.contextmanager
def child(command, dialect):
    server = subprocess.Popen([str(part) for part in command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
    try:
        yield Target(dialect, server.pid, int(server.stdout.readline()))
    finally:
        server.terminate()
        server.wait()


def certificate_of(directory):
    """The certificate that noom-signal --dev made there, for the others too."""
    return [directory / "cert.pem", directory / "key.pem"] if directory else []


def ws(arguments, directory=None):
    return child([shutil.which("node"), HERE / "peers" / "ws_rooms.mjs", *certificate_of(directory)], "noom-plain")


def socket_io(arguments, directory=None):
    return child([shutil.which("node"), HERE / "peers" / "socket_io_rooms.mjs", *certificate_of(directory)], "socket.io")


def bare_each(arguments):
    return child([arguments.build / "tests" / "bench" / "bare_rooms", "each"], "noom-plain")


def bare_gathered(arguments):
    return child([arguments.build / "tests" / "bench" / "bare_rooms", "gathered"], "noom-plain")
