"""A service manager with a descriptor store, as a daemon sees systemd's: what it is told by sd_notify(3), and what the next process is started with.

    with Manager("noom-turn", config) as manager:
        manager.daemon.port("udp")
        manager.restart()          # as `systemctl restart` does
        manager.daemon.log()

Its listeners' ports, 0 at the first start, are the same ones after that. Leaving the block stops the daemon and empties the store.
"""

import array
import copy
import os
import pathlib
import socket
import tempfile
import threading
import time

import harness

FDS_MAX = 253  # the kernel's, for one message
STORE_SIZE = 4


class Stored:
    def __init__(self, name, fd):
        self.name = name
        self.socket = socket.socket(fileno=fd)

    def fileno(self):
        return self.socket.fileno()


class Manager:
    def __init__(self, name, config):
        self.name, self.config = name, copy.deepcopy(config)
        self.store, self.messages = [], []
        self._folder = tempfile.TemporaryDirectory()
        path = str(pathlib.Path(self._folder.name) / "notify")
        self._notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._notify.bind(path)
        self.environment = {"NOTIFY_SOCKET": path, "FDSTORE": str(STORE_SIZE)}
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()
        self.daemon = None
        self.start()
        self._keep_ports()

    def _listen(self):
        while True:
            data, ancillary, _, _ = self._notify.recvmsg(4096, socket.CMSG_SPACE(FDS_MAX * 4))
            if data == b"end":
                return
            fds = array.array("i")
            for level, kind, value in ancillary:
                if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
                    fds.frombytes(value[: len(value) - len(value) % fds.itemsize])
            said = dict(line.split("=", 1) for line in data.decode().splitlines())
            self.messages.append(said)
            self._obey(said, list(fds))

    def _obey(self, said, fds):
        name = said.get("FDNAME", "stored")
        if said.get("FDSTORE") == "1":
            for fd in fds:
                self.store.append(Stored(name, fd))
            return
        if said.get("FDSTOREREMOVE") == "1":
            for each in [each for each in self.store if each.name == name]:
                self.store.remove(each)
                each.socket.close()
        for fd in fds:  # BARRIER=1 waits for that
            os.close(fd)

    def start(self, config=None):
        given = list(self.store)
        environment = dict(self.environment)
        if given:
            environment["LISTEN_FDNAMES"] = ":".join(each.name for each in given)
        self.daemon = harness.Daemon(self.name, config or self.config, environment=environment, sockets=given)
        return self.daemon

    def _keep_ports(self):
        """What began as port 0 keeps the port that it became."""
        for key, endpoints in self.config["listen"].items():
            bound = iter([each for each in self.daemon.ready["listeners"] if each["name"] == f"listen.{key}"])
            self.config["listen"][key] = [self._endpoint(next(bound)) for _ in endpoints]

    @staticmethod
    def _endpoint(listener):
        address = f"[{listener['address']}]" if ":" in listener["address"] else listener["address"]
        return f"{address}:{listener['port']}"

    def restart(self, config=None):
        """Returns (log of the process that ended, seconds in which there was none that is ready)."""
        begin = time.monotonic()
        log = self.end_process()
        self.start(config)
        return log, time.monotonic() - begin

    def end_process(self):
        """SIGTERM, and the log of what has ended."""
        code = self.daemon.process.stop()
        log = self.daemon.log()
        self.daemon.stop()
        assert code == 0, log
        return log

    def empty_store(self):
        for each in self.store:
            each.socket.close()
        self.store.clear()

    def __enter__(self):
        return self

    def __exit__(self, *error):
        try:
            if self.daemon.directory.exists():
                self.daemon.__exit__(*error)
        finally:
            self.empty_store()
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as last:
                last.sendto(b"end", self.environment["NOTIFY_SOCKET"])
            self._thread.join()
            self._notify.close()
            self._folder.cleanup()
