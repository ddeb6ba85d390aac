"""SIGHUP on a noom-stun that is serving: what it takes over, what it leaves for a restart, what it refuses."""

import os
import signal
import socket
import unittest

import minimal


class StunReload(unittest.TestCase):
    def setUp(self):
        self.stun = minimal.start("noom-stun", limits={"tcp_connections": 1}, binding={"classic": False})
        self.addCleanup(self.stun.stop)

    def reload(self, event, old, new):
        text = self.stun.config_path.read_text()
        self.assertIn(old, text)
        self.stun.config_path.write_text(text.replace(old, new))
        before = self.stun.log().count(event)
        os.kill(self.stun.pid, signal.SIGHUP)
        self.stun.process.wait_for(lambda: self.stun.log().count(event) > before, event)

    def asks(self, request):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.settimeout(0.5)
            client.connect(("127.0.0.1", self.stun.port("udp")))
            client.send(request)
            try:
                return client.recv(1500)
            except TimeoutError:
                return None

    def test_switches_and_limits_change_while_clients_are_served(self):
        classic = b"\x00\x01\x00\x00" + bytes(range(1, 17))
        self.assertIsNone(self.asks(classic))
        self.reload("event=reloaded", "classic = false", "classic = true")
        self.stun.process.wait_for(lambda: self.asks(classic), "an answer to classic STUN")
        self.assertNotIn("restart_needed", self.stun.log())

    def test_what_needs_a_restart_is_named(self):
        self.reload("event=restart_needed", '"127.0.0.1:0"', '"127.0.0.1:1"')
        self.assertRegex(self.stun.log(), r'keys="?listen\.udp')

    def test_a_configuration_with_an_error_changes_nothing(self):
        self.reload("event=reload_refused", "tcp_connections = 1", "tcp_connections = 0")


if __name__ == "__main__":
    unittest.main()
