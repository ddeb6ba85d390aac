"""On a host whose kernel has no IPv6, a daemon with its default listeners serves IPv4 and says so once; what an operator wrote still fails."""

import os
import pathlib
import subprocess
import tempfile
import unittest

import harness
import minimal

HERE = pathlib.Path(__file__).resolve().parent
# A network of its own: the default ports may be taken in the host's.
WRAPPER = """#!/bin/sh
exec unshare --map-root-user --net sh -c 'ip link set lo up; exec "$0" "$@"' python3 {wrapper} {program} "$@"
"""


@unittest.skipIf(subprocess.run(["unshare", "--map-root-user", "--net", "true"], capture_output=True).returncode, "no network namespaces here")
class NoIpv6(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def without_ipv6(self, name):
        """Has the harness start the daemon under the wrapper."""
        path = self.folder / name
        path.write_text(WRAPPER.format(wrapper=HERE / "without_ipv6.py", program=harness.binary(name)))
        path.chmod(0o700)
        variable = name.upper().replace("-", "_")
        before = os.environ.get(variable)
        os.environ[variable] = str(path)
        self.addCleanup(lambda: os.environ.pop(variable) if before is None else os.environ.__setitem__(variable, before))

    def config(self, name, listen):
        tables = {table: keys for table, keys in minimal.CONFIG[name].items() if table != "listen"}
        return {**tables, "listen": listen} if listen else tables

    def test_default_listeners_serve_ipv4_and_it_is_said_once(self):
        for name in minimal.DAEMONS:
            with self.subTest(name):
                self.without_ipv6(name)
                with harness.Daemon(name, self.config(name, {})) as daemon:
                    self.assertEqual({"0.0.0.0"}, {listener["address"] for listener in daemon.ready["listeners"]})
                    said = [line for line in daemon.log().splitlines() if "no IPv6" in line]
                    self.assertEqual(1, len(said), daemon.log())
                    self.assertRegex(said[0], r"listen\.\w+ \(default\): the kernel has no IPv6")

    def test_a_listener_that_was_written_fails_with_its_key(self):
        for name, key in (("noom-stun", "udp"), ("noom-turn", "tcp"), ("noom-signal", "http")):
            with self.subTest(name):
                self.without_ipv6(name)
                with self.assertRaisesRegex(harness.DaemonError, rf"listen\.{key}: \w+ \[::1\]:0: this host has no such address family; "):
                    harness.Daemon(name, self.config(name, {key: ["[::1]:0"]}))


if __name__ == "__main__":
    unittest.main()
