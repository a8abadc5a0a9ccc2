"""The method `latency` from a scenario to its figures, on the simulated testbed, whose delays are known."""
import json
import subprocess

import pytest

from runs import BINARY, validate

SERVICE_NS = 500      # of one frame, at 2 Mpps
SCENARIO = {"testbed": {"name": "simulated", "capacity_pps": 2e6, "noise": 0, "seed": 7},
            "traffic": {"generator": "simulated"}, "backends": ["fake"],
            "method": {"name": "latency", "trials": 2, "duration_s": 1, "seed": 1}}


def pktbench(*arguments):
    return subprocess.run([BINARY, *map(str, arguments)], capture_output=True, text=True, timeout=120)


def measured(folder, *arguments, scenario=None):
    path = folder / "scenario.json"
    path.write_text(json.dumps(SCENARIO if scenario is None else scenario))
    return pktbench("run", path, "--out", folder / "out", *arguments)


def case_of(folder):
    case, = json.loads((folder / "out" / "run.json").read_text())["cases"]
    return case


def test_every_load_has_its_percentiles_and_the_record_is_valid(tmp_path):
    done = measured(tmp_path)
    assert done.returncode == 0, done.stderr
    validate(tmp_path / "out" / "run.json")
    case = case_of(tmp_path)
    loads = case["latency"]["loads"]
    assert [load["load"] for load in loads] == ["unloaded", "10%", "50%", "90%"]
    pdr = case["reference"][0]["pps"]
    assert pdr == pytest.approx(2e6, rel=0.03)
    for load, share in zip(loads[1:], (0.1, 0.5, 0.9)):
        assert load["target_pps"] == pytest.approx(share * pdr, rel=0.03)
    for load in loads:
        assert load["ns"]["p50"] == load["ns"]["max"] == SERVICE_NS
        assert load["lost"] == load["duplicated"] == load["reordered"] == 0
        assert load["histogram"].startswith("HISTFA")
        assert load["generator_late_ns"]["max"] == 0
        assert load["stamp"] == "software" and load["one_way"] and load["trials"] == 2
    assert loads[0]["ns"]["p99.9"] == SERVICE_NS and loads[0]["ns"]["p99.99"] is None  # of 2,000 frames
    assert case["summary"] is None
    assert "p99 at 90%" in [metric["name"] for metric in case["metrics"]]
    assert "µs at 90%" in done.stdout and "0.50/0.50/0.50/0.50" in done.stdout


def test_a_stall_of_50_ms_shows_in_the_tail_of_every_load(tmp_path):
    done = measured(tmp_path, "--set", "/testbed/stall_ms=50", "--set", "/method/pdr_pps=1000000")
    assert done.returncode == 0, done.stderr
    for load in case_of(tmp_path)["latency"]["loads"]:
        assert load["ns"]["p50"] == SERVICE_NS or load["load"] == "90%"
        assert 49e6 < load["ns"]["p99.9"] < 50.2e6
        assert load["ns"]["max"] == pytest.approx(50e6, rel=0.002)


def test_a_run_that_is_cut_off_goes_on_where_it_was(tmp_path):
    assert measured(tmp_path).returncode == 0
    found = case_of(tmp_path)["latency"]
    log = tmp_path / "out" / "trials.jsonl"
    lines = log.read_text().splitlines(keepends=True)
    log.write_text("".join(lines[:-2]))
    done = pktbench("run", tmp_path / "scenario.json", "--resume", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    again = case_of(tmp_path)["latency"]
    assert [load["histogram"] for load in again["loads"]] == [load["histogram"] for load in found["loads"]]


def test_the_figure_is_drawn_of_the_record_alone(tmp_path):
    assert measured(tmp_path).returncode == 0
    done = pktbench("plots", tmp_path / "out", "--format", "png")
    assert done.returncode == 0, done.stderr
    said = (tmp_path / "out" / "caption.txt").read_text()
    assert "one way on one clock" in said and "frame was due" in said


@pytest.mark.parametrize("key, value, why", [
    ("loads", '""', "is no share"), ("loads", '"150%"', "is above 100%"),
    ("loads", '"10%, max"', "no frame is due"), ("loads", '"ten"', "is no share"),
    ("trials", "0", "/method/trials"), ("pdr_pps", "-1", "/method/pdr_pps")])
def test_loads_that_are_none_are_refused(tmp_path, key, value, why):
    done = measured(tmp_path, "--set", f"/method/{key}={value}")
    assert done.returncode == 2 and done.stderr.count("\n") == 1 and why in done.stderr, done.stderr
    assert not (tmp_path / "out").exists()


def test_a_backend_that_cannot_stamp_is_unsupported_and_says_which_can(tmp_path):
    scenario = {"testbed": {"name": "veth"}, "traffic": {"generator": "packet-sendmmsg"},
                "backends": ["tc-drop"], "method": "latency"}
    listed = pktbench("list")
    assert "latency" in listed.stdout
    path = tmp_path / "scenario.json"
    path.write_text(json.dumps(scenario))
    # As a user: the reason is known before anything is touched, and a run as root says it.
    done = pktbench("run", path, "--out", tmp_path / "out")
    assert done.returncode in (3, 4)
    if done.returncode == 4:
        case = case_of(tmp_path)
        assert case["status"] == "unsupported"
        assert "tc-drop does not record when it gets a frame; these do: af_xdp" in case["reason"]
