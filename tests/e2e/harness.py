"""Runs a Noom daemon for a test: ports from the kernel, everything in a directory of its own, nothing left behind.

    with Daemon("noom-turn", {"listen": {"udp": ["127.0.0.1:0"]}, …}) as turn:
        turn.port("udp")            # where it listens
        turn.metrics()["noom_turn_allocations"]

Leaving the block sends SIGTERM and fails unless the daemon exits with 0 and no sanitizer reported anything. Knows nothing of STUN or of browsers.
Standard library only.
"""

import json
import os
import pathlib
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

READY_TIMEOUT_S = 30
STOP_TIMEOUT_S = 30
POLL_MS = 20

_SANITIZER_REPORTS = ("ERROR: AddressSanitizer", "ERROR: LeakSanitizer", "runtime error:", "WARNING: ThreadSanitizer")


class DaemonError(AssertionError):
    """The daemon did not start, died, or did not end as it should; the message holds its log."""


def toml(tables):
    """A dict of tables (dicts), or of top-level values, as TOML. JSON's scalars, strings and arrays are TOML's."""
    lines = [f"{key} = {json.dumps(value)}" for key, value in tables.items() if not isinstance(value, dict)]
    for name, table in tables.items():
        if isinstance(table, dict):
            lines.append(f"[{name}]")
            lines.extend(f"{key} = {json.dumps(value)}" for key, value in table.items())
    return "\n".join(lines) + "\n"


def binary(name):
    """The program to test: $NOOM_TURN for noom-turn, as ctest sets it, else the dev build's."""
    variable = name.upper().replace("-", "_")
    if variable in os.environ:
        return os.environ[variable]
    root = pathlib.Path(__file__).resolve().parents[2]
    return str(root / "build" / "dev" / name.removeprefix("noom-") / name)


class Process:
    """A child whose output goes to a file, ended by its pid. For foreign servers and clients too."""

    def __init__(self, command, log_path, stdin=subprocess.DEVNULL, **options):
        self.command = [str(part) for part in command]
        self.log_path = pathlib.Path(log_path)
        with open(self.log_path, "wb") as log:
            self._child = subprocess.Popen(self.command, stdin=stdin, stdout=log, stderr=subprocess.STDOUT, **options)
        self._pidfd = os.pidfd_open(self._child.pid)
        self.pid = self._child.pid

    def log(self):
        return self.log_path.read_text(errors="replace")

    def exit_code(self):
        """None while it runs."""
        return self._child.poll()

    def wait_for(self, condition, what, timeout_s=READY_TIMEOUT_S):
        """Returns condition()'s first true value; fails when the child exits first, or at the deadline."""
        deadline = time.monotonic() + timeout_s
        poller = select.poll()
        poller.register(self._pidfd, select.POLLIN)
        while True:
            if value := condition():
                return value
            if self.exit_code() is not None:
                raise DaemonError(f"{self.command[0]} exited with {self.exit_code()} before {what}\n{self.log()}")
            if time.monotonic() > deadline:
                raise DaemonError(f"{self.command[0]}: no {what} within {timeout_s} s\n{self.log()}")
            poller.poll(POLL_MS)

    def wait(self, timeout_s):
        """The exit code; fails at the deadline."""
        try:
            return self._child.wait(timeout_s)
        except subprocess.TimeoutExpired:
            raise DaemonError(f"{self.command[0]} still runs after {timeout_s} s\n{self.log()}") from None

    def stop(self, signal_number=signal.SIGTERM, timeout_s=STOP_TIMEOUT_S):
        """Ends the child if it still runs, and returns its exit code (negative: killed by that signal)."""
        if self.exit_code() is None:
            self._child.send_signal(signal_number)
        try:
            return self.wait(timeout_s)
        finally:
            if self.exit_code() is None:
                self._child.kill()
                self._child.wait()
            self._close()

    def _close(self):
        if self._pidfd >= 0:
            os.close(self._pidfd)
            self._pidfd = -1


class Daemon:
    """One of the suite's daemons, from ready to stopped. `config` is a dict of tables; ready_file, metrics and logging are filled in."""

    def __init__(self, name, config=None, arguments=(), environment=None, sockets=()):
        """`sockets`: handed over as systemd does."""
        self.name = name
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix=f"{name}-"))
        self.config_path = self.directory / "config.toml"
        self.config_path.write_text(toml(self._complete(config or {})))
        self.config_path.chmod(0o600)
        self._ready_path = self.directory / "ready.json"
        command = [binary(name), "--config", self.config_path, *arguments]
        fds = [each.fileno() for each in sockets]
        if fds:
            command = [sys.executable, pathlib.Path(__file__).with_name("handed_over.py"), ",".join(map(str, fds)), *command]
        try:
            self.process = Process(command, self.directory / "stderr.log", env={**os.environ, **(environment or {})}, pass_fds=fds)
            self.ready = self.process.wait_for(self._read_ready, "ready file")
        except BaseException:
            self._discard()
            raise

    def _complete(self, config):
        tables = {key: dict(value) if isinstance(value, dict) else value for key, value in config.items()}
        tables.setdefault("daemon", {}).setdefault("ready_file", str(self.directory / "ready.json"))
        tables.setdefault("metrics", {}).setdefault("listen", ["127.0.0.1:0"])
        return tables

    def _read_ready(self):
        return json.loads(self._ready_path.read_text()) if self._ready_path.exists() else None

    @property
    def pid(self):
        return self.process.pid

    def log(self):
        return self.process.log()

    def port(self, transport, address=None):
        """The port of the first listener of that transport (and address)."""
        for listener in self.ready["listeners"]:
            if listener["transport"] == transport and address in (None, listener["address"]):
                return listener["port"]
        raise DaemonError(f"{self.name} has no {transport} listener on {address or 'any address'}: {self.ready}")

    def admin_url(self, path):
        address, port = self.ready["metrics"]["address"], self.ready["metrics"]["port"]
        host = f"[{address}]" if ":" in address else address
        return f"http://{host}:{port}{path}"

    def admin(self, path):
        """(status, body) of the admin port."""
        try:
            with urllib.request.urlopen(self.admin_url(path), timeout=10) as reply:
                return reply.status, reply.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def metrics(self):
        """{'name{label="x"}': value} of /metrics."""
        samples = {}
        for line in self.admin("/metrics")[1].splitlines():
            if line and not line.startswith("#"):
                series, _, value = line.rpartition(" ")
                samples[series] = float(value)
        return samples

    def stop(self):
        """SIGTERM; fails unless the daemon exits with 0 and silent sanitizers. Called on leaving a `with` block."""
        if not self.directory.exists():
            return
        try:
            code = self.process.stop()
            log = self.log()
            if any(report in log for report in _SANITIZER_REPORTS):
                raise DaemonError(f"{self.name}: a sanitizer reported\n{log}")
            if code != 0:
                raise DaemonError(f"{self.name} exited with {code} after SIGTERM\n{log}")
        finally:
            self._discard()

    def kill(self):
        """Without warning. stop() does nothing afterwards."""
        self.process.stop(signal.SIGKILL)
        self._discard()

    def _discard(self):
        if hasattr(self, "process") and self.process.exit_code() is None:
            self.process.stop(signal.SIGKILL)
        shutil.rmtree(self.directory, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        if kind is None:
            self.stop()
            return
        log = self.log()
        self._discard()
        print(f"--- log of {self.name}, config {self.config_path.name}\n{log}--- end of log", flush=True)
