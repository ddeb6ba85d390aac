"""noom-signal for clients without WebSocket: event streams and long polls with POSTs, through the real daemon and raw HTTP."""

import json
import os
import socket
import threading
import unittest

from fallback import HELLO, Poll, Sse, ask, lines
from harness import Daemon
from websocket import TIMEOUT_S, Client, Closed, Refused, read_head

KINDS = {"/v1/sse": Sse, "/v1/poll": Poll}


def daemon(fallback=None, http=None, **limits):
    tables = {"listen": {"http": ["127.0.0.1:0"]}, "web": {"root": ""}, "resume": {"away_after_s": 1}, "http": http or {}, "fallback": fallback or {}}
    return Daemon("noom-signal", {**tables, "limits": {"messages_per_s": 0, "sends_per_s": 0, "room_events_per_s": 0, "joins_per_s": 0, **limits}})


class Resuming:
    """A client that counts as docs/protocol/noom-v1.md wants it, over connections of whatever kind."""

    def __init__(self, port):
        self.port, self.received, self.ticket, self.client = port, 0, None, None

    def connect(self, kind, **options):
        resume = {"resume": {"ticket": self.ticket, "received": self.received}} if self.ticket else {}
        self.client = kind(self.port, **options)
        self.client.send({**HELLO, "features": ["resume"], **resume})
        welcome = self.receive()
        if not welcome.get("recovered", False):
            self.received = 0
        return welcome

    def receive(self):
        message = self.client.receive()
        if message["type"] not in {"welcome", "pong", "ack", "ticket", "go_away"}:
            self.received += 1
        self.ticket = message.get("ticket", self.ticket)
        return message

    def receive_type(self, kind):
        while (message := self.receive())["type"] != kind:
            pass
        return message

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.client.close()


class FallbackTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.daemon = daemon(http={"allowed_origins": ["https://app.example"]})
        cls.port = cls.daemon.port("http")

    @classmethod
    def tearDownClass(cls):
        cls.daemon.stop()

    def test_two_clients_of_any_kinds_meet_exchange_and_part(self):
        for first in (Client, Sse, Poll):
            for second in (Sse, Poll):
                room = f"meet-{first.__name__}-{second.__name__}"
                with first(self.port) as ann, second(self.port) as bo:
                    me = ann.join(room, name="Ann")
                    you = bo.join(room, name="Bo", metadata={"k": [1]})
                    self.assertEqual([peer["name"] for peer in you["peers"]], ["Ann"])
                    self.assertEqual(ann.receive()["metadata"], {"k": [1]})
                    bo.send({"type": "send", "id": 1, "to": me["peer"], "data": {"description": "sdp" * 5000}})
                    message = ann.receive()
                    self.assertEqual((message["from"], len(message["data"]["description"])), (you["peer"], 15000))
                    self.assertEqual(bo.receive(), {"type": "ok", "re": 1})
                    bo.send({"type": "bye"})
                    self.assertEqual(bo.close_code(), 1000)
                    self.assertEqual(ann.receive()["reason"], "left")
                    ann.send({"type": "bye"})
                    self.assertEqual(ann.close_code(), 1000)
        for kind in ("sse", "poll"):
            self.assertGreaterEqual(self.daemon.metrics()[f'noom_signal_carriers_opened_total{{carrier="{kind}"}}'], 3)

    def test_a_bye_that_comes_after_the_end_of_the_stream_is_heard(self):
        with Client(self.port) as ann, Sse(self.port) as bo:
            ann.join("last-words")
            bo.join("last-words", name="Bo")
            bo.stream.close()
            bo.getting.close()
            bo.send({"type": "send", "data": "so long"})
            bo.send({"type": "bye"})
            self.assertEqual(ann.receive_type("message")["data"], "so long")
            self.assertEqual(ann.receive_type("peer_left")["reason"], "left")
            self.daemon.process.wait_for(lambda: bo.post() == 404, "no connection")

    def test_line_ends_within_a_message_stay_within_it(self):
        for kind in KINDS.values():
            with Client(self.port) as ann, kind(self.port) as bo:
                ann.join("lines")
                bo.join("lines")
                ann.send_raw_text('{"type":"send","data":{"a":\r\n[1,\n"\\n"]}}')
                self.assertEqual(bo.receive_type("message")["data"], {"a": [1, "\n"]})

    def test_one_post_carries_several_messages_in_order(self):
        for kind in KINDS.values():
            with kind(self.port) as ann:
                ann.join("several")
                body = lines({"type": "send", "id": number, "data": 0} for number in range(50))
                self.assertEqual(ann.post(b"\r\n" + body.replace(b"\n", b"\r\n") + b"\n\n"), 204)
                self.assertEqual([ann.receive_type("ok")["re"] for _ in range(50)], list(range(50)))

    def test_posts_over_several_connections_keep_their_order(self):
        for kind in KINDS.values():
            with kind(self.port) as ann:
                ann.join("order")
                last = ann.posts + 1
                for number in (4, 1, 3, 2, 0):
                    path = f"{ann.base}/{ann.name}?post={last + number}"
                    self.assertEqual(ask(self.port, "POST", path, lines([{"type": "send", "id": number, "data": 0}]))[0], 204)
                self.assertEqual([ann.receive_type("ok")["re"] for _ in range(5)], list(range(5)))

    def test_a_doubled_post_is_taken_once(self):
        for kind in KINDS.values():
            with kind(self.port) as ann:
                ann.join("doubled")
                body = lines([{"type": "send", "id": 1, "data": 0}])
                for number in (ann.posts + 1, ann.posts + 1, ann.posts, 1, ann.posts + 3, ann.posts + 3, ann.posts + 1):
                    self.assertEqual(ann.post(body, number), 204)
                ann.post(lines([{"type": "ping", "id": 2}]), ann.posts + 2)
                self.assertEqual([ann.receive()["type"] for _ in range(3)], ["ok", "pong", "ok"])

    def test_posts_far_ahead_of_their_turn_are_refused_and_can_come_again(self):
        for kind in KINDS.values():
            with kind(self.port) as ann:
                ann.hello()
                body = lines([{"type": "ping"}])
                statuses = [ann.post(body, ann.posts + 2 + number) for number in range(12)]
                self.assertEqual(statuses, [204] * 8 + [409] * 4)
                self.assertEqual(ann.post(b" " * 65536, ann.posts + 20), 409)
                for number in (1, 10, 11, 12, 13):
                    self.assertEqual(ann.post(body, ann.posts + number), 204)
                for _ in range(13):
                    self.assertEqual(ann.receive()["type"], "pong")

    def test_malformed_messages_are_answered_and_the_session_goes_on(self):
        for kind in KINDS.values():
            with kind(self.port) as client:
                client.send({"type": "join", "room": "r"})
                self.assertEqual(client.receive()["code"], "hello_required")
                client.hello()
                for body in (b"{", b"[]", b"\xff\xfe", b'"x"', b"\x00", os.urandom(200).replace(b"\n", b"").replace(b"\r", b"")):
                    self.assertEqual(client.post(body), 204)
                    self.assertEqual(client.receive()["code"], "bad_json")
                client.send({"type": "nonsense"})
                self.assertEqual(client.receive()["code"], "unknown_type")

    def test_messages_up_to_the_limit_pass_and_one_byte_more_is_an_error_and_then_1009(self):
        for kind in KINDS.values():
            with kind(self.port) as client:
                client.hello()
                empty = len(json.dumps({"type": "ping", "pad": ""}))
                self.assertEqual(client.post(json.dumps({"type": "ping", "pad": "x" * (65536 - empty)}).encode()), 204)
                self.assertEqual(client.receive(), {"type": "pong"})
                self.assertEqual(client.post(b" " * 65537), 413)
                self.assertEqual(client.receive()["code"], "frame_too_big")
                self.assertEqual(client.close_code(), 1009)

    def test_a_chunked_body_beyond_the_limit_is_refused_too(self):
        for path, kind in KINDS.items():
            with kind(self.port) as client, socket.create_connection(("127.0.0.1", self.port), timeout=TIMEOUT_S) as raw:
                client.hello()
                head = f"POST {path}/{client.name}?post=9 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
                raw.sendall(head.encode() + 70 * (b"400\r\n" + b" " * 1024 + b"\r\n"))
                self.assertEqual(read_head(raw.makefile("rb"))[0], 413)
                self.assertEqual(client.receive()["code"], "frame_too_big")

    def test_a_client_that_expects_100_is_told_to_go_on(self):
        with Sse(self.port) as client, socket.create_connection(("127.0.0.1", self.port), timeout=TIMEOUT_S) as raw:
            body = lines([HELLO])
            head = f"POST /v1/sse/{client.name}?post=1 HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: {len(body)}\r\n\r\n"
            raw.sendall(head.encode())
            stream = raw.makefile("rb")
            self.assertEqual(read_head(stream)[0], 100)
            raw.sendall(body)
            self.assertEqual(read_head(stream)[0], 204)
            self.assertEqual(client.receive()["type"], "welcome")

    def test_requests_that_are_not_in_order_are_refused(self):
        with Sse(self.port) as sse, Poll(self.port) as poll:
            other = poll.name.replace(poll.name[:8], "AAAAAAAA", 1)
            cases = [
                (400, "bad_request", "POST", f"/v1/sse/{sse.name}"),
                (400, "bad_request", "POST", f"/v1/sse/{sse.name}?post=0"),
                (400, "bad_request", "POST", f"/v1/sse/{sse.name}?post=-1"),
                (400, "bad_request", "POST", f"/v1/sse/{sse.name}?post=1&x"),
                (400, "bad_request", "POST", f"/v1/sse/{sse.name}?post=99999999999999999999"),
                (400, "bad_request", "GET", f"/v1/poll/{poll.name}"),
                (409, "bad_cursor", "GET", f"/v1/poll/{poll.name}?cursor=1"),
                (404, "connection_unknown", "GET", f"/v1/poll/{sse.name}?cursor=0"),
                (404, "connection_unknown", "POST", "/v1/poll/x?post=1"),
                (404, "connection_unknown", "POST", f"/v1/poll/{'x' * 1000}?post=1"),
                (404, "connection_unknown", "POST", f"/v1/poll/{poll.name[:-1]}?post=1"),
                (404, "connection_unknown", "POST", f"/v1/poll/{other}?post=1"),
                (404, "connection_unknown", "GET", f"/v1/poll/{other}?cursor=0"),
                (405, "bad_request", "POST", "/v1/sse"),
                (405, "bad_request", "GET", f"/v1/sse/{sse.name}"),
                (405, "bad_request", "DELETE", f"/v1/poll/{poll.name}"),
            ]
            for status, code, method, path in cases:
                answer, headers, body = ask(self.port, method, path, b"x" if method == "POST" else None)
                self.assertEqual((answer, json.loads(body)["code"]), (status, code), (method, path))
                self.assertEqual(headers["cache-control"], "no-store")
            self.assertEqual(ask(self.port, "GET", "/v1/sse", b"body")[0], 413)
            self.assertEqual(ask(self.port, "GET", "/v1/ssex")[0], 404)
            for client in (sse, poll):
                self.assertEqual(client.hello()["type"], "welcome")

    def test_pages_of_listed_origins_may_and_others_may_not(self):
        own, listed = f"http://127.0.0.1:{self.port}", "https://app.example"
        for path, kind in KINDS.items():
            for origin in ("https://evil.example", "null"):
                for method, target in (("GET", path), ("OPTIONS", path), ("POST", f"{path}/x?post=1")):
                    status, headers, body = ask(self.port, method, target, headers={"Origin": origin})
                    self.assertEqual((status, json.loads(body)["code"]), (403, "origin_forbidden"))
                    self.assertNotIn("access-control-allow-origin", headers)
            for origin in (own, listed):
                status, headers, _ = ask(self.port, "OPTIONS", f"{path}/x?post=1", headers={"Origin": origin, "Access-Control-Request-Method": "POST"})
                self.assertEqual(status, 204)
                self.assertEqual((headers["access-control-allow-origin"], headers["vary"]), (origin, "Origin"))
                self.assertIn("POST", headers["access-control-allow-methods"])
                self.assertNotIn("access-control-allow-credentials", headers)
                with kind(self.port, headers={"Origin": origin}) as client:
                    client.hello()

    def test_streams_and_polls_are_not_stored_nor_held_back(self):
        with Sse(self.port) as client:
            fields = {name.lower(): value for name, value in client.stream.getheaders()}
            self.assertEqual(fields["content-type"], "text/event-stream")
            self.assertEqual((fields["cache-control"], fields["x-accel-buffering"]), ("no-store", "no"))
        status, headers, _ = ask(self.port, "GET", "/v1/poll")
        self.assertEqual((status, headers["cache-control"], headers["content-type"]), (200, "no-store", "application/json"))

    def test_a_lost_stream_is_a_lost_connection_and_a_lost_poll_is_not(self):
        with Client(self.port) as ann:
            ann.join("lost")
            with Sse(self.port) as bo:
                bo.join("lost")
                ann.receive_type("peer_joined")
            self.assertEqual(ann.receive()["reason"], "closed")
            with Poll(self.port) as cho:
                cho.join("lost")
                ann.receive_type("peer_joined")
                cho.getting.request("GET", f"/v1/poll/{cho.name}?cursor={cho.cursor}")
                cho.getting.close()
                ann.send({"type": "send", "data": 1})
                self.assertEqual(cho.receive_type("message")["data"], 1)

    def test_a_poll_that_was_answered_in_vain_is_answered_again(self):
        with Poll(self.port) as client:
            client.hello()
            for number in range(3):
                client.send({"type": "ping", "id": number})
            first = client.poll()
            client.send({"type": "ping", "id": 3})
            again = client.poll()
            self.assertEqual(first["messages"], again["messages"][: len(first["messages"])])
            self.assertEqual([message["re"] for message in again["messages"]], [0, 1, 2, 3])
            self.assertEqual(client.poll(again["cursor"] - 1)["messages"], again["messages"][-1:])
            with self.assertRaises(Refused) as refused:
                client.poll(first["cursor"] - 2)
            self.assertEqual(refused.exception.status, 409)

    def test_a_second_poll_takes_the_place_of_the_first(self):
        with Poll(self.port) as client:
            client.hello()
            client.getting.request("GET", f"/v1/poll/{client.name}?cursor={client.cursor}")
            second = threading.Thread(target=ask, args=(self.port, "GET", f"/v1/poll/{client.name}?cursor={client.cursor}"))
            second.start()
            self.assertEqual(json.loads(client.getting.getresponse().read()), {"cursor": client.cursor, "messages": []})
            client.send({"type": "ping"})
            second.join(TIMEOUT_S)
            self.assertFalse(second.is_alive())

    def test_a_session_moves_between_carriers_and_misses_nothing(self):
        with Resuming(self.port) as ann, Client(self.port) as bo:
            ann.connect(Client)
            ann.client.send({"type": "join", "room": "moving"})
            me = ann.receive_type("joined")
            bo.join("moving")
            expected, got = 0, []
            for kind in (Sse, Poll, Sse, Client, Poll, Client):
                ann.client.close()
                for _ in range(40):
                    bo.send({"type": "send", "to": me["peer"], "data": expected} if expected % 2 else {"type": "send", "data": expected})
                    expected += 1
                welcome = ann.connect(kind)
                self.assertEqual((welcome["recovered"], welcome["peer"]), (True, me["peer"]), kind)
                got.extend(ann.receive_type("message")["data"] for _ in range(20))  # the rest comes over the next one
            while len(got) < expected:
                got.append(ann.receive_type("message")["data"])
            self.assertEqual(got, list(range(expected)))

    def test_taking_over_closes_the_former_carrier_with_4409(self):
        for kind in KINDS.values():
            with Resuming(self.port) as ann:
                ann.connect(kind)
                with ann.client as first:
                    self.assertTrue(ann.connect(Client)["recovered"])
                    self.assertEqual(first.close_code(), 4409)

    def test_a_slow_reader_is_closed_with_4408_and_then_misses_nothing(self):
        chunk = "x" * 60000
        for kind in KINDS.values():
            with Client(self.port) as ann, Resuming(self.port) as slow:
                slow.connect(kind, receive_buffer=4096)
                slow.client.send({"type": "join", "room": "slow"})
                slow.receive_type("joined")
                ann.join("slow")
                for number in range(26):
                    ann.send({"type": "send", "id": number, "data": [number, chunk]})
                    ann.receive_type("ok")
                got = []
                with slow.client:
                    with self.assertRaises(Closed) as closed:
                        while True:
                            message = slow.receive()
                            if message["type"] == "message":
                                got.append(message["data"][0])
                self.assertEqual(closed.exception.code, 4408)
                self.assertLess(len(got), 26)
                self.assertTrue(slow.connect(Client)["recovered"])
                while len(got) < 26:
                    got.append(slow.receive_type("message")["data"][0])
                self.assertEqual(got, list(range(26)))

    def test_a_slow_reader_is_spared_updates_that_later_ones_make_pointless(self):
        for kind in KINDS.values():
            with Client(self.port) as ann, kind(self.port, receive_buffer=4096) as slow:
                slow.join("updates")
                ann.join("updates")
                for number in range(400):
                    ann.send({"type": "update", "id": number, "metadata": {"number": number, "pad": "x" * 4000}})
                    ann.receive_type("ok")
                seen = []
                while not seen or seen[-1].get("metadata", {}).get("number") != 399:
                    seen.append(slow.receive())
                events = [message["seq"] for message in seen if "seq" in message]
                self.assertEqual(events, list(range(events[0], events[0] + len(events))))
                self.assertTrue(any(message["type"] == "superseded" for message in seen))

    def test_garbage_leaves_the_server_serving(self):
        for path, kind in KINDS.items():
            with kind(self.port) as client:
                for tail in (b"?post=1 HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n", b"?post=1 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"):
                    with socket.create_connection(("127.0.0.1", self.port), timeout=TIMEOUT_S) as raw:
                        raw.sendall(f"POST {path}/{client.name}".encode() + tail)
                        self.assertEqual(read_head(raw.makefile("rb"))[0], 400)
                client.hello()


class LimitsTest(unittest.TestCase):
    def test_no_hello_closes_with_4001(self):
        with daemon(hello_timeout_s=1) as signal:
            for kind in KINDS.values():
                with kind(signal.port("http")) as client:
                    self.assertEqual(client.close_code(), 4001)

    def test_silence_is_pinged_and_then_closed_with_4000(self):
        with daemon(ping_interval_s=1, ping_timeout_s=1) as signal:
            for kind in KINDS.values():
                with Client(signal.port("http")) as watch, kind(signal.port("http")) as alive, kind(signal.port("http")) as deaf:
                    for client in (watch, alive, deaf):
                        client.join(kind.__name__)
                    gone = threading.Thread(target=alive.receive_type, args=("peer_left",))
                    gone.start()
                    self.assertEqual(watch.receive_type("peer_left")["reason"], "timeout")
                    gone.join(TIMEOUT_S)
                    self.assertFalse(gone.is_alive())
                    if kind is Sse:
                        self.assertGreaterEqual(alive.pings, 1)
                        deaf.post = lambda *_: None
                        self.assertEqual(deaf.close_code(), 4000)
            carriers = [f'noom_signal_carriers{{carrier="{carrier}"}}' for carrier in ("websocket", "sse", "poll")]
            for series in (*carriers, "noom_signal_queued_bytes"):
                signal.process.wait_for(lambda series=series: signal.metrics()[series] == 0, series)

    def test_a_poll_waits_as_long_as_is_set(self):
        with daemon({"poll_wait_s": 1}) as signal, Poll(signal.port("http")) as client:
            client.hello()
            self.assertEqual(client.poll()["messages"], [])
            client.send({"type": "ping"})
            self.assertEqual(client.receive()["type"], "pong")

    def test_each_carrier_can_be_switched_off(self):
        for off, path in (("sse", "/v1/sse"), ("poll", "/v1/poll")):
            with daemon({off: False}) as signal:
                status, _, body = ask(signal.port("http"), "GET", path)
                self.assertEqual((status, json.loads(body)["code"]), (404, "carrier_off"))
                other = Poll if off == "sse" else Sse
                with other(signal.port("http")) as client:
                    client.hello()

    def test_opening_too_fast_or_too_many_is_answered_429_and_503(self):
        for limits, status, code in (({"openings_burst": 2, "openings_exempt": []}, 429, "rate_limited"), ({"sessions": 2}, 503, "server_full")):
            with daemon(**limits) as signal, Sse(signal.port("http")), Sse(signal.port("http")):
                for path in KINDS:
                    answer, headers, body = ask(signal.port("http"), "GET", path)
                    self.assertEqual((answer, json.loads(body)["code"]), (status, code))
                    self.assertEqual(json.loads(body)["retry_after_s"], int(headers["retry-after"]))

    def test_going_on_beyond_the_rate_closes_with_4429(self):
        with daemon(messages_burst=5, messages_per_s=20) as signal:
            for kind in KINDS.values():
                with kind(signal.port("http")) as client:
                    client.hello()
                    client.post(b'{"type":"ping"}\n' * 300)
                    self.assertEqual(client.close_code(), 4429)

    def test_more_posts_at_once_than_may_be_are_refused(self):
        with daemon() as signal, Sse(signal.port("http")) as client:
            client.hello()
            port = signal.port("http")
            half = f"POST /v1/sse/{client.name}?post=2 HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n".encode()
            connections = [socket.create_connection(("127.0.0.1", port), timeout=TIMEOUT_S) for _ in range(8)]
            for connection in connections:
                connection.sendall(half)
            signal.process.wait_for(lambda: ask(port, "POST", f"/v1/sse/{client.name}?post=9", b"x")[0] == 429, "a refusal")
            for connection in connections:
                connection.close()
            signal.process.wait_for(lambda: ask(port, "POST", f"/v1/sse/{client.name}?post=2", lines([{"type": "ping"}]))[0] == 204, "a place")
            self.assertEqual(client.receive()["type"], "pong")


class DrainTest(unittest.TestCase):
    def test_sigterm_closes_with_1001_and_exits(self):
        signal = daemon()
        with Sse(signal.port("http")) as ann, Poll(signal.port("http")) as bo:
            ann.join("r")
            bo.join("r")
            ann.receive_type("peer_joined")
            polls = signal.metrics()["noom_signal_polls_total"]
            bo.getting.request("GET", f"/v1/poll/{bo.name}?cursor={bo.cursor}")
            signal.process.wait_for(lambda: signal.metrics()["noom_signal_polls_total"] > polls, "the poll")
            stopping = threading.Thread(target=signal.stop)
            stopping.start()
            self.assertEqual(ann.close_code(), 1001)
            answer = json.loads(bo.getting.getresponse().read())
            self.assertEqual(answer["close"]["code"], 1001)
            self.assertIn("go_away", [message["type"] for message in answer["messages"]])
            stopping.join(TIMEOUT_S)
            self.assertFalse(stopping.is_alive())


if __name__ == "__main__":
    unittest.main(verbosity=2)
