"""Sessions that outlive their connections, through the real daemon: exact replay, away, slow readers, taking over, limits."""

import os
import signal
import tempfile
import threading
import unittest

from harness import Daemon
from resuming import Resuming
from websocket import Client, Closed

def daemon(resume=None, state=None, **limits):
    limits = {"messages_per_s": 0, "sends_per_s": 0, "room_events_per_s": 0, "joins_per_s": 0, **limits}
    return Daemon("noom-signal", {"listen": {"http": ["127.0.0.1:0"]}, "web": {"root": ""}, "resume": resume or {}, "state": state or {}, "limits": limits})


class ResumeTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.daemon = daemon({"away_after_s": 1, "window_s": 60})
        cls.port = cls.daemon.port("http")

    @classmethod
    def tearDownClass(cls):
        cls.daemon.stop()

    def await_metric(self, name, value):
        self.daemon.process.wait_for(lambda: self.daemon.metrics()[name] == value, f"{name} {value}")

    def test_everything_that_was_missed_comes_once_and_in_order(self):
        with Resuming(self.port) as ann, Resuming(self.port) as bo:
            me = ann.join("replay")
            bo.join("replay")
            ann.receive_type("peer_joined")
            ann.lose()
            for number in range(100):
                bo.send({"type": "send", "data": number} if number % 2 else {"type": "send", "to": me["peer"], "data": number})
            for _ in range(50):
                bo.receive_type("ok")
            welcome = ann.connect()
            self.assertEqual((welcome["recovered"], welcome["room"], welcome["peer"]), (True, "replay", me["peer"]))
            self.assertEqual([ann.receive_type("message")["data"] for _ in range(100)], list(range(100)))

    def test_a_loss_is_seen_as_away_and_a_return_as_present(self):
        with Resuming(self.port) as ann, Resuming(self.port) as bo:
            me = ann.join("away")
            bo.join("away")
            ann.lose()
            event = bo.receive_type("presence")
            self.assertEqual((event["peer"], event["state"]), (me["peer"], "away"))
            ann.connect()
            self.assertEqual(bo.receive_type("presence")["state"], "present")

    def test_a_slow_reader_is_closed_with_4408_and_then_misses_nothing(self):
        chunk = "x" * 60000
        with Resuming(self.port) as ann, Resuming(self.port, receive_buffer=4096) as slow:
            ann.join("slow")
            slow.join("slow")
            ann.receive_type("peer_joined")
            for number in range(26):
                ann.send({"type": "send", "id": number, "data": [number, chunk]})
                ann.receive_type("ok")
            got = []
            try:
                while True:
                    message = slow.receive()
                    if message["type"] == "message":
                        got.append(message["data"][0])
            except Closed as closed:
                self.assertEqual(closed.code, 4408)
            self.assertLess(len(got), 26)
            welcome = slow.connect(receive_buffer=None)
            self.assertTrue(welcome["recovered"])
            while len(got) < 26:
                got.append(slow.receive_type("message")["data"][0])
            self.assertEqual(got, list(range(26)))

    def test_a_second_connection_takes_over_and_the_first_is_closed_with_4409(self):
        with Resuming(self.port) as ann:
            ann.join("twice")
            first = ann.client
            self.assertTrue(ann.connect()["recovered"])
            self.assertEqual(first.close_code(), 4409)
            first.close()

    def test_forged_and_used_tickets_get_nothing(self):
        with Resuming(self.port) as ann:
            ann.join("forged")
            used = ann.ticket
            ann.lose()
            ann.connect()
            ann.send({"type": "ack", "received": ann.received})
            ann.send({"type": "ping"})
            ann.receive()
            for ticket, reason in ((used, "ticket_used"), (used[:-4] + "AAAA", "ticket_invalid"), ("x", "ticket_invalid")):
                thief = Resuming(self.port)
                thief.ticket = ticket
                with thief:
                    welcome = thief.connect()
                    self.assertEqual((welcome["recovered"], welcome["reason"]), (False, reason))
                    self.assertNotEqual(welcome["session"], ann.welcome["session"])
            self.assertGreaterEqual(self.daemon.metrics()['noom_signal_resumes_total{outcome="ticket_invalid"}'], 2)


    def test_a_slow_reader_is_spared_updates_that_later_ones_make_pointless(self):
        with Resuming(self.port) as ann, Resuming(self.port, receive_buffer=4096) as slow:
            ann.join("updates")
            joined = slow.join("updates")
            ann.receive_type("peer_joined")
            for number in range(12):
                ann.send({"type": "send", "data": "x" * 60000})
                ann.receive_type("ok")
            for number in range(100):
                ann.send({"type": "update", "metadata": {"n": number, "pad": "x" * 2000}})
                ann.receive_type("ok")
            kinds, seq = [], joined["seq"]
            while not kinds or kinds[-1][1] != 99:
                event = slow.receive()
                if event["type"] in ("message", "peer_updated", "superseded"):
                    seq += 1
                    self.assertEqual(event["seq"], seq)
                    kinds.append((event["type"], event.get("metadata", {}).get("n")))
            self.assertGreater(sum(1 for kind, _ in kinds if kind == "superseded"), 50)
        self.assertGreater(self.daemon.metrics()["noom_signal_superseded_total"], 50)


class RestartTest(unittest.TestCase):
    def test_a_restart_loses_nothing_and_nobody_sees_a_leave(self):
        with tempfile.TemporaryDirectory() as state:
            first = daemon(state={"directory": state})
            ann, bo = Resuming(first.port("http")), Resuming(first.port("http"))
            me = ann.join("restart")
            bo.join("restart")
            ann.receive_type("peer_joined")
            ann.lose()
            bo.send({"type": "send", "id": 1, "data": "before"})
            bo.receive_type("ok")
            stopping = threading.Thread(target=first.stop)
            stopping.start()
            self.assertIn("reconnect_after_ms", bo.receive_type("go_away"))
            self.assertEqual(bo.client.close_code(), 1001)
            bo.lose()
            stopping.join()
            self.assertEqual(sorted(os.listdir(state)), ["sessions.sealed", "ticket.key"])
            for name in os.listdir(state):
                self.assertEqual(os.stat(os.path.join(state, name)).st_mode & 0o077, 0, name)
            with daemon(state={"directory": state}) as second, ann, bo:
                self.assertEqual(os.listdir(state), ["ticket.key"])
                ann.port = bo.port = second.port("http")
                self.assertTrue(bo.connect()["recovered"])
                bo.send({"type": "send", "id": 2, "data": "after"})
                welcome = ann.connect()
                self.assertEqual((welcome["recovered"], welcome["peer"]), (True, me["peer"]))
                self.assertEqual([ann.receive_type("message")["data"] for _ in range(2)], ["before", "after"])
                second.process.wait_for(lambda: second.metrics()["noom_signal_members"] == 2, "both in the room")

    def test_after_a_crash_a_ticket_gives_back_the_peer_id_and_says_so(self):
        with tempfile.TemporaryDirectory() as state:
            first = daemon(state={"directory": state})
            ann = Resuming(first.port("http"))
            me = ann.join("crash")
            os.kill(first.pid, signal.SIGKILL)
            self.assertIsNone(ann.client.close_code())
            ann.lose()
            first.process.wait(20)
            with daemon(state={"directory": state}) as second, ann:
                ann.port = second.port("http")
                self.assertEqual(ann.connect()["reason"], "session_unknown")
                ann.send({"type": "join", "room": "crash"})
                self.assertEqual(ann.receive_type("joined")["peer"], me["peer"])


class WindowTest(unittest.TestCase):
    def test_after_the_window_the_peer_has_left(self):
        with daemon({"away_after_s": 0, "window_s": 1}) as server:
            with Resuming(server.port("http")) as ann, Resuming(server.port("http")) as bo:
                ann.join("window")
                bo.join("window")
                ann.lose()
                self.assertEqual(bo.receive_type("peer_left")["reason"], "closed")
                self.assertEqual(ann.connect()["reason"], "session_unknown")


if __name__ == "__main__":
    unittest.main(verbosity=2)
