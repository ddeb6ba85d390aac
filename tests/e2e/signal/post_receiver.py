"""An HTTP server that takes what noom-signal POSTs, or does not. Standard library only."""

import http.server
import json
import threading

PATIENCE_S = 30


class Receiver:
    """Answers each POST as `answer(event)` says: a status, or None to say nothing until it is let go."""

    def __init__(self, answer=lambda event: 204, tls=None, port=0):
        self.taken, self.attempts, self.changed = [], [], threading.Condition()
        self.answer, self.let_go = answer, threading.Event()
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                event = json.loads(body)
                status = receiver.answer(event)
                with receiver.changed:
                    receiver.attempts.append((event, dict(self.headers), body))
                    if status is not None and 200 <= status < 300:
                        receiver.taken.append(event)
                    receiver.changed.notify_all()
                if status is None:
                    receiver.let_go.wait(PATIENCE_S)
                    return
                self.send_response(status)
                if status in (301, 302, 307, 308):
                    self.send_header("Location", "/elsewhere")
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self.server.daemon_threads = True
        if tls:
            self.server.socket = tls.wrap_socket(self.server.socket, server_side=True)
        self.port = self.server.server_address[1]
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01})
        self.thread.start()

    def wait(self, condition, what):
        with self.changed:
            if not self.changed.wait_for(condition, PATIENCE_S):
                raise AssertionError(f"no {what}; taken {self.taken}, {len(self.attempts)} attempts")

    def ids(self):
        """In the order of their first coming: an answer that comes after the timeout brings an event twice."""
        return list(dict.fromkeys(event["id"] for event in self.taken))

    def stop(self):
        self.let_go.set()
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()
