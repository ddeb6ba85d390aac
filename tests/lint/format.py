#!/usr/bin/python3
"""Every C++ file is as clang-format 14 writes it. Other versions differ in details, so only 14 is asked; without it the test is skipped."""

import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from rules.source import Repo

SKIPPED = 77


def main():
    root = Path(__file__).parents[2]
    formatter = shutil.which("clang-format-14")
    if formatter is None:
        print("clang-format-14 is not installed: scripts/install-packages test")
        return SKIPPED
    paths = [source.path for source in Repo.read(root).cpp()]
    chunks = [paths[i::8] for i in range(8) if paths[i::8]]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        runs = list(pool.map(lambda chunk: subprocess.run([formatter, "--dry-run", "-Werror", *chunk], cwd=root, capture_output=True, text=True), chunks))
    wrong = sorted({line.split(":")[0] for run in runs for line in run.stderr.splitlines() if "clang-format-violations" in line})
    failed = [run.stderr for run in runs if run.returncode and "clang-format-violations" not in run.stderr]
    for path in wrong:
        print(f"{path}: not formatted: clang-format-14 -i {path}")
    print(*failed, f"{len(paths)} files, {len(wrong)} to format", sep="\n")
    return 1 if wrong or failed else 0


if __name__ == "__main__":
    sys.exit(main())
