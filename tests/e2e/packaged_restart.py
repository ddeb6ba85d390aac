"""packaged_restart.py HOST COMMAND…: two calls through daemons at their default ports, one over UDP and one over TCP, on while COMMAND restarts
noom-turn. Fails by an exception when more than 200 ms of their datagrams are lost."""

import contextlib
import struct
import subprocess
import sys
import threading
import time

import packaged_call
import turn_client

INTERVAL_S = 0.02
LOST_MAX_S = 0.2
HEARD_AFTERWARDS = 50


class Call:
    """From one client over its relay to the relay of another, and to that one."""

    def __init__(self, host, transport, username, password):
        self.transport = transport
        self.clients = [turn_client.Client(transport, (host, packaged_call.TURN), username, password) for _ in range(2)]
        at = [client.allocate().address(turn_client.XOR_RELAYED_ADDRESS) for client in self.clients]
        for client, other in zip(self.clients, reversed(at)):
            assert client.bind(packaged_call.CHANNEL, other).code == 0
        self.sent, self.heard = 0, {}
        self._over, self._something = threading.Event(), threading.Event()
        self._threads = [threading.Thread(target=each, daemon=True) for each in (self._speak, self._hear)]
        for thread in self._threads:
            thread.start()

    def _speak(self):
        while not self._over.wait(INTERVAL_S):
            self.clients[0].send_channel(packaged_call.CHANNEL, struct.pack("!Q", self.sent))
            self.sent += 1

    def _hear(self):
        with contextlib.suppress(OSError, EOFError):
            while True:
                number = struct.unpack("!Q", self.clients[1].receive_channel(packaged_call.CHANNEL))[0]
                self.heard[number] = time.monotonic()
                self._something.set()

    def hear_more(self):
        """As much as is sent from now on, to know that it goes on."""
        first, deadline = self.sent, time.monotonic() + turn_client.PATIENCE_S
        while sum(number >= first for number in list(self.heard)) < HEARD_AFTERWARDS:
            assert time.monotonic() < deadline, f"{self.transport}: silence"
            self._something.wait(INTERVAL_S)
            self._something.clear()

    def end(self):
        self._over.set()
        self._threads[0].join()
        heard = sorted(self.heard.items())
        lost = heard[-1][0] + 1 - len(heard)
        silence = max(later - earlier for (_, earlier), (_, later) in zip(heard, heard[1:]))
        print(f"{self.transport}: {lost} of {self.sent} lost, the longest silence {silence * 1000:.0f} ms")
        assert lost * INTERVAL_S < LOST_MAX_S, lost


def main(host, *restart):
    username, password = packaged_call.credentials(host)
    calls = [Call(host, transport, username, password) for transport in ("udp", "tcp")]
    for call in calls:
        call.hear_more()
    subprocess.run(restart, check=True)
    for call in calls:
        call.hear_more()
        call.end()


if __name__ == "__main__":
    main(*sys.argv[1:])
