"""All three daemons with a little of everything going on: a relayed call over each transport, questions for addresses, a room. For tests of what operators see."""

import contextlib
import os
import pathlib
import socket
import ssl
import sys
import tempfile

import harness
import minimal
import relay
import stun_client
import turn_client

sys.path.insert(0, str(pathlib.Path(__file__).parent / "signal"))
import websocket  # noqa: E402

HERE = ["127.0.0.1:0"]
CHANNEL = 0x4000


class Suite:
    """`daemons` by name. `talk()` sends something through every call and waits for it on the other side."""

    def __init__(self, stack, folder, settings):
        self.stack = stack
        self.certificate = minimal.certificate(folder)
        self.folder = pathlib.Path(folder)
        tables = {
            "noom-stun": {},
            "noom-turn": {
                "listen": {"udp": HERE, "tcp": HERE, "tls": HERE, "dtls": HERE},
                "tls": self.certificate,
                "relay": {"addresses": ["127.0.0.1"], **relay.relay_ports()},
                "auth": {"users": ["alice:apple"], "rest_secrets": [minimal.SECRET]},
                "peers": {"allow": ["127.0.0.0/8"]},
            },
            "noom-signal": {
                "listen": {"http": HERE, "https": HERE},
                "tls": self.certificate,
                "turn": {"rest_secret": minimal.SECRET},
                "limits": {"messages_per_s": 1000, "messages_burst": 1000},
            },
        }
        self.daemons = {
            name: stack.enter_context(minimal.start(name, **{**tables[name], **settings.get(name, {})})) for name in minimal.DAEMONS
        }
        self.calls = [self._relayed(transport) for transport in ("udp", "tcp", "tls")]
        self._dtls()
        self.members = [self._member("http"), self._member("https")]

    def _relayed(self, transport):
        """(client, peer's socket), joined by a channel."""
        turn = self.daemons["noom-turn"]
        address = ("127.0.0.1", turn.port(transport))
        client = self.stack.enter_context(turn_client.Client(transport, address, "alice", "apple", self.certificate["certificate"]))
        assert client.allocate().code == 0
        peer = self.stack.enter_context(contextlib.closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)))
        peer.settimeout(turn_client.PATIENCE_S)
        peer.bind(("127.0.0.1", 0))
        assert client.bind(CHANNEL, peer.getsockname()).code == 0
        return client, peer

    def _dtls(self):
        """A session, kept."""
        held, write = os.pipe()
        port = self.daemons["noom-turn"].port("dtls")
        client = harness.Process(["openssl", "s_client", "-dtls1_2", "-connect", f"127.0.0.1:{port}"], self.folder / "dtls.log", stdin=held)
        self.stack.callback(client.stop)
        self.stack.callback(os.close, write)
        self.stack.callback(os.close, held)
        client.wait_for(lambda: "Extended master secret" in client.log(), "DTLS handshake")

    def _member(self, scheme):
        tls = ssl.create_default_context(cafile=self.certificate["certificate"]) if scheme == "https" else None
        client = self.stack.enter_context(websocket.Client(self.daemons["noom-signal"].port(scheme), tls=tls))
        client.send({"type": "hello", "protocol": "noom.v1"})
        client.send({"type": "join", "id": "1", "room": "standup", "name": scheme})
        self._until(client, "joined")
        return client

    @staticmethod
    def _until(client, kind):
        while client.receive()["type"] != kind:
            pass

    def talk(self):
        for client, peer in self.calls:
            client.send_channel(CHANNEL, b"from the client")
            payload, relayed = peer.recvfrom(2048)
            assert payload == b"from the client"
            peer.sendto(b"from the peer", relayed)
            assert client.receive_channel(CHANNEL) == b"from the peer"
        stun = self.daemons["noom-stun"].port
        with stun_client.connect("127.0.0.1", stun("tcp"), "127.0.0.1") as stream:
            stun_client.mapped_address(stream)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.settimeout(stun_client.TIMEOUT_S)
            client.connect(("127.0.0.1", stun("udp")))
            client.send(stun_client.request())
            assert client.recv(2048)
        self.members[0].send({"type": "ping", "id": "2"})
        self._until(self.members[0], "pong")


@contextlib.contextmanager
def running(**settings):
    """`settings`: by daemon's name, tables that take the place of those above."""
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        yield Suite(stack, folder, settings)
