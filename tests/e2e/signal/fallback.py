"""Clients of noom-signal without WebSocket, small enough to misbehave on purpose: an event stream or long polls for what comes, POSTs for what
goes. The interface is that of websocket.Client. Standard library only.
"""

import http.client
import json
import socket

from websocket import TIMEOUT_S, Closed, Refused

HELLO = {"type": "hello", "protocol": "noom.v1"}


class Connection(http.client.HTTPConnection):
    def __init__(self, port, host="127.0.0.1", receive_buffer=None):
        super().__init__(host, port, timeout=TIMEOUT_S)
        self.receive_buffer = receive_buffer

    def connect(self):
        self.sock = socket.socket()
        if self.receive_buffer is not None:
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, self.receive_buffer)
        self.sock.settimeout(self.timeout)
        self.sock.connect((self.host, self.port))


def ask(port, method, path, body=None, headers=None):
    """(status, {field: value}, body) over a connection of its own."""
    connection = Connection(port)
    try:
        connection.request(method, path, body, headers or {})
        answer = connection.getresponse()
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
    finally:
        connection.close()


def lines(messages):
    return "\n".join(json.dumps(message) for message in messages).encode()


class Fallback:
    """What both kinds have in common: opening, POSTs and reading on."""

    def __init__(self, port, prefix="", headers=None, receive_buffer=None):
        self.port, self.base, self.headers = port, prefix + self.PATH, headers or {}
        self.posts, self.pings, self.name = 0, 0, None
        self.posting = Connection(port)
        self.getting = Connection(port, receive_buffer=receive_buffer)
        self._open()

    def _get(self, path):
        self.getting.request("GET", path, headers=self.headers)
        answer = self.getting.getresponse()
        if answer.status != 200:
            raise Refused(answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read().decode())
        return answer

    def post(self, body=b"", number=None):
        """The status; the next number unless it is given. A POST over the connection that POSTs share."""
        if number is None:
            self.posts += 1
            number = self.posts
        self.posting.request("POST", f"{self.base}/{self.name}?post={number}", body, self.headers)
        answer = self.posting.getresponse()
        answer.read()
        return answer.status

    def send(self, *messages):
        status = self.post(lines(messages))
        assert status == 204, status

    def send_raw(self, body):
        return self.post(body)

    def receive_type(self, kind):
        while (message := self.receive())["type"] != kind:
            pass
        return message

    def close_code(self):
        try:
            while True:
                self.receive()
        except Closed as closed:
            return closed.code

    def hello(self):
        self.send(HELLO)
        return self.receive_type("welcome")

    def join(self, room, **fields):
        self.hello()
        self.send({"type": "join", "room": room, **fields})
        return self.receive_type("joined")

    def close(self):
        self.getting.close()
        self.posting.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class Sse(Fallback):
    PATH = "/v1/sse"

    def _open(self):
        self.stream = self._get(self.base)
        self.last_id = 0
        event, data = self.read_event()
        assert event == "open", event
        self.name = json.loads(data)["connection"]

    def read_event(self):
        """(event, data); raises Closed at the end of the stream."""
        event, data = "message", []
        while True:
            try:
                line = self.stream.readline()
            except (ConnectionError, ValueError, http.client.HTTPException):
                line = b""
            if line == b"":
                raise Closed(None)
            name, _, value = line.rstrip(b"\n").partition(b": ")
            if name == b"event":
                event = value.decode()
            elif name == b"data":
                data.append(value)
            elif name == b"id":
                assert int(value) == self.last_id + 1, "ids are without a gap"
                self.last_id += 1
            elif name == b"" and data:
                return event, b"\n".join(data)

    def receive(self):
        while True:
            event, data = self.read_event()
            if event == "message":
                return json.loads(data)
            if event == "ping":
                self.pings += 1
                self.post()
            elif event == "close":
                raise Closed(**json.loads(data))

    def close(self):
        self.stream.close()
        super().close()


class Poll(Fallback):
    PATH = "/v1/poll"

    def _open(self):
        self.cursor, self.came = 0, []
        self.name = json.loads(self._get(self.base).read())["connection"]

    def poll(self, cursor=None):
        answer = self._get(f"{self.base}/{self.name}?cursor={self.cursor if cursor is None else cursor}")
        return json.loads(answer.read())

    def receive(self):
        while not self.came:
            try:
                answer = self.poll()
            except (ConnectionError, http.client.HTTPException):
                raise Closed(None) from None
            except Refused as refused:
                raise Closed(None, str(refused)) from None
            self.cursor = answer["cursor"]
            self.came = answer["messages"]
            if not self.came and "close" in answer:
                raise Closed(**answer["close"])
            if self.came and "close" in answer:
                self.came.append(Closed(**answer["close"]))
        message = self.came.pop(0)
        if isinstance(message, Closed):
            raise message
        return message
