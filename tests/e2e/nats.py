"""A real nats-server of a test's own, and a NATS client of a few lines to look over its shoulder. Standard library only."""

import json
import os
import pathlib
import shutil
import socket
import tempfile
import threading

import harness

PATIENCE_S = 20


class Server:
    """On 127.0.0.1, on a port that it keeps over restarts. `config`: further lines of its configuration."""

    def __init__(self, config=""):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="nats-"))
        self.config = config
        self.port = -1
        self.start()

    def start(self):
        configuration = self.directory / "nats.conf"
        configuration.write_text(f"host: 127.0.0.1\nport: {self.port}\nports_file_dir: {json.dumps(str(self.directory))}\n{self.config}\n")
        program = shutil.which("nats-server", path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin")
        assert program, "nats-server is missing: Debian's package of that name"
        self.process = harness.Process([program, "--config", configuration], self.directory / "nats.log")
        ports = self.process.wait_for(self._read_ports, "ports file")
        self.port = int(ports["nats"][0].rpartition(":")[2])

    def _read_ports(self):
        for path in self.directory.glob(f"*_{self.process.pid}.ports"):
            text = path.read_text()
            return json.loads(text) if text.endswith("}") else None
        return None

    def url(self, scheme="nats", host="127.0.0.1"):
        return f"{scheme}://{host}:{self.port}"

    def kill(self):
        self.process.stop(9)

    def close(self):
        self.kill()
        shutil.rmtree(self.directory, ignore_errors=True)


class Line:
    """A way to the server that can be cut while others still reach it. On a port of its own."""

    def __init__(self, server):
        self._server = server
        self._lock = threading.Lock()
        self._is_cut = False
        self._ends = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    def url(self):
        return f"nats://127.0.0.1:{self._listener.getsockname()[1]}"

    def cut(self):
        with self._lock:
            self._is_cut = True
            for end in self._ends:
                self._shut(end)

    def mend(self):
        with self._lock:
            self._is_cut = False

    def close(self):
        self.cut()
        self._shut(self._listener)
        for thread in self._threads:
            thread.join()
        for end in (self._listener, *self._ends):
            end.close()

    def _accept(self):
        while True:
            try:
                near = self._listener.accept()[0]
            except OSError:
                return
            try:
                far = socket.create_connection(("127.0.0.1", self._server.port), PATIENCE_S)
                far.settimeout(None)
            except OSError:
                near.close()
                continue
            pair = [threading.Thread(target=self._carry, args=ends) for ends in ((near, far), (far, near))]
            self._threads += pair
            with self._lock:
                self._ends += [near, far]
                for end in (near, far) if self._is_cut else ():
                    self._shut(end)
            for thread in pair:
                thread.start()

    def _carry(self, source, target):
        try:
            while data := source.recv(65536):
                target.sendall(data)
        except OSError:
            pass  # cut
        self._shut(source)
        self._shut(target)

    @staticmethod
    def _shut(end):
        try:
            end.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass  # it was shut already


class Client:
    def __init__(self, server, user=None, password=None):
        self._socket = socket.create_connection(("127.0.0.1", server.port), PATIENCE_S)
        self._file = self._socket.makefile("rb")
        assert self._file.readline().startswith(b"INFO ")
        login = {"user": user, "pass": password} if user else {}
        self._send(b"CONNECT " + json.dumps({"verbose": False, "pedantic": False, **login}).encode() + b"\r\n")
        self.flush()

    def _send(self, data):
        self._socket.sendall(data)

    def flush(self):
        """Until the server has taken everything so far; messages that come meanwhile are lost."""
        self._send(b"PING\r\n")
        while (line := self._file.readline()) != b"PONG\r\n":
            assert line, "the connection was closed"
            assert not line.startswith(b"-ERR"), line
            if line.startswith(b"MSG "):
                self._file.read(int(line.split()[-1]) + 2)

    def subscribe(self, subject):
        self._send(f"SUB {subject} 1\r\n".encode())
        self.flush()

    def publish(self, subject, payload):
        data = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        self._send(f"PUB {subject} {len(data)}\r\n".encode() + data + b"\r\n")
        self.flush()

    def next(self, timeout_s=PATIENCE_S):
        """The next message's payload."""
        self._socket.settimeout(timeout_s)
        while line := self._file.readline():
            if line.startswith(b"MSG "):
                return self._file.read(int(line.split()[-1]) + 2)[:-2]
            if line == b"PING\r\n":
                self._send(b"PONG\r\n")
        raise EOFError

    def close(self):
        self._socket.close()
