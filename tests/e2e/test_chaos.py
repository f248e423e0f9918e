"""A short chaos run: a whole system of its own under load and faults, and nothing lost, doubled or out of order."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SEED, SECONDS = 4, 35


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_a_system_under_chaos_loses_nothing_and_doubles_nothing(tmp_path):
    file = tmp_path / "report.json"
    command = [sys.executable, "-m", "chaos", "--duration", str(SECONDS), "--seed", str(SEED), "--report", str(file)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-2000:]
    report = json.loads(file.read_text())
    assert report["held"]
    assert sum(report["faults"].values()) >= 5, "hardly anything was broken"
    assert all(report["calls"][kind].get("answered") for kind in ("create", "update", "register", "upload", "job"))
    assert report["sightings"] > report["calls"]["create"]["answered"], "the subscribers saw hardly anything"
