"""Who may join, through the real daemon: tokens of every algorithm made by openssl, keys that change, tickets, secrets, and a restart that forgets no lock."""

import base64
import hashlib
import hmac
import json
import os
import pathlib
import re
import signal
import subprocess
import tempfile
import time
import unittest

from harness import Daemon
from websocket import Client

SECRET = "a shared secret of this server"
HMAC_KEY = "an HS256 key of more than thirty-two characters"


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def openssl(*arguments, data=b""):
    return subprocess.run(["openssl", *arguments], input=data, capture_output=True, check=True).stdout


class Key:
    """A private key in a file, its public half as a JWK."""

    ALGORITHMS = {
        "RS256": ["-algorithm", "rsa", "-pkeyopt", "rsa_keygen_bits:2048"],
        "ES256": ["-algorithm", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"],
        "EdDSA": ["-algorithm", "ed25519"],
    }

    def __init__(self, directory, algorithm, kid):
        self.algorithm, self.kid = algorithm, kid
        self.path = pathlib.Path(directory) / f"{kid}.pem"
        self.path.write_bytes(openssl("genpkey", *self.ALGORITHMS[algorithm]))

    def jwk(self):
        public = openssl("pkey", "-in", self.path, "-pubout", "-outform", "DER")
        if self.algorithm == "RS256":
            modulus = openssl("rsa", "-in", self.path, "-noout", "-modulus").decode().strip().split("=")[1]
            members = {"kty": "RSA", "n": b64(bytes.fromhex(modulus)), "e": "AQAB"}
        elif self.algorithm == "ES256":
            members = {"kty": "EC", "crv": "P-256", "x": b64(public[-64:-32]), "y": b64(public[-32:])}
        else:
            members = {"kty": "OKP", "crv": "Ed25519", "x": b64(public[-32:])}
        return {**members, "kid": self.kid, "alg": self.algorithm, "use": "sig"}

    def sign(self, text):
        if self.algorithm == "EdDSA":
            with tempfile.NamedTemporaryFile() as message:
                message.write(text)
                message.flush()
                return openssl("pkeyutl", "-sign", "-inkey", self.path, "-rawin", "-in", message.name)
        signature = openssl("dgst", "-sha256", "-sign", self.path, data=text)
        if self.algorithm == "RS256":
            return signature
        numbers = re.findall(r"INTEGER\s+:([0-9A-F]+)", openssl("asn1parse", "-inform", "DER", data=signature).decode())
        return b"".join(bytes.fromhex(number.zfill(64)) for number in numbers)


def token(sign, header, **claims):
    claims = {"room": "*", "exp": int(time.time()) + 60, **claims}
    text = b64(json.dumps(header).encode()) + "." + b64(json.dumps(claims).encode())
    return text + "." + b64(sign(text.encode()))


def key_token(key, **claims):
    return token(key.sign, {"alg": key.algorithm, "kid": key.kid, "typ": "JWT"}, **claims)


def hmac_token(secret, **claims):
    return token(lambda text: hmac.new(secret.encode(), text, hashlib.sha256).digest(), {"alg": "HS256"}, **claims)


class AdmissionTest(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.directory = pathlib.Path(directory.name)
        self.keys = {algorithm: Key(directory.name, algorithm, f"key-{algorithm}") for algorithm in Key.ALGORITHMS}
        self.write("secret", SECRET)
        self.write("hmac", HMAC_KEY)
        self.write_keys(self.keys.values())

    def write(self, name, text):
        beside = self.directory / f"{name}.new"
        beside.write_text(text)
        beside.chmod(0o600)
        beside.rename(self.directory / name)

    def write_keys(self, keys):
        self.write("jwks", json.dumps({"keys": [key.jwk() for key in keys]}))

    def daemon(self, modes, **tables):
        admission = {"modes": modes}
        if "secret" in modes:
            admission["secret_file"] = str(self.directory / "secret")
        if "jwt" in modes:
            admission |= {"jwks_file": str(self.directory / "jwks"), "jwt_secret_file": str(self.directory / "hmac")}
        limits = {"joins_per_s": 0, "messages_per_s": 0}
        return Daemon("noom-signal", {"listen": {"http": ["127.0.0.1:0"]}, "web": {"root": ""}, "admission": admission, "limits": limits, **tables})

    def answer(self, daemon, room="r", **fields):
        """What a join of somebody new is answered."""
        with Client(daemon.port("http")) as client:
            client.hello()
            client.send({"type": "join", "room": room, **fields})
            return client.receive()

    def code(self, daemon, **fields):
        return self.answer(daemon, **fields).get("code")

    def test_tokens_of_every_algorithm_open_the_door_and_nothing_else_does(self):
        with self.daemon(["jwt"]) as daemon:
            for key in self.keys.values():
                joined = self.answer(daemon, token=key_token(key, role="moderator", sub="u", name="Ann"))
                self.assertEqual((joined["type"], joined["role"]), ("joined", "moderator"), key.algorithm)
            self.assertEqual(self.answer(daemon, token=hmac_token(HMAC_KEY, role="viewer"))["role"], "viewer")
            self.assertEqual(self.code(daemon), "token_required")
            self.assertEqual(self.code(daemon, token=SECRET), "token_invalid")
            self.assertEqual(self.code(daemon, token=hmac_token("another key of thirty-two characters")), "token_invalid")
            self.assertEqual(self.code(daemon, token=key_token(self.keys["EdDSA"], exp=int(time.time()) - 100)), "token_expired")
            self.assertEqual(self.code(daemon, token=key_token(self.keys["ES256"], room="other-*")), "wrong_room")
            stranger = Key(self.directory, "EdDSA", "key-stranger")
            self.assertEqual(self.code(daemon, token=key_token(stranger)), "token_invalid")
            public = json.dumps(self.keys["RS256"].jwk())
            self.assertEqual(self.code(daemon, token=hmac_token(public)), "token_invalid")
            self.assertEqual(daemon.metrics()['noom_signal_errors_total{code="token_invalid"}'], 4)

    def test_keys_change_on_sighup(self):
        with self.daemon(["jwt"]) as daemon:
            kept, gone = self.keys["EdDSA"], self.keys["ES256"]
            self.write_keys([kept])
            os.kill(daemon.pid, signal.SIGHUP)
            daemon.process.wait_for(lambda: "event=reloaded" in daemon.log(), "event=reloaded")
            daemon.process.wait_for(lambda: self.code(daemon, token=key_token(gone)) == "token_invalid", "the old key's end")
            self.assertEqual(self.answer(daemon, token=key_token(kept))["type"], "joined")
            self.write("jwks", "{}")
            os.kill(daemon.pid, signal.SIGHUP)
            daemon.process.wait_for(lambda: "event=reload_refused" in daemon.log(), "event=reload_refused")
            self.assertIn("admission.jwks_file", daemon.log())
            self.assertEqual(self.answer(daemon, token=key_token(kept))["type"], "joined")

    def test_keys_change_with_their_file(self):
        with self.daemon(["jwt"]) as daemon:
            fresh = Key(self.directory, "EdDSA", "key-fresh")
            self.assertEqual(self.code(daemon, token=key_token(fresh)), "token_invalid")
            self.write_keys([fresh])
            daemon.process.wait_for(lambda: "event=admission_reloaded" in daemon.log(), "event=admission_reloaded")
            daemon.process.wait_for(lambda: self.answer(daemon, token=key_token(fresh))["type"] == "joined", "the new key")
            self.write("jwks", "not keys")
            daemon.process.wait_for(lambda: "event=admission_not_reloaded" in daemon.log(), "event=admission_not_reloaded")
            self.assertEqual(self.answer(daemon, token=key_token(fresh))["type"], "joined")

    def test_a_secret_and_tickets_beside_each_other(self):
        with self.daemon(["secret", "ticket"]) as daemon, Client(daemon.port("http")) as host:
            host.join("r", token=SECRET)
            self.assertEqual(self.code(daemon, token=SECRET[:-1]), "token_invalid")
            host.send({"type": "invite", "role": "viewer", "lifetime_s": 60})
            ticket = host.receive_type("invited")["ticket"]
            self.assertEqual(self.code(daemon, room="other", token=ticket), "wrong_room")
            self.assertEqual(self.answer(daemon, token=ticket)["role"], "viewer")
            self.assertEqual(self.code(daemon, token=ticket), "token_used")
            self.assertEqual(self.code(daemon, token=ticket[:-4] + "AAAA"), "token_invalid")

    def test_a_lobby_from_both_sides(self):
        with self.daemon(["open"]) as daemon, Client(daemon.port("http")) as host, Client(daemon.port("http")) as guest:
            host.join("r", name="Ann")
            host.send({"type": "configure", "lobby": True})
            host.receive_type("room_updated")
            guest.hello()
            guest.send({"type": "join", "room": "r", "name": "Bo"})
            waiting = guest.receive_type("waiting")
            self.assertEqual(host.receive_type("peer_waiting")["peer"], waiting["peer"])
            self.assertEqual(daemon.metrics()["noom_signal_waiting"], 1)
            host.send({"type": "admit", "peer": waiting["peer"]})
            self.assertEqual(guest.receive_type("joined")["peers"][0]["name"], "Ann")
            host.send({"type": "kick", "peer": waiting["peer"], "ban_s": 60})
            self.assertEqual(guest.receive_type("left"), {"type": "left", "room": "r", "reason": "kicked", "banned_s": 60})
            self.assertEqual(self.code(daemon), "banned")
            self.assertEqual(daemon.metrics()["noom_signal_revocations_total"], 1)

    def test_a_lock_survives_a_restart(self):
        state = {"directory": str(self.directory / "state")}
        with self.daemon(["open"], state=state) as daemon, Client(daemon.port("http")) as host:
            host.send({"type": "hello", "protocol": "noom.v1", "features": ["resume"]})
            host.receive_type("welcome")
            host.send({"type": "join", "room": "r"})
            ticket = host.receive_type("joined")["ticket"]
            host.send({"type": "configure", "locked": True})
            host.receive_type("room_updated")
        with self.daemon(["open"], state=state) as daemon, Client(daemon.port("http")) as host:
            host.send({"type": "hello", "protocol": "noom.v1", "features": ["resume"], "resume": {"ticket": ticket, "received": 2}})
            self.assertTrue(host.receive_type("welcome")["recovered"])
            self.assertEqual(self.code(daemon), "locked")


if __name__ == "__main__":
    unittest.main()
