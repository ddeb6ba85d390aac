#!/usr/bin/python3
"""The systemd units parse, and systemd-analyze finds little exposed: at most 1.5 of 10 each."""

import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

SKIPPED = 77
EXPOSURE_MAX = 1.5
ROOT = Path(__file__).parents[2]


def exposure(unit):
    run = subprocess.run(["systemd-analyze", "security", "--offline=yes", "--no-pager", unit], capture_output=True, text=True)
    found = re.search(r"Overall exposure level for .*: ([\d.]+)", run.stdout)
    if found is None:
        raise SystemExit(f"{unit}: systemd-analyze said no exposure level: {run.stdout}{run.stderr}")
    return float(found.group(1)), run.stdout


def verify(folder):
    """What `systemd-analyze verify` says of the units; their programs need not be installed."""
    with tempfile.TemporaryDirectory() as scratch:
        copies = []
        for unit in sorted(folder.iterdir()):
            if unit.suffix in (".service", ".socket", ".target"):
                copy = Path(scratch) / unit.name
                copy.write_text(re.sub(r"(?m)^ExecStart=\S+", "ExecStart=/bin/true", unit.read_text()))
                copies.append(str(copy))
        run = subprocess.run(["systemd-analyze", "verify", "--man=no", "--recursive-errors=no", *copies], capture_output=True, text=True)
        return [line for line in (run.stdout + run.stderr).splitlines() if "noom" in line]


def main():
    if shutil.which("systemd-analyze") is None:
        print("systemd-analyze is not installed: scripts/install-packages test")
        return SKIPPED
    folder = ROOT / "deploy/systemd"
    units = sorted(folder.glob("*.service"))
    failed = len(units) < 3
    for line in verify(folder):
        print(line)
        failed = True
    for unit in units:
        level, report = exposure(unit)
        print(f"{unit.name}: exposure {level}, at most {EXPOSURE_MAX}")
        if level > EXPOSURE_MAX:
            print(report)
            failed = True
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
