"""Each mistake in a configuration is one line that names the file, the line, the key and the remedy, and has its exit code."""

import os
import pathlib
import socket
import tempfile
import unittest

import harness
import minimal

CONFIG = 78  # EX_CONFIG
CANNOT_RUN = 1

# What is wrong -> (the file, the line it is on, what the message must say of it, in order).
FAULTS = {
    "an unknown key": ('[log]\nlevle = "info"\n', 2, ["log.levle", "unknown key", 'did you mean "log.level"?']),
    "an unknown table": ('[log]\n[lgo]\nlevel = "info"\n', 3, ["lgo.level", "unknown key", 'did you mean "log.level"?']),
    "a key without its table": ('\n\nlevel = "info"\n', 3, ["level", "unknown key", 'did you mean "log.level"?']),
    "a string for a number": ('[daemon]\n# How long.\ndrain_timeout_s = "soon"\n', 3, ["daemon.drain_timeout_s", "string"]),
    "a number for a string": ("[log]\nlevel = 3\n", 2, ["log.level", "info"]),
    "a number out of range": ("[daemon]\ndrain_timeout_s = 86401\n", 2, ["daemon.drain_timeout_s", "86401", "86400"]),
    "a negative number": ("[daemon]\ndrain_timeout_s = -1\n", 2, ["daemon.drain_timeout_s", "-1", "0"]),
    "a word that is no choice": ('[log]\nformat = "xml"\n', 2, ["log.format", "xml", "text", "json"]),
    "an endpoint without a port": ('[metrics]\nlisten = ["127.0.0.1"]\n', 2, ["metrics.listen", "127.0.0.1"]),
    "text that is no TOML": ('[log]\nlevel = "info\n', 2, []),
    "a key given twice": ('[log]\nlevel = "info"\nlevel = "debug"\n', 3, ["level"]),
}


class ConfigErrors:
    name = ""

    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.folder = pathlib.Path(scratch.name)

    def write(self, text):
        file = self.folder / "noom.toml"
        file.write_text(text)
        return file

    def complaint(self, *arguments, code=CONFIG):
        """The one line a daemon ends with."""
        run = minimal.call(self.name, *arguments)
        self.assertEqual((code, 1), (run.returncode, run.stderr.count("\n")), f"{run.stdout}{run.stderr}")
        self.assertTrue(run.stderr.startswith(f"{self.name}: "), run.stderr)
        self.assertIn("; ", run.stderr, "a remedy follows the fault")
        return run.stderr

    def assertSays(self, parts, text):
        at = 0
        for part in parts:
            found = text.find(part, at)
            self.assertGreaterEqual(found, 0, f"{part!r} in {text!r}")
            at = found + len(part)

    def test_each_fault_is_named_with_its_place_and_its_remedy(self):
        for fault, (text, line, parts) in FAULTS.items():
            with self.subTest(fault=fault):
                file = self.write(text)
                for mode in ([], ["--check-config"]):
                    self.assertSays([f"{file}:{line}:", *parts], self.complaint("--config", file, *mode))

    def test_every_fault_of_a_file_is_told_at_once(self):
        file = self.write('[log]\nlevle = "info"\n[daemon]\ndrain_timeout_s = -1\ncore_dumps = "no"\n')
        run = minimal.call(self.name, "--config", file)
        self.assertEqual((CONFIG, 3), (run.returncode, run.stderr.count("\n")), run.stderr)

    def test_a_fault_on_the_command_line_names_the_option(self):
        self.assertSays(["--set log.level: ", "loud", "debug"], self.complaint("--set", "log.level=loud"))
        self.assertSays(["--set", "log.levle", "log.level"], self.complaint("--set", "log.levle=info"))

    def test_a_configuration_file_that_cannot_be_read(self):
        missing = self.folder / "missing.toml"
        self.assertSays([str(missing), "No such file"], self.complaint("--config", missing))
        self.assertSays([str(self.folder), "directory"], self.complaint("--config", self.folder))
        if os.geteuid() != 0:
            closed = self.write("")
            closed.chmod(0)
            self.assertSays([str(closed), "Permission denied"], self.complaint("--config", closed))

    def test_a_port_that_another_program_holds(self):
        kinds = {"udp": socket.SOCK_DGRAM, "tcp": socket.SOCK_STREAM, "http": socket.SOCK_STREAM}
        for transport in minimal.CONFIG[self.name]["listen"]:
            with self.subTest(transport=transport), socket.socket(socket.AF_INET, kinds[transport]) as holder:
                holder.bind(("127.0.0.1", 0))
                if kinds[transport] == socket.SOCK_STREAM:
                    holder.listen()
                port = holder.getsockname()[1]
                tables = {**minimal.CONFIG[self.name], "listen": {transport: [f"127.0.0.1:{port}"]}, "metrics": {"listen": []}}
                file = self.write(harness.toml(tables))
                line = file.read_text().splitlines().index(f'{transport} = ["127.0.0.1:{port}"]') + 1
                said = self.complaint_among_lines(file)
                self.assertSays([f"{file}:{line}: listen.{transport}: ", f"127.0.0.1:{port}", "in use"], said)

    def complaint_among_lines(self, file):
        """The complaint of a daemon that had already begun to log."""
        run = minimal.call(self.name, "--config", file)
        self.assertEqual(CANNOT_RUN, run.returncode, run.stderr)
        complaints = [line for line in run.stderr.splitlines() if line.startswith(f"{self.name}: ")]
        self.assertEqual(1, len(complaints), run.stderr)
        self.assertIn("; ", complaints[0])
        return complaints[0]

    def test_the_metrics_port_that_another_program_holds(self):
        with socket.create_server(("127.0.0.1", 0)) as holder:
            at = f"127.0.0.1:{holder.getsockname()[1]}"
            file = self.write(harness.toml({**minimal.CONFIG[self.name], "metrics": {"listen": [at]}}))
            self.assertSays(["metrics.listen: ", at, "in use"], self.complaint_among_lines(file))

    def assertNotThere(self, text, line, key, file_name):
        """A file that a key names is missing: --check-config says so too."""
        file = self.write(text)
        run = minimal.call(self.name, "--config", file, "--check-config")
        self.assertEqual(CONFIG, run.returncode, run.stderr)
        self.assertSays([f"{file}:{line}: {key}: ", file_name, "No such file", "; "], run.stderr)

    def assertNotPrinted(self, key, value):
        run = minimal.call(self.name, "--set", f"{key}={value}", "--print-config")
        self.assertEqual(0, run.returncode, run.stderr)
        self.assertNotIn(minimal.SECRET, run.stdout)


class NoomStun(ConfigErrors, unittest.TestCase):
    name = "noom-stun"


class NoomTurn(ConfigErrors, unittest.TestCase):
    name = "noom-turn"

    def test_a_certificate_that_is_not_there(self):
        text = '[listen]\ntls = ["127.0.0.1:0"]\n[tls]\ncertificate = "nowhere.pem"\nkey = "nowhere.key"\n'
        self.assertNotThere(text, 4, "tls.certificate", "nowhere.pem")

    def test_a_secret_file_that_is_not_there(self):
        self.assertNotThere('[auth]\nrest_secret_files = ["nowhere.secret"]\n', 2, "auth.rest_secret_files", "nowhere.secret")

    def test_secrets_are_not_printed(self):
        self.assertNotPrinted("auth.rest_secrets", minimal.SECRET)
        self.assertNotPrinted("auth.users", f"ann:{minimal.SECRET}")


class NoomSignal(ConfigErrors, unittest.TestCase):
    name = "noom-signal"

    def test_a_certificate_that_is_not_there(self):
        text = '[listen]\nhttps = ["127.0.0.1:0"]\n[tls]\ncertificate = "nowhere.pem"\nkey = "nowhere.key"\n'
        self.assertNotThere(text, 4, "tls.certificate", "nowhere.pem")

    def test_a_secret_file_that_is_not_there(self):
        self.assertNotThere('[turn]\nrest_secret_file = "nowhere.secret"\n', 2, "turn.rest_secret_file", "nowhere.secret")

    def test_keys_of_tokens_that_are_not_there(self):
        self.assertNotThere('[admission]\nmodes = ["jwt"]\njwks_file = "nowhere.jwks"\n', 3, "admission.jwks_file", "nowhere.jwks")
        self.assertNotThere('[admission]\nmodes = ["secret"]\nsecret_file = "nowhere.secret"\n', 3, "admission.secret_file", "nowhere.secret")

    def test_admission_that_cannot_work(self):
        jwks = self.folder / "jwks"
        for modes, keys, parts in [
            ('["opne"]', "", ["admission.modes: ", "opne"]),
            ("[]", "", ["admission.modes", "nobody could join"]),
            ('["secret"]', "", ["admission.secret_file", "is missing"]),
            ('["jwt"]', "", ["admission.jwks_file", "is missing"]),
            ('["jwt"]', '{"keys":[]}', ["admission.jwks_file", "no key for"]),
            ('["jwt"]', '{"keys":[{"kty":"oct","kid":"k","k":"c2hvcnQ"}]}', ["admission.jwks_file", 'key 1 ("k")', "32 bytes"]),
        ]:
            with self.subTest(modes=modes, keys=keys):
                jwks.write_text(keys)
                file = self.write(f"[admission]\nmodes = {modes}\n" + (f'jwks_file = "{jwks}"\n' if keys else ""))
                run = minimal.call(self.name, "--config", file, "--check-config")
                self.assertEqual(CONFIG, run.returncode, run.stderr)
                self.assertSays([*parts, "; "], run.stderr)

    def test_secrets_are_not_printed(self):
        self.assertNotPrinted("turn.rest_secret", minimal.SECRET)


if __name__ == "__main__":
    unittest.main()
