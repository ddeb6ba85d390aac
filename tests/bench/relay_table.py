"""noom-turn beside coturn: the server in one network namespace and on the first CPU, the generator in another and on the last, a veth pair between."""

import contextlib
import os
import subprocess
import sys

import harness
from table import compare, heading, medians

SERVER, PEER, CLIENTS_FROM, CLIENTS = "10.9.0.1", "10.9.0.2", "10.9.128.1", "10.9.128.0/17"
USER = PASSWORD = "bench"
COLUMNS = ("noom-turn", "coturn")

# --- the two namespaces


def ip(*arguments):
    subprocess.run(["ip", *arguments], check=True)


@contextlib.contextmanager
def namespaces():
    """Two of them, joined by a veth pair; every address of CLIENTS is local to the generator's."""
    server, generator = f"noom-bench-s{os.getpid()}", f"noom-bench-g{os.getpid()}"
    try:
        for name in (server, generator):
            ip("netns", "add", name)
            ip("-n", name, "link", "set", "lo", "up")
        ip("link", "add", "bench0", "netns", server, "type", "veth", "peer", "name", "bench1", "netns", generator)
        for name, link, address in ((server, "bench0", SERVER), (generator, "bench1", PEER)):
            ip("-n", name, "addr", "add", f"{address}/24", "dev", link)
            ip("-n", name, "link", "set", link, "up")
        ip("-n", server, "route", "add", CLIENTS, "via", PEER)
        ip("-n", generator, "route", "add", "local", CLIENTS, "dev", "lo")
        yield server, generator
    finally:
        for name in (server, generator):
            subprocess.run(["ip", "netns", "del", name], check=False)


# --- the servers


@contextlib.contextmanager
def noom_turn(arguments):
    config = {
        "shards": 1,
        "listen": {"udp": [f"{SERVER}:3478"], "tcp": []},
        "relay": {"addresses": [SERVER]},
        "peers": {"allow": ["10.9.0.0/16"]},
        "auth": {"realm": "bench.test", "users": [f"{USER}:{PASSWORD}"]},
        "log": {"level": "warning"},
    }
    with harness.Daemon("noom-turn", config) as daemon:
        yield daemon.pid


@contextlib.contextmanager
def coturn(arguments):
    command = [arguments.coturn, "-n", "--no-cli", "-L", SERVER, "-E", SERVER, "-p", "3478", "-m", "1", "--lt-cred-mech"]
    command += ["-u", f"{USER}:{PASSWORD}", "-r", "bench.test", "--min-port", "49152", "--max-port", "65535"]
    command += ["--no-tls", "--no-dtls", "--log-file", "/dev/null", "--no-stdout-log", "--pidfile", "/dev/null"]
    server = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield server.pid
    finally:
        server.terminate()
        server.wait()


SERVERS = {"noom-turn": noom_turn, "coturn": coturn}


def generate(arguments, server, mode, *options):
    """One run of relay_bench against a fresh server: {figure: value}."""
    last_cpu = max(os.sched_getaffinity(0)) if os.cpu_count() == 1 else os.cpu_count() - 1
    with SERVERS[server](arguments) as pid:
        command = ["ip", "netns", "exec", arguments.generator_namespace, "taskset", "-c", str(last_cpu)]
        command += [arguments.build / "tests" / "bench" / "relay_bench", mode, "--server", f"{SERVER}:3478", "--pid", pid]
        command += ["--clients-from", CLIENTS_FROM, "--user", USER, "--password", PASSWORD, *options]
        output = subprocess.run([str(part) for part in command], check=True, capture_output=True, text=True).stdout
    return {key: float(value) for key, value in (line.split("=") for line in output.split())}


# --- what is measured


def alternate(arguments, mode, *options):
    """{server: medians}, the servers taking turns."""
    runs = {server: [] for server in SERVERS}
    for _ in range(arguments.repeats):
        for server, collected in runs.items():
            collected.append(generate(arguments, server, mode, *options))
    return {server: medians(collected) for server, collected in runs.items()}


def measure(arguments):
    heading(arguments, COLUMNS)
    for size in (160, 1200):
        options = ["--peer", PEER, "--clients", arguments.clients, "--bytes", size, "--seconds", arguments.seconds]
        found = alternate(arguments, "relay", *options, "--rate", arguments.rate)
        what = f"ChannelData {size} B, {arguments.clients} clients, both ways:"
        compare(f"{what} relayed/s", found, "delivered_per_second", larger_is_better=True)
        compare("  client to peer/s", found, "up_per_second", larger_is_better=True)
        compare("  peer to client/s", found, "down_per_second", larger_is_better=True)
        compare("  offered/s", found, "offered_per_second", larger_is_better=True)
        compare("  CPU ns per relayed datagram", found, "cpu_ns_per_datagram")
    found = alternate(arguments, "idle", "--clients", arguments.idle)
    compare(f"{arguments.idle} idle allocations: resident bytes each", found, "resident_bytes_per_allocation")
    compare("  CPU ns per allocation, challenge included", found, "cpu_ns_per_allocation")


def run_inside(server_namespace, generator_namespace):
    """The whole again, in the server's namespace and on the first CPU, which its servers inherit."""
    command = ["ip", "netns", "exec", server_namespace, "taskset", "-c", "0"]
    command += [sys.executable, *sys.argv, "--generator-namespace", generator_namespace]
    return subprocess.run(command, check=False).returncode


def run(arguments):
    if arguments.generator_namespace is None:
        with namespaces() as (server, generator):
            return run_inside(server, generator)
    os.environ.setdefault("NOOM_TURN", str(arguments.build / "turn" / "noom-turn"))
    measure(arguments)
    return 0
