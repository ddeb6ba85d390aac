#!/usr/bin/python3
"""docs/config/<daemon>.toml is, byte for byte, what the daemon's --print-config says: every key is documented, and as it is.

usage: config_docs.py PROGRAM…
"""

import difflib
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def main(programs):
    stale = 0
    for program in map(Path, programs):
        page = ROOT / "docs/config" / f"{program.name}.toml"
        # As at anybody's home: defaults in $HOME are shown as ~.
        printed = subprocess.run([program, "--print-config"], check=True, capture_output=True, text=True, env={"HOME": "~"}).stdout
        documented = page.read_text() if page.exists() else ""
        if printed != documented:
            stale += 1
            print(f"{page.relative_to(ROOT)}: not what {program.name} --print-config says: scripts/update-docs")
            sys.stdout.writelines(difflib.unified_diff(documented.splitlines(True), printed.splitlines(True), "documented", "printed"))
    print(f"{len(programs)} daemons, {stale} pages to update")
    return 1 if stale or not programs else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
