"""PROXY protocol headers as proxies send them (HAProxy's doc/proxy-protocol.txt)."""

import ipaddress
import struct

SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"
CLIENT = {4: ("203.0.113.5", 50123), 6: ("2001:db8::5", 50123)}
SERVER = {4: ("198.51.100.9", 443), 6: ("2001:db8::9", 443)}


def version1(ip=4):
    (client, client_port), (server, server_port) = CLIENT[ip], SERVER[ip]
    return f"PROXY TCP{ip} {client} {server} {client_port} {server_port}\r\n".encode()


def binary(command, family, body=b""):
    return SIGNATURE + struct.pack("!BBH", command, family, len(body)) + body


def version2(ip=4, tlvs=b"\x02\x00\x0bexample.org\x20\x00\x05\0\0\0\0\0", client=None):
    (client, client_port), (server, server_port) = client or CLIENT[ip], SERVER[ip]
    addresses = ipaddress.ip_address(client).packed + ipaddress.ip_address(server).packed
    return binary(0x21, {4: 0x11, 6: 0x21}[ip], addresses + struct.pack("!HH", client_port, server_port) + tlvs)


LOCAL = binary(0x20, 0x00)
UNSPEC = binary(0x21, 0x00, b"anything")
UNKNOWN = b"PROXY UNKNOWN\r\n"
