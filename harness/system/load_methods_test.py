"""The methods that measure at loads, from a scenario to the figures, on the simulated testbed: the truth is
known."""
import json
import os
import subprocess
import sys

import pytest

from runs import BINARY, validate

SOURCE = os.environ["PKTBENCH_SOURCE"]
CAPACITY = 2e6


def pktbench(*arguments):
    return subprocess.run([BINARY, *map(str, arguments)], capture_output=True, text=True, timeout=120)


def written(path, method, testbed=()):
    path.write_text(json.dumps({
        "testbed": {"name": "simulated", "capacity_pps": CAPACITY, "noise": 0.002, "seed": 7,
                    **dict(testbed)},
        "traffic": {"generator": "simulated"}, "backends": ["fake"], "method": {"seed": 1, **method}}))
    return path


def measured(tmp_path, method, testbed=()):
    """The one case of a run whose record is valid and whose figure is drawn, and what was printed."""
    tmp_path.mkdir(exist_ok=True)
    scenario, out = written(tmp_path / "scenario.json", method, testbed), tmp_path / "out"
    done = pktbench("run", scenario, "--out", out)
    assert done.returncode == 0, done.stderr + done.stdout
    validate(out / "run.json")
    drawn = subprocess.run([sys.executable, "-B", f"{SOURCE}/plots/__main__.py", out, "--format", "svg"],
                           capture_output=True, text=True, timeout=120, check=False)
    assert drawn.returncode == 0, drawn.stderr
    assert (out / "caption.txt").read_text()
    case, = json.loads((out / "run.json").read_text())["cases"]
    assert case["status"] == "ok" and case["summary"] is None
    return case, done


def test_a_sweep_takes_shares_of_the_pdr_that_it_finds(tmp_path):
    case, done = measured(tmp_path, {"name": "load-sweep", "loads": "10%, 50%, 100%, 300000, max",
                                     "sweeps": 2})
    reference, = case["reference"]
    assert reference["what"] == "PDR 0.5%" and reference["regular"] and reference["seconds"] < 15
    assert abs(reference["pps"] / CAPACITY - 1) < 0.03
    rows = case["sweep"]["loads"]
    assert [row["load"] for row in rows] == ["10%", "50%", "100%", "300000", "max",
                                             "max", "300000", "100%", "50%", "10%"]
    for row in rows:
        trial, = [trial for trial in case["trials"] if trial["index"] == row["trial"]]
        assert trial["offered"]["pps"] == row["offered_pps"]
        if row["share"]:
            assert abs(row["offered_pps"] / (row["share"] * reference["pps"]) - 1) < 0.001
        # 900 cycles of a CPU of 2 GHz.
        assert abs(row["cycles_per_packet"] - 900) < 1
        assert abs(row["dut_cpu"]["charged"] - row["received_pps"] * 900 / 2e9) < 0.001
    assert rows[0]["loss_ratio"] < 0.001 < 0.7 < rows[4]["loss_ratio"]
    assert "cycles/pkt 10%/100%/max" in done.stdout and "900/900/900" in done.stdout
    assert {m["name"] for m in case["metrics"]} >= {"mpps at max", "cycles_per_packet at 10%"}


def test_a_sweep_that_is_cut_off_goes_on_where_it_was(tmp_path):
    case, _ = measured(tmp_path, {"name": "load-sweep", "loads": "10%, 50%", "sweeps": 2})
    log = tmp_path / "out" / "trials.jsonl"
    lines = log.read_text().splitlines(keepends=True)
    for kept in (3, len(lines) - 1):
        log.write_text("".join(lines[:kept]))
        done = pktbench("run", tmp_path / "scenario.json", "--resume", tmp_path / "out")
        assert done.returncode == 0, done.stderr
        again, = json.loads((tmp_path / "out" / "run.json").read_text())["cases"]
        made, before = (found["sweep"]["loads"] for found in (again, case))
        assert [row["load"] for row in made] == [row["load"] for row in before]


def test_bursts_find_the_buffer_whatever_is_forwarded_meanwhile(tmp_path):
    case, done = measured(tmp_path, {"name": "back-to-back", "tests": 3},
                          {"buffer_frames": 4096, "noise": 0})
    found = case["back_to_back"]
    assert found["n"] == 3 and all(test["regular"] for test in found["tests"])
    # The generator sends 10 Mpps.
    assert found["burst_pps"] == 10e6
    assert abs(found["mean"] / (4096 / (1 - CAPACITY / 10e6)) - 1) < 0.015
    assert abs(found["corrected_s"] * 10e6 / 4096 - 1) < 0.03
    assert found["min"] <= found["median"] <= found["max"] and found["stdev"] is not None
    assert "longest burst" in done.stdout and "RFC 9004" in done.stdout


def test_a_buffer_that_no_burst_fills_is_a_lower_bound(tmp_path):
    case, done = measured(tmp_path, {"name": "back-to-back", "tests": 1, "longest_s": 0.1},
                          {"buffer_frames": 1e9, "noise": 0})
    test, = case["back_to_back"]["tests"]
    assert not test["regular"] and test["longest"] == 1_000_000 and test["shortest"] is None
    assert "≥1000000" in done.stdout


def drifts(case):
    return {drift["value"]: drift for drift in case["soak"]["drifts"]}


def test_a_soak_finds_a_device_that_gets_slower_and_nothing_where_it_does_not(tmp_path):
    method = {"name": "soak", "load": "max", "duration_s": 1200, "window_s": 10}
    still, _ = measured(tmp_path, method, {"noise": 0.01})
    assert len(still["soak"]["windows"]) == 120
    found = drifts(still)
    assert not found["received_pps"]["found"] and not found["open_fds"]["found"]
    assert found["received_pps"]["n"] == 120
    slower, done = measured(tmp_path / "b", method, {"noise": 0.01, "slower_per_hour": 0.3})
    found = drifts(slower)
    assert found["received_pps"]["found"] and found["cycles_per_packet"]["found"]
    # From capacity / 1 to capacity / 1.1 in 20 minutes.
    per_hour = found["received_pps"]["per_hour"]
    assert abs(per_hour / (-3 * CAPACITY * (1 - 1 / 1.1)) - 1) < 0.2
    assert abs(found["cycles_per_packet"]["per_hour"] / (0.3 * 900) - 1) < 0.05
    assert "Worst window" in done.stdout and "!" in done.stdout
    worst = slower["soak"]["worst_trial"]
    windows = {window["trial"]: window["loss_ratio"] for window in slower["soak"]["windows"]}
    assert windows[worst] == max(windows.values())
    assert all(w["rss_bytes"] > 1e6 and w["open_fds"] > 3 for w in slower["soak"]["windows"])


@pytest.mark.parametrize("method, key, value, why", [
    ("load-sweep", "loads", '""', 'loads: ""'), ("load-sweep", "loads", '"0%"', "is no load that can be"),
    ("load-sweep", "loads", '"1000%"', "is above 200%"),
    ("load-sweep", "loads", '"50%, 50%"', "is there twice"),
    ("load-sweep", "sweeps", "0", "/method/sweeps"), ("load-sweep", "loads_of", '"mdr"', "/method/loads_of"),
    ("back-to-back", "tests", "0", "/method/tests"), ("back-to-back", "loads_of", '"pdr"', "unknown key"),
    ("soak", "load", '"1000%"', 'load: "1000%" is above 200%'),
    ("soak", "load", '"10%, 20%"', "load: is one"),
    ("soak", "duration_s", "2", "shorter than window_s")])
def test_what_cannot_be_measured_is_refused(tmp_path, method, key, value, why):
    scenario = written(tmp_path / "scenario.json", {"name": method})
    done = pktbench("run", scenario, "--out", tmp_path / "out", "--set", f"/method/{key}={value}")
    assert done.returncode == 2 and done.stderr.count("\n") == 1, done.stderr
    assert "/method" in done.stderr and why in done.stderr, done.stderr
    assert not (tmp_path / "out").exists()
