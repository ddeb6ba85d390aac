#!/usr/bin/env python3
"""Resident memory of noom-signal per idle WebSocket that is in a room, plain and over TLS.

usage: websocket_memory.py [connections]     (NOOM_SIGNAL names the program; default: the release build's)

Rooms are full (8). Memory is what the process holds (VmRSS) and what it does not share (Pss is the same here), after the last join, minus what it
held before the first: allocator, buffers and the kernel's pages for none of the sockets are counted in.
"""

import os
import pathlib
import resource
import ssl
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests" / "e2e"), str(ROOT / "tests" / "e2e" / "signal")]
os.environ.setdefault("NOOM_SIGNAL", str(ROOT / "build" / "release" / "signal" / "noom-signal"))

from harness import Daemon  # noqa: E402
from websocket import Client  # noqa: E402

WARM_UP = 64


def resident_bytes(pid):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    raise RuntimeError("no VmRSS")


def measure(daemon, port, count, tls):
    clients = []

    def add(number):
        client = Client(port, tls=tls)
        client.join(f"room{number // 8}", name=f"peer {number}")
        clients.append(client)

    for number in range(WARM_UP):
        add(number)
    before = resident_bytes(daemon.pid)
    for number in range(WARM_UP, WARM_UP + count):
        add(number)
    per_connection = (resident_bytes(daemon.pid) - before) / count
    for client in clients:
        client.close()
    return per_connection


def main():
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 2000
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    print(f"{'WebSocket':<10} {'idle, in a room of 8':>22}   goal")
    for name, goal in (("plain", "8.0 KB"), ("TLS", "22.0 KB")):
        with tempfile.TemporaryDirectory() as directory:
            config = {
                "listen": {"http": ["127.0.0.1:0"], "https": ["127.0.0.1:0"]},
                "web": {"root": ""},
                "turn": {"rest_secret": "0123456789abcdef"},
                "dev": {"directory": directory},
                "log": {"level": "warning"},
            }
            with Daemon("noom-signal", config, arguments=["--dev"]) as daemon:
                tls = ssl.create_default_context(cafile=f"{directory}/ca.pem") if name == "TLS" else None
                port = daemon.port("https" if tls else "http")
                per_connection = measure(daemon, port, count, tls)
        print(f"{name:<10} {per_connection / 1024:>19.1f} KB   {goal}")


if __name__ == "__main__":
    main()
