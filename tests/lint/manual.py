#!/usr/bin/python3
"""The manual holds together: every page of docs/ can be reached from docs/README.md, and no link of any page leads nowhere."""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
START = ROOT / "docs/README.md"
LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)|!\[[^\]]*\]\(([^)\s]+)\)")
FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)


def anchors(text):
    """Of the headings, as GitHub makes them."""
    found, seen = set(), {}
    for heading in re.findall(r"^#+\s+(.*?)\s*$", FENCE.sub("", text), re.MULTILINE):
        plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).replace("`", "").lower()
        name = re.sub(r"[^\w\- ]", "", plain).replace(" ", "-")
        count = seen[name] = seen.get(name, -1) + 1
        found.add(f"{name}-{count}" if count else name)
    return found


def links(text):
    return [first or second for first, second in LINK.findall(FENCE.sub("", text))]


def check(pages):
    """Findings, and which page links to which files."""
    findings, graph = [], {}
    for page in pages:
        text = page.read_text()
        for link in links(text):
            if re.match(r"[a-z]+:", link):
                continue
            path, _, anchor = link.partition("#")
            target = (page.parent / path).resolve() if path else page
            graph.setdefault(page, set()).add(target)
            if not target.exists():
                findings.append(f"{page.relative_to(ROOT)}: {link} leads nowhere")
            elif anchor and target.suffix == ".md" and anchor not in anchors(target.read_text()):
                findings.append(f"{page.relative_to(ROOT)}: {link}: no such heading")
    return findings, graph


def reached(start, graph):
    found, ahead = set(), [start]
    while ahead:
        page = ahead.pop()
        if page in found:
            continue
        found.add(page)
        # A folder's page stands for the folder.
        ahead += [target / "README.md" if target.is_dir() else target for target in graph.get(page, ())]
    return found


def main():
    listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard", "*.md"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    pages = sorted(path for path in (ROOT / line for line in listed.splitlines()) if path.exists())
    findings, graph = check(pages)
    manual = {page for page in pages if page.is_relative_to(ROOT / "docs")}
    findings += [f"{page.relative_to(ROOT)}: no way leads here from docs/README.md" for page in sorted(manual - reached(START, graph))]
    print("\n".join(findings) or f"{len(pages)} pages, no dead link")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
