"""Third-party authorisation (RFC 7635) with coturn's client, which makes access tokens of its own under three test keys."""

import base64
import pathlib
import re
import tempfile
import unittest

import harness
import minimal
import relay

SERVER_NAME = "turn.example.org"
# Those of turnutils_uclient -J, as many bytes as the algorithm takes.
KEYS = {
    "north": b"01234567890123456789012345678901",
    "union": b"1234567890123456",
    "oldempire": b"12345678901234567890123456789012",
}


def token_keys(**changed):
    return [f"{name}:{base64.b64encode(key).decode()}" for name, key in {**KEYS, **changed}.items()]


class AccessToken(unittest.TestCase):
    def uclient(self, turn, messages=5):
        """(exit code, log) of two clients that send each other messages in Send indications."""
        command = ["turnutils_uclient", "-J", "-s", "-y", "-c", "-m", 2, "-n", messages, "-p", turn.port("udp"), "127.0.0.1"]
        with tempfile.TemporaryDirectory() as folder:
            process = harness.Process(command, pathlib.Path(folder) / "uclient.log")
            code = process.wait(60)
            process.stop()
            return code, process.log()

    def start(self, keys):
        return minimal.start(
            "noom-turn",
            auth={"rest_secrets": [], "token_server_name": SERVER_NAME, "token_keys": keys},
            peers={"allow": ["127.0.0.0/8"]},
            relay=relay.relay_ports(),
        )

    def test_coturns_tokens_are_opened_and_relay(self):
        with self.start(token_keys()) as turn:
            code, log = self.uclient(turn)
            self.assertEqual(0, code, log)
            self.assertRegex(log, r"tot_send_msgs=10, tot_recv_msgs=10")

    def test_tokens_under_other_keys_are_refused(self):
        other = {name: bytes(reversed(key)) for name, key in KEYS.items()}
        with self.start(token_keys(**other)) as turn:
            code, log = self.uclient(turn)
            self.assertNotEqual(0, code, log)
            self.assertTrue(re.search(r"reason=bad_token", turn.log()), turn.log())


if __name__ == "__main__":
    unittest.main()
