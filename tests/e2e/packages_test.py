"""The Debian packages in a fresh system that boots: installed they serve a call with no edit, they come back after a reboot, an upgrade keeps what the
operator wrote, ports below 1024 come from systemd, and nothing is left after a purge. They are made of this build's daemons ($NOOM_PRESET), sanitizers and all: an optimised build would
cost more than all other tests."""

import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

import container
import minimal

SKIPPED = 77
PRESET = os.environ.get("NOOM_PRESET", "dev")
DAEMONS = minimal.DAEMONS
SERVICES = [f"{name}.service" for name in DAEMONS]
NAMES = ("noom-common", *DAEMONS, "noom-ctl")
SECRET = "etc/noom/turn-secret"
# What changes in any system that runs, and what dpkg and systemd keep of packages that are gone.
VOLATILE = ("dev/", "proc/", "run/", "sys/", "tmp/", "var/cache/", "var/lib/apt/", "var/lib/dpkg/", "var/lib/private", "var/lib/systemd/", "var/log/",
            "var/tmp/", "etc/.updated", "var/.updated", "etc/.pwd.lock", "etc/group-", "etc/gshadow-", "etc/machine-id", "etc/resolv.conf")


def make_packages(folder):
    """[path] of the packages; the quickest compression that Debian's tools take."""
    subprocess.run([minimal.ROOT / "scripts/packages-deb", "--preset", PRESET, "--output", folder], check=True,
                   env={**os.environ, "DPKG_DEB_COMPRESSOR_TYPE": "gzip"}, stdout=subprocess.DEVNULL)
    return sorted(folder.glob("noom-*-1_*.deb"))


def next_revision(package):
    """The same package as revision 2, with a line more in its configuration: much quicker than to make it anew."""
    newer = package.with_name(package.name.replace("-1_", "-2_"))
    with tempfile.TemporaryDirectory() as scratch:
        subprocess.run(["dpkg-deb", "--raw-extract", package, scratch], check=True)
        control = pathlib.Path(scratch, "DEBIAN/control")
        control.write_text(re.sub(r"(?m)^(Version: .*|Depends: .*noom-common \(= [\d.]*)-1", r"\1-2", control.read_text()))
        for config in pathlib.Path(scratch, "etc").glob("noom/*.toml"):
            config.write_text(config.read_text() + "# Of revision 2.\n")
        subprocess.run(["dpkg-deb", "-Zgzip", "-z1", "--root-owner-group", "--build", scratch, newer], check=True, stdout=subprocess.DEVNULL)
    return newer


def dependencies(packages):
    """Names that the packages depend on, of each alternative the first, but for each other."""
    fields = [subprocess.run(["dpkg-deb", "-f", package, "Depends"], check=True, capture_output=True, text=True).stdout for package in packages]
    names = {re.match(r"\s*([a-z0-9.+-]+)", one)[1] for field in fields for one in field.split(",")}
    return names - set(NAMES)


class Packages(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        scratch = tempfile.TemporaryDirectory()
        cls.addClassCleanup(scratch.cleanup)
        cls.first = make_packages(pathlib.Path(scratch.name))
        cls.second = [next_revision(package) for package in cls.first]
        depends = dependencies(cls.first)
        cls.sanitized = any(name.startswith("libasan") for name in depends)
        cls.base = container.debian_root(depends)

    def boot(self):
        system = container.Container(self.base)
        for package in (*self.first, *self.second):
            (system.root / "opt" / package.name).write_bytes(package.read_bytes())
        if self.sanitized:
            # The leak check traces its own process, which the units forbid.
            for service in SERVICES:
                drop_in = system.root / "etc/systemd/system" / f"{service}.d/sanitizer.conf"
                drop_in.parent.mkdir(parents=True)
                drop_in.write_text("[Service]\nEnvironment=ASAN_OPTIONS=detect_leaks=0\n")
        return system

    def install(self, system, packages):
        system.run("apt-get", "install", "--yes", "--no-install-recommends", "--option", "Dpkg::Options::=--force-confdef",
                   *(f"/opt/{package.name}" for package in packages))

    def assert_active(self, system):
        states = system.run("systemctl", "is-active", *SERVICES, "noom.target", check=False).stdout.split()
        self.assertEqual(["active"] * 4, states)

    def call(self, system):
        system.from_network("/usr/bin/python3", pathlib.Path(__file__).with_name("packaged_call.py"), container.ADDRESS)

    def restart_during_a_call(self, system):
        """More than once: what was taken over is left again. And a stop ends everything."""
        restart = system.command("systemctl", "restart", "noom-turn")
        for _ in range(2):
            system.from_network("/usr/bin/python3", pathlib.Path(__file__).with_name("packaged_restart.py"), container.ADDRESS, *restart)
        system.run("systemctl", "stop", "noom-turn")
        self.assertIn("=0", system.run("systemctl", "show", "--property=NFileDescriptorStore", "noom-turn").stdout)
        system.run("systemctl", "start", "noom-turn")

    def files(self, system):
        found = (path.relative_to(system.root).as_posix() for path in system.root.rglob("*"))
        return {path for path in found if not path.startswith(VOLATILE)}

    def test_what_is_installed_serves_a_call_with_no_edit_and_again_after_a_reboot(self):
        with self.boot() as system:
            self.install(system, self.first)
            system.run("systemctl", "start", *DAEMONS, "noom.target")
            self.assert_active(system)
            self.call(system)
            self.ask(system)
            self.restart_during_a_call(system)
            secret = system.root / SECRET
            self.assertEqual((0, 0o600, 65), (secret.stat().st_uid, secret.stat().st_mode & 0o777, secret.stat().st_size))
            made = secret.read_text()
            system.shut_down()
            system.boot()
            self.assert_active(system)
            self.call(system)
            self.assertEqual(made, secret.read_text())
            self.serve_below_1024(system)

    def ask(self, system):
        """noom-ctl over the units' sockets: for root and the group noom, nobody else; and a packet through the relay."""
        told = system.run("noom-ctl", "status").stdout
        for name in DAEMONS:
            self.assertRegex(told, rf"(?m)^{name} \S+: ready, pid ")
        member = system.run("setpriv", "--reuid=nobody", "--regid=nogroup", "--groups=noom", "noom-ctl", "status", "turn").stdout
        self.assertIn("noom-turn", member)
        stranger = system.run("setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups", "noom-ctl", "status", "turn", check=False)
        self.assertEqual(69, stranger.returncode)
        self.assertIn("join the group noom", stranger.stderr)
        self.assertIn("relays", system.run("noom-ctl", "doctor", "turn").stdout)

    def serve_below_1024(self, system):
        """HTTPS at 443 for a service without a capability, from the shipped socket unit, which is off at first."""
        self.assertEqual(["disabled"] * 2, system.run("systemctl", "is-enabled", "noom-signal.socket", "noom-turn.socket", check=False).stdout.split())
        config = system.root / "etc/noom/noom-signal.toml"
        config.write_text(config.read_text() + '[listen]\nhttps = ["0.0.0.0:443", "[::]:443"]\n')
        system.run("systemctl", "stop", "noom-signal")
        system.run("systemctl", "enable", "--now", "noom-signal.socket")
        # The first connection starts the service.
        page = system.from_network("curl", "--silent", "--show-error", "--insecure", "--fail", "--max-time", "60", f"https://{container.ADDRESS}/").stdout
        self.assertIn("<html", page)
        self.assert_active(system)

    def test_an_upgrade_keeps_configuration_and_secret_and_runs_the_new_program(self):
        with self.boot() as system:
            self.install(system, self.first)
            edited = system.root / "etc/noom/noom-turn.toml"
            edited.write_text(edited.read_text() + '[log]\nformat = "json"\n')
            before = [(system.root / name).read_text() for name in ("etc/noom/noom-turn.toml", SECRET)]
            processes = system.run("systemctl", "show", "--property=MainPID", *SERVICES).stdout
            self.install(system, self.second)
            self.assert_active(system)
            self.assertEqual(before, [(system.root / name).read_text() for name in ("etc/noom/noom-turn.toml", SECRET)])
            self.assertIn("# Of revision 2.", (system.root / "etc/noom/noom-signal.toml").read_text())
            versions = system.run("dpkg-query", "--show", "--showformat=${Version}\n", *NAMES).stdout.split()
            self.assertTrue(all(version.endswith("-2") for version in versions), versions)
            after = system.run("systemctl", "show", "--property=MainPID", *SERVICES).stdout
            self.assertFalse(set(processes.split()) & set(after.split()))
            self.call(system)

    def test_a_removal_stops_the_daemons_and_a_purge_leaves_nothing(self):
        with self.boot() as system:
            fresh = self.files(system)
            self.install(system, self.first)
            self.assert_active(system)
            system.run("apt-get", "remove", "--yes", *NAMES)
            left = self.files(system) - fresh
            self.assertIn("etc/noom/noom-turn.toml", left)
            self.assertIn(SECRET, left)
            self.assertEqual("", system.run("systemctl", "list-units", "--no-legend", "--state=active,failed", "noom*").stdout)
            # noom-ctl has nothing that a removal leaves.
            system.run("apt-get", "purge", "--yes", "noom-common", *DAEMONS)
            self.assertEqual(set(), self.files(system) - fresh)

    def test_lintian_finds_no_error(self):
        run = subprocess.run(["lintian", "--allow-root", "--fail-on", "error", *self.first], capture_output=True, text=True)
        self.assertEqual(0, run.returncode, run.stdout + run.stderr)

    def test_each_key_and_option_is_in_its_manual_page(self):
        with tempfile.TemporaryDirectory() as scratch:
            for package in self.first:
                subprocess.run(["dpkg-deb", "-x", package, scratch], check=True)
            for name in DAEMONS:
                pages = {}
                for section, page in ((8, name), (5, f"{name}.toml")):
                    path = pathlib.Path(scratch, f"usr/share/man/man{section}/{page}.{section}.gz")
                    source = subprocess.run(["zcat", path], check=True, capture_output=True).stdout
                    groff = subprocess.run(["groff", "-k", "-man", "-Tutf8", "-ww", "-P-cbou", "-rLL=400n"], input=source, check=True, capture_output=True)
                    self.assertEqual(b"", groff.stderr)
                    pages[section] = groff.stdout.decode()
                said = subprocess.run([pathlib.Path(scratch, "usr/bin", name), "--help"], check=True, capture_output=True, text=True).stdout
                for option in re.findall(r"(?m)^  (--[a-z-]+)", said):
                    self.assertIn(option, pages[8])
                for table, key, value in re.findall(r"(?m)^  (?:(\w+)\.)?(\w+) = (.*)$", said):
                    self.assertRegex(pages[5], rf"(?m)^ +{key} = ", table)


if __name__ == "__main__":
    if reason := container.missing():
        print(f"skipped, the packages are NOT tested: {reason}")
        sys.exit(SKIPPED)
    unittest.main()
