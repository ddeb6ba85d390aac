"""aioice, the ICE stack of aiortc, through noom-turn: its TURN client alone against a plain peer, and two whole agents with nothing but relayed
candidates."""

import asyncio
import base64
import hashlib
import hmac
import os
import time
import unittest

try:
    import aioice
    from aioice import turn as aioice_turn
except ImportError:
    raise SystemExit(77)

import minimal
import relay

TIMEOUT_S = 30
MESSAGES = 50


def rest_credentials(name):
    """draft-uberti-behave-turn-rest-00, independently of the code under test."""
    username = f"{int(time.time()) + 3600}:{name}"
    mac = hmac.new(minimal.SECRET.encode(), username.encode(), hashlib.sha1).digest()
    return username, base64.b64encode(mac).decode()


class Peer(asyncio.DatagramProtocol):
    """Keeps what arrives; `answer` makes the reply, if any."""

    def __init__(self, answer=None):
        self.received = asyncio.Queue()
        self.closed = asyncio.Event()
        self._answer = answer

    def connection_made(self, transport):
        self.transport = transport

    def datagram_received(self, data, address):
        self.received.put_nowait((data, address))
        if self._answer is not None:
            self.transport.sendto(self._answer(data), address)

    def connection_lost(self, error):
        self.closed.set()


class Aioice(unittest.IsolatedAsyncioTestCase):
    @classmethod
    def setUpClass(cls):
        context = relay.running()
        cls.turn, certificate = context.__enter__()
        os.environ["SSL_CERT_FILE"] = str(certificate)
        cls.addClassCleanup(context.__exit__, None, None, None)

    def server(self, transport):
        """What aioice calls the transports: TLS is TCP and a flag."""
        return ("127.0.0.1", self.turn.port(transport, "127.0.0.1")), {"udp": "udp", "tcp": "tcp", "tls": "tcp"}[transport], transport == "tls"

    async def test_relays_both_ways_between_a_client_and_a_plain_peer(self):
        loop = asyncio.get_running_loop()
        for transport in ("udp", "tcp", "tls"):
            with self.subTest(transport):
                plain, peer = await loop.create_datagram_endpoint(lambda: Peer(bytes.upper), local_addr=("127.0.0.1", 0))
                address, kind, ssl = self.server(transport)
                relayed, client = await aioice_turn.create_turn_endpoint(
                    Peer, address, *rest_credentials("aioice"), transport=kind, ssl=ssl
                )
                await self.exchange(relayed, client, peer, plain.get_extra_info("sockname"))
                relayed.close()
                plain.close()
                for endpoint in (client, peer):
                    await asyncio.wait_for(endpoint.closed.wait(), TIMEOUT_S)

    async def exchange(self, relayed, client, peer, peer_address):
        for number in range(MESSAGES):
            message = b"message %d" % number + b"x" * number  # every padding
            relayed.sendto(message, peer_address)
            self.assertEqual((message, relayed.get_extra_info("sockname")), await asyncio.wait_for(peer.received.get(), TIMEOUT_S))
            self.assertEqual((message.upper(), peer_address), await asyncio.wait_for(client.received.get(), TIMEOUT_S))

    async def test_two_agents_with_only_relayed_candidates_connect(self):
        for left, right in (("udp", "udp"), ("udp", "tcp"), ("tls", "udp"), ("tcp", "tls")):
            with self.subTest(left=left, right=right):
                await asyncio.wait_for(self.call(left, right), TIMEOUT_S)

    def agent(self, transport, controlling, username, password):
        address, kind, ssl = self.server(transport)
        # Without host addresses to gather from, the relayed candidate is the only one.
        return aioice.Connection(
            ice_controlling=controlling, turn_server=address, turn_username=username, turn_password=password,
            turn_ssl=ssl, turn_transport=kind, use_ipv4=False, use_ipv6=False,
        )  # fmt: skip

    async def call(self, left, right):
        agents = [self.agent(left, True, *rest_credentials("left")), self.agent(right, False, relay.USER, relay.PASSWORD)]
        for agent in agents:
            await agent.gather_candidates()
            self.assertEqual(["relay"], [candidate.type for candidate in agent.local_candidates])
        for agent, other in (agents, reversed(agents)):
            for candidate in other.local_candidates:
                await agent.add_remote_candidate(candidate)
            await agent.add_remote_candidate(None)
            agent.remote_username, agent.remote_password = other.local_username, other.local_password
        await asyncio.gather(*(agent.connect() for agent in agents))
        for number in range(MESSAGES):
            for sender, receiver in (agents, reversed(agents)):
                await sender.send(b"media %d" % number)
                self.assertEqual(b"media %d" % number, await receiver.recv())
        for agent in agents:
            await agent.close()


if __name__ == "__main__":
    unittest.main()
