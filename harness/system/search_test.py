"""The method `search` from a scenario to its figures, on the simulated testbed, whose capacity is known."""
import json
import subprocess

import pytest

from runs import BINARY, validate

SCENARIO = {"testbed": {"name": "simulated", "capacity_pps": 2e6, "noise": 0.002, "seed": 7},
            "traffic": {"generator": "simulated"}, "backends": ["fake"],
            "method": {"name": "search", "searches": 2, "seed": 1}}


def pktbench(*arguments):
    return subprocess.run([BINARY, *map(str, arguments)], capture_output=True, text=True, timeout=120)


@pytest.fixture(name="run")
def fixture_run(tmp_path):
    scenario = tmp_path / "scenario.json"
    scenario.write_text(json.dumps(SCENARIO))
    done = pktbench("run", scenario, "--out", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    return scenario, tmp_path / "out", done


def goals_of(out):
    case, = json.loads((out / "run.json").read_text())["cases"]
    return case["search"]["goals"]


def test_both_goals_are_found_in_every_search_and_the_record_is_valid(run):
    _, out, done = run
    validate(out / "run.json")
    goals = goals_of(out)
    assert [(g["round"], g["name"]) for g in goals] == [(0, "NDR"), (0, "PDR"), (1, "NDR"), (1, "PDR")]
    for goal in goals:
        truth = 2e6 / (1 - goal["loss_ratio"])
        assert goal["regular"] and goal["lower_pps"] < truth * 1.01 and goal["upper_pps"] > truth * 0.99
        assert goal["upper_pps"] - goal["lower_pps"] <= 0.00501 * goal["upper_pps"]
    case, = json.loads((out / "run.json").read_text())["cases"]
    assert case["summary"] is None
    assert [metric["name"] for metric in case["metrics"]] == ["NDR", "PDR"]
    assert "NDR Mpps" in done.stdout and "Frames lost at most: NDR 0%, PDR 0.5%." in done.stdout
    assert "[2/2] " in done.stderr and "[3/2]" not in done.stderr


def test_a_search_that_is_cut_off_goes_on_where_it_was(run):
    scenario, out, _ = run
    found = goals_of(out)
    log = out / "trials.jsonl"
    lines = log.read_text().splitlines(keepends=True)
    log.write_text("".join(lines[:len(lines) // 3]))
    done = pktbench("run", scenario, "--resume", out)
    assert done.returncode == 0, done.stderr
    kept = log.read_text().splitlines(keepends=True)
    assert kept[:len(lines) // 3] == lines[:len(lines) // 3]
    assert [goal["trials"] > 0 and goal["regular"] for goal in goals_of(out)] == [True] * len(found)


def test_two_searches_are_not_compared_trial_by_trial(run):
    _, out, _ = run
    other = out.parent / "other"
    scenario = out.parent / "more.json"
    scenario.write_text(json.dumps(SCENARIO | {"method": {"name": "search", "searches": 9,
                                                          "duration_sum_s": 2}}))
    for where in (out.parent / "base", other):
        assert pktbench("run", scenario, "--out", where).returncode == 0
    done = pktbench("compare", out.parent / "base", other)
    assert done.returncode == 5
    assert "load of its own" in done.stdout


@pytest.mark.parametrize("key, value, why", [
    ("goals", '"NDR=150%"', "would lose every frame"), ("goals", '"NDR"', "is no name with a share"),
    ("goals", '""', "is no name with a share"), ("width", "0", "/method/width"),
    ("searches", "0", "/method/searches"), ("max_pps", "500", "max_pps is not above min_pps"),
    ("duration_sum_s", "0.5", "shorter than final_trial_s"), ("trials", "5", 'unknown key "trials"')])
def test_a_search_for_what_cannot_be_is_refused(tmp_path, key, value, why):
    scenario = tmp_path / "scenario.json"
    scenario.write_text(json.dumps(SCENARIO))
    done = pktbench("run", scenario, "--out", tmp_path / "out", "--set", f"/method/{key}={value}")
    assert done.returncode == 2 and done.stderr.count("\n") == 1 and why in done.stderr, done.stderr
    assert not (tmp_path / "out").exists()
