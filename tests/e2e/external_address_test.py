"""External addresses by name and by STUN, as an operator behind a NAT that changes has them: what clients are told, what is kept, what waits."""

import socket
import struct
import threading
import time
import unittest

import minimal
import plain_client

MAGIC = 0x2112A442


class FakeStun:
    """Tells everybody the same address, when it tells anything."""

    def __init__(self):
        self.mapped = None
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self):
        while True:
            try:
                request, client = self._socket.recvfrom(2048)
            except OSError:
                return
            if self.mapped is None or len(request) < 20:
                continue
            address = struct.unpack("!I", socket.inet_aton(self.mapped))[0] ^ MAGIC
            attribute = struct.pack("!HHBBHI", 0x0020, 8, 0, 1, 4242 ^ (MAGIC >> 16), address)
            self._socket.sendto(struct.pack("!HH", 0x0101, len(attribute)) + request[4:20] + attribute, client)

    def close(self):
        self._socket.close()


def start(*external, **relay):
    return minimal.start("noom-turn", relay={"addresses": ["127.0.0.1"], "external_addresses": list(external), "external_refresh_s": 1, **relay})


def external(daemon):
    """What the metrics say that 127.0.0.1 is known by."""
    found = [series for series in daemon.metrics() if series.startswith('noom_turn_relay_address_info{local="127.0.0.1"')]
    return found[0].split('external="')[1].rstrip('"}')


class ExternalAddress(unittest.TestCase):
    def wait_for_external(self, daemon, address):
        daemon.process.wait_for(lambda: external(daemon) == address, f"external address {address}")

    def allocate(self, daemon):
        return self.client(daemon).allocate()

    def client(self, daemon, host="127.0.0.1"):
        credentials = plain_client.rest_credentials(minimal.SECRET, "alice", time.time() + 3600)
        client = plain_client.TurnClient.udp((host, daemon.port("udp", host)), *credentials)
        self.addCleanup(client.close)
        return client

    def test_a_name_is_resolved_before_the_first_client_comes(self):
        with start("localhost") as daemon:
            self.assertEqual(200, daemon.admin("/readyz")[0])
            self.assertEqual("127.0.0.1", self.allocate(daemon).relayed[0])

    def test_noom_stun_tells_noom_turn_its_address(self):
        with minimal.start("noom-stun") as stun, start(f"stun://127.0.0.1:{stun.port('udp')}") as daemon:
            self.assertEqual("127.0.0.1", self.allocate(daemon).relayed[0])
            self.assertEqual(1, daemon.metrics()['noom_turn_relay_address_info{local="127.0.0.1",external="127.0.0.1"}'])

    def test_without_an_answer_it_starts_unready_and_takes_the_answer_when_it_comes(self):
        stun = FakeStun()
        self.addCleanup(stun.close)
        with start(f"stun://127.0.0.1:{stun.port}") as daemon:
            self.assertEqual(503, daemon.admin("/readyz")[0])
            self.assertEqual(508, self.allocate(daemon).error)
            stun.mapped = "203.0.113.5"
            self.wait_for_external(daemon, "203.0.113.5")
            self.assertEqual(200, daemon.admin("/readyz")[0])
            self.assertEqual("203.0.113.5", self.allocate(daemon).relayed[0])
            self.assertIn("event=external_address ", daemon.log())

    def test_a_change_is_for_new_allocations_and_a_silent_server_changes_nothing(self):
        stun = FakeStun()
        self.addCleanup(stun.close)
        stun.mapped = "203.0.113.5"
        with start(f"stun://127.0.0.1:{stun.port}") as daemon:
            old = self.client(daemon)
            self.assertEqual("203.0.113.5", old.allocate().relayed[0])
            stun.mapped = "203.0.113.6"
            self.wait_for_external(daemon, "203.0.113.6")
            self.assertEqual("203.0.113.6", self.allocate(daemon).relayed[0])
            self.assertIsNone(old.refresh(600).error)
            stun.mapped = None
            failed = 'noom_turn_external_lookups_total{result="failed"}'
            daemon.process.wait_for(lambda: daemon.metrics()[failed] > 0, "a failed look-up")
            self.assertEqual("203.0.113.6", self.allocate(daemon).relayed[0])
            self.assertEqual(200, daemon.admin("/readyz")[0])

    def test_clients_of_a_listener_get_its_address(self):
        with minimal.start(
            "noom-turn",
            listen={"udp": ["127.0.0.1:0", "127.0.0.2:0"], "tcp": []},
            relay={"addresses": ["127.0.0.1"], "external_addresses": ["203.0.113.5"],
                   "listener_addresses": ["udp://127.0.0.2:0=127.0.0.1 203.0.113.7"]},
        ) as daemon:  # fmt: skip
            for host, told in (("127.0.0.1", "203.0.113.5"), ("127.0.0.2", "203.0.113.7")):
                self.assertEqual(told, self.client(daemon, host).allocate().relayed[0])


if __name__ == "__main__":
    unittest.main()
