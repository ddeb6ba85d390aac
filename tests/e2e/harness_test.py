"""The harness itself, on stand-ins for a daemon: what it must notice, and that it leaves nothing running."""

import os
import stat
import tempfile
import tomllib
import unittest

import harness

_READY = """#!/usr/bin/python3
import json, os, signal, sys, tomllib
config = tomllib.load(open(sys.argv[2], "rb"))
signal.signal(signal.SIGTERM, lambda *_: (print({farewell!r}, file=sys.stderr, flush=True), os._exit({code})))
ready = {{"listeners": [{{"name": "udp", "transport": "udp", "address": "127.0.0.1", "port": 7}}], "metrics": {{"address": "127.0.0.1", "port": 9}}}}
path = config["daemon"]["ready_file"]
open(path + ".new", "w").write(json.dumps(ready))
os.rename(path + ".new", path)
while True: signal.pause()
"""


class HarnessTest(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.path = os.path.join(directory.name, "noom-fake")
        os.environ["NOOM_FAKE"] = self.path

    def install(self, text):
        with open(self.path, "w") as script:
            script.write(text)
        os.chmod(self.path, stat.S_IRWXU)

    def test_gives_the_ports_of_a_ready_daemon_and_stops_it(self):
        self.install(_READY.format(farewell="bye", code=0))
        with harness.Daemon("noom-fake") as daemon:
            self.assertEqual(daemon.port("udp"), 7)
            self.assertEqual(daemon.admin_url("/metrics"), "http://127.0.0.1:9/metrics")
            with self.assertRaises(harness.DaemonError):
                daemon.port("tls")
        with self.assertRaises(ProcessLookupError):
            os.kill(daemon.pid, 0)
        self.assertFalse(daemon.directory.exists())

    def test_fails_on_another_exit_code(self):
        self.install(_READY.format(farewell="bye", code=3))
        with self.assertRaisesRegex(harness.DaemonError, "exited with 3"):
            with harness.Daemon("noom-fake"):
                pass

    def test_fails_on_a_sanitizer_report(self):
        self.install(_READY.format(farewell="==1==ERROR: AddressSanitizer: heap-use-after-free", code=0))
        with self.assertRaisesRegex(harness.DaemonError, "heap-use-after-free"):
            with harness.Daemon("noom-fake"):
                pass

    def test_fails_at_once_when_the_daemon_dies_before_it_is_ready(self):
        self.install("#!/bin/sh\necho cannot listen >&2\nexit 1\n")
        with self.assertRaisesRegex(harness.DaemonError, "exited with 1 before ready file\ncannot listen"):
            harness.Daemon("noom-fake")

    def test_stops_the_daemon_when_the_test_fails(self):
        self.install(_READY.format(farewell="bye", code=0))
        with self.assertRaises(ValueError):
            with harness.Daemon("noom-fake") as daemon:
                raise ValueError
        with self.assertRaises(ProcessLookupError):
            os.kill(daemon.pid, 0)

    def test_writes_toml(self):
        tables = {"shards": 2, "listen": {"udp": ["127.0.0.1:0"]}, "log": {"level": "debug \"x\"", "on": True, "rate": 0.5}}
        self.assertEqual(tomllib.loads(harness.toml(tables)), tables)


if __name__ == "__main__":
    unittest.main()
