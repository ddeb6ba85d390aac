"""coturn's own client through noom-turn: every way it can be asked to relay, and not one message lost.

    turnutils_test.py udp|tcp|tls
"""

import itertools
import pathlib
import re
import sys
import tempfile
import unittest

import harness
import minimal
import relay

# Over TLS uclient takes each record for one message and loses the second of two that a server writes at once: 100 ms between messages.
TRANSPORT_FLAGS = {"udp": [], "tcp": ["-t"], "tls": ["-t", "-S", "-z", "100"]}
FRAMING_FLAGS = {"channels": [], "indications": ["-s"]}
CREDENTIALS = {"user": ["-u", relay.USER, "-w", relay.PASSWORD], "secret": ["-u", "alice", "-W", minimal.SECRET]}
CLIENTS, MESSAGES = 2, 12
TIMEOUT_S = 90
AT_ONCE = 8

transport = "udp"


class Uclient:
    """One run of turnutils_uclient. `client` and `relayed`: the address families towards the server and of the relayed address."""

    def __init__(self, folder, server_port, certificate, client, relayed, framing, credentials, peer):
        self.name = f"{transport} client {client} relay {relayed} {framing} {credentials} {'echo' if peer else 'client-to-client'}"
        target = ["-e", peer[0], "-r", peer[1]] if peer else ["-y"]
        command = [
            "turnutils_uclient", *TRANSPORT_FLAGS[transport], *FRAMING_FLAGS[framing], *CREDENTIALS[credentials], *target,
            "-c",  # no second allocation on the next port for RTCP
            "-x" if relayed == "v6" else "-X",
            "-E", certificate, "-p", server_port, "-n", MESSAGES, "-m", CLIENTS, relay.HOSTS[client],
        ]  # fmt: skip
        self._process = harness.Process(command, pathlib.Path(folder) / (self.name.replace(" ", "_") + ".log"))

    def result(self):
        """What it printed last, or what went wrong."""
        code = self._process.wait(TIMEOUT_S)
        self._process.stop()
        log = self._process.log()
        counts = re.findall(r"tot_send_msgs=(\d+), tot_recv_msgs=(\d+)", log)
        lost = re.findall(r"Total lost packets (\d+) .*total send dropped (\d+)", log)
        return code, counts[-1:], lost[-1:], log


class Turnutils(unittest.TestCase):
    def test_relays_every_message_of_every_kind_of_client(self):
        with relay.running() as (turn, certificate), tempfile.TemporaryDirectory() as folder, relay.echo_peer("v4") as v4, relay.echo_peer("v6") as v6:
            kinds = [
                (client, relayed, framing, credentials, peer)
                for client, relayed, framing, to_peer in itertools.product(relay.HOSTS, relay.HOSTS, FRAMING_FLAGS, (True, False))
                for credentials in ("user" if client == relayed else "secret",)
                for peer in ({"v4": v4, "v6": v6}[relayed] if to_peer else None,)
            ]
            for start in range(0, len(kinds), AT_ONCE):
                runs = [
                    Uclient(folder, turn.port(transport, relay.HOSTS[kind[0]]), certificate, *kind) for kind in kinds[start : start + AT_ONCE]
                ]
                for run in runs:
                    self.assertNothingLost(run)

    def assertNothingLost(self, run):
        code, counts, lost, log = run.result()
        expected = str(CLIENTS * MESSAGES)
        with self.subTest(run.name):
            self.assertEqual((code, counts, lost), (0, [(expected, expected)], [("0", "0")]), log)


if __name__ == "__main__":
    transport = sys.argv.pop(1)
    unittest.main()
