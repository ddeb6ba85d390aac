#!/usr/bin/python3
"""docs/conformance.md says which rule of which RFC which test shows. It is written from the tests: one whose body begins with
"// RFC 8656 §7.2: the rule" has a row; without words of its own the rule is the test's name.

usage: conformance.py [--write]
"""

import difflib
import re
import sys
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs/conformance.md"
TITLES = {
    1321: "MD5", 2202: "HMAC-SHA1 test vectors", 3489: "classic STUN", 4231: "HMAC-SHA256 test vectors", 4291: "IPv6 addresses", 5389: "STUN, before RFC 8489",
    5769: "STUN test vectors", 5780: "NAT behaviour discovery", 6052: "IPv6 translation", 6056: "port randomisation", 6062: "TCP allocations", 6066: "SNI",
    6347: "DTLS 1.2", 7301: "ALPN", 7350: "STUN over DTLS", 7443: "ALPN for STUN", 7635: "third-party authorisation", 7983: "multiplexing by first byte",
    8016: "mobility", 8264: "PRECIS", 8265: "PRECIS: names and passwords", 8489: "STUN", 8656: "TURN",
}
TEST = re.compile(r"TEST(?:_F|_P)?\((\w+),\s*(\w+)\)\s*\{$|TYPED_TEST\((\w+),\s*(\w+)\)\s*\{$")
METHOD = re.compile(r"    def (test_\w+)\(")
PLACE = r"(?:§\w+(?:[.-]\w+)*|[A-Z]\.\d+(?:\.\d+)*)"
CLAUSE = re.compile(rf"RFC (\d+)((?:,? {PLACE})*)")
SECTION = re.compile(r"§?([A-Z0-9][\w.-]*)")
WORD = re.compile(r"Ipv[46]|\d+x?\d*|[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
TERSE = 5  # words: what is shorter is a remark on the test's name, not a rule


class Row(NamedTuple):
    rfc: int
    sections: tuple
    rule: str
    test: str
    path: str


def comment_after(lines, i, mark):
    """The comment that begins the body of the test in line i, as one line; empty when there is none."""
    words = []
    for line in lines[i + 1:]:
        if not line.strip().startswith(mark):
            break
        words.append(line.strip().removeprefix(mark).strip())
    return " ".join(words)


def in_words(name):
    """AddressesAreUnique, test_addresses_are_unique → addresses are unique. Capitals in a row and codes stay."""
    if name.startswith("test_"):
        return name.removeprefix("test_").replace("_", " ")
    words = [word if word.isupper() and len(word) > 1 else word.lower() for word in WORD.findall(name)]
    return " ".join(words).replace("ipv", "IPv")


def rule_of(comment, name):
    """The citation's own words up to the end of a sentence, else the test's name."""
    cited, colon, words = comment.partition(": ")
    if not colon or not cited.startswith("RFC") or ". " in cited:
        return in_words(name)
    sentence = re.split(r"(?<=[a-z0-9)\"])\.(?: |$)", words, maxsplit=1)[0].rstrip(".")
    return sentence if len(sentence.split()) >= TERSE else f"{in_words(name)}: {sentence}"


def rows_of(path):
    lines = path.read_text().split("\n")
    shown = str(path.relative_to(ROOT / "tests"))
    for i, line in enumerate(lines):
        test = TEST.match(line) if path.suffix == ".cc" else METHOD.match(line)
        if not test:
            continue
        comment = comment_after(lines, i, "//" if path.suffix == ".cc" else "#")
        if not comment.startswith("RFC "):
            continue
        names = [name for name in test.groups() if name]
        cited = comment.partition(": ")[0] if ": " in comment else comment
        for rfc, sections in CLAUSE.findall(cited):
            if sections:
                yield Row(int(rfc), tuple(SECTION.findall(sections)), rule_of(comment, names[-1]), ".".join(names), shown)


def order(section):
    """7.2 before 12.1, appendices last."""
    return [(0, int(part)) if part.isdigit() else (1, 0) for part in re.split(r"[.-]", section)]


def page(rows):
    out = [
        "# Conformance",
        "",
        "Which rule of which RFC which test shows. `scripts/update-docs` writes this page from the tests, whose first lines cite what they show; all of them run in",
        "`./scripts/test`. A test that shows rules of several RFCs stands under each.",
        "",
    ]
    for rfc in sorted({row.rfc for row in rows}):
        of_rfc = sorted((row for row in rows if row.rfc == rfc), key=lambda row: ([order(s) for s in row.sections], row.path, row.rule))
        out += [f"## RFC {rfc}{': ' + TITLES[rfc] if rfc in TITLES else ''}", "| section | rule | test |", "|---|---|---|"]
        for row in of_rfc:
            sections = ", ".join(f"§{section}" if section[0].isdigit() else section for section in row.sections)
            rule = row.rule.replace("|", "\\|")
            out.append(f"| {sections} | {rule[:1].upper() + rule[1:]} | `{row.test}`, {row.path} |")
        out.append("")
    return "\n".join(out).rstrip("\n") + "\n"


def main(arguments):
    sources = sorted([*ROOT.glob("tests/unit/**/*_test.cc"), *ROOT.glob("tests/e2e/**/*_test.py")])
    rows = [row for source in sources for row in rows_of(source)]
    written = page(rows)
    if "--write" in arguments:
        PAGE.write_text(written)
        return 0
    shown = PAGE.read_text() if PAGE.exists() else ""
    if shown != written:
        print(f"{PAGE.relative_to(ROOT)}: not what the tests say: scripts/update-docs")
        sys.stdout.writelines(difflib.unified_diff(shown.splitlines(True), written.splitlines(True), "documented", "in the tests", n=0))
    print(f"{len(rows)} rules, {len({row.rfc for row in rows})} RFCs")
    return 1 if shown != written or not rows else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
