"""A WebSocket client small enough to misbehave on purpose: raw frames over a socket (RFC 6455). Standard library only.

    with Client(port) as client:            # handshake done
        client.send({"type": "hello", "protocol": "noom.v1"})
        client.receive()                    # the next JSON message; fails at the deadline
"""

import base64
import hashlib
import json
import os
import socket
import struct

TIMEOUT_S = 20
GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0x0, 0x1, 0x2, 0x8, 0x9, 0xA


class Closed(Exception):
    """The connection ended. `code` is the close frame's, or None when there was none."""

    def __init__(self, code, reason=""):
        super().__init__(f"closed: {code} {reason}")
        self.code = code
        self.reason = reason


class Refused(Exception):
    """The upgrade was answered by something else than 101."""

    def __init__(self, status, headers, body):
        super().__init__(f"HTTP {status}: {body}")
        self.status = status
        self.headers = headers
        self.body = body


def frame(opcode, payload=b"", fin=True, masked=True, reserved=0):
    """One frame as bytes."""
    head = bytes([(0x80 if fin else 0) | reserved | opcode])
    mask_bit = 0x80 if masked else 0
    if len(payload) < 126:
        head += bytes([mask_bit | len(payload)])
    elif len(payload) < 65536:
        head += bytes([mask_bit | 126]) + struct.pack("!H", len(payload))
    else:
        head += bytes([mask_bit | 127]) + struct.pack("!Q", len(payload))
    if not masked:
        return head + payload
    mask = os.urandom(4)
    repeated = mask * (len(payload) // 4 + 1)
    scrambled = int.from_bytes(payload, "big") ^ int.from_bytes(repeated[: len(payload)], "big")
    return head + mask + scrambled.to_bytes(len(payload), "big")


def read_head(stream):
    """(status, {field: value}) of an HTTP answer, names in lower case."""
    status = int(stream.readline().split()[1])
    headers = {}
    while (line := stream.readline().strip()) != b"":
        name, _, value = line.decode().partition(":")
        headers[name.lower()] = value.strip()
    return status, headers


class Client:
    def __init__(self, port, host="127.0.0.1", headers=None, path="/ws", tls=None, receive_buffer=None):
        self.socket = socket.socket()
        if receive_buffer is not None:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.settimeout(TIMEOUT_S)
        self.socket.connect((host, port))
        if tls is not None:
            self.socket = tls.wrap_socket(self.socket, server_hostname="localhost")
        self.stream = self.socket.makefile("rb")
        self.pings = 0
        try:
            self._upgrade(f"{host}:{port}", headers or {}, path)
        except BaseException:
            self.close()
            raise

    def _upgrade(self, authority, headers, path):
        key = base64.b64encode(os.urandom(16)).decode()
        fields = {
            "Host": authority,
            "Connection": "keep-alive, Upgrade",
            "Upgrade": "websocket",
            "Sec-WebSocket-Version": "13",
            "Sec-WebSocket-Key": key,
            "Sec-WebSocket-Protocol": "noom.v1",
            **headers,
        }
        lines = [f"GET {path} HTTP/1.1", *(f"{name}: {value}" for name, value in fields.items() if value is not None)]
        self.socket.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
        self.status, self.headers = read_head(self.stream)
        if self.status != 101:
            body = self.stream.read(int(self.headers.get("content-length", 0))).decode()
            raise Refused(self.status, self.headers, body)
        expected = base64.b64encode(hashlib.sha1((key + GUID).encode()).digest()).decode()
        assert self.headers["sec-websocket-accept"] == expected, self.headers

    def send_raw(self, data):
        self.socket.sendall(data)

    def send(self, message):
        self.send_raw(frame(TEXT, json.dumps(message).encode()))

    def send_raw_text(self, text):
        self.send_raw(frame(TEXT, text.encode()))

    def read_frame(self):
        """(opcode, payload); raises Closed at the end of the stream."""
        head = self._read(2)
        assert head[0] & 0x70 == 0 and head[1] & 0x80 == 0, "reserved bits or a mask from the server"
        size = head[1] & 0x7F
        if size == 126:
            size = struct.unpack("!H", self._read(2))[0]
        elif size == 127:
            size = struct.unpack("!Q", self._read(8))[0]
        return head[0] & 0x0F, self._read(size)

    def _read(self, size):
        try:
            data = self.stream.read(size)
        except ConnectionError:
            data = b""
        if len(data) < size:
            raise Closed(None)
        return data

    def receive(self):
        """The next JSON message; pings are answered on the way. Raises Closed."""
        while True:
            opcode, payload = self.read_frame()
            if opcode == TEXT:
                return json.loads(payload)
            if opcode == PING:
                self.pings += 1
                self.send_raw(frame(PONG, payload))
            elif opcode == CLOSE:
                code = struct.unpack("!H", payload[:2])[0] if payload else None
                self.send_raw(frame(CLOSE, payload[:2]))
                raise Closed(code, payload[2:].decode())

    def receive_type(self, kind):
        """The next message of that type; others are passed over."""
        while (message := self.receive())["type"] != kind:
            pass
        return message

    def close_code(self):
        """Reads until the server closes; the code, or None when there was none."""
        try:
            while True:
                self.receive()
        except Closed as closed:
            return closed.code

    def hello(self):
        self.send({"type": "hello", "protocol": "noom.v1"})
        return self.receive_type("welcome")

    def join(self, room, **fields):
        self.hello()
        self.send({"type": "join", "room": room, **fields})
        return self.receive_type("joined")

    def close(self):
        self.stream.close()
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
