"""A fresh Debian that boots systemd in a container with a network of its own (systemd-nspawn): for what only a whole system shows. Nothing of the
host is touched but a temporary folder. Needs root.

    with Container(debian_root(["libssl3"])) as system:
        system.run("systemctl", "is-system-running").stdout
        system.from_network("/usr/bin/curl", f"http://{ADDRESS}:8080/")    # a program of the host, in the container's network
"""

import contextlib
import fcntl
import hashlib
import itertools
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile

ADDRESS = "10.77.0.10"
BOOT_TIMEOUT_S = 60
STOP_TIMEOUT_S = 30
BASE = ["systemd", "systemd-sysv", "init-system-helpers"]
ENVIRONMENT = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C", "DEBIAN_FRONTEND": "noninteractive"}
_numbers = itertools.count()


def missing():
    """Why there can be no container; None where there can."""
    if os.geteuid() != 0:
        return "a container that boots needs root"
    for program in ("systemd-nspawn", "debootstrap", "nsenter", "ip"):
        if shutil.which(program) is None:
            return f"{program} is not installed: scripts/install-packages test"
    return None


def distribution():
    lines = pathlib.Path("/etc/os-release").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if "=" in line)["VERSION_CODENAME"].strip('"')


def mirror(codename):
    """Where this machine's own apt gets that distribution from."""
    query = ["apt-get", "indextargets", "--format", "$(RELEASE) $(REPO_URI)", "Created-By: Packages"]
    for line in subprocess.run(query, check=True, capture_output=True, text=True).stdout.splitlines():
        release, _, uri = line.partition(" ")
        if release == codename:
            return uri
    raise RuntimeError(f"apt knows no source of {codename}, from which a fresh root could be made")


def debian_root(packages):
    """A folder with this machine's distribution in its smallest form, and the packages. Made once and kept beside other temporary files."""
    codename = distribution()
    wanted = sorted({*BASE, *packages})
    name = f"noom-test-root-{codename}-{hashlib.sha256(' '.join(wanted).encode()).hexdigest()[:12]}"
    root = pathlib.Path(tempfile.gettempdir()) / name
    with open(f"{root}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not root.exists():
            fresh = pathlib.Path(tempfile.mkdtemp(prefix=f"{name}-"))
            command = ["debootstrap", "--variant=minbase", f"--include={','.join(wanted)}", codename, fresh, mirror(codename)]
            run = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL)
            if run.returncode != 0:
                shutil.rmtree(fresh)
                raise RuntimeError(f"debootstrap failed:\n{run.stdout[-3000:]}{run.stderr[-1000:]}")
            fresh.chmod(0o755)
            fresh.rename(root)
    return root


class Container:
    """A copy of `root`, booted; the copy goes when the block ends."""

    def __init__(self, root):
        self._folder = pathlib.Path(tempfile.mkdtemp(prefix="noom-container-"))
        self.root = self._folder / "root"
        self._machine = f"noom-test-{os.getpid()}-{next(_numbers)}"
        self._nspawn = None
        self._leader = None
        subprocess.run(["cp", "-a", "--reflink=auto", root, self.root], check=True)

    def boot(self):
        path = self._folder / "notify"
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify, open(self._folder / "console", "ab") as console:
            notify.bind(str(path))
            notify.settimeout(BOOT_TIMEOUT_S)
            self._nspawn = subprocess.Popen(
                ["systemd-nspawn", "--quiet", "--directory", self.root, "--machine", self._machine, "--boot", "--register=no", "--keep-unit",
                 "--private-network", "--notify-ready=yes", "--console=pipe"],
                stdin=subprocess.DEVNULL, stdout=console, stderr=console, env={**os.environ, "NOTIFY_SOCKET": str(path)},
            )
            said = {}
            while "READY" not in said:
                try:
                    said |= dict(line.split("=", 1) for line in notify.recv(4096).decode().splitlines())
                except TimeoutError:
                    raise RuntimeError(f"no boot within {BOOT_TIMEOUT_S} s: {(self._folder / 'console').read_text()[-3000:]}") from None
        path.unlink()
        self._leader = int(said["X_NSPAWN_LEADER_PID"])
        for command in ("link add lan0 type veth peer name lan1", f"address add {ADDRESS}/24 dev lan0", "link set lan0 up", "link set lan1 up",
                        "route add default dev lan0"):
            self.from_network("ip", *command.split())

    def shut_down(self):
        os.kill(self._leader, signal.SIGRTMIN + 4)  # systemd(1): poweroff.target
        try:
            self._nspawn.wait(STOP_TIMEOUT_S)
        finally:
            self._kill()

    def _kill(self):
        if self._nspawn is not None and self._nspawn.poll() is None:
            if self._leader is not None:
                with contextlib.suppress(ProcessLookupError):  # it may have ended just now
                    os.kill(self._leader, signal.SIGKILL)  # and with it all of the container, which would outlive a killed nspawn
                self._nspawn.wait(STOP_TIMEOUT_S)
            else:
                self._nspawn.kill()
                self._nspawn.wait()
        self._nspawn = None
        self._leader = None
        propagated = pathlib.Path("/run/systemd/nspawn/propagate") / self._machine  # nspawn's own, left behind
        if propagated.is_dir():
            propagated.rmdir()

    def run(self, *command, check=True, timeout=120):
        """A program of the container, as root there."""
        return self._enter(["--all"], command, check, timeout, ENVIRONMENT)

    def from_network(self, *command, check=True, timeout=120, environment=None):
        """A program of the host that sees the container's network alone."""
        return self._enter(["--net"], command, check, timeout, {**os.environ, **(environment or {})})

    def command(self, *command):
        """For a program of the host: how it runs one of the container, as root there."""
        return ["nsenter", "--target", str(self._leader), "--all", *command]

    def _enter(self, namespaces, command, check, timeout, environment):
        run = subprocess.run(["nsenter", "--target", str(self._leader), *namespaces, *map(str, command)], env=environment, stdin=subprocess.DEVNULL,
                             capture_output=True, text=True, timeout=timeout)
        if check and run.returncode != 0:
            raise AssertionError(f"{command} exited with {run.returncode}\n{run.stdout[-4000:]}{run.stderr[-4000:]}")
        return run

    def __enter__(self):
        try:
            self.boot()
        except BaseException:
            self.discard()
            raise
        return self

    def __exit__(self, kind, error, trace):
        if kind is not None:
            print(self.run("journalctl", "--no-pager", "--lines=60", check=False).stdout, flush=True)
        self.discard()

    def discard(self):
        self._kill()
        shutil.rmtree(self._folder)
