"""Signed webhooks, with a real receiver that takes, refuses, redirects, hangs, goes away and comes back."""

import hashlib
import hmac
import json
import pathlib
import socket
import ssl
import subprocess
import tempfile
import time
import unittest

from harness import Daemon
from post_receiver import Receiver
from websocket import Client

SECRET = "a webhook secret of length"


def verify(secret, header, body, tolerance_s=300):
    """As docs/operations.md shows it."""
    fields = dict(part.split("=", 1) for part in header.split(","))
    expected = hmac.new(secret.encode(), fields["t"].encode() + b"." + body, hashlib.sha256).hexdigest()
    return hmac.compare_digest(expected, fields["v1"]) and abs(time.time() - int(fields["t"])) <= tolerance_s


class WebhooksTest(unittest.TestCase):
    def setUp(self):
        self.directory = tempfile.TemporaryDirectory()
        self.addCleanup(self.directory.cleanup)
        self.secret = pathlib.Path(self.directory.name) / "secret"
        self.secret.write_text(SECRET + "\n")
        self.secret.chmod(0o600)

    def receiver(self, *args, **kwargs):
        receiver = Receiver(*args, **kwargs)
        self.addCleanup(receiver.stop)
        return receiver

    def start(self, *urls, **webhooks):
        return Daemon("noom-signal", {
            "listen": {"http": ["127.0.0.1:0"], "https": []},
            "web": {"root": ""},
            "webhooks": {"urls": list(urls), "secret_file": str(self.secret), **webhooks},
        })

    def come_and_go(self, daemon, room, name="Ann"):
        with Client(daemon.port("http")) as client:
            client.join(room, name=name)
            client.send({"type": "leave"})
            client.receive_type("left")

    def test_a_rooms_life_is_told_signed_and_in_order(self):
        receiver = self.receiver()
        with self.start(f"http://127.0.0.1:{receiver.port}/hook?a=1") as daemon:
            with Client(daemon.port("http")) as ann, Client(daemon.port("http")) as bo:
                peer = ann.join("standup", name="Ann")["peer"]
                bo.join("standup", name="보")
                bo.send({"type": "leave"})
                bo.receive_type("left")
                ann.send({"type": "end_room"})
                ann.receive_type("left")
            receiver.wait(lambda: len(receiver.taken) == 6, "six events")
            self.assertEqual([event["type"] for event in receiver.taken],
                             ["room.started", "member.joined", "member.joined", "member.left", "member.left", "room.ended"])
            started, joined, _, left, ended_for, ended = receiver.taken
            self.assertEqual(joined["member"]["peer"], peer)
            self.assertEqual((joined["member"]["name"], joined["member"]["role"]), ("Ann", "host"))
            self.assertEqual((left["member"]["name"], left["reason"]), ("보", "left"))
            self.assertEqual((ended_for["reason"], ended["reason"]), ("ended", "ended"))
            self.assertEqual({event["room"]["name"] for event in receiver.taken}, {"standup"})
            self.assertEqual({event["room"]["tag"] for event in receiver.taken}, {started["room"]["tag"]})
            self.assertTrue(0 <= ended["duration_s"] <= time.time() - started["time"] + 1)
            self.assertEqual(len({event["id"] for event in receiver.taken}), 6)
            for event, headers, body in receiver.attempts:
                self.assertTrue(verify(SECRET, headers["Noom-Signature"], body))
                self.assertFalse(verify(SECRET + "x", headers["Noom-Signature"], body))
                self.assertFalse(verify(SECRET, headers["Noom-Signature"], body + b" "))
                self.assertEqual((headers["Noom-Event"], headers["Content-Type"]), (event["id"], "application/json"))

    def test_what_is_refused_or_redirected_is_tried_again_in_its_order(self):
        answers = [500, 302, 429, 204]
        receiver = self.receiver(lambda event: answers.pop(0) if len(answers) > 1 else answers[0])
        with self.start(f"http://127.0.0.1:{receiver.port}/") as daemon:
            self.come_and_go(daemon, "standup")
            receiver.wait(lambda: len(receiver.taken) == 4, "four events")
            self.assertEqual([event["type"] for event in receiver.taken], ["room.started", "member.joined", "member.left", "room.ended"])
            self.assertEqual([event["type"] for event, _, _ in receiver.attempts[:4]], ["room.started"] * 4)
            self.assertEqual(daemon.metrics()["noom_signal_webhook_attempts_failed_total"], 3)
            self.assertIn("event=webhook_refused", daemon.log())
            daemon.process.wait_for(lambda: "event=webhook_accepted" in daemon.log(), "an accepted one")

    def test_one_that_hangs_holds_up_neither_the_rooms_nor_the_others(self):
        hanging = self.receiver(lambda event: None)
        good = self.receiver()
        with self.start(f"http://127.0.0.1:{hanging.port}/", f"http://127.0.0.1:{good.port}/", timeout_s=1) as daemon:
            for _ in range(3):
                self.come_and_go(daemon, "standup")
            good.wait(lambda: len(good.ids()) == 12, "twelve events")
            hanging.wait(lambda: len(hanging.attempts) >= 2, "a second attempt after the timeout")
            hanging.answer = lambda event: 204
            hanging.let_go.set()
            hanging.wait(lambda: len(hanging.ids()) == 12, "twelve events of the one that hung")
            self.assertEqual(hanging.ids(), good.ids())

    def test_one_that_is_away_gets_everything_when_it_is_back(self):
        with socket.create_server(("127.0.0.1", 0)) as reserved:
            port = reserved.getsockname()[1]
        with self.start(f"http://127.0.0.1:{port}/") as daemon:
            self.come_and_go(daemon, "standup")
            daemon.process.wait_for(lambda: daemon.metrics()["noom_signal_webhook_attempts_failed_total"] > 0, "a failure")
            daemon.process.wait_for(lambda: daemon.metrics()["noom_signal_webhooks_queued"] == 4, "four events that wait")
            receiver = self.receiver(port=port)
            receiver.wait(lambda: len(receiver.taken) == 4, "four events")
            daemon.process.wait_for(lambda: daemon.metrics()["noom_signal_webhooks_queued"] == 0, "an empty queue")

    def test_what_waits_is_bounded_and_the_oldest_goes_first(self):
        with socket.create_server(("127.0.0.1", 0)) as reserved:
            port = reserved.getsockname()[1]
        with self.start(f"http://127.0.0.1:{port}/", queue_events=16) as daemon:
            for number in range(10):
                self.come_and_go(daemon, f"room-{number}")
            daemon.process.wait_for(lambda: daemon.metrics()['noom_signal_webhooks_dropped_total{reason="queue_full"}'] >= 24 - 8, "drops")
            self.assertLessEqual(daemon.metrics()["noom_signal_webhooks_queued"], 16)
            self.assertIn("event=webhook_dropped reason=queue_full", daemon.log())
            receiver = self.receiver(port=port)
            receiver.wait(lambda: receiver.taken and receiver.taken[-1]["room"]["name"] == "room-9" or any(
                event["type"] == "room.ended" and event["room"]["name"] == "room-9" for event in receiver.taken), "the last room's end")

    def test_https_believes_only_whom_it_is_told_to_believe(self):
        certificate, key = (str(pathlib.Path(self.directory.name) / name) for name in ("cert.pem", "key.pem"))
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "1", "-keyout", key, "-out", certificate,
                        "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"], check=True, capture_output=True)
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(certificate, key)
        receiver = self.receiver(tls=tls)
        with self.start(f"https://localhost:{receiver.port}/", ca_file=certificate) as daemon:
            self.come_and_go(daemon, "standup")
            receiver.wait(lambda: len(receiver.taken) == 4, "four events")
        # Another name than the certificate's, and an authority that nobody has named.
        for url, webhooks in ((f"https://127.0.0.1:{receiver.port}/", {"ca_file": certificate}), (f"https://localhost:{receiver.port}/", {})):
            with self.start(url, **webhooks) as daemon:
                self.come_and_go(daemon, "standup")
                daemon.process.wait_for(lambda: "event=webhook_refused" in daemon.log(), "a refusal")
                self.assertIn("certificate verify failed", daemon.log())
        self.assertEqual(len(receiver.attempts), 4)

    def test_the_end_of_the_daemon_is_told_before_it_ends(self):
        receiver = self.receiver()
        with self.start(f"http://127.0.0.1:{receiver.port}/") as daemon:
            with Client(daemon.port("http")) as ann:
                ann.join("standup")
                receiver.wait(lambda: len(receiver.taken) == 2, "two events")
                daemon.process.stop()
        receiver.wait(lambda: len(receiver.taken) == 4, "the member's leaving and the room's end")


if __name__ == "__main__":
    unittest.main()
