"""A TURN client of a few lines, for tests that want to see single answers: one allocation over UDP, TCP or TLS, one request at a time.

Standard library only. Requests are signed with MESSAGE-INTEGRITY (RFC 8489 §9.2); answers are not checked.
"""

import base64
import hashlib
import hmac
import os
import socket
import struct

MAGIC = 0x2112A442
ALLOCATE, REFRESH, SEND, DATA, CREATE_PERMISSION, CHANNEL_BIND = 0x003, 0x004, 0x006, 0x007, 0x008, 0x009
USERNAME, INTEGRITY, ERROR_CODE, LIFETIME, XOR_PEER, DATA_ATTRIBUTE = 0x0006, 0x0008, 0x0009, 0x000D, 0x0012, 0x0013
REALM, NONCE, XOR_RELAYED, REQUESTED_TRANSPORT = 0x0014, 0x0015, 0x0016, 0x0019
UDP_PROTOCOL = 17


def rest_credentials(secret, name, expires):
    """(username, password) that noom-signal would hand out."""
    username = f"{int(expires)}:{name}"
    return username, base64.b64encode(hmac.digest(secret.encode(), username.encode(), "sha1")).decode()


class Answer:
    def __init__(self, message):
        self.type = struct.unpack_from("!H", message)[0]
        self.attributes = {}
        at = 20
        while at + 4 <= len(message):
            kind, size = struct.unpack_from("!HH", message, at)
            self.attributes.setdefault(kind, message[at + 4 : at + 4 + size])
            at += 4 + size + -size % 4

    @property
    def error(self):
        """The error code; None for a success."""
        value = self.attributes.get(ERROR_CODE)
        return value[2] * 100 + value[3] if value else None

    @property
    def relayed(self):
        """(address, port) of XOR-RELAYED-ADDRESS, IPv4."""
        value = self.attributes[XOR_RELAYED]
        port, address = struct.unpack_from("!HI", value, 2)
        return socket.inet_ntoa(struct.pack("!I", address ^ MAGIC)), port ^ (MAGIC >> 16)


def attribute(kind, value):
    return struct.pack("!HH", kind, len(value)) + value + bytes(-len(value) % 4)


def xor_address(peer):
    host, port = peer
    return struct.pack("!BBHI", 0, 1, port ^ (MAGIC >> 16), struct.unpack("!I", socket.inet_aton(host))[0] ^ MAGIC)


class TurnClient:
    """`connected`: a UDP socket connected to the server, or a TCP or TLS stream."""

    def __init__(self, connected, username, password):
        self.socket = connected
        self.socket.settimeout(10)
        self.is_stream = connected.type == socket.SOCK_STREAM
        self.username, self.password = username, password
        self.realm = self.nonce = None

    @classmethod
    def udp(cls, server, username, password, source="127.0.0.1"):
        client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        client.bind((source, 0))
        client.connect(server)
        return cls(client, username, password)

    def close(self):
        self.socket.close()

    def allocate(self):
        return self.request(ALLOCATE, attribute(REQUESTED_TRANSPORT, struct.pack("!I", UDP_PROTOCOL << 24)))

    def refresh(self, lifetime_s):
        return self.request(REFRESH, attribute(LIFETIME, struct.pack("!I", lifetime_s)))

    def permit(self, peer):
        return self.request(CREATE_PERMISSION, attribute(XOR_PEER, xor_address(peer)))

    def send(self, peer, data):
        """A Send indication."""
        body = attribute(XOR_PEER, xor_address(peer)) + attribute(DATA_ATTRIBUTE, data)
        self.socket.send(struct.pack("!HHI", SEND | 0x10, len(body), MAGIC) + os.urandom(12) + body)

    def request(self, method, body):
        """The answer, after the challenge if there is one."""
        answer = self._ask(method, body)
        if answer.error in (401, 438) and NONCE in answer.attributes:
            self.realm, self.nonce = answer.attributes[REALM], answer.attributes[NONCE]
            answer = self._ask(method, body)
        return answer

    def _ask(self, method, body):
        transaction = os.urandom(12)
        if self.nonce:
            body += attribute(USERNAME, self.username.encode()) + attribute(REALM, self.realm) + attribute(NONCE, self.nonce)
            key = hashlib.md5(f"{self.username}:{self.realm.decode()}:{self.password}".encode()).digest()
            signed = struct.pack("!HHI", method, len(body) + 24, MAGIC) + transaction + body
            body += attribute(INTEGRITY, hmac.digest(key, signed, "sha1"))
        self.socket.send(struct.pack("!HHI", method, len(body), MAGIC) + transaction + body)
        while True:
            message = self._receive()
            if message[8:20] == transaction:
                return Answer(message)

    def _receive(self):
        if not self.is_stream:
            return self.socket.recv(65536)
        head = self._read(20)
        return head + self._read(struct.unpack_from("!H", head, 2)[0])

    def _read(self, size):
        read = b""
        while len(read) < size:
            part = self.socket.recv(size - len(read))
            if not part:
                raise ConnectionError("the server closed the connection")
            read += part
        return read
