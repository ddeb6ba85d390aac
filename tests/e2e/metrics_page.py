#!/usr/bin/python3
"""Every metric of every daemon as a page: name, type, labels, help, read from the running daemons. scripts/update-docs writes docs/metrics.md with it."""

import contextlib
import re
import sys
import tempfile

import minimal

HEAD = """# Metrics

What each daemon serves on its admin port under `/metrics`. Labels come from enums and the configuration, never from clients: the number of series is fixed.
`scripts/update-docs` writes this page from the running daemons.
"""


def families(text):
    """name -> (type, help, label names) of a page in Prometheus' text format."""
    found = {}
    for line in text.splitlines():
        if match := re.match(r"# HELP (\S+) (.*)", line):
            found[match[1]] = ["untyped", match[2], []]
        elif match := re.match(r"# TYPE (\S+) (\S+)", line):
            found.setdefault(match[1], ["", "", []])[0] = match[2]
        elif match := re.match(r"([a-zA-Z_:]\w*)(?:\{(.*)\})? ", line):
            name = match[1] if match[1] in found else re.sub(r"_(bucket|sum|count)$", "", match[1])
            labels = found.setdefault(name, ["untyped", "", []])[2]
            for label in re.findall(r'(\w+)="', match[2] or ""):
                if label not in labels and label != "le":
                    labels.append(label)
    return found


@contextlib.contextmanager
def complete(name):
    """A daemon with all that a metric depends on switched on."""
    with tempfile.TemporaryDirectory() as scratch:
        tls = {"listen": {"tls": ["127.0.0.1:0"]}, "tls": minimal.certificate(scratch)} if name == "noom-turn" else {}
        if name == "noom-signal":
            tls = {"listen": {"https": ["127.0.0.1:0"]}, "tls": minimal.certificate(scratch)}
        with minimal.start(name, **tls) as daemon:
            yield daemon


def page():
    text = HEAD
    for name in minimal.DAEMONS:
        with complete(name) as daemon:
            rows = families(daemon.admin("/metrics")[1])
        text += f"\n## {name}\n| metric | type | labels | |\n|---|---|---|---|\n"
        for metric, (kind, told, labels) in sorted(rows.items()):
            text += f"| `{metric}` | {kind} | {', '.join(labels)} | {told} |\n"
    return text


if __name__ == "__main__":
    sys.stdout.write(page())
