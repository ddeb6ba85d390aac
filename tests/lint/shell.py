#!/usr/bin/python3
"""Every shell script is strict (`set -euo pipefail`), executable, and shellcheck finds nothing in it."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from rules.source import Repo

ROOT = Path(__file__).parents[2]


def main():
    scripts = [source for source in Repo.read(ROOT) if source.text.startswith("#!/usr/bin/env bash")]
    failed = not scripts
    for script in scripts:
        if "\nset -euo pipefail\n" not in script.text:
            print(f"{script.path}:1: add `set -euo pipefail` after the banner")
            failed = True
        if not os.access(ROOT / script.path, os.X_OK):
            print(f"{script.path}:1: chmod +x {script.path}")
            failed = True
    if shutil.which("shellcheck"):
        run = subprocess.run(["shellcheck", *(script.path for script in scripts)], cwd=ROOT, capture_output=True, text=True)
        print(run.stdout + run.stderr, end="")
        failed = failed or run.returncode != 0
    else:
        print("shellcheck is not installed: scripts/install-packages test")
    print(f"{len(scripts)} scripts")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
