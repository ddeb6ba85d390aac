"""A blocking TURN client over TCP or TLS for tests of TCP allocations (RFC 6062), from RFC 8489's text: long-term credentials with MD5 keys."""

import hashlib
import hmac
import os
import socket
import ssl
import struct

COOKIE = 0x2112A442
TIMEOUT_S = 60

ALLOCATE, REFRESH, CREATE_PERMISSION, CONNECT, CONNECTION_BIND, CONNECTION_ATTEMPT = 0x003, 0x004, 0x008, 0x00A, 0x00B, 0x00C
INDICATION, SUCCESS, ERROR = 0x010, 0x100, 0x110
USERNAME, MESSAGE_INTEGRITY, ERROR_CODE, LIFETIME, XOR_PEER_ADDRESS, REALM, NONCE = 0x006, 0x008, 0x009, 0x00D, 0x012, 0x014, 0x015
XOR_RELAYED_ADDRESS, REQUESTED_ADDRESS_FAMILY, REQUESTED_TRANSPORT, CONNECTION_ID = 0x016, 0x017, 0x019, 0x02A


class Refused(Exception):
    def __init__(self, code):
        super().__init__(f"refused with {code}")
        self.code = code


def attribute(kind, value):
    return struct.pack("!HH", kind, len(value)) + value + bytes(-len(value) % 4)


def xor_address(host, port):
    v6 = ":" in host
    address = socket.inet_pton(socket.AF_INET6 if v6 else socket.AF_INET, host)
    assert not v6, "these tests have IPv4 peers"
    return struct.pack("!BBH", 0, 1, port ^ (COOKIE >> 16)) + bytes(a ^ b for a, b in zip(address, struct.pack("!I", COOKIE)))


def from_xor_address(value):
    port = struct.unpack_from("!H", value, 2)[0] ^ (COOKIE >> 16)
    return socket.inet_ntop(socket.AF_INET, bytes(a ^ b for a, b in zip(value[4:8], struct.pack("!I", COOKIE)))), port


class Message:
    def __init__(self, data):
        kind, _, _, self.transaction = struct.unpack_from("!HHI12s", data)
        self.method, self.message_class = kind & ~ERROR, kind & ERROR
        self.attributes = {}
        at = 20
        while at < len(data):
            name, size = struct.unpack_from("!HH", data, at)
            self.attributes.setdefault(name, data[at + 4 : at + 4 + size])
            at += 4 + (size + 3) // 4 * 4

    @property
    def code(self):
        value = self.attributes[ERROR_CODE]
        return value[2] * 100 + value[3]


class Connection:
    """One TCP or TLS connection with the server."""

    def __init__(self, address, user, password, certificate=None):
        self.socket = socket.create_connection(address, TIMEOUT_S)
        if certificate:
            context = ssl.create_default_context(cafile=certificate)
            self.socket = context.wrap_socket(self.socket, server_hostname="localhost", suppress_ragged_eofs=False)
        self._user, self._password = user, password
        self._realm = self._nonce = None
        self._unread = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def request(self, method, *attributes, behind=b""):
        """The attributes of a success, after as many challenges as it takes; else Refused. `behind` leaves in one write with the request."""
        while True:
            answer = self._exchange(method, b"".join(attributes), behind)
            if answer.message_class == SUCCESS:
                return answer.attributes
            if answer.code not in (401, 438) or (answer.code == 401 and self._nonce):
                raise Refused(answer.code)
            self._realm, self._nonce = answer.attributes[REALM], answer.attributes[NONCE]

    def _exchange(self, method, body, behind):
        transaction = os.urandom(12)
        if self._nonce:
            body += attribute(USERNAME, self._user.encode()) + attribute(REALM, self._realm) + attribute(NONCE, self._nonce)
            key = hashlib.md5(b":".join((self._user.encode(), self._realm, self._password.encode()))).digest()
            head = struct.pack("!HHI12s", method, len(body) + 24, COOKIE, transaction)
            body += attribute(MESSAGE_INTEGRITY, hmac.new(key, head + body, "sha1").digest())
        self.socket.sendall(struct.pack("!HHI12s", method, len(body), COOKIE, transaction) + body + behind)
        while (answer := self.message()).transaction != transaction:
            pass
        return answer

    def message(self):
        head = self.read(20)
        return Message(head + self.read(struct.unpack_from("!H", head, 2)[0]))

    def read(self, size):
        """Exactly so many bytes, or fewer at the end."""
        while len(self._unread) < size and (more := self.socket.recv(1 << 16)):
            self._unread += more
        data, self._unread = self._unread[:size], self._unread[size:]
        return data

    def use_nonce_of(self, other):
        self._realm, self._nonce = other._realm, other._nonce

    def allocate(self, protocol=6):
        answer = self.request(ALLOCATE, attribute(REQUESTED_TRANSPORT, bytes([protocol, 0, 0, 0])))
        return from_xor_address(answer[XOR_RELAYED_ADDRESS])

    def permit(self, host):
        self.request(CREATE_PERMISSION, attribute(XOR_PEER_ADDRESS, xor_address(host, 0)))

    def connect(self, address):
        """The CONNECTION-ID."""
        return self.request(CONNECT, attribute(XOR_PEER_ADDRESS, xor_address(*address)))[CONNECTION_ID]

    def attempt(self):
        """(address of the peer, CONNECTION-ID) of the next ConnectionAttempt."""
        while (message := self.message()).method != CONNECTION_ATTEMPT:
            pass
        return from_xor_address(message.attributes[XOR_PEER_ADDRESS]), message.attributes[CONNECTION_ID]

    def bind(self, connection_id, behind=b""):
        self.request(CONNECTION_BIND, attribute(CONNECTION_ID, connection_id), behind=behind)

    def refresh(self, lifetime_s):
        self.request(REFRESH, attribute(LIFETIME, struct.pack("!I", lifetime_s)))
