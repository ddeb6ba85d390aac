"""scripts/install-systemd into an empty root: programs that run, configuration that holds, one secret, and a way back."""

import os
import pathlib
import re
import subprocess
import tempfile
import unittest

import minimal


class InstallSystemd(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.root = pathlib.Path(scratch.name)

    def install(self, *arguments):
        environment = {**os.environ, "DESTDIR": str(self.root), "PREFIX": "/opt/noom"}
        run = subprocess.run([minimal.ROOT / "scripts/install-systemd", *arguments], env=environment, capture_output=True, text=True, timeout=120)
        self.assertEqual(0, run.returncode, run.stdout + run.stderr)
        return run.stdout

    def files(self):
        return {str(path.relative_to(self.root)) for path in self.root.rglob("*") if path.is_file()}

    def test_what_is_installed_runs_and_its_configuration_holds(self):
        self.install()
        secret = self.root / "etc/noom/turn-secret"
        self.assertEqual(0o600, secret.stat().st_mode & 0o777)
        # systemd will hand the secret over where the units say; here it lies where it was made.
        moved = {"noom-turn": "auth.rest_secret_files", "noom-signal": "turn.rest_secret_file"}
        for name in minimal.DAEMONS:
            arguments = ["--config", self.root / f"etc/noom/{name}.toml", "--check-config"]
            arguments += ["--set", f"{moved[name]}={secret}"] if name in moved else []
            arguments += ["--set", f"web.root={self.root}/opt/noom/share/noom/web"] if name == "noom-signal" else []
            run = subprocess.run([self.root / "opt/noom/bin" / name, *arguments], capture_output=True, text=True)
            self.assertEqual((0, "configuration ok\n"), (run.returncode, run.stdout), run.stderr)

    def test_units_configuration_and_credentials_name_the_same_places(self):
        self.install()
        for name in minimal.DAEMONS:
            unit = (self.root / f"etc/systemd/system/{name}.service").read_text()
            self.assertIn(f"ExecStart=/opt/noom/bin/{name}\n", unit)
            config = (self.root / f"etc/noom/{name}.toml").read_text()
            for credential in re.findall(r"/run/credentials/(\S+?)/([\w-]+)", config):
                self.assertEqual(f"{name}.service", credential[0])
                self.assertIn(f"LoadCredential={credential[1]}:/etc/noom/turn-secret\n", unit)

    def test_a_second_installation_keeps_configuration_and_secret(self):
        self.install()
        secret = (self.root / "etc/noom/turn-secret").read_text()
        edited = self.root / "etc/noom/noom-turn.toml"
        edited.write_text("# mine\n")
        self.assertIn("Kept", self.install())
        self.assertEqual("# mine\n", edited.read_text())
        self.assertEqual(secret, (self.root / "etc/noom/turn-secret").read_text())

    def test_uninstalling_leaves_the_configuration_and_purging_nothing(self):
        self.install()
        self.install("--uninstall")
        self.assertEqual({"etc/noom/turn-secret", *(f"etc/noom/{name}.toml" for name in minimal.DAEMONS)}, self.files())
        self.install("--uninstall", "--purge")
        self.assertEqual(set(), self.files())


if __name__ == "__main__":
    unittest.main()
