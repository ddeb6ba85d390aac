"""A drain: nobody new comes in, who is there goes on, and the daemon ends with the last of them or at its deadline. By SIGUSR1 and by noom-ctl."""

import os
import pathlib
import signal
import subprocess
import tempfile
import unittest

import harness
import relay
from turn_client import LIFETIME, REFRESH, Client

TRY_ALTERNATE, INSUFFICIENT_CAPACITY = 300, 508


def client_of(turn):
    return Client("udp", ("127.0.0.1", turn.port("udp", "127.0.0.1")), relay.USER, relay.PASSWORD)


class Drain(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.socket = pathlib.Path(scratch.name) / "admin.sock"

    def running(self, **tables):
        return relay.running(daemon={"admin_socket": str(self.socket)}, **tables)

    def ctl(self, *arguments):
        child = subprocess.Popen([harness.binary("noom-ctl"), *map(str, arguments), "--socket", self.socket], stdout=subprocess.PIPE, text=True)
        self.addCleanup(child.stdout.close)
        self.addCleanup(child.wait, harness.READY_TIMEOUT_S)
        return child

    def leave(self, client):
        self.assertEqual(0, client.request(REFRESH, [(LIFETIME, bytes(4))]).code)

    def test_sigusr1_ends_it_with_the_last_that_is_there(self):
        with self.running() as (turn, _), client_of(turn) as stays, client_of(turn) as comes:
            self.assertEqual(0, stays.allocate().code)
            self.assertEqual(200, turn.admin("/readyz")[0])
            os.kill(turn.pid, signal.SIGUSR1)
            turn.process.wait_for(lambda: "event=draining by=USR1 in_progress=1 timeout_s=none" in turn.log(), "the drain")
            turn.process.wait_for(lambda: turn.admin("/readyz")[0] == 503, "not ready")
            self.assertEqual(INSUFFICIENT_CAPACITY, comes.allocate().code)
            self.assertEqual(0, stays.request(REFRESH).code)
            self.leave(stays)
            self.assertEqual(0, turn.process.wait(harness.READY_TIMEOUT_S))
            self.assertIn("event=drained", turn.log())

    def test_noom_ctl_says_how_much_is_left_until_nothing_is(self):
        with self.running() as (turn, _), client_of(turn) as one, client_of(turn) as other:
            self.assertEqual((0, 0), (one.allocate().code, other.allocate().code))
            drain = self.ctl("drain", "turn")
            self.assertIn("noom-turn: draining", drain.stdout.readline())
            self.assertEqual("noom-turn: 2 in progress\n", drain.stdout.readline())
            self.leave(one)
            self.assertEqual("noom-turn: 1 in progress\n", drain.stdout.readline())
            self.leave(other)
            self.assertEqual("noom-turn: ended\n", drain.stdout.read())
            self.assertEqual(0, drain.wait(harness.READY_TIMEOUT_S))
            self.assertEqual(0, turn.process.wait(harness.READY_TIMEOUT_S))

    def test_a_second_order_sets_a_deadline_at_which_it_ends_all_the_same(self):
        with self.running() as (turn, _), client_of(turn) as stays:
            self.assertEqual(0, stays.allocate().code)
            self.assertEqual(0, self.ctl("drain", "turn", "--no-wait").wait(harness.READY_TIMEOUT_S))
            self.assertEqual(0, self.ctl("drain", "turn", "--deadline", 0).wait(harness.READY_TIMEOUT_S))
            self.assertEqual(0, turn.process.wait(harness.READY_TIMEOUT_S))
            self.assertIn("event=drain_timed_out in_progress=1", turn.log())

    def test_new_clients_are_sent_to_another_node_where_there_is_one(self):
        relays = {"addresses": ["127.0.0.1"], "alternate_servers": ["192.0.2.7:3478"], **relay.relay_ports()}
        with self.running(relay=relays) as (turn, _), client_of(turn) as stays, client_of(turn) as comes:
            self.assertEqual(0, stays.allocate().code)
            os.kill(turn.pid, signal.SIGUSR1)
            turn.process.wait_for(lambda: "event=draining" in turn.log(), "the drain")
            turn.process.wait_for(lambda: turn.admin("/readyz")[0] == 503, "not ready")
            self.assertEqual(TRY_ALTERNATE, comes.allocate().code)

    def test_a_deadline_that_is_none_is_refused(self):
        with self.running() as (turn, _):
            self.assertEqual(64, self.ctl("drain", "turn", "--deadline", "soon").wait(harness.READY_TIMEOUT_S))
            self.assertEqual(200, turn.admin("/readyz")[0])


if __name__ == "__main__":
    unittest.main()
