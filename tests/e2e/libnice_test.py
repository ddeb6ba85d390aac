"""libnice, the ICE stack of GStreamer, through noom-turn: two agents with nothing but relayed candidates, over UDP and over TCP."""

import ctypes
import unittest

try:
    import gi

    gi.require_version("Nice", "0.1")
    from gi.repository import GLib, Nice

    LIBRARY = ctypes.CDLL("libnice.so.10")
except (ImportError, ValueError, OSError):
    raise SystemExit(77)

import relay
from aioice_test import rest_credentials

TIMEOUT_S = 30
MESSAGES = 50
KINDS = {"udp": Nice.RelayType.UDP, "tcp": Nice.RelayType.TCP}

# The one call that the introspected interface lacks: without a receiver an agent reads nothing, answers to its own requests included.
RECEIVER = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_uint, ctypes.c_uint, ctypes.c_uint, ctypes.c_void_p, ctypes.c_void_p)
LIBRARY.nice_agent_attach_recv.argtypes = [ctypes.c_void_p, ctypes.c_uint, ctypes.c_uint, ctypes.c_void_p, RECEIVER, ctypes.c_void_p]
LIBRARY.nice_agent_attach_recv.restype = ctypes.c_int


def turn_until(met, what):
    """Runs the agents' loop, which is GLib's default one, until `met()` holds."""
    context = GLib.MainContext.default()
    over = []
    timer = GLib.timeout_add_seconds(TIMEOUT_S, lambda: over.append(True) or GLib.SOURCE_CONTINUE)
    try:
        while not met():
            context.iteration(True)
            if over:
                raise TimeoutError(f"not within {TIMEOUT_S} s: {what}")
    finally:
        GLib.source_remove(timer)


class Agent:
    """A libnice agent whose one component may use its relayed candidate only."""

    def __init__(self, controlling, host, port, kind, credentials):
        self.agent = Nice.Agent.new(GLib.MainContext.default(), Nice.Compatibility.RFC5245)
        self.agent.props.controlling_mode = controlling
        self.agent.props.force_relay = True
        self.agent.props.ice_tcp = False
        self.agent.props.upnp = False
        here = Nice.Address.new()
        assert here.set_from_string(host) and self.agent.add_local_address(here)
        self.stream = self.agent.add_stream(1)
        assert self.agent.set_relay_info(self.stream, 1, host, port, *credentials, kind)
        self.received = []
        self._receiver = RECEIVER(lambda _agent, _stream, _component, size, data, _: self.received.append(ctypes.string_at(data, size)))
        assert LIBRARY.nice_agent_attach_recv(hash(self.agent), self.stream, 1, None, self._receiver, None)
        self.gathered = False
        self.agent.connect("candidate-gathering-done", lambda *_: setattr(self, "gathered", True))

    def gather(self):
        """Its relayed candidates."""
        assert self.agent.gather_candidates(self.stream)
        turn_until(lambda: self.gathered, "candidates gathered")
        return [candidate for candidate in self.agent.get_local_candidates(self.stream, 1) if candidate.type == Nice.CandidateType.RELAYED]

    def meet(self, other, candidates):
        found, user, password = other.agent.get_local_credentials(other.stream)
        assert found and self.agent.set_remote_credentials(self.stream, user, password)
        assert self.agent.set_remote_candidates(self.stream, 1, candidates) == len(candidates)

    def is_ready(self):
        return self.agent.get_component_state(self.stream, 1) == Nice.ComponentState.READY

    def close(self):
        closed = []
        self.agent.close_async(lambda *_: closed.append(True))
        turn_until(lambda: closed, "closed")

    def send(self, message):
        assert self.agent.send(self.stream, 1, len(message), message) == len(message)


class Libnice(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        context = relay.running()
        cls.turn, _ = context.__enter__()
        cls.addClassCleanup(context.__exit__, None, None, None)

    def test_two_agents_with_only_relayed_candidates_connect(self):
        for family, left, right in (("v4", "udp", "udp"), ("v4", "udp", "tcp"), ("v4", "tcp", "tcp"), ("v6", "udp", "tcp")):
            with self.subTest(family=family, left=left, right=right):
                self.call(relay.HOSTS[family], left, right)

    def call(self, host, left, right):
        agents = [
            Agent(True, host, self.turn.port(left, host), KINDS[left], rest_credentials("left")),
            Agent(False, host, self.turn.port(right, host), KINDS[right], (relay.USER, relay.PASSWORD)),
        ]
        candidates = [agent.gather() for agent in agents]
        self.assertEqual([1, 1], list(map(len, candidates)), "one relayed candidate each")
        agents[0].meet(agents[1], candidates[1])
        agents[1].meet(agents[0], candidates[0])
        turn_until(lambda: all(agent.is_ready() for agent in agents), "both ready")
        for number in range(MESSAGES):
            message = f"media {number}" + "x" * number  # every padding
            for sender, receiver in (agents, reversed(agents)):
                sender.send(message)
                turn_until(lambda: receiver.received, "the message")
                self.assertEqual(message.encode(), receiver.received.pop())
        for agent in agents:
            agent.close()
        live = [count for series, count in self.turn.metrics().items() if series.startswith("noom_turn_allocations{")]
        self.assertTrue(live and not any(live), "each agent gave its allocation back")


if __name__ == "__main__":
    unittest.main()
