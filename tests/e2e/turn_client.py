"""A TURN client for tests that no foreign client can play: one object is one five-tuple, and every message is there to look at.

    with Client("udp", ("127.0.0.1", port), "alice", "apple") as client:
        relayed = client.allocate().address(XOR_RELAYED_ADDRESS)
        client.request(REFRESH, [(LIFETIME, u32(600))]).code    # 0 is success
"""

import hashlib
import hmac
import os
import socket
import ssl
import struct

COOKIE = 0x2112A442
ALLOCATE, REFRESH, SEND, DATA, CREATE_PERMISSION, CHANNEL_BIND = 3, 4, 6, 7, 8, 9
REQUEST, INDICATION, SUCCESS, ERROR = 0, 1, 2, 3
USERNAME, MESSAGE_INTEGRITY, ERROR_CODE, CHANNEL_NUMBER, LIFETIME = 0x0006, 0x0008, 0x0009, 0x000C, 0x000D
XOR_PEER_ADDRESS, DATA_ATTRIBUTE, REALM, NONCE = 0x0012, 0x0013, 0x0014, 0x0015
XOR_RELAYED_ADDRESS, REQUESTED_TRANSPORT, MOBILITY_TICKET = 0x0016, 0x0019, 0x8030

PATIENCE_S = 20


def u32(value):
    return struct.pack("!I", value)


def xor_address(address):
    host, port = address
    packed = struct.unpack("!I", socket.inet_aton(host))[0] ^ COOKIE
    return struct.pack("!BBHI", 0, 1, port ^ (COOKIE >> 16), packed)


def padded(value):
    return value + bytes(-len(value) % 4)


class Message:
    def __init__(self, data):
        kind, _, cookie = struct.unpack("!HHI", data[:8])
        assert cookie == COOKIE, data
        self.message_class = (kind >> 7 & 2) | (kind >> 4 & 1)
        self.method = (kind & 0xF) | (kind >> 1 & 0x70) | (kind >> 2 & 0xF80)
        self.transaction = data[8:20]
        self.attributes = {}
        at = 20
        while at < len(data):
            attribute, size = struct.unpack("!HH", data[at : at + 4])
            self.attributes.setdefault(attribute, data[at + 4 : at + 4 + size])
            at += 4 + (size + 3) // 4 * 4

    @property
    def code(self):
        """0 for a success."""
        error = self.attributes.get(ERROR_CODE)
        return error[2] * 100 + error[3] if error else 0

    def address(self, attribute):
        """(host, port) of an IPv4 address."""
        _, family, port, packed = struct.unpack("!BBHI", self.attributes[attribute])
        assert family == 1
        return socket.inet_ntoa(u32(packed ^ COOKIE)), port ^ (COOKIE >> 16)


class Client:
    """`transport`: udp, tcp or tls; `certificate`: what a TLS server is checked against."""

    def __init__(self, transport, server, username, password, certificate=None):
        self.transport, self.username, self.password = transport, username, password
        self.realm = self.nonce = None
        self._unread = b""
        kind = socket.SOCK_DGRAM if transport == "udp" else socket.SOCK_STREAM
        self.socket = socket.socket(socket.AF_INET, kind)
        self.socket.settimeout(PATIENCE_S)
        self.socket.connect(server)
        if transport == "tls":
            context = ssl.create_default_context(cafile=certificate)
            self.socket = context.wrap_socket(self.socket, server_hostname=server[0])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def request(self, method, attributes=(), transaction=None):
        """The answer, after a challenge (401) or a stale nonce (438) where there is one. Other messages that come meanwhile are dropped."""
        for _ in range(3):
            data = self.build(method, REQUEST, attributes, transaction or os.urandom(12))
            self.socket.sendall(data)
            answer = self._answer_to(data)
            if answer.code not in (401, 438) or answer.attributes.get(NONCE) == self.nonce:
                return answer
            self.realm, self.nonce = answer.attributes[REALM], answer.attributes[NONCE]
        return answer

    def _answer_to(self, data):
        while True:
            received = self.receive()
            if received[0] < 0x40 and received[8:20] == data[8:20]:
                return Message(received)

    def build(self, method, message_class, attributes, transaction):
        body = b"".join(struct.pack("!HH", number, len(value)) + padded(value) for number, value in attributes)
        signed = message_class == REQUEST and self.nonce is not None
        if signed:
            for number, value in (USERNAME, self.username.encode()), (REALM, self.realm), (NONCE, self.nonce):
                body += struct.pack("!HH", number, len(value)) + padded(value)
        kind = (method & 0xF) | (method & 0x70) << 1 | (method & 0xF80) << 2 | (message_class & 1) << 4 | (message_class & 2) << 7
        head = struct.pack("!HHI", kind, len(body) + (24 if signed else 0), COOKIE) + transaction
        if not signed:
            return head + body
        key = hashlib.md5(b":".join((self.username.encode(), self.realm, self.password.encode()))).digest()
        mac = hmac.new(key, head + body, hashlib.sha1).digest()
        return head + body + struct.pack("!HH", MESSAGE_INTEGRITY, len(mac)) + mac

    def receive(self):
        """The next frame: a STUN message, or ChannelData without its padding."""
        if self.transport == "udp":
            return self.socket.recv(65536)
        while len(self._unread) < 4 or len(self._unread) < self._frame_sizes()[1]:
            more = self.socket.recv(65536)
            if not more:
                raise EOFError("the server has closed the connection")
            self._unread += more
        size, with_padding = self._frame_sizes()
        frame, self._unread = self._unread[:size], self._unread[with_padding:]
        return frame

    def _frame_sizes(self):
        first, length = struct.unpack("!HH", self._unread[:4])
        size = length + (20 if first < 0x4000 else 4)
        return size, (size + 3) // 4 * 4

    def allocate(self, attributes=()):
        return self.request(ALLOCATE, [(REQUESTED_TRANSPORT, b"\x11\0\0\0"), *attributes])

    def bind(self, channel, peer):
        return self.request(CHANNEL_BIND, [(CHANNEL_NUMBER, struct.pack("!HH", channel, 0)), (XOR_PEER_ADDRESS, xor_address(peer))])

    def permit(self, peer):
        return self.request(CREATE_PERMISSION, [(XOR_PEER_ADDRESS, xor_address(peer))])

    def send_channel(self, channel, payload):
        data = struct.pack("!HH", channel, len(payload)) + payload
        self.socket.sendall(data if self.transport == "udp" else padded(data))

    def send(self, peer, payload):
        attributes = [(XOR_PEER_ADDRESS, xor_address(peer)), (DATA_ATTRIBUTE, payload)]
        self.socket.sendall(self.build(SEND, INDICATION, attributes, os.urandom(12)))

    def receive_channel(self, channel):
        """The next payload on the channel; other messages are passed over."""
        while True:
            received = self.receive()
            if struct.unpack("!H", received[:2])[0] == channel:
                return received[4:]

    def hears_nothing(self, timeout_s=0.2):
        self.socket.settimeout(timeout_s)
        try:
            return not self.receive()
        except (TimeoutError, ConnectionError, EOFError):
            return True
        finally:
            self.socket.settimeout(PATIENCE_S)
