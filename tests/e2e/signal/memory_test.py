"""Slow readers, half-open connections and half-sent messages cost noom-signal a bounded amount of memory, whatever carries them."""

import json
import pathlib
import re
import socket
import unittest

from fallback import Poll, Sse
from harness import Daemon
from websocket import TEXT, TIMEOUT_S, Client, frame

MIB = 1 << 20
CHUNK = "x" * 60_000
# Freed memory is reused at once, as in a build without sanitizers.
PLAIN_MEMORY = {"ASAN_OPTIONS": "quarantine_size_mb=1"}


def daemon(**limits):
    limits = {"messages_per_s": 0, "sends_per_s": 0, "room_events_per_s": 0, "joins_per_s": 0, **limits}
    return Daemon("noom-signal", {"listen": {"http": ["127.0.0.1:0"]}, "web": {"root": ""}, "limits": limits}, environment=PLAIN_MEMORY)


def peak(signal):
    """Bytes that were resident at most."""
    return int(re.search(r"VmHWM:\s+(\d+) kB", pathlib.Path(f"/proc/{signal.pid}/status").read_text()).group(1)) * 1024


class MemoryTest(unittest.TestCase):
    def test_readers_that_do_not_read_hold_no_more_than_may_be_queued_for_all(self):
        with daemon(outbound_total_bytes=4 * MIB) as signal:
            port = signal.port("http")
            for warm_up in (True, False):
                slow = [kind(port, receive_buffer=4096) for kind in (Client, Sse, Poll) for _ in range(2)]
                with Client(port) as ann:
                    ann.join(f"slow-{warm_up}")
                    peers = [reader.join(f"slow-{warm_up}")["peer"] for reader in slow]
                    before = peak(signal)
                    # Each peer's texts are its own: 6 times 7 MiB, unless something bounds them.
                    for number in range(10 if warm_up else 120):
                        for peer in peers:
                            ann.send({"type": "send", "to": peer, "data": [number, CHUNK]})
                        if number % 10 == 0:
                            self.assertLessEqual(signal.metrics()["noom_signal_queued_bytes"], 4 * MIB + 100_000)
                    ann.send({"type": "ping"})
                    ann.receive_type("pong")
                for reader in slow:
                    reader.close()
            signal.process.wait_for(lambda: signal.metrics()['noom_signal_closes_total{code="4408"}'] >= 1, "the slow ones to have been closed")
            self.assertLess(peak(signal) - before, 16 * MIB)

    def test_connections_that_say_little_hold_little(self):
        with daemon() as signal, Sse(signal.port("http")) as sse:
            port = signal.port("http")
            sse.hello()
            before = peak(signal)
            halves = [
                b"",
                b"GET /v1/sse HTTP/1.1\r\nHost: ",
                b"GET /v1/poll HTTP/1.1\r\nHost: a\r\n\r\n",
                b"POST /v1/sse/x.y?post=1 HTTP/1.1\r\nHost: a\r\nContent-Length: 65536\r\n\r\nx",
                f"POST /v1/sse/{sse.name}?post=9 HTTP/1.1\r\nHost: a\r\nContent-Length: 65536\r\n\r\nx".encode(),
            ]
            connections = []
            for number in range(500):
                connections.append(socket.create_connection(("127.0.0.1", port), timeout=TIMEOUT_S))
                connections[-1].sendall(halves[number % len(halves)])
            signal.process.wait_for(lambda: signal.metrics()["noom_signal_connections"] >= 300, "the connections")
            for connection in connections:
                connection.close()
            websockets = [Client(port) for _ in range(100)]
            for websocket in websockets:
                websocket.send_raw(frame(TEXT, b" " * 1000, fin=False) + frame(TEXT, b" " * 60_000)[:14])
            self.assertEqual(sse.post(json.dumps({"type": "ping"}).encode()), 204)
            self.assertEqual(sse.receive()["type"], "pong")
            for websocket in websockets:
                websocket.close()
            # 64 KiB for each that claims as much would be 36 MiB.
            self.assertLess(peak(signal) - before, 16 * MIB)


if __name__ == "__main__":
    unittest.main(verbosity=2)
