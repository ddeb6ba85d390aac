"""Usage records of noom-turn and noom-signal: delivered signed and in order, none lost by kill -9 or a receiver that is away."""

import contextlib
import hashlib
import hmac
import http.server
import json
import pathlib
import socket
import subprocess
import sys
import tempfile
import threading
import unittest

import descriptor_store
import minimal
import relay
import turn_client

sys.path.insert(0, str(pathlib.Path(__file__).parent / "signal"))
import websocket  # noqa: E402

SECRET = "fedcba9876543210fedcba9876543210"
PATIENCE_S = 30


class Receiver:
    """Takes batches, or answers 503 while `open` is off."""

    def __init__(self, port=0):
        self.records, self.refused, self.open, self.changed = [], 0, True, threading.Condition()
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                fields = dict(part.split("=", 1) for part in self.headers["Noom-Signature"].split(","))
                expected = hmac.new(SECRET.encode(), fields["t"].encode() + b"." + body, hashlib.sha256).hexdigest()
                good = self.headers["Content-Type"] == "application/x-ndjson" and hmac.compare_digest(expected, fields["v1"])
                with receiver.changed:
                    taken = good and receiver.open
                    if taken:
                        receiver.records += [json.loads(line) for line in body.splitlines()]
                    else:
                        receiver.refused += 1
                    receiver.changed.notify_all()
                self.send_response(204 if taken else 503)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/usage"
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    def wait(self, condition, what):
        with self.changed:
            if not self.changed.wait_for(condition, PATIENCE_S):
                raise AssertionError(f"no {what}; {self.refused} refused, taken {[each['type'] for each in self.records]}")

    def types(self):
        """Once each, in their order: what was on its way when the daemon ended comes again."""
        return [each["type"] for each in {each["id"]: each for each in self.records}.values()]

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class Usage(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.spool = self.folder / "usage"
        secret = self.folder / "secret"
        secret.write_text(SECRET)
        secret.chmod(0o600)
        self.receiver = Receiver()
        self.addCleanup(self.receiver.close)
        self.to_receiver = {"directory": str(self.spool), "url": self.receiver.url, "secret_file": str(secret)}

    def turn(self, **usage):
        daemon = minimal.start("noom-turn", auth={"users": ["alice:apple"]}, usage=usage, daemon={"drain_timeout_s": 0})
        self.addCleanup(daemon.stop)
        return daemon

    @contextlib.contextmanager
    def allocation(self, daemon):
        with turn_client.Client("tcp", ("127.0.0.1", daemon.port("tcp")), "alice", "apple") as client:
            self.assertEqual(0, client.allocate().code)
            yield client

    def test_an_allocation_is_told_from_its_beginning_to_its_end(self):
        daemon = self.turn(**self.to_receiver, interim_s=1)
        with self.allocation(daemon):
            self.receiver.wait(lambda: self.receiver.types().count("allocation.interim") >= 2, "interim records")
        self.receiver.wait(lambda: "allocation.stop" in self.receiver.types(), "stop")
        daemon.stop()
        on, start, *interim, stop = self.receiver.records[: len(self.receiver.records)]
        self.assertEqual(("node.on", "allocation.start", "allocation.stop"), (on["type"], start["type"], stop["type"]))
        self.assertEqual({"allocation.interim"}, {each["type"] for each in interim})
        self.assertEqual(1, len({each["allocation"] for each in (start, *interim, stop)}))
        self.assertEqual(("alice", "alice", "tcp"), (start["username"], start["user"], start["transport"]))
        self.assertEqual("client_closed", stop["reason"])
        self.assertGreaterEqual(stop["duration_s"], interim[-1]["duration_s"])
        self.assertEqual(len(self.receiver.records), len({each["id"] for each in self.receiver.records}))

    def test_what_lives_at_the_end_of_the_daemon_is_stopped_and_kept_for_the_next(self):
        daemon = self.turn(**self.to_receiver)
        with self.allocation(daemon):
            self.receiver.wait(lambda: "allocation.start" in self.receiver.types(), "start")
            self.receiver.open = False
            daemon.stop()
        self.receiver.open = True
        self.turn(**self.to_receiver)
        self.receiver.wait(lambda: self.receiver.types().count("node.on") == 2, "the next process")
        self.assertEqual(["node.on", "allocation.start", "allocation.stop", "node.off", "node.on"], self.receiver.types())

    def test_kill_9_loses_nothing_that_was_recorded(self):
        self.receiver.open = False
        expected = 0
        for _ in range(5):
            daemon = self.turn(**self.to_receiver)
            with contextlib.ExitStack() as stack:
                for _ in range(4):
                    stack.enter_context(self.allocation(daemon))
                expected += 5
                daemon.process.wait_for(lambda d=daemon: d.metrics()["noom_usage_records_total"] == 5, "records in the spool")
                daemon.kill()
        self.receiver.open = True
        last = self.turn(**self.to_receiver)
        self.receiver.wait(lambda: len(self.receiver.types()) == expected + 1, "all records")
        self.assertEqual(["node.on", *4 * ["allocation.start"]] * 5 + ["node.on"], self.receiver.types())
        self.assertEqual(expected + 1, len({each["id"] for each in self.receiver.records}))
        self.assertEqual(6, len({each["boot"] for each in self.receiver.records}))
        last.process.wait_for(lambda: last.metrics()["noom_usage_delivered_total"] >= expected + 1, "delivery counted")

    def test_kill_9_during_delivery_brings_every_record_at_least_once(self):
        started = 0
        for _ in range(4):
            daemon = self.turn(**self.to_receiver)
            with contextlib.ExitStack() as stack:
                for _ in range(8):
                    stack.enter_context(self.allocation(daemon))
                    started += 1
                daemon.process.wait_for(lambda d=daemon: d.metrics()["noom_usage_records_total"] == 9, "records in the spool")
                daemon.kill()  # whatever has been delivered of them
        self.turn(**self.to_receiver)

        def ids():
            return {each["id"] for each in self.receiver.records if each["type"] == "allocation.start"}

        self.receiver.wait(lambda: len(ids()) == started, "all starts")

    def test_a_receiver_that_is_away_is_waited_for(self):
        self.receiver.open = False
        daemon = self.turn(**self.to_receiver)
        with self.allocation(daemon):
            self.receiver.wait(lambda: self.receiver.refused > 1, "second attempt")
        daemon.process.wait_for(lambda: "event=usage_refused" in daemon.log(), "a line in the log")
        self.assertGreater(daemon.metrics()["noom_usage_attempts_failed_total"], 0)
        self.assertGreater(daemon.metrics()["noom_usage_spool_bytes"], 0)
        self.receiver.open = True
        self.receiver.wait(lambda: self.receiver.types() == ["node.on", "allocation.start", "allocation.stop"], "the rest, in order")
        self.assertIn("event=usage_refused", daemon.log())

    def test_a_full_spool_is_said_and_counted(self):
        daemon = self.turn(directory=str(self.spool), spool_bytes=65536, interim_s=1)
        dropped = 'noom_usage_dropped_total{reason="spool_full"}'

        def fill():
            with self.allocation(daemon):
                pass
            return daemon.metrics()[dropped]

        daemon.process.wait_for(fill, "a full spool")
        self.assertIn("event=usage_dropped reason=spool_full", daemon.log())
        self.assertLessEqual(sum(file.stat().st_size for file in self.spool.glob("*.jsonl")), 65536)
        for file in self.spool.glob("*.jsonl"):
            for line in file.read_text().splitlines():
                json.loads(line)

    def test_a_full_disk_is_said_nothing_kept_is_lost_and_room_helps_at_once(self):
        disk = self.folder / "disk"
        disk.mkdir()
        if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", disk], capture_output=True).returncode != 0:
            self.skipTest("no file system can be mounted here")
        self.addCleanup(lambda: subprocess.run(["umount", disk], check=True))
        self.receiver.open = False
        filler = disk / "filler"
        filler.write_bytes(bytes(32 * 1024))
        daemon = self.turn(**self.to_receiver | {"directory": str(disk / "usage")})
        self.addCleanup(daemon.stop)  # before its disk goes
        failed = 'noom_usage_dropped_total{reason="write_failed"}'

        def fill():
            with self.allocation(daemon):
                pass
            return daemon.metrics()[failed]

        daemon.process.wait_for(fill, "a full disk")
        self.assertRegex(daemon.log(), r'event=usage_dropped reason=write_failed error=".*(No space left on device|no space for a whole line)" remedy="make room there')
        filler.unlink()
        with self.allocation(daemon):
            daemon.process.wait_for(lambda: "event=usage_kept_again" in daemon.log(), "a kept record")
        self.receiver.open = True
        daemon.process.wait_for(lambda: (m := daemon.metrics())["noom_usage_delivered_total"] == m["noom_usage_records_total"] > 0, "delivery of all that was kept")
        self.assertEqual(daemon.metrics()["noom_usage_records_total"], len({each["id"] for each in self.receiver.records}))

    def test_an_allocation_that_a_restart_keeps_is_two_records_of_use_and_counted_once(self):
        config = {
            **minimal.CONFIG["noom-turn"], "auth": {"users": ["alice:apple"]}, "usage": self.to_receiver, "peers": {"allow": ["127.0.0.0/8"]},
            "relay": {"addresses": ["127.0.0.1"], **relay.relay_ports()}, "shards": 1,
        }
        with descriptor_store.Manager("noom-turn", config) as manager, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer:
            peer.bind(("127.0.0.1", 0))
            peer.settimeout(PATIENCE_S)
            with turn_client.Client("udp", ("127.0.0.1", manager.daemon.port("udp")), "alice", "apple") as client:
                self.assertEqual(0, client.allocate().code)
                self.assertEqual(0, client.bind(0x4001, peer.getsockname()).code)
                client.send_channel(0x4001, bytes(100))
                peer.recv(1000)
                manager.restart()
                client.send_channel(0x4001, bytes(40))
                peer.recv(1000)
                self.assertEqual(0, client.request(turn_client.REFRESH, [(turn_client.LIFETIME, bytes(4))]).code)
            self.receiver.wait(lambda: self.receiver.types().count("allocation.stop") == 2, "both ends")
        self.assertEqual(["node.on", "allocation.start", "allocation.stop", "node.off"] + ["node.on", "allocation.start", "allocation.stop"], self.receiver.types()[:7])
        once = list({each["id"]: each for each in self.receiver.records}.values())
        first, first_end, second, second_end = (each for each in once if "allocation" in each)
        self.assertEqual((None, True), (first.get("resumed"), second.get("resumed")))
        self.assertEqual(1, len({each["allocation"] for each in (first, first_end, second, second_end)}))
        self.assertEqual(("restart", 100), (first_end["reason"], first_end["bytes_to_peers"]))
        self.assertEqual(("deleted", 40), (second_end["reason"], second_end["bytes_to_peers"]))

    def test_rooms_and_members_are_recorded(self):
        signal = minimal.start("noom-signal", usage=self.to_receiver)
        self.addCleanup(signal.stop)
        with websocket.Client(signal.port("http")) as client:
            client.send({"type": "hello", "protocol": "noom.v1"})
            client.send({"type": "join", "id": 1, "room": "standup", "name": "Ann"})
            self.receiver.wait(lambda: "member.joined" in self.receiver.types(), "join")
            client.send({"type": "bye"})
            self.receiver.wait(lambda: "room.ended" in self.receiver.types(), "end")
        self.assertEqual(["node.on", "room.started", "member.joined", "member.left", "room.ended"], self.receiver.types())
        self.assertIn("duration_s", self.receiver.records[3])

    def test_what_cannot_be_is_said_at_the_start(self):
        for usage, told in (
            ({"directory": "/proc/nowhere"}, "usage.directory: /proc/nowhere"),
            ({"directory": str(self.spool), "url": "ftp://x"}, "usage.url"),
            ({"directory": str(self.spool), "url": self.receiver.url}, r"usage.secret_file \(default\): is missing"),
            ({"url": self.receiver.url, "secret_file": self.to_receiver["secret_file"]}, r"usage.directory \(default\): is missing"),
        ):
            with self.subTest(told=told), self.assertRaisesRegex(AssertionError, told):
                self.turn(**usage)


if __name__ == "__main__":
    unittest.main()
