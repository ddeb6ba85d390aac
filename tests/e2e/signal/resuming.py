"""A client whose session outlives its connections."""

from websocket import Client

HELLO = {"type": "hello", "protocol": "noom.v1", "features": ["resume"]}
UNCOUNTED = {"welcome", "pong", "ack", "ticket", "go_away"}


class Resuming:
    """A client that counts as docs/protocol/noom-v1.md wants it, over as many connections as it takes."""

    def __init__(self, port, **options):
        self.port, self.options = port, options
        self.received, self.ticket, self.client = 0, None, None

    def connect(self, **options):
        resume = {"resume": {"ticket": self.ticket, "received": self.received}} if self.ticket else {}
        self.client = Client(self.port, **{**self.options, **options})
        self.client.send({**HELLO, **resume})
        self.welcome = self.receive()
        if not self.welcome.get("recovered", False):
            self.received = 0
        return self.welcome

    def receive(self):
        message = self.client.receive()
        if message["type"] not in UNCOUNTED:
            self.received += 1
        if message["type"] != "invited":
            self.ticket = message.get("ticket", self.ticket)
        return message

    def receive_type(self, kind):
        while (message := self.receive())["type"] != kind:
            pass
        return message

    def join(self, room, **fields):
        self.connect()
        self.client.send({"type": "join", "room": room, **fields})
        return self.receive_type("joined")

    def send(self, message):
        self.client.send(message)

    def lose(self):
        self.client.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.client.close()
