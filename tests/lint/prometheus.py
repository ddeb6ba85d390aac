#!/usr/bin/python3
"""promtool accepts the scrape file and the rules, and the rules' own tests pass."""

import shutil
import subprocess
import sys
from pathlib import Path

SKIPPED = 77
FOLDER = Path(__file__).parents[2] / "monitoring/prometheus"


def main():
    if shutil.which("promtool") is None:
        print("promtool is not installed: scripts/install-packages test")
        return SKIPPED
    failed = 0
    for arguments in (["check", "config", "prometheus.yml"], ["check", "rules", "noom.rules.yml"], ["test", "rules", "noom.rules.test.yml"]):
        run = subprocess.run(["promtool", *arguments], cwd=FOLDER, capture_output=True, text=True)
        print(f"promtool {' '.join(arguments)}: {'ok' if run.returncode == 0 else run.stdout + run.stderr}")
        failed += run.returncode != 0
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
