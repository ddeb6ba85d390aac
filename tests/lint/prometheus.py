#!/usr/bin/python3
"""promtool accepts the scrape file and the rules, the rules' own tests pass, and each alert has a runbook."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import yaml

SKIPPED = 77
ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "monitoring/prometheus"


def check_runbooks():
    """Each alert leads to a section, and each section is some alert's."""
    groups = yaml.safe_load((FOLDER / "noom.rules.yml").read_text())["groups"]
    alerts = {rule["alert"]: rule for group in groups for rule in group["rules"] if "alert" in rule}
    sections = {
        f"docs/runbooks/{page.name}#{title.lower()}" for page in (ROOT / "docs/runbooks").glob("*.md") for title in re.findall(r"^## (.*)$", page.read_text(), re.M)
    }
    named = {alert: rule["annotations"].get("runbook_url") for alert, rule in alerts.items()}
    faults = [f"{alert}: no section {url}" for alert, url in named.items() if url not in sections]
    faults += [f"{alert}: needs summary, description and severity" for alert, rule in alerts.items() if not {"summary", "description"} <= set(rule["annotations"]) or "severity" not in rule["labels"]]
    return faults + [f"{section}: no alert leads here" for section in sorted(sections - set(named.values()))]


def main():
    if shutil.which("promtool") is None:
        print("promtool is not installed: scripts/install-packages test")
        return SKIPPED
    faults = check_runbooks()
    print("\n".join(faults) or "runbooks: ok")
    failed = len(faults)
    for arguments in (["check", "config", "prometheus.yml"], ["check", "rules", "noom.rules.yml"], ["test", "rules", "noom.rules.test.yml"]):
        run = subprocess.run(["promtool", *arguments], cwd=FOLDER, capture_output=True, text=True)
        print(f"promtool {' '.join(arguments)}: {'ok' if run.returncode == 0 else run.stdout + run.stderr}")
        failed += run.returncode != 0
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
