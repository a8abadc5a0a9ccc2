"""scripts/claims from end to end, with one claim: a run, its verdict, the table and the picture. What this
machine does beside it may leave a claim that cannot be told, but no wrong row."""
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

SOURCE = Path(os.environ["PKTBENCH_SOURCE"])
BINARY = os.environ["PKTBENCH_BINARY"]
# What else this machine does is no fault of the code under test.
PATIENT = [word for one in ("max_disturbance=1", "max_cpu_distance_change=0", "max_overrun=1000",
                            "max_unsent=1") for word in ("--set", f"/method/{one}")]
VERDICTS = r"kernel-tax: (holds|does not hold|cannot be told here: because \S.+)( \(.*: .* \(.*–.*\)\))?"

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs root: makes namespaces")


def command(out, *more):
    return [SOURCE / "scripts" / "claims", "--quick", "--pktbench", BINARY, "--out", out, "kernel-tax",
            *PATIENT, *more]


def claims(out, *more):
    return subprocess.run(command(out, *more), capture_output=True, text=True, timeout=600, check=False)


def test_a_claim_is_measured_judged_and_drawn_and_the_run_is_kept(tmp_path):
    page = SOURCE / "scenarios" / "claims" / "README.md"
    before = page.read_bytes()
    done = claims(tmp_path / "out")
    assert done.returncode == 0, done.stderr
    said, path = done.stdout.splitlines()
    assert re.fullmatch(VERDICTS, said) and path == str(tmp_path / "out" / "README.md")
    run = tmp_path / "out" / "kernel-tax" / "run.json"
    subprocess.run([sys.executable, SOURCE / "results/schema/validate.py", run], check=True,
                   capture_output=True)
    cases = {case["id"]: case for case in json.loads(run.read_text())["cases"]}
    assert sorted(cases) == sorted(f"xdp-{mode}/{work}/64B/1q/1f/100000pps" for mode in ("native", "generic")
                                   for work in ("drop", "pass"))
    assert all(case["status"] == "ok" and len(case["trials"]) >= 10 for case in cases.values())
    written = Path(path).read_text(encoding="utf-8")
    assert written.count("(#kernel-tax)") == 1 and written.count("\n### kernel-tax\n") == 1
    verdict = said.removeprefix("kernel-tax: ").partition(":")[0].partition(" (")[0]
    assert f"\nHere: **{verdict}**" in written
    # A ratio that was measured is drawn.
    ratios = re.findall(r"^\| DROP against PASS.*\| \d\S* \(\d\S*–\d\S*\) \| \d+ \|", written, re.M)
    assert (run.parent / "claim.png").exists() == bool(ratios) == ("](kernel-tax/claim.png)" in written)
    assert page.read_bytes() == before

    made = run.stat().st_mtime_ns
    again = claims(tmp_path / "out")
    assert again.returncode == 2 and "choose another directory" in again.stderr
    assert run.stat().st_mtime_ns == made
    kept = claims(tmp_path / "out", "--resume")
    assert (kept.returncode, kept.stdout) == (0, done.stdout) and run.stat().st_mtime_ns == made


def test_a_budget_that_is_too_small_gives_no_verdict(tmp_path):
    done = claims(tmp_path / "out", "--budget", "4")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("kernel-tax: cannot be told here: because its run was stopped after 4 s")


def test_a_ctrl_c_ends_the_run_and_leaves_what_goes_on(tmp_path):
    log = tmp_path / "out" / "kernel-tax" / "trials.jsonl"
    with subprocess.Popen(command(tmp_path / "out"), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          text=True, start_new_session=True) as process:
        for _ in range(600):
            if log.exists() and log.read_text():
                break
            time.sleep(0.1)
        os.killpg(process.pid, signal.SIGINT)
        stdout, stderr = process.communicate(timeout=120)
    assert (process.returncode, stdout) == (130, ""), stderr
    assert f"to go on: scripts/claims --resume --quick --out {tmp_path / 'out'} kernel-tax" in stderr
    assert json.loads((log.parent / "run.json").read_text())["run"]["interrupted"]
