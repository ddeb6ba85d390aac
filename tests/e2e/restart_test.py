"""A restart under a service manager with a descriptor store: who speaks through the relay goes on, over UDP and over TCP."""

import contextlib
import fcntl
import os
import random
import signal
import socket
import struct
import tempfile
import threading
import time
import unittest

import harness
import minimal
import relay
from descriptor_store import Manager, Stored
from turn_client import LIFETIME, MOBILITY_TICKET, REFRESH, XOR_RELAYED_ADDRESS, Client

CLIENTS = 6  # of each transport
INTERVAL_S = 0.01
LOST_MAX_S = 0.2
CHANNEL = 0x4001
SO_RCVBUFFORCE = 33  # of asm-generic/socket.h; Python has no name for it
PATIENCE_S = 30
QUOTA_REACHED, ALLOCATION_EXISTS = 486, 437
KILLS, SEED = 12, 6


@contextlib.contextmanager
def echo():
    """(host, port) of a peer that answers alike."""
    peer = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    with contextlib.suppress(PermissionError):  # all clients' at once, after a restart
        peer.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 1 << 24)
    peer.bind(("127.0.0.1", 0))

    def answer():
        with contextlib.suppress(OSError):
            while True:
                data, sender = peer.recvfrom(65536)
                if data == b"end":
                    return
                peer.sendto(data, sender)

    thread = threading.Thread(target=answer, daemon=True)
    thread.start()
    try:
        yield peer.getsockname()
    finally:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as last:
            last.sendto(b"end", peer.getsockname())
        thread.join()
        peer.close()


class Speaker:
    """A client that sends numbered datagrams through its channel and hears them again from the echo."""

    def __init__(self, transport, daemon, peer):
        self.client = Client(transport, ("127.0.0.1", daemon.port(transport)), relay.USER, relay.PASSWORD)
        answer = self.client.allocate()
        assert answer.code == 0, answer.code
        assert self.client.bind(CHANNEL, peer).code == 0
        self.heard, self.sent = {}, 0
        self._over, self._something = threading.Event(), threading.Event()
        self._threads = [threading.Thread(target=each, daemon=True) for each in (self._speak, self._hear)]
        for thread in self._threads:
            thread.start()

    def _speak(self):
        with contextlib.suppress(ConnectionError):
            while not self._over.wait(INTERVAL_S):
                self.client.send_channel(CHANNEL, struct.pack("!Qd", self.sent, time.monotonic()) + bytes(100))
                self.sent += 1

    def _hear(self):
        with contextlib.suppress(OSError, EOFError):
            while True:
                number, sent = struct.unpack("!Qd", self.client.receive_channel(CHANNEL)[:16])
                self.heard[number] = time.monotonic() - sent
                self._something.set()

    def wait_for_more(self, count):
        """Until it has heard so many that it sends from now on."""
        first, deadline = self.sent, time.monotonic() + PATIENCE_S
        while sum(number >= first for number in list(self.heard)) < count:
            assert time.monotonic() < deadline, f"heard {len(self.heard)} of {self.sent}"
            self._something.wait(INTERVAL_S)
            self._something.clear()

    def stop(self):
        """(how many it has not heard again, the longest that one took)."""
        self.wait_for_more(5)
        self.end()
        deadline = time.monotonic() + 1
        while len(self.heard) < self.sent and time.monotonic() < deadline:
            self._something.wait(INTERVAL_S)
            self._something.clear()
        return self.sent - len(self.heard), max(self.heard.values())

    def end(self):
        self._over.set()
        self._threads[0].join()

    def close(self):
        with contextlib.suppress(OSError):
            self.client.socket.shutdown(socket.SHUT_RDWR)
        self.client.socket.close()


@contextlib.contextmanager
def managed(**tables):
    with tempfile.TemporaryDirectory() as folder:
        config = {
            "shards": 2,
            "listen": {"udp": ["127.0.0.1:0"], "tcp": ["127.0.0.1:0"], "tls": ["127.0.0.1:0"]},
            "tls": minimal.certificate(folder),
            "relay": {"addresses": ["127.0.0.1"], **relay.relay_ports()},
            "auth": {"realm": relay.REALM, "users": [f"{relay.USER}:{relay.PASSWORD}"]},
            "peers": {"allow": ["127.0.0.0/8"]},
            **tables,
        }
        with Manager("noom-turn", config) as manager:
            yield manager


def is_bound(port):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return True
        return False


def parcel(state):
    """The descriptor in which a process leaves its state, with no sockets. Without a state: one that has been read."""
    reading, writing = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    if state is not None:
        file = os.memfd_create("state", os.MFD_ALLOW_SEALING)
        os.write(file, state)
        fcntl.fcntl(file, fcntl.F_ADD_SEALS, fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_WRITE | fcntl.F_SEAL_SEAL)
        socket.send_fds(writing, [bytes(8)], [file])
        os.close(file)
    writing.close()
    return reading.detach()


class Restart(unittest.TestCase):
    def test_calls_over_udp_and_tcp_go_on(self):
        with managed() as manager, echo() as peer:
            speakers = [Speaker(transport, manager.daemon, peer) for transport in ("udp", "tcp") for _ in range(CLIENTS)]
            for speaker in speakers:
                speaker.wait_for_more(20)
            for _ in range(3):
                log, gap_s = manager.restart()
                self.assertIn("event=state_left", log)
                self.assertIn(f"event=state_restored allocations={len(speakers)} lost=0 connections={CLIENTS}", manager.daemon.log())
                for speaker in speakers:
                    speaker.wait_for_more(20)
                print(f"restart: no process for {gap_s * 1000:.0f} ms")
            results = [speaker.stop() for speaker in speakers]
            print("lost:", [lost for lost, _ in results], "longest ms:", [round(longest * 1000) for _, longest in results])
            for lost, _ in results:
                self.assertLess(lost * INTERVAL_S, 3 * LOST_MAX_S)
            for speaker in speakers:
                speaker.close()

    def test_one_restart_right_after_the_other_loses_nobody(self):
        with managed() as manager, echo() as peer:
            speakers = [Speaker(transport, manager.daemon, peer) for transport in ("udp", "tcp")]
            for _ in range(3):
                manager.restart()
            for speaker in speakers:
                speaker.wait_for_more(5)
                speaker.stop()
                speaker.close()

    def test_allocations_keep_address_credentials_and_quota(self):
        with managed(limits={"allocations_per_user": 1}) as manager, Client("udp", ("127.0.0.1", manager.daemon.port("udp")), relay.USER, relay.PASSWORD) as client:
            relayed = client.allocate().address(XOR_RELAYED_ADDRESS)
            manager.restart()
            nonce = client.nonce
            self.assertEqual(0, client.request(REFRESH).code)
            self.assertEqual(nonce, client.nonce)
            with Client("udp", ("127.0.0.1", manager.daemon.port("udp")), relay.USER, relay.PASSWORD) as other:
                self.assertEqual(QUOTA_REACHED, other.allocate().code)
            self.assertTrue(is_bound(relayed[1]))
            client.request(REFRESH, [(LIFETIME, bytes(4))])
            self.assertFalse(is_bound(relayed[1]))

    def test_a_tls_client_comes_back_with_its_ticket_and_one_without_is_counted_out(self):
        with managed() as manager:
            certificate = manager.config["tls"]["certificate"]
            server = ("127.0.0.1", manager.daemon.port("tls"))
            with Client("tls", server, relay.USER, relay.PASSWORD, certificate) as with_ticket, Client("tls", server, relay.USER, relay.PASSWORD, certificate) as without:
                ticket = with_ticket.allocate([(MOBILITY_TICKET, b"")]).attributes[MOBILITY_TICKET]
                self.assertEqual(0, without.allocate().code)
                manager.restart()
                self.assertIn("event=state_restored allocations=1 lost=0 connections=0", manager.daemon.log())
                with Client("tls", server, relay.USER, relay.PASSWORD, certificate) as back:
                    self.assertEqual(0, back.request(REFRESH, [(MOBILITY_TICKET, ticket)]).code)

    def test_a_state_that_is_damaged_or_of_another_version_starts_clean_and_says_so(self):
        version = b"noom-turn state" + struct.pack("!I", 99) + bytes(100)
        for bytes_of_state, reason in (version, "it is of version 99"), (b"rubbish", "no state of noom-turn"), (None, "nothing is left in it"):
            with self.subTest(reason=reason), managed() as manager:
                with Client("udp", ("127.0.0.1", manager.daemon.port("udp")), relay.USER, relay.PASSWORD) as client:
                    self.assertEqual(0, client.allocate().code)
                    manager.end_process()
                    self.assertEqual(["noom-state"], [each.name for each in manager.store])
                    manager.empty_store()
                    manager.store.append(Stored("noom-state", parcel(bytes_of_state)))
                    manager.start()
                    self.assertIn("event=state_not_restored", manager.daemon.log())
                    self.assertIn(reason, manager.daemon.log())
                    self.assertEqual([], manager.store)
                    self.assertEqual(0, client.allocate().code)

    def test_another_number_of_shards_starts_clean(self):
        with managed() as manager, Client("udp", ("127.0.0.1", manager.daemon.port("udp")), relay.USER, relay.PASSWORD) as client:
            self.assertEqual(0, client.allocate().code)
            manager.restart({**manager.config, "shards": 1})
            self.assertIn("it is of 2 shards, and now there are 1", manager.daemon.log())
            self.assertEqual(0, client.allocate().code)

    def test_a_listener_that_is_gone_ends_its_clients_and_no_others(self):
        with managed() as manager, echo() as peer:
            stays, goes = Speaker("udp", manager.daemon, peer), Speaker("tcp", manager.daemon, peer)
            manager.restart({**manager.config, "listen": {**manager.config["listen"], "tcp": []}})
            self.assertIn("event=state_restored allocations=1 lost=1 connections=0", manager.daemon.log())
            stays.wait_for_more(5)
            for speaker in stays, goes:
                speaker.end()
                speaker.close()

    def test_a_port_that_was_taken_meanwhile_is_named_and_the_next_start_is_clean(self):
        with managed() as manager, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
            other.bind(("127.0.0.1", 0))
            taken = f"127.0.0.1:{other.getsockname()[1]}"
            manager.end_process()
            with self.assertRaises(harness.DaemonError) as failure:
                manager.start({**manager.config, "listen": {**manager.config["listen"], "udp": [*manager.config["listen"]["udp"], taken]}})
            self.assertIn("address already in use", str(failure.exception))
            manager.start()
            self.assertNotIn("state_not_restored", manager.daemon.log())

    def test_killed_at_any_moment_it_starts_again_and_serves(self):
        chance = random.Random(SEED)
        with managed() as manager:
            for _ in range(KILLS):
                with Client("udp", ("127.0.0.1", manager.daemon.port("udp")), relay.USER, relay.PASSWORD) as client:
                    self.assertEqual(0, client.allocate().code)
                    if chance.random() < 0.7:
                        os.kill(manager.daemon.pid, signal.SIGTERM)
                    threading.Event().wait(chance.uniform(0, 0.03))  # the moment is what the test is about
                    manager.daemon.kill()
                    manager.start()
                    answer = client.allocate().code
                    kept = "event=state_restored allocations=1" in manager.daemon.log()
                    self.assertEqual(ALLOCATION_EXISTS if kept else 0, answer, manager.daemon.log())
                    client.request(REFRESH, [(LIFETIME, bytes(4))])

    def test_without_a_store_it_drains_as_ever(self):
        with managed() as manager:
            manager.environment.pop("FDSTORE")
            manager.daemon.stop()
            manager.start()
            self.assertNotIn("state_left", manager.end_process())
            self.assertEqual([], manager.store)
            manager.start()


if __name__ == "__main__":
    unittest.main()
