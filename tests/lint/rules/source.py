"""The repository as the rules see it: tracked files, their text, and C++ with comments and literals blanked out."""

import re
import subprocess
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

CPP_SUFFIXES = {".cc", ".h"}
TEXT_SUFFIXES = CPP_SUFFIXES | {
    ".cmake", ".conf", ".css", ".html", ".js", ".json", ".md", ".mjs", ".py", ".rules", ".service", ".sh", ".socket", ".svg", ".target", ".toml", ".ts", ".txt",
    ".yml", ".yaml", "",
}


@dataclass(frozen=True)
class Finding:
    """One broken rule. `remedy` says what to write instead."""

    rule: str
    path: str
    line: int
    remedy: str

    def __str__(self):
        return f"{self.path}:{self.line}: [{self.rule}] {self.remedy}"


@dataclass(frozen=True)
class Include:
    line: int
    target: str
    quoted: bool


class Source:
    """One tracked file. `path` is relative to the root, with forward slashes."""

    def __init__(self, path, text):
        self.path = path
        self.text = text
        self.suffix = Path(path).suffix

    @cached_property
    def lines(self):
        return self.text.splitlines()

    @cached_property
    def code(self):
        """The text with comments and the contents of literals as spaces: same length, same line numbers."""
        return blank_cpp(self.text)

    @cached_property
    def includes(self):
        found = []
        for number, line in enumerate(self.lines, 1):
            match = re.match(r'\s*#\s*include\s*([<"])([^>"]+)[>"]', line)
            if match:
                found.append(Include(number, match.group(2), match.group(1) == '"'))
        return found

    def line_of(self, offset):
        return self.text.count("\n", 0, offset) + 1


class Repo:
    """All text files that git tracks or would track."""

    def __init__(self, sources, paths=None):
        self.sources = {source.path: source for source in sources}
        self.paths = frozenset(paths if paths is not None else self.sources)  # of all files, pictures too

    @classmethod
    def read(cls, root):
        listed = subprocess.run(
            ["git", "-C", str(root), "ls-files", "-z", "--cached", "--others", "--exclude-standard"], check=True, capture_output=True, text=True
        ).stdout
        sources = []
        paths = sorted(set(filter(None, listed.split("\0"))))
        for path in paths:
            file = root / path
            if Path(path).suffix not in TEXT_SUFFIXES or not file.is_file() or file.is_symlink():
                continue
            data = file.read_bytes()
            if b"\0" not in data:
                sources.append(Source(path, data.decode("utf-8", errors="replace")))
        return cls(sources, paths)

    def __iter__(self):
        return iter(self.sources.values())

    def cpp(self):
        return [source for source in self if source.suffix in CPP_SUFFIXES]

    def under(self, *folders):
        return [source for source in self if source.path.startswith(tuple(folder + "/" for folder in folders))]


_CPP_TOKEN = re.compile(
    r'//[^\n]*|/\*.*?\*/|R"(?P<tag>[^(\s]*)\(.*?\)(?P=tag)"|"(?:[^"\\\n]|\\.)*"|(?<![\w])\'(?:[^\'\\\n]|\\.)+\'', re.DOTALL
)


def blank_cpp(text):
    def spaces(match):
        body = match.group(0)
        if body[0] in "\"'R":
            quote = body[-1]
            return quote + re.sub(r"[^\n]", " ", body[1:-1]) + quote
        return re.sub(r"[^\n]", " ", body)

    return _CPP_TOKEN.sub(spaces, text)
