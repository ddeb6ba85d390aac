"""What may not be written anywhere, or only in one place."""

import posixpath
import re

from .source import Finding

_UNFINISHED = re.compile(r"\b(?:TO" + r"DO|FIX" + r"ME|XX" + r"X|HA" + r"CK)\b")
_SLEEPS = [
    (r"\btime\.sleep\s*\(|\basyncio\.sleep\s*\((?!\s*0\s*\))", {".py"}),
    (r"\bsleep_for\b|\bsleep_until\b|(?<![\w.>:])u?sleep\s*\(|\bnanosleep\b|\bSleepFor\b", {".cc", ".h"}),
    (r"\bwaitForTimeout\s*\(|new Promise\(\s*\(?\w*\)?\s*=>\s*setTimeout\(\s*\w+\s*,\s*[1-9]", {".js", ".mjs"}),
    (r"(?:^|[;&|]\s*|\bdo\s+)sleep\s+[\d.]", {".sh", ""}),
]


def unfinished(repo):
    for source in repo:
        for match in _UNFINISHED.finditer(source.text):
            yield Finding("unfinished", source.path, source.line_of(match.start()), f"{match.group(0)}: finish it, or file an issue and say nothing here")


def sleeps(repo):
    """Tests wait for a condition with a deadline, never for time to pass."""
    for source in repo.under("tests"):
        if source.path.startswith("tests/lint/") or source.path.startswith("tests/bench/"):
            continue
        for pattern, suffixes in _SLEEPS:
            if source.suffix not in suffixes:
                continue
            text = source.code if source.suffix in (".cc", ".h") else source.text
            for match in re.finditer(pattern, text, re.MULTILINE):
                yield Finding("sleep", source.path, source.line_of(match.start()), "a test that sleeps is slow and flaky: wait for a condition with a deadline")


# A logging call, a stream or an error text: the start of what could show a secret to somebody.
_TELLING = re.compile(r"(?:\b(?:log|sink|logger)\w*(?:\(\))?\s*(?:\.|->)\s*(?:log|debug|info|warning|error)|\bLogField|std::c(?:err|out|log)\b|\bf?printf|\w+Error)\s*[({<]")
_SECRET_KEY = re.compile(r'\{\s*"(\w*(?:password|secret|credential|private_key|passphrase)\w*)"\s*,')
_HARMLESS_KEY = re.compile(r"_(?:file|path|count|files|line|bytes|name)$|^(?:key|secrets|credentials)$")


def secrets(repo):
    """No log line and no error text shows a secret."""
    for source in repo.cpp():
        if source.path.startswith("tests/"):
            continue
        for match in _TELLING.finditer(source.code):
            end = source.code.find(";", match.end())
            end = len(source.code) if end < 0 else end
            line = source.line_of(match.start())
            if re.search(r"\breveal\s*\(\s*\)", source.code[match.start() : end]):
                yield Finding("secret-shown", source.path, line, "reveal() inside a log line or an error: say which secret (its file or its key), never what it is")
            for key in _SECRET_KEY.finditer(source.text[match.start() : end]):
                if not _HARMLESS_KEY.search(key.group(1)):
                    yield Finding("secret-shown", source.path, line, f'a log field named "{key.group(1)}": log the name of the file or key instead')


_MACHINE_PATH = re.compile(r"(?<![\w.~*$}-])/(?:work|root|home/\w+|Users/\w+)/[\w.-]+")
_REGISTRY_HOST = re.compile(r"https?://(?:registry|deb|mirrors?|pypi|proxy|packages|files)\.[\w.-]+")


def machine_traces(repo):
    for source in repo:
        for pattern, what in ((_MACHINE_PATH, "a path of somebody's machine"), (_REGISTRY_HOST, "a package registry's host")):
            for match in pattern.finditer(source.text):
                yield Finding("machine-trace", source.path, source.line_of(match.start()), f"{match.group(0)} is {what}: use a relative path, or leave it to the tool's own configuration")


def broken_links(repo):
    """Relative links in documents lead somewhere."""
    folders = {posixpath.dirname(path) for path in repo.paths}
    for source in repo:
        if source.suffix != ".md":
            continue
        for match in re.finditer(r"\]\((?!\w+:|#)([^)\s#]+)[^)]*\)", source.text):
            target = posixpath.normpath(posixpath.join(posixpath.dirname(source.path), match.group(1)))
            if target not in repo.paths and target not in folders:
                yield Finding("broken-link", source.path, source.line_of(match.start()), f"{match.group(1)} is not there: name a file of this repository")


RULES = [unfinished, sleeps, secrets, machine_traces, broken_links]
