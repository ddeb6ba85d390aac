"""coturn's STUN client learns its address from noom-stun, and from noom-turn."""

import re
import subprocess
import unittest

import minimal
import relay

TIMEOUT_S = 30


def reflexive_address(host, port):
    """What turnutils_stunclient prints as its own address."""
    run = subprocess.run(["turnutils_stunclient", "-p", str(port), host], capture_output=True, text=True, timeout=TIMEOUT_S)
    found = re.search(r"UDP reflexive addr: (\S+)", run.stdout)
    return (run.returncode, found[1] if found else run.stdout + run.stderr)


class Stunclient(unittest.TestCase):
    def assertLearnsItsAddress(self, daemon):
        for host, printed in (("127.0.0.1", r"127\.0\.0\.1:\d+$"), ("::1", r"\[?::1\]?:\d+$")):
            code, address = reflexive_address(host, daemon.port("udp", host))
            self.assertEqual(code, 0, address)
            self.assertRegex(address, printed)


class NoomStun(Stunclient):
    def test_tells_its_client_the_address(self):
        with minimal.start("noom-stun", listen={"udp": ["127.0.0.1:0", "[::1]:0"]}) as stun:
            self.assertLearnsItsAddress(stun)


class NoomTurn(Stunclient):
    def test_tells_its_client_the_address(self):
        with relay.running() as (turn, _):
            self.assertLearnsItsAddress(turn)


if __name__ == "__main__":
    unittest.main()
