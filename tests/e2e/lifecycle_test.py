"""A daemon's life as an operator and systemd see it: options, readiness, the admin port, watchdog, signals, exit codes."""

import json
import os
import pathlib
import select
import signal
import socket
import tempfile
import time
import unittest
import urllib.request

import frozen_thread
import harness
import minimal

STOP_TIMEOUT_S = 10


class NotifySocket:
    """Stands in for systemd's: collects what a daemon tells it."""

    def __init__(self):
        self._directory = tempfile.TemporaryDirectory()
        self.path = os.path.join(self._directory.name, "notify")
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(self.path)
        self._socket.settimeout(STOP_TIMEOUT_S)

    def next(self):
        return self._socket.recv(4096).decode().split("\n")

    def until(self, state):
        """All states up to and including `state`; fails when nothing comes for a while."""
        seen = []
        while state not in seen:
            seen += self.next()
        return seen

    def all_within(self, seconds):
        """What comes in that time."""
        seen, deadline = [], time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            if select.select([self._socket], [], [], left)[0]:
                seen += self.next()
        return seen

    def close(self):
        self._socket.close()
        self._directory.cleanup()


class Lifecycle:
    name = ""

    def test_help_names_options_exit_codes_and_keys(self):
        run = minimal.call(self.name, "--help")
        self.assertEqual((0, ""), (run.returncode, run.stderr))
        for text in ("--config", "--set", "--check-config", "--print-config", "--version", "exit codes", "metrics.listen", "log.level"):
            self.assertIn(text, run.stdout)

    def test_version_is_name_and_number(self):
        run = minimal.call(self.name, "--version")
        self.assertEqual(0, run.returncode)
        self.assertRegex(run.stdout, rf"^{self.name} \d+\.\d+\.\d+\n$")

    def test_the_printed_configuration_is_accepted_and_means_the_same(self):
        printed = minimal.call(self.name, "--print-config")
        self.assertEqual((0, ""), (printed.returncode, printed.stderr))
        with tempfile.TemporaryDirectory() as scratch:
            file = pathlib.Path(scratch) / "printed.toml"
            file.write_text(printed.stdout)
            again = minimal.call(self.name, "--config", file, "--print-config")
            self.assertEqual(printed.stdout, again.stdout)

    def test_wrong_usage_is_one_line_and_exit_code_64(self):
        for arguments, hint in ((["--confg", "x"], "--config"), (["--config"], "needs a value"), (["start"], "--help")):
            run = minimal.call(self.name, *arguments)
            self.assertEqual((64, 1, ""), (run.returncode, run.stderr.count("\n"), run.stdout), run.stderr)
            self.assertIn(hint, run.stderr)

    def test_the_admin_port_answers(self):
        with minimal.start(self.name) as daemon:
            self.assertEqual(200, daemon.admin("/healthz")[0])
            self.assertEqual(200, daemon.admin("/readyz")[0])
            self.assertEqual(404, daemon.admin("/nothing")[0])
            metrics = daemon.metrics()
            self.assertTrue(any(key.startswith("noom_build_info{") and f'daemon="{self.name}"' in key for key in metrics))
            self.assertGreater(metrics["process_resident_memory_bytes"], 0)
            self.assertAlmostEqual(time.time(), metrics["process_start_time_seconds"], delta=60)

    def test_the_admin_port_says_what_it_serves(self):
        with minimal.start(self.name) as daemon, urllib.request.urlopen(daemon.admin_url("/metrics"), timeout=10) as reply:
            self.assertRegex(reply.headers["Content-Type"], r"^text/plain; version=0\.0\.4")

    def test_systemd_hears_ready_then_stopping(self):
        notify = NotifySocket()
        self.addCleanup(notify.close)
        daemon = minimal.start(self.name, environment={"NOTIFY_SOCKET": notify.path})
        with daemon:
            self.assertIn("READY=1", notify.until("READY=1"))
            daemon.process.stop(signal.SIGTERM, STOP_TIMEOUT_S)
            self.assertNotIn("READY=1", notify.until("STOPPING=1"))
            self.assertEqual(0, daemon.process.exit_code())

    def test_the_watchdog_is_fed_while_the_loops_turn(self):
        notify = NotifySocket()
        self.addCleanup(notify.close)
        with minimal.start(self.name, environment={"NOTIFY_SOCKET": notify.path, "WATCHDOG_USEC": "200000"}):
            notify.until("READY=1")
            notify.until("WATCHDOG=1")
            notify.until("WATCHDOG=1")

    def test_one_hung_loop_stops_the_feeding(self):
        notify = NotifySocket()
        self.addCleanup(notify.close)
        several = [] if self.name == "noom-signal" else ["--set", "shards=2"]
        environment = {"NOTIFY_SOCKET": notify.path, "WATCHDOG_USEC": "200000"}
        with minimal.start(self.name, several, environment, daemon={"core_dumps": True}) as daemon:
            notify.until("WATCHDOG=1")
            last_loop = f"{self.name.removeprefix('noom-')}/1" if several else "signal"
            with frozen_thread.frozen(daemon.pid, last_loop):
                self.assertLessEqual(len(notify.all_within(1)), 1)  # what was on its way; else it would be ten
            notify.until("WATCHDOG=1")

    def test_sigint_ends_it_as_sigterm_does(self):
        daemon = minimal.start(self.name)
        with daemon:
            self.assertEqual(0, daemon.process.stop(signal.SIGINT, STOP_TIMEOUT_S))
            self.assertIn("event=stopped", daemon.log())

    def test_the_ready_file_goes_with_the_daemon(self):
        daemon = minimal.start(self.name)
        with daemon:
            ready = daemon.directory / "ready.json"
            self.assertTrue(ready.exists())
            daemon.process.stop()
            self.assertFalse(ready.exists())

    def test_each_json_log_line_is_an_object_and_ready_names_the_listeners(self):
        with minimal.start(self.name, log={"format": "json"}) as daemon:
            daemon.process.wait_for(lambda: '"event":"ready"' in daemon.log(), "ready line")
            lines = [json.loads(line) for line in daemon.log().splitlines()]
            ready = next(line for line in lines if line["event"] == "ready")
            said = ready["listener"] if isinstance(ready["listener"], list) else [ready["listener"]]
            self.assertEqual(self.name, ready["daemon"])
            for listener in daemon.ready["listeners"]:
                self.assertTrue(any(text.endswith(f":{listener['port']}") for text in said), f"{listener} in {said}")

    def test_only_one_daemon_can_have_a_port(self):
        with minimal.start(self.name) as first:
            for listener in first.ready["listeners"]:
                key = listener["transport"]
                with self.assertRaisesRegex(harness.DaemonError, rf"exited with 1(?s:.)*listen\.{key}.*:{listener['port']}.*; "):
                    minimal.start(self.name, listen={key: [f"127.0.0.1:{listener['port']}"]}).stop()


class NoomStun(Lifecycle, unittest.TestCase):
    name = "noom-stun"


class NoomTurn(Lifecycle, unittest.TestCase):
    name = "noom-turn"


class NoomSignal(Lifecycle, unittest.TestCase):
    name = "noom-signal"


if __name__ == "__main__":
    unittest.main()
