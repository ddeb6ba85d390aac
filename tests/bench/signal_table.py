"""noom-signal beside servers on Socket.IO and on ws (npm), and beside what the kernel allows. Over loopback: servers on the first CPU, the generator on
the last."""

import contextlib
import os
import pathlib
import ssl
import subprocess
import tempfile

import signal_servers as servers
import websocket
from table import compare, heading, medians

MEMORY_WARM_UP = 64  # connections that come first: what a server builds once is not a connection's
CLUSTER = "two nodes over NATS"


def generate(arguments, start, mode, *options):
    """One run of signal_bench against a fresh server: {figure: value}."""
    with start(arguments) as target:
        command = ["taskset", "-c", arguments.generator_cpu, arguments.build / "tests" / "bench" / "signal_bench", mode]
        command += ["--dialect", target.dialect, "--server", f"127.0.0.1:{target.port}", "--pid", target.pid, *options]
        if target.other_port:
            command += ["--server2", f"127.0.0.1:{target.other_port}"]
        output = subprocess.run([str(part) for part in command], check=True, stdout=subprocess.PIPE, text=True).stdout
    return {key: float(value) for key, value in (line.split("=") for line in output.split())}


def alternate(arguments, starts, measure):
    """{name: medians}, the servers taking turns."""
    runs = {name: [] for name in starts}
    for _ in range(arguments.repeats):
        for name, start in starts.items():
            runs[name].append(measure(start))
    return {name: medians(collected) for name, collected in runs.items()}


def peers(arguments):
    own = {"noom-signal": servers.noom}
    return own if arguments.alone else {**own, "ws": servers.ws, "Socket.IO": servers.socket_io}


def further(arguments):
    """Of messages: other ways to use noom-signal, and the kernel's limit."""
    return {
        "noom-signal without the feature resume": servers.noom_plain,
        "bare epoll, a system call for each": servers.bare_each,
        "bare epoll, gathered": servers.bare_gathered,
    }


# --- messages


def messages(arguments):
    starts = {**peers(arguments), **further(arguments)}
    seconds = ["--seconds", arguments.seconds, "--rooms", arguments.rooms]
    for what, options in (
        ("as many as it takes", ["--window", arguments.window]),
        (f"{arguments.message_rate:,}/s offered", ["--rate", arguments.message_rate]),
    ):
        found = alternate(arguments, starts, lambda start: generate(arguments, start, "messages", *seconds, *options))
        own = {name: found[name] for name in peers(arguments)}
        compare(f"200 B to the 7 others of a room, {what}: relayed/s", own, "relayed_per_second", larger_is_better=True)
        compare("  relayed in a second of CPU", own, "relayed_per_cpu_second", larger_is_better=True)
        compare("  the server's share of its CPU", own, "cpu_share", digits=2)
        compare("  the generator's share of its own", own, "generator_share", digits=2)
        for name in further(arguments):
            compare(f"  {name}: relayed/s", {name: found[name]}, "relayed_per_second")
            compare("    relayed in a second of CPU", {name: found[name]}, "relayed_per_cpu_second")


# --- coming in and coming back


def latencies(arguments):
    options = ["--rooms", arguments.rooms]
    for mode, figures, extra in (
        ("joins", (("join → peers informed, p50 ms", "informed_p50_ms"), ("  p99 ms", "informed_p99_ms")), ["--seconds", arguments.seconds]),
        ("resume", (("resume with a message missed, p50 ms", "resume_p50_ms"), ("  p99 ms", "resume_p99_ms")), ["--count", arguments.resumes]),
    ):
        starts = {**peers(arguments), CLUSTER: servers.noom_over_nats}
        found = alternate(arguments, starts, lambda start: generate(arguments, start, mode, *options, *extra))
        cluster = found.pop(CLUSTER)
        for label, figure in figures:
            compare(label, found, figure, digits=2)
        if mode == "joins":
            compare("  CPU µs of a join and a leave", found, "cpu_us_per_visit", digits=1)
        else:
            compare("  sessions recovered, share", found, "recovered_share", larger_is_better=True, digits=2)
            compare("  messages lost", found, "lost")
        for label, figure in figures:
            compare(f"{label}, {CLUSTER}", {CLUSTER: cluster}, figure, digits=2)


def storm(arguments):
    found = alternate(arguments, peers(arguments), lambda start: generate(arguments, start, "storm", "--clients", arguments.storm))
    compare(f"{arguments.storm:,} cut and back at once: healed in s", found, "healed_seconds", digits=2)
    compare("  CPU µs of each return", found, "cpu_us_per_client", digits=1)
    compare("  connections that the server ended, made again", found, "retries")
    compare("  sessions recovered, share", found, "recovered_share", larger_is_better=True, digits=2)
    compare("  messages lost", found, "lost")


# --- memory


class SocketIoClient(websocket.Client):
    """As much of Socket.IO as it takes to be in a room."""

    def __init__(self, port, tls):
        super().__init__(port, path="/socket.io/?EIO=4&transport=websocket", tls=tls)

    def _say(self, text):
        self.send_raw_text(text)
        return self.read_frame()

    def join(self, room):
        self.read_frame()  # open
        self._say("40")
        self._say(f'421["join","{room}"]')


def resident_bytes(pid):
    return int(pathlib.Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE")


def memory_of(arguments, start, directory):
    """Resident bytes for each idle connection in a room of eight, the kernel's for its socket not counted."""
    tls = ssl.create_default_context(cafile=directory / "ca.pem") if directory else None
    with start(arguments, directory) as target, contextlib.ExitStack() as open_clients:
        kind = SocketIoClient if target.dialect == "socket.io" else websocket.Client
        before = 0
        for number in range(MEMORY_WARM_UP + arguments.websockets):
            if number == MEMORY_WARM_UP:
                before = resident_bytes(target.pid)
            client = open_clients.enter_context(kind(target.port, tls=tls))
            client.join(f"room-{number // 8}")
        return {"resident_bytes": (resident_bytes(target.pid) - before) / arguments.websockets}


def memory(arguments):
    with tempfile.TemporaryDirectory(prefix="noom-bench-") as name:
        directory = pathlib.Path(name)
        with servers.noom(arguments, directory):
            pass  # makes the certificate
        for label, where in (("plain", None), ("TLS", directory)):
            found = alternate(arguments, peers(arguments), lambda start: memory_of(arguments, start, where))
            compare(f"{arguments.websockets} idle WebSockets in rooms of 8, {label}: bytes each", found, "resident_bytes")


PARTS = {"memory": memory, "messages": messages, "latencies": latencies, "storm": storm}


def run(arguments):
    os.environ.setdefault("NOOM_SIGNAL", str(arguments.build / "signal" / "noom-signal"))
    cpus = os.sched_getaffinity(0)
    arguments.generator_cpu = max(cpus)
    os.sched_setaffinity(0, {min(cpus)})  # inherited by the servers
    heading(arguments, peers(arguments))
    for name, part in PARTS.items():
        if arguments.only in (None, name):
            part(arguments)
    return 0
