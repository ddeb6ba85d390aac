"""coturn's own client through noom-turn: every way it can be asked to relay, and not one message lost.

    turnutils_test.py udp|tcp|tls|shared_tcp|shared_tls|dtls|shared_dtls

The shared ones go to the port that serves both.
"""

import concurrent.futures
import itertools
import pathlib
import re
import sys
import tempfile
import unittest

import harness
import minimal
import relay

# Over TLS uclient takes each record for one message, and counts the second of two that a server writes at once as lost: 100 ms between
# messages make that rare, and -v prints the sizes by which such messages are told from lost ones.
TLS_FLAGS = ["-t", "-S", "-z", "100", "-v"]
TRANSPORT_FLAGS = {"udp": [], "tcp": ["-t"], "tls": TLS_FLAGS, "shared_tcp": ["-t"], "shared_tls": TLS_FLAGS, "dtls": ["-S"], "shared_dtls": ["-S"]}
LISTENERS = {"shared_tcp": "tcp_or_tls", "shared_tls": "tcp_or_tls", "shared_dtls": "udp_or_dtls"}
PAYLOAD_BYTES = 100
FRAME_BYTES = {
    ("channels", "v4"): 4 + PAYLOAD_BYTES,
    ("channels", "v6"): 4 + PAYLOAD_BYTES,
    ("indications", "v4"): 20 + 12 + 4 + PAYLOAD_BYTES,
    ("indications", "v6"): 20 + 24 + 4 + PAYLOAD_BYTES,
}
# -c: no second allocation on the next port for RTCP. Without it uclient asks for an even port with the next one reserved (EVEN-PORT), and
# makes the second allocation by its RESERVATION-TOKEN; with channels that would be twice the numbers to draw, see DRAWS_MAX.
FRAMING_FLAGS = {"channels": ["-c"], "indications": ["-s"]}
ALLOCATIONS = {"channels": 1, "indications": 2}
CREDENTIALS = {"user": ["-u", relay.USER, "-w", relay.PASSWORD], "secret": ["-u", "alice", "-W", minimal.SECRET]}
MESSAGES = 12
TIMEOUT_S = 90
AT_ONCE = 8
# Debian's uclient draws channel numbers from RFC 5766's range, 0x4000-0x7FFF, and gives up when the server holds it to RFC 8656's, a quarter
# of that. Two clients are lucky one time in 16: 400 draws fail once in 10^11.
DRAWS_MAX = 400
# The challenge; those channel numbers; and a later client on the port of one that gave up and left its allocation behind.
EXPECTED_REFUSALS = {"no_integrity", "channel_out_of_range", "allocation_exists"}

transport = "udp"


class Uclient:
    """One way to run turnutils_uclient. `client` and `relayed`: the address families towards the server and of the relayed address."""

    def __init__(self, folder, server_port, certificate, client, relayed, framing, credentials, peer):
        self.name = f"{transport} client {client} relay {relayed} {framing} {credentials} {'echo' if peer else 'client-to-client'}"
        self.clients = 1 if peer else 2
        self.senders = self.clients * ALLOCATIONS[framing]
        self._frame_bytes = FRAME_BYTES[framing, relayed]
        target = ["-e", peer[0], "-r", peer[1]] if peer else ["-y"]
        self._command = [
            "turnutils_uclient", *TRANSPORT_FLAGS[transport], *FRAMING_FLAGS[framing], *CREDENTIALS[credentials], *target,
            "-x" if relayed == "v6" else "-X",
            "-E", certificate, "-p", server_port, "-l", PAYLOAD_BYTES, "-n", MESSAGES, "-m", self.clients, relay.HOSTS[client],
        ]  # fmt: skip
        self._log_path = pathlib.Path(folder) / (self.name.replace(" ", "_") + ".log")

    def run(self):
        """(exit code, messages sent, received, lost, log) of the first run that drew channel numbers which RFC 8656 allows."""
        for _ in range(DRAWS_MAX):
            process = harness.Process(self._command, self._log_path)
            code = process.wait(TIMEOUT_S)
            process.stop()
            log = process.log()
            if "channel bind: error 400" not in log:
                break
        sent, received = last(r"tot_send_msgs=(\d+), tot_recv_msgs=(\d+)", log)
        lost, dropped = last(r"Total lost packets (\d+) .*total send dropped (\d+)", log)
        unread = self._unread(log)
        return code, sent, received + unread, lost - unread + dropped, log

    def _unread(self, log):
        """Messages that arrived in the same TLS record behind another."""
        reads = [divmod(int(size), self._frame_bytes) for size in re.findall(r"response received: size=(\d+)", log)]
        return sum(frames - 1 for frames, rest in reads if frames > 1 and rest == 0)


def last(pattern, log):
    """The two numbers of the last match."""
    found = re.findall(pattern, log)
    return map(int, found[-1]) if found else (-1, -1)


def kinds(peers):
    """Every combination, the two sorts of credentials spread over them."""
    for client, relayed, framing, to_peer in itertools.product(relay.HOSTS, relay.HOSTS, FRAMING_FLAGS, (True, False)):
        yield client, relayed, framing, "user" if client == relayed else "secret", peers[relayed] if to_peer else None


class Turnutils(unittest.TestCase):
    def test_relays_every_message_of_every_kind_of_client(self):
        with relay.running() as (turn, certificate), tempfile.TemporaryDirectory() as folder, relay.echo_peer("v4") as v4, relay.echo_peer("v6") as v6:
            clients = [
                Uclient(folder, turn.port(LISTENERS.get(transport, transport), relay.HOSTS[kind[0]]), certificate, *kind) for kind in kinds({"v4": v4, "v6": v6})
            ]
            with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
                for client, result in zip(clients, pool.map(Uclient.run, clients)):
                    self.assertNothingLost(client, *result)
            self.assertEqual(EXPECTED_REFUSALS, refusals(turn) | EXPECTED_REFUSALS)
            self.assertEqual({transport.removeprefix("shared_")}, allocating_transports(turn))

    def test_clients_that_allocate_and_vanish_leave_no_more_than_their_lifetime(self):
        """uclient's flood mode. Over a stream the allocation ends with its connection; over datagrams nobody can know, and it is counted as alive."""
        with relay.running() as (turn, certificate), relay.echo_peer("v4") as (host, port), tempfile.TemporaryDirectory() as folder:
            command = [
                "turnutils_uclient", "-O", "-c", "-X", *TRANSPORT_FLAGS[transport], *CREDENTIALS["user"], "-e", host, "-r", port, "-m", AT_ONCE,
                "-n", 2, "-E", certificate, "-p", turn.port(LISTENERS.get(transport, transport), relay.HOSTS["v4"]), relay.HOSTS["v4"],
            ]  # fmt: skip
            flood = harness.Process(command, pathlib.Path(folder) / "flood.log")
            self.assertEqual(0, flood.wait(TIMEOUT_S), flood.log())
            made = allocations(turn, "created_total")
            self.assertGreater(made, 0, flood.log())
            if transport.removeprefix("shared_") in ("tcp", "tls"):
                turn.process.wait_for(lambda: allocations(turn) == 0, "no allocation left")
            ended = sum(count for series, count in turn.metrics().items() if series.startswith("noom_turn_allocations_ended_total"))
            self.assertEqual(made, ended + allocations(turn))

    def assertNothingLost(self, client, code, sent, received, lost, log):
        expected = client.senders * MESSAGES
        with self.subTest(client.name):
            self.assertEqual((code, sent, received, lost), (0, expected, expected, 0), log)


def allocating_transports(turn):
    """Over which clients have made allocations, to the server's mind."""
    pattern = r'noom_turn_allocations_created_total{transport="(\w+)"'
    return {match[1] for series, count in turn.metrics().items() if count and (match := re.match(pattern, series))}


def allocations(turn, what=""):
    """Alive, or as the name of the metric goes on."""
    name = "noom_turn_allocations" + (what and f"_{what}") + "{"
    return int(sum(count for series, count in turn.metrics().items() if series.startswith(name)))


def refusals(turn):
    """The reasons for which the server refused anything."""
    return {match[1] for series, count in turn.metrics().items() if count and (match := re.match(r'noom_turn_refusals_total{.*reason="(\w+)"', series))}


if __name__ == "__main__":
    transport = sys.argv.pop(1)
    unittest.main()
