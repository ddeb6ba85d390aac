"""packaged_call.py HOST: a call through daemons at their default ports, as a browser makes it. noom-stun tells the address, noom-signal hands out
credentials, and noom-turn relays with them over UDP and TCP, both ways. Fails by an exception."""

import pathlib
import ssl
import sys
import urllib.request

import turn_client

sys.path.append(str(pathlib.Path(__file__).parent / "signal"))
import websocket

BINDING, XOR_MAPPED_ADDRESS = 0x001, 0x0020
STUN, TURN, HTTP, HTTPS = 3479, 3478, 8080, 8443
CHANNEL = 0x4000


def credentials(host):
    with websocket.Client(HTTP, host) as member:
        servers = member.join("packaged")["ice_servers"]
    server = next(server for server in servers if "credential" in server)
    assert f"turn:{host}:{TURN}?transport=udp" in server["urls"], server
    return server["username"], server["credential"]


def relay(host, transport, username, password):
    with turn_client.Client(transport, (host, TURN), username, password) as ann, turn_client.Client(transport, (host, TURN), username, password) as bo:
        at = {client: client.allocate().address(turn_client.XOR_RELAYED_ADDRESS) for client in (ann, bo)}
        for client, other in (ann, bo), (bo, ann):
            assert client.bind(CHANNEL, at[other]).code == 0
        for client, other in (ann, bo), (bo, ann):
            client.send_channel(CHANNEL, b"hello over " + transport.encode())
            assert other.receive_channel(CHANNEL) == b"hello over " + transport.encode()


def main(host):
    with turn_client.Client("udp", (host, STUN), "", "") as client:
        assert client.request(BINDING).address(XOR_MAPPED_ADDRESS)[0] == host
    username, password = credentials(host)
    for transport in ("udp", "tcp"):
        relay(host, transport, username, password)
    with urllib.request.urlopen(f"http://{host}:{HTTP}/", timeout=20) as page:
        assert b"<html" in page.read()
    # The authority that devices install; it comes over HTTPS itself, for the first time unverified.
    unverified = ssl.create_default_context()
    unverified.check_hostname, unverified.verify_mode = False, ssl.CERT_NONE
    with urllib.request.urlopen(f"https://{host}:{HTTPS}/dev-ca.pem", timeout=20, context=unverified) as authority:
        trusting = ssl.create_default_context(cadata=authority.read().decode())
    with urllib.request.urlopen(f"https://{host}:{HTTPS}/", timeout=20, context=trusting) as page:
        assert b"<html" in page.read()


if __name__ == "__main__":
    main(sys.argv[1])
