#!/usr/bin/python3
"""Checks the house rules that a machine can check. Each finding names the rule, file:line, and what to write instead.

usage: house_rules.py [ROOT]
"""

import sys
from pathlib import Path

from rules import layers, shape, words
from rules.source import Repo

RULES = [*layers.RULES, *shape.RULES, *words.RULES]


def check(repo):
    findings = {finding for rule in RULES for finding in rule(repo)}
    return sorted(findings, key=lambda finding: (finding.path, finding.line, finding.rule, finding.remedy))


def main(arguments):
    root = Path(arguments[1] if len(arguments) > 1 else Path(__file__).parents[2])
    repo = Repo.read(root)
    findings = check(repo)
    for finding in findings:
        print(finding)
    longish = shape.count_longish(repo)
    print(f"{len(repo.sources)} files, {len(RULES)} rules, {len(findings)} findings; {longish} files are past {shape.FILE_LINES_GOOD} lines")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
