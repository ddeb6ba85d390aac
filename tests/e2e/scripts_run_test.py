"""scripts/run as a newcomer meets it: one command, one URL, the page is there, Ctrl-C ends everything."""

import os
import pathlib
import re
import signal
import ssl
import subprocess
import tempfile
import unittest
import urllib.request

import harness
import minimal

READY_TIMEOUT_S = 120
STOP_TIMEOUT_S = 30


class ScriptsRun(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.folder = pathlib.Path(scratch.name)
        self.state = self.folder / "state"

    def start(self, *arguments):
        environment = {**os.environ, "NOOM_RUN_PRESET": os.environ["NOOM_PRESET"], "NOOM_RUN_DIR": str(self.state), "NOOM_RUN_PORTS": "0"}
        command = [minimal.ROOT / "scripts/run", *arguments]
        run = harness.Process(command, self.folder / "output", cwd=minimal.ROOT, env=environment, start_new_session=True)
        self.addCleanup(self.end_group, run)
        return run

    def end_group(self, run):
        if run.exit_code() is None:
            os.killpg(run.pid, signal.SIGKILL)
        run.stop(signal.SIGKILL)

    def url_of(self, run):
        run.wait_for(lambda: "Ctrl-C stops it" in run.log(), "URL", READY_TIMEOUT_S)
        urls = re.findall(r"https?://\S+", run.log())
        self.assertEqual(1, len(urls), run.log())
        return urls[0]

    def daemons_of(self, run):
        """pid -> name of the daemons that this run started."""
        listed = subprocess.run(["ps", "-o", "pid=,comm=", "--ppid", str(run.pid)], capture_output=True, text=True).stdout.split("\n")
        pairs = [line.split() for line in listed if "noom-" in line]
        return {int(pid): name for pid, name in pairs}

    def test_it_serves_the_page_and_ctrl_c_stops_all_three(self):
        run = self.start()
        with urllib.request.urlopen(self.url_of(run), timeout=10) as page:
            self.assertEqual(200, page.status)
            self.assertIn(b"<html", page.read().lower())
        daemons = self.daemons_of(run)
        self.assertEqual(set(minimal.DAEMONS), set(daemons.values()))
        os.killpg(run.pid, signal.SIGINT)
        self.assertEqual(0, run.wait(STOP_TIMEOUT_S), run.log())
        for name in minimal.DAEMONS:
            self.assertIn(f"{name} stopped.", run.log())
        self.assertFalse([pid for pid in daemons if pathlib.Path(f"/proc/{pid}").exists()])

    def test_for_the_local_network_it_serves_https_with_a_certificate_of_its_own(self):
        run = self.start("--lan")
        run.wait_for(lambda: "Ctrl-C stops it" in run.log(), "URL", READY_TIMEOUT_S)
        port = re.search(r"Noom is ready: https://\S+:(\d+)/", run.log())[1]
        self.assertIn("▄", run.log(), "a QR code")
        trust = ssl.create_default_context(cafile=self.state / "tls/ca.pem")
        with urllib.request.urlopen(f"https://localhost:{port}/", timeout=10, context=trust) as page:
            self.assertEqual(200, page.status)
        os.killpg(run.pid, signal.SIGINT)
        self.assertEqual(0, run.wait(STOP_TIMEOUT_S), run.log())

    def test_a_daemon_that_dies_is_named_and_the_others_are_stopped(self):
        run = self.start()
        self.url_of(run)
        daemons = self.daemons_of(run)
        victim = next(pid for pid, name in daemons.items() if name == "noom-turn")
        os.kill(victim, signal.SIGKILL)
        self.assertEqual(1, run.wait(STOP_TIMEOUT_S), run.log())
        self.assertRegex(run.log(), r"noom-turn ended by itself with exit code 137(?s:.)*event=ready")
        self.assertIn("noom-stun stopped.", run.log())
        self.assertIn("noom-signal stopped.", run.log())
        self.assertFalse([pid for pid in daemons if pathlib.Path(f"/proc/{pid}").exists()])

    def test_a_second_run_in_the_same_place_says_so(self):
        run = self.start()
        self.url_of(run)
        environment = {**os.environ, "NOOM_RUN_PRESET": os.environ["NOOM_PRESET"], "NOOM_RUN_DIR": str(self.state), "NOOM_RUN_PORTS": "0"}
        second = subprocess.run([minimal.ROOT / "scripts/run"], cwd=minimal.ROOT, env=environment, capture_output=True, text=True, timeout=READY_TIMEOUT_S)
        self.assertEqual(1, second.returncode)
        self.assertIn(f"already running here (process {run.pid})", second.stderr)
        self.assertEqual(3, len(self.daemons_of(run)))
        os.killpg(run.pid, signal.SIGINT)
        self.assertEqual(0, run.wait(STOP_TIMEOUT_S), run.log())

    def test_the_secret_is_its_owners_alone(self):
        run = self.start()
        self.url_of(run)
        secret = self.state / "turn-secret"
        self.assertEqual(0o600, secret.stat().st_mode & 0o777)
        text = secret.read_text().strip()
        self.assertGreaterEqual(len(text), 32)
        for file in [*self.state.glob("*.log"), *self.state.glob("*.out"), self.folder / "output"]:
            self.assertNotIn(text, file.read_text(errors="replace"))
        os.killpg(run.pid, signal.SIGINT)
        self.assertEqual(0, run.wait(STOP_TIMEOUT_S), run.log())

    def test_an_unknown_option_is_refused(self):
        run = self.start("--lna")
        self.assertEqual(64, run.wait(STOP_TIMEOUT_S))
        self.assertIn("--lna", run.log())


if __name__ == "__main__":
    unittest.main()
