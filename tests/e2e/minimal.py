"""The least configuration with which each daemon serves on loopback, and how to call one that is not meant to stay."""

import pathlib
import subprocess

import harness

ROOT = pathlib.Path(__file__).resolve().parents[2]
SECRET = "0123456789abcdef0123456789abcdef"

CONFIG = {
    "noom-stun": {"listen": {"udp": ["127.0.0.1:0"], "tcp": ["127.0.0.1:0"]}},
    "noom-turn": {
        "listen": {"udp": ["127.0.0.1:0"], "tcp": ["127.0.0.1:0"]},
        "relay": {"addresses": ["127.0.0.1"]},
        "auth": {"rest_secrets": [SECRET]},
    },
    "noom-signal": {"listen": {"http": ["127.0.0.1:0"]}, "web": {"root": str(ROOT / "web")}},
}
DAEMONS = tuple(CONFIG)


def start(name, arguments=(), environment=None, **tables):
    """A running daemon; `tables` are laid over its least configuration."""
    config = {table: dict(keys) for table, keys in CONFIG[name].items()}
    for table, keys in tables.items():
        config[table] = {**config.get(table, {}), **keys}
    return harness.Daemon(name, config, arguments, environment)


def call(name, *arguments):
    """Runs a daemon that is expected to end by itself."""
    return subprocess.run([harness.binary(name), *map(str, arguments)], capture_output=True, text=True, timeout=harness.READY_TIMEOUT_S)


def certificate(folder):
    """The [tls] table of a fresh self-signed certificate for localhost."""
    certificate, key = pathlib.Path(folder) / "cert.pem", pathlib.Path(folder) / "key.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", "/CN=localhost",
         "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", key, "-out", certificate],
        check=True, capture_output=True,
    )
    return {"certificate": str(certificate), "key": str(key)}
