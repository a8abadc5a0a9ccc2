"""Runs of scenarios without a device, for the tests beside this file."""
import json
import subprocess
from pathlib import Path

import pytest

from runs import BINARY, SHORT, SOURCE, validate

MEMORY = SOURCE / "scenarios" / "memory.json"


def run(out, scenario, *arguments):
    result = subprocess.run([BINARY, "run", str(scenario), "--out", str(out), *SHORT, *arguments],
                            capture_output=True, text=True, timeout=120)
    path = Path(out) / "run.json"
    if path.exists():
        validate(path)
    cases = json.loads(path.read_text())["cases"] if path.exists() else []
    return result, cases


def needs_dpdk(cases):
    for case in cases:
        if case["status"] == "unsupported" and "built without DPDK" in case["reason"]:
            pytest.skip(case["reason"])


# What only the host can bring about, however the code under test counts.
HOSTS_FAULT = ("disturbed: ", "the clock ran ", "generator memory offered nothing")


def trials_of(result, cases):
    """All of them: ok, or invalid where the host is to blame; the exit status says which."""
    trials = [trial for case in cases for trial in case["trials"]]
    assert trials
    for trial in trials:
        assert trial["status"] == "ok" or (trial["status"] == "invalid"
                                           and trial["reason"].startswith(HOSTS_FAULT)), trial["reason"]
        assert trial["unaccounted"] == 0
        assert trial["received"]["packets"] == trial["offered"]["packets"]
        assert trial["status"] == "invalid" or trial["offered"]["packets"] > 0
    status = {case["status"] for case in cases}
    assert status <= {"ok", "invalid", "unsupported"}
    assert result.returncode == (5 if "invalid" in status else 0), result.stderr
    return trials
