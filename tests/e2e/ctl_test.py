"""noom-ctl as an operator calls it: what it says of good and broken configurations, and credentials that noom-turn takes."""

import json
import os
import pathlib
import subprocess
import tempfile
import time
import unittest

import harness
import minimal
import turn_client

GOOD, USAGE, UNAVAILABLE, CONFIG = 0, 64, 69, 78


def ctl(*arguments):
    """A call that finds this build's daemons."""
    folders = [str(pathlib.Path(harness.binary(name)).parent) for name in minimal.DAEMONS]
    return subprocess.run([harness.binary("noom-ctl"), *map(str, arguments)], capture_output=True, text=True, timeout=harness.READY_TIMEOUT_S,
                          env={**os.environ, "PATH": ":".join([*folders, os.environ["PATH"]])})


class Check(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.folder = pathlib.Path(scratch.name)
        self.secret = self.write("secret", minimal.SECRET)
        self.tls = minimal.certificate(self.folder)

    def write(self, name, text, mode=0o600):
        file = self.folder / name
        file.write_text(text)
        file.chmod(mode)
        return file

    def check(self, text=None, **tls):
        listen = '[listen]\ntls = ["127.0.0.1:0"]\n'
        pair = {**self.tls, **tls}
        text = text or f'{listen}[tls]\ncertificate = "{pair["certificate"]}"\nkey = "{pair["key"]}"\n[auth]\nrest_secret_files = ["{self.secret}"]\n'
        run = ctl("check", "turn", "--config", self.write("noom-turn.toml", text), "--json")
        (result,) = json.loads(run.stdout)
        self.assertEqual(GOOD if result["good"] else CONFIG, run.returncode, run.stderr)
        return result

    def test_a_good_configuration_is_called_good(self):
        self.assertEqual({"daemon": "noom-turn", "good": True, "errors": [], "warnings": []}, self.check())

    def test_a_half_written_file_is_an_error_with_its_line(self):
        result = self.check('[auth]\nrest_secret_files = ["/etc/noom/tu')
        self.assertIn("noom-turn.toml:2:", result["errors"][0])

    def test_an_unknown_key_is_an_error_that_says_what_was_meant(self):
        result = self.check(f'[auth]\nrest_secret_file = ["{self.secret}"]\n')
        self.assertIn('did you mean "auth.rest_secret_files"?', result["errors"][0])

    def test_a_key_of_another_certificate_is_an_error(self):
        other = self.folder / "other"
        other.mkdir()
        result = self.check(key=minimal.certificate(other)["key"])
        self.assertIn("tls.key", result["errors"][0])

    def test_an_expired_certificate_is_said(self):
        authority = self.write("ca.conf", f"[ca]\ndefault_ca = own\n[own]\ndatabase = {self.write('index', '')}\nnew_certs_dir = {self.folder}\n"
                               "rand_serial = yes\ndefault_md = sha256\npolicy = any\n[any]\ncommonName = supplied\n")
        request = self.folder / "request.pem"
        subprocess.run(["openssl", "req", "-new", "-key", self.tls["key"], "-subj", "/CN=localhost", "-out", request], check=True, capture_output=True)
        subprocess.run(["openssl", "ca", "-batch", "-notext", "-selfsign", "-config", authority, "-in", request, "-keyfile", self.tls["key"],
                        "-startdate", "20200101000000Z", "-enddate", "20200102000000Z", "-out", self.tls["certificate"]], check=True, capture_output=True)
        result = self.check()
        self.assertIn("expired", " ".join(result["errors"] + result["warnings"]))

    def test_a_secret_that_others_may_read_is_a_warning_with_its_remedy(self):
        self.secret.chmod(0o644)
        result = self.check()
        self.assertTrue(result["good"])
        self.assertIn(f"chmod 600 {self.secret}", result["warnings"][0])

    def test_a_secret_that_is_not_there_is_an_error(self):
        self.secret.unlink()
        self.assertIn("openssl rand -hex 32", self.check()["errors"][0])

    def test_without_names_every_daemon_is_checked(self):
        run = ctl("check", "--json")
        self.assertEqual(list(minimal.DAEMONS), [each["daemon"] for each in json.loads(run.stdout)])

    def test_wrong_usage_says_what_to_write(self):
        for arguments, remedy in (("check", "tern"), "say stun, turn or signal"), (("check", "--config", "x"), "say which"), (("chek",), "did you mean check?"):
            run = ctl(*arguments)
            self.assertEqual(USAGE, run.returncode, run.stderr)
            self.assertIn(remedy, run.stderr)


class Credentials(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.secret = pathlib.Path(scratch.name) / "secret"
        self.secret.write_text(minimal.SECRET + "\n")
        self.secret.chmod(0o600)

    def test_what_is_made_allocates_at_noom_turn(self):
        with minimal.start("noom-turn") as turn:
            for hashed in ((), ("--sha256",)):
                run = ctl("credentials", "--secret-file", self.secret, "--host", "turn.example.org", "--user", "ann", *hashed)
                (server,) = json.loads(run.stdout)["iceServers"]
                self.assertEqual("turn:turn.example.org?transport=udp", server["urls"][0])
                self.assertTrue(server["username"].endswith(":ann"))
                with turn_client.Client("udp", ("127.0.0.1", turn.port("udp")), server["username"], server["credential"]) as client:
                    self.assertEqual(0, client.allocate().code)

    def test_plain_is_two_lines_and_ends_when_asked(self):
        username, password = ctl("credentials", "--secret-file", self.secret, "--lifetime", "60", "--plain").stdout.split()
        self.assertAlmostEqual(time.time() + 60, int(username.split(":")[0]), delta=30)
        self.assertEqual(28, len(password))

    def test_a_secret_that_cannot_be_read_says_what_to_do(self):
        run = ctl("credentials", "--secret-file", "/nonexistent")
        self.assertEqual(CONFIG, run.returncode)
        self.assertIn("--secret-file", run.stderr)
        self.assertNotIn(minimal.SECRET, run.stdout + run.stderr)


class Orders(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.folder = pathlib.Path(scratch.name)
        self.folder.chmod(0o755)
        self.socket = self.folder / "admin.sock"

    def start(self, name, **tables):
        return minimal.start(name, daemon={"admin_socket": str(self.socket)}, **tables)

    def test_status_says_of_each_daemon_how_it_is_and_where_it_listens(self):
        for name in minimal.DAEMONS:
            with self.subTest(name), self.start(name) as daemon:
                run = ctl("status", name, "--socket", self.socket, "--json")
                self.assertEqual(GOOD, run.returncode, run.stderr)
                status = json.loads(run.stdout)
                self.assertEqual((name, True, False, daemon.pid), tuple(status[key] for key in ("daemon", "ready", "draining", "pid")))
                self.assertEqual(daemon.ready["listeners"], status["listeners"])
                self.assertIn(": ready, pid ", ctl("status", name, "--socket", self.socket).stdout)
            self.assertFalse(self.socket.exists())

    def test_reload_takes_a_good_file_and_says_why_it_refuses_a_bad_one(self):
        with self.start("noom-turn") as turn:
            self.assertEqual(GOOD, ctl("reload", "turn", "--socket", self.socket).returncode)
            self.assertIn("event=reloaded", turn.log())
            turn.config_path.write_text(turn.config_path.read_text() + "\n[lgo]\nlevel = 1\n")
            run = ctl("reload", "turn", "--socket", self.socket)
            self.assertEqual(1, run.returncode)
            self.assertIn("lgo.level: unknown key", run.stderr)

    def test_drain_ends_the_daemon(self):
        with self.start("noom-stun") as stun:
            self.assertEqual(GOOD, ctl("drain", "stun", "--socket", self.socket).returncode)
            self.assertEqual(0, stun.process.wait(harness.STOP_TIMEOUT_S))

    def test_a_room_that_is_not_there_cannot_be_ended(self):
        with self.start("noom-signal"):
            run = ctl("kill", "room", "no/such room", "--socket", self.socket)
            self.assertEqual(1, run.returncode)
            self.assertIn("noom-signal: ", run.stderr)

    def test_over_http_only_the_token_counts(self):
        for name, content in (("token", "t" * 32), ("wrong", "w" * 32)):
            (self.folder / name).write_text(content)
            (self.folder / name).chmod(0o600)
        with minimal.start("noom-turn", admin={"token_file": str(self.folder / "token")}) as turn:
            url = turn.admin_url("")
            self.assertEqual(GOOD, ctl("status", "turn", "--url", url, "--token-file", self.folder / "token").returncode)
            run = ctl("status", "turn", "--url", url, "--token-file", self.folder / "wrong")
            self.assertEqual((1, "noom-ctl: noom-turn: the bearer token is missing or wrong\n"), (run.returncode, run.stderr))
            self.assertEqual(401, turn.admin("/v1/status")[0])
        with minimal.start("noom-turn") as turn:
            self.assertEqual(404, turn.admin("/v1/status")[0])

    def test_who_is_silent_is_unavailable_and_the_remedy_is_said(self):
        run = ctl("status", "turn", "--socket", self.socket)
        self.assertEqual(UNAVAILABLE, run.returncode)
        self.assertIn("systemctl status noom-turn", run.stderr)

    @unittest.skipUnless(os.geteuid() == 0, "to be somebody else needs root")
    def test_somebody_else_is_not_served_even_where_the_file_lets_him(self):
        ask = ("import socket, sys; s = socket.socket(socket.AF_UNIX); s.settimeout(20); s.connect(sys.argv[1]); "
               "s.sendall(b'GET /v1/status HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n'); sys.exit(10 if s.recv(1) else 11)")
        stranger = {"user": 65534, "group": 65534, "extra_groups": []}
        with self.start("noom-turn"):
            run = subprocess.run(["/usr/bin/python3", "-c", ask, self.socket], capture_output=True, text=True, **stranger)
            self.assertIn("PermissionError", run.stderr)
            self.socket.chmod(0o666)
            run = subprocess.run(["/usr/bin/python3", "-c", ask, self.socket], capture_output=True, text=True, **stranger)
            self.assertNotEqual(10, run.returncode, "answered")
            self.assertNotIn("PermissionError", run.stderr)
            member = {**stranger, "extra_groups": [os.getegid()]}
            self.assertEqual(10, subprocess.run(["/usr/bin/python3", "-c", ask, self.socket], **member).returncode)


class Doctor(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.folder = pathlib.Path(scratch.name)
        self.socket = self.folder / "admin.sock"
        self.secret = self.write("secret", minimal.SECRET)

    def write(self, name, text):
        file = self.folder / name
        file.write_text(text)
        file.chmod(0o600)
        return file

    def start(self, **tables):
        return minimal.start("noom-turn", daemon={"admin_socket": str(self.socket)}, auth={"rest_secrets": [], "rest_secret_files": [str(self.secret)]}, **tables)

    def examine(self, turn, secret=None):
        """{about: (verdict, what, remedy)}; checks that the exit code is that of the findings."""
        run = ctl("doctor", "turn", "--config", turn.config_path, "--socket", self.socket, "--secret-file", secret or self.secret, "--json")
        findings = json.loads(run.stdout)
        self.assertEqual(any(each["verdict"] == "error" for each in findings), run.returncode == 1, run.stdout)
        for each in findings:
            self.assertEqual(each["verdict"] != "good", bool(each["remedy"]), each)
        return {each["about"]: (each["verdict"], each["what"], each["remedy"]) for each in findings}

    def test_what_is_well_relays_over_udp_tcp_and_tls(self):
        with self.start(listen={"tls": ["127.0.0.1:0"]}, tls=minimal.certificate(self.folder)) as turn:
            findings = self.examine(turn)
            self.assertEqual({"good"}, {verdict for verdict, _, _ in findings.values()}, findings)
            for transport in ("udp", "tcp", "tls"):
                self.assertIn("relays", findings[f"relay {transport} 127.0.0.1:{turn.port(transport)}"][1])
            plain = ctl("doctor", "turn", "--config", turn.config_path, "--socket", self.socket, "--secret-file", self.secret)
            self.assertEqual(GOOD, plain.returncode, plain.stdout + plain.stderr)

    def test_a_secret_that_noom_turn_does_not_know(self):
        with self.start() as turn:
            verdict, what, remedy = self.examine(turn, self.write("other", "f" * 32))[f"relay udp 127.0.0.1:{turn.port('udp')}"]
            self.assertEqual("error", verdict)
            self.assertIn("does not know the secret", what)
            self.assertIn("auth.rest_secret_files", remedy)

    def test_a_secret_that_is_not_there(self):
        with self.start() as turn:
            verdict, _, remedy = self.examine(turn, self.folder / "none")["relay"]
            self.assertEqual("error", verdict)
            self.assertIn("--secret-file", remedy)

    def test_a_secret_that_others_may_read_is_a_warning(self):
        with self.start() as turn:
            self.secret.chmod(0o644)
            verdict, _, remedy = self.examine(turn)["noom-turn configuration"]
            self.assertEqual(("warning", f"chmod 600 {self.secret}"), (verdict, remedy))

    def test_a_configuration_that_would_not_start_again(self):
        with self.start() as turn:
            turn.config_path.write_text(turn.config_path.read_text() + "[lgo]\nlevel = 1\n")
            verdict, what, remedy = self.examine(turn)["noom-turn configuration"]
            self.assertEqual("error", verdict)
            self.assertIn("lgo.level", what)
            self.assertIn("did you mean", remedy)

    def test_a_daemon_that_does_not_run(self):
        with self.start() as turn:
            self.socket.unlink()
            verdict, _, remedy = self.examine(turn)["noom-turn"]
            self.assertEqual("error", verdict)
            self.assertIn("systemctl status noom-turn", remedy)

    def test_a_relay_that_is_full(self):
        with self.start(limits={"allocations_per_user": 1}) as turn:
            verdict, what, remedy = self.examine(turn)[f"relay udp 127.0.0.1:{turn.port('udp')}"]
            self.assertEqual("error", verdict)
            self.assertIn("486", what)
            self.assertIn("limits.", remedy)


if __name__ == "__main__":
    unittest.main()
