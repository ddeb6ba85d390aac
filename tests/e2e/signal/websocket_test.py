"""noom-signal over real WebSockets: rooms, misbehaving frames, slow readers, limits, pings, draining."""

import json
import os
import socket
import threading
import unittest
import zlib

from harness import Daemon
from websocket import BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, TIMEOUT_S, Client, Closed, Refused, frame

HELLO = {"type": "hello", "protocol": "noom.v1"}


def daemon(**limits):
    config = {"listen": {"http": ["127.0.0.1:0"]}, "web": {"root": ""}, "turn": {"rest_secret": "0123456789abcdef"}, "limits": limits}
    return Daemon("noom-signal", config)


class WebSocketTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.daemon = daemon(messages_per_s=0, sends_per_s=0, hello_timeout_s=2)
        cls.port = cls.daemon.port("http")

    @classmethod
    def tearDownClass(cls):
        cls.daemon.stop()

    def metric(self, name):
        return self.daemon.metrics()[name]

    def await_metric(self, name, value):
        self.daemon.process.wait_for(lambda: self.metric(name) == value, f"{name} {value}")

    def test_two_clients_meet_exchange_and_part(self):
        with Client(self.port) as ann, Client(self.port) as bo:
            first = ann.join("meet", name="Ann")
            second = bo.join("meet", name="Bo", metadata={"k": [1]})
            self.assertEqual([peer["name"] for peer in second["peers"]], ["Ann"])
            self.assertEqual(ann.receive()["metadata"], {"k": [1]})
            bo.send({"type": "send", "id": 1, "to": first["peer"], "data": {"description": "sdp" * 5000}})
            message = ann.receive()
            self.assertEqual((message["from"], len(message["data"]["description"])), (second["peer"], 15000))
            self.assertEqual(bo.receive(), {"type": "ok", "re": 1})
            bo.send({"type": "bye"})
            self.assertEqual(bo.close_code(), 1000)
            self.assertEqual(ann.receive()["reason"], "left")
        turn = second["ice_servers"][1]
        self.assertIn("turn:127.0.0.1:3478?transport=udp", turn["urls"])
        self.assertTrue(turn["username"] and turn["credential"])

    def test_a_dropped_connection_is_a_peer_left(self):
        with Client(self.port) as ann:
            ann.join("drop")
            with Client(self.port) as bo:
                bo.join("drop")
                ann.receive_type("peer_joined")
            self.assertEqual(ann.receive()["reason"], "closed")

    def test_fragments_with_a_ping_between_are_one_message(self):
        with Client(self.port) as client:
            text = json.dumps(HELLO).encode()
            client.send_raw(frame(TEXT, text[:5], fin=False) + frame(PING, b"mid") + frame(CONTINUATION, b"", fin=False))
            self.assertEqual(client.read_frame(), (PONG, b"mid"))
            client.send_raw(frame(CONTINUATION, text[5:]))
            self.assertEqual(client.receive()["type"], "welcome")

    def test_a_frame_that_comes_byte_by_byte_is_read(self):
        with Client(self.port) as client:
            for byte in frame(TEXT, json.dumps(HELLO).encode()):
                client.send_raw(bytes([byte]))
            self.assertEqual(client.receive()["type"], "welcome")

    def test_messages_of_every_length_up_to_the_limit_arrive_whole(self):
        with Client(self.port) as client:
            client.hello()
            empty = len(json.dumps({"type": "ping", "pad": ""}))
            for size in (100, 125, 126, 511, 512, 513, 1024, 4607, 4608, 4609, 16384, 65535, 65536):
                client.send({"type": "ping", "pad": "x" * (size - empty)})
                self.assertEqual(client.receive(), {"type": "pong"}, size)

    def test_one_byte_too_many_is_an_error_and_then_1009(self):
        closes = self.metric('noom_signal_closes_total{code="1009"}')
        for send in (
            lambda client: client.send_raw(frame(TEXT, b" " * 65537)),
            lambda client: [client.send_raw(frame(TEXT, b" " * 40000, fin=False)), client.send_raw(frame(CONTINUATION, b" " * 40000))],
        ):
            with Client(self.port) as client:
                client.hello()
                send(client)
                self.assertEqual(client.receive()["code"], "frame_too_big")
                with self.assertRaises(Closed) as closed:
                    client.receive()
                self.assertEqual(closed.exception.code, 1009)
        self.await_metric('noom_signal_closes_total{code="1009"}', closes + 2)

    def test_a_frame_that_only_claims_to_be_huge_is_answered_once_it_is_too_big(self):
        with Client(self.port) as client:
            client.hello()
            head = bytes([0x81, 0xFF]) + (1 << 40).to_bytes(8, "big") + b"\0\0\0\0"
            client.send_raw(head + b"x" * 70000)
            self.assertEqual(client.receive()["code"], "frame_too_big")

    def test_malformed_json_and_binary_are_answered_and_the_session_goes_on(self):
        with Client(self.port) as client:
            client.hello()
            for opcode, payload in ((TEXT, b"{"), (TEXT, b""), (TEXT, b"[]"), (BINARY, b"{}"), (BINARY, b"\x00\xff" * 300)):
                client.send_raw(frame(opcode, payload))
                self.assertEqual(client.receive()["code"], "bad_json")
            client.send({"type": "nonsense", "id": "x"})
            self.assertEqual(client.receive()["code"], "unknown_type")
            client.send({"type": "ping"})
            self.assertEqual(client.receive()["type"], "pong")

    def test_broken_frames_close_with_their_codes(self):
        for code, data in (
            (1002, frame(TEXT, b"{}", masked=False)),
            (1002, frame(TEXT, b"{}", reserved=0x40)),
            (1002, frame(0x3, b"")),
            (1002, frame(CONTINUATION, b"")),
            (1002, frame(PING, b"x" * 126)),
            (1007, frame(TEXT, b"\xff\xfe")),
        ):
            with Client(self.port) as client:
                client.send_raw(data)
                self.assertEqual(client.close_code(), code, data[:4])

    def test_pings_between_many_messages_are_answered_between_them(self):
        with Client(self.port) as ann, Client(self.port, receive_buffer=4096) as bo:
            ann.join("many")
            peer = bo.join("many")["peer"]
            for number in range(2000):
                ann.send({"type": "send", "to": peer, "data": [number, "x" * (number % 500)]})
                if number % 10 == 0:
                    bo.send_raw(frame(PING, str(number).encode()))
            numbers, pongs = [], []
            while len(numbers) < 2000 or len(pongs) < 200:
                opcode, payload = bo.read_frame()
                if opcode == PONG:
                    pongs.append(int(payload))
                self.assertIn(opcode, (TEXT, PING, PONG), payload)
                if opcode == TEXT and json.loads(payload)["type"] == "message":
                    numbers.append(json.loads(payload)["data"][0])
            self.assertEqual(numbers, list(range(2000)))
            self.assertEqual(pongs, list(range(0, 2000, 10)))

    def test_a_close_between_many_messages_is_answered_behind_them(self):
        with Client(self.port) as ann, Client(self.port, receive_buffer=4096) as bo:
            ann.join("closing")
            peer = bo.join("closing")["peer"]
            for number in range(1000):
                ann.send({"type": "send", "to": peer, "data": "x" * 300})
                if number == 500:
                    bo.send_raw(frame(CLOSE, (1000).to_bytes(2, "big")))
            while True:
                opcode, payload = bo.read_frame()
                if opcode == CLOSE:
                    self.assertEqual(payload, (1000).to_bytes(2, "big"))
                    break
                json.loads(payload)

    def test_a_clients_close_frame_is_answered(self):
        with Client(self.port) as client:
            client.send_raw(frame(CLOSE, (1000).to_bytes(2, "big")))
            opcode, payload = client.read_frame()
            self.assertEqual((opcode, payload), (CLOSE, (1000).to_bytes(2, "big")))
        self.daemon.process.wait_for(lambda: self.metric('noom_signal_closes_total{code="by_the_client"}') >= 1, "the count")

    def test_garbage_leaves_the_server_serving(self):
        for size in (1, 100, 5000):
            with socket.create_connection(("127.0.0.1", self.port), timeout=20) as connection:
                connection.sendall(os.urandom(size))
            with Client(self.port) as client:
                client.send_raw(os.urandom(size))
                try:
                    client.close_code()
                except (TimeoutError, ConnectionError):
                    self.fail("a client that sent garbage was left hanging")
        with Client(self.port) as client:
            client.hello()

    def test_a_slow_reader_is_closed_with_4408_while_others_go_on(self):
        chunk = "x" * 60000
        with Client(self.port) as ann, Client(self.port) as bo, Client(self.port, receive_buffer=4096) as slow:
            ann.join("flood")
            bo.join("flood")
            slow.join("flood")
            ann.receive_type("peer_joined")
            gone = None
            for number in range(400):
                ann.send({"type": "send", "id": number, "data": chunk})
                while (message := ann.receive())["type"] != "ok":
                    gone = gone or (message if message["type"] == "peer_left" else None)
                self.assertEqual(len(bo.receive_type("message")["data"]), len(chunk))
                if gone:
                    break
            self.assertEqual(gone and gone["reason"], "closed")
            ann.send({"type": "send", "data": "after"})
            self.assertEqual(bo.receive_type("message")["data"], "after")
            self.assertEqual(slow.close_code(), 4408)
        self.await_metric("noom_signal_queued_bytes", 0)


class DeflateTest(unittest.TestCase):
    OFFER = {"Sec-WebSocket-Extensions": "permessage-deflate; client_max_window_bits"}

    def deflated(self, text):
        packer = zlib.compressobj(9, zlib.DEFLATED, -12)
        return frame(TEXT, (packer.compress(text) + packer.flush(zlib.Z_SYNC_FLUSH))[:-4], reserved=0x40)

    def read(self, client):
        """The next message, and whether it came compressed."""
        first, size = client._read(2)
        if size == 126:
            size = int.from_bytes(client._read(2), "big")
        payload = client._read(size)
        if first & 0x40:
            payload = zlib.decompressobj(-15).decompress(payload + b"\0\0\xff\xff")
        return json.loads(payload), bool(first & 0x40)

    def test_is_off_unless_it_is_turned_on(self):
        with daemon() as signal, Client(signal.port("http"), headers=self.OFFER) as client:
            self.assertNotIn("sec-websocket-extensions", client.headers)
            client.hello()

    def test_where_it_is_on_and_offered_messages_are_compressed_both_ways(self):
        with daemon(permessage_deflate=True, messages_per_s=0) as signal:
            with Client(signal.port("http")) as plain:
                self.assertNotIn("sec-websocket-extensions", plain.headers)
                plain.hello()
            with Client(signal.port("http"), headers=self.OFFER) as client:
                self.assertIn("permessage-deflate", client.headers["sec-websocket-extensions"])
                client.send_raw(self.deflated(json.dumps(HELLO).encode()))
                self.assertEqual(self.read(client)[0]["type"], "welcome")
                for number in range(100):
                    client.send_raw(self.deflated(json.dumps({"type": "ping", "id": "x" * 60, "pad": "y" * number * 100}).encode()))
                seen = [self.read(client) for _ in range(100)]
                self.assertTrue(all(message["type"] == "pong" for message, _ in seen))
                self.assertTrue(any(compressed for _, compressed in seen))

    def test_what_grows_beyond_the_limit_when_it_is_inflated_is_too_big(self):
        with daemon(permessage_deflate=True) as signal, Client(signal.port("http"), headers=self.OFFER) as client:
            client.send_raw(self.deflated(json.dumps(HELLO).encode()))
            self.read(client)
            bomb = self.deflated(b" " * 50_000_000)
            self.assertLess(len(bomb), 60_000)
            client.send_raw(bomb)
            self.assertEqual(self.read(client)[0]["code"], "frame_too_big")
            opcode, payload = client._read(2), client._read(2)
            self.assertEqual((opcode[0] & 0x0F, payload), (CLOSE, (1009).to_bytes(2, "big")))


class LimitsTest(unittest.TestCase):
    def test_no_hello_closes_with_4001(self):
        with daemon(hello_timeout_s=1) as signal:
            with Client(signal.port("http")) as client:
                self.assertEqual(client.close_code(), 4001)

    def test_silence_is_pinged_and_then_closed_with_4000(self):
        with daemon(ping_interval_s=1, ping_timeout_s=1) as signal:
            with Client(signal.port("http")) as alive, Client(signal.port("http")) as deaf:
                alive.join("r")
                deaf.join("r")
                self.assertEqual(alive.receive_type("peer_left")["reason"], "timeout")
                self.assertGreaterEqual(alive.pings, 1)
                self.assertEqual(deaf.read_frame()[0], PING)
                self.assertEqual(deaf.close_code(), 4000)

    def test_sessions_beyond_the_limit_are_answered_503(self):
        with daemon(sessions=1) as signal, Client(signal.port("http")):
            with self.assertRaises(Refused) as refused:
                Client(signal.port("http"))
            self.assertEqual(refused.exception.status, 503)
            self.assertEqual(refused.exception.headers["retry-after"], "30")

    def test_opening_too_fast_is_answered_429(self):
        with daemon(openings_burst=2, openings_exempt=[]) as signal:
            Client(signal.port("http")).close()
            Client(signal.port("http")).close()
            with self.assertRaises(Refused) as refused:
                Client(signal.port("http"))
            self.assertEqual(refused.exception.status, 429)
            self.assertEqual(signal.metrics()['noom_signal_sessions_refused_total{reason="rate_limited"}'], 1)

    def test_going_on_beyond_the_rate_closes_with_4429(self):
        with daemon(messages_burst=5) as signal, Client(signal.port("http")) as client:
            client.hello()
            client.send_raw(frame(TEXT, b'{"type":"ping"}') * 300)
            self.assertEqual(client.close_code(), 4429)

    def test_connections_beyond_the_limit_are_closed_at_once(self):
        with daemon(connections=1) as signal, Client(signal.port("http")) as client:
            client.hello()
            with self.assertRaises((OSError, IndexError)):
                Client(signal.port("http"))
            self.assertEqual(signal.metrics()["noom_signal_connections_refused_total"], 1)


class DrainTest(unittest.TestCase):
    def test_sigterm_closes_with_1001_even_those_who_do_not_answer_and_exits(self):
        signal = daemon()
        with Client(signal.port("http")) as ann, Client(signal.port("http")) as mute, Client(signal.port("http"), path="/ws") as new:
            ann.join("r")
            mute.join("r")
            stopping = threading.Thread(target=signal.stop)
            stopping.start()
            self.assertEqual(ann.close_code(), 1001)
            self.assertEqual(new.close_code(), 1001)
            stopping.join(TIMEOUT_S)
            self.assertFalse(stopping.is_alive())


if __name__ == "__main__":
    unittest.main(verbosity=2)
