"""What tests over streams need of STUN: requests, and what the answers say (RFC 8489, RFC 8656)."""

import ipaddress
import os
import socket
import struct

MAGIC = 0x2112A442
TIMEOUT_S = 20


def request(method=0x0001, attributes=b""):
    return struct.pack("!HHI", method, len(attributes), MAGIC) + os.urandom(12) + attributes


def allocate():
    """Without credentials, for UDP."""
    return request(0x0003, struct.pack("!HHB3x", 0x0019, 4, 17))


def receive_exactly(stream, size):
    data = b""
    while len(data) < size:
        more = stream.recv(size - len(data))
        if not more:
            raise EOFError(f"{len(data)} of {size} bytes")
        data += more
    return data


def receive(stream):
    """(message type, {attribute: value}) of the next message."""
    header = receive_exactly(stream, 20)
    kind, length, _ = struct.unpack("!HHI", header[:8])
    body, attributes = receive_exactly(stream, length), {}
    while body:
        attribute, size = struct.unpack("!HH", body[:4])
        attributes[attribute] = body[4 : 4 + size]
        body = body[4 + (size + 3) // 4 * 4 :]
    return kind, {**attributes, "transaction": header[8:]}


def mapped_address(stream):
    """(address, port) from which the server sees the client."""
    stream.sendall(request())
    kind, attributes = receive(stream)
    assert kind == 0x0101, hex(kind)
    family, port, address = attributes[0x0020][1], *struct.unpack("!H", attributes[0x0020][2:4]), attributes[0x0020][4:]
    mask = struct.pack("!I", MAGIC) + attributes["transaction"]
    address = ipaddress.ip_address(bytes(a ^ b for a, b in zip(address, mask)))
    assert address.version == {1: 4, 2: 6}[family]
    return str(address), port ^ (MAGIC >> 16)


def realm(stream):
    """The realm that an Allocate without credentials is asked for."""
    stream.sendall(allocate())
    return receive(stream)[1][0x0014].decode()


def connect(host, port, source=None):
    return socket.create_connection((host, port), TIMEOUT_S, source_address=(source, 0) if source else None)
