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


@pytest.mark.parametrize("capacity, holds", [(2e6, True), (4e6, False), (1e6, False)])
def test_a_search_begins_with_what_an_earlier_run_found_and_trusts_it_not(run, capacity, holds):
    scenario, out, _ = run
    other = out.parent / "other"
    done = pktbench("run", scenario, "--out", other, "--guess", out, "--set",
                    f"/testbed/capacity_pps={capacity}")
    assert done.returncode == 0, done.stderr
    validate(other / "run.json")
    document = json.loads((other / "run.json").read_text())
    case, = document["cases"]
    guess = case["search"]["guess"]
    assert guess["held"] is holds and guess["mean_pps"] == pytest.approx(2e6, rel=0.01)
    assert document["scenario"]["method"]["guess_from"] == str(out)
    assert f"1 of 1 cases began with what an earlier run had found; {int(holds)} of these" in done.stdout
    for goal in case["search"]["goals"]:
        assert goal["regular"] and goal["conditional_pps"] == pytest.approx(capacity, rel=0.01)
    first, again = goals_of(out)[0]["trials"], case["search"]["goals"][0]["trials"]
    assert again < first or not holds
    # What it began with is in the run: it goes on without the other.
    log = other / "trials.jsonl"
    lines = log.read_text().splitlines(keepends=True)
    log.write_text("".join(lines[:3]))
    done = pktbench("run", "--resume", other)
    assert done.returncode == 0, done.stderr
    assert json.loads((other / "run.json").read_text())["cases"][0]["search"]["guess"] == guess


def test_a_guess_from_nowhere_is_refused_and_one_of_other_cases_is_none(run):
    scenario, out, _ = run
    done = pktbench("run", scenario, "--out", out.parent / "b", "--guess", out.parent / "none")
    assert done.returncode == 2 and "--guess takes the directory of an earlier run" in done.stderr
    done = pktbench("run", scenario, "--out", out.parent / "b", "--guess", out, "--set",
                    "/method=throughput")
    assert done.returncode == 2 and "this scenario's is throughput" in done.stderr
    done = pktbench("run", "--resume", out, "--guess", out)
    assert done.returncode == 2 and "--guess: --resume goes on with the guess" in done.stderr
    done = pktbench("run", scenario, "--out", out.parent / "b", "--set", '/method/guess="x"')
    assert done.returncode == 2 and "CASE = MEAN +- DEVIATION of GREATEST" in done.stderr
    done = pktbench("run", scenario, "--out", out.parent / "b", "--guess", out, "--set",
                    "/traffic/flows=7")
    assert done.returncode == 0 and "each begins with nothing" in done.stderr
    case, = json.loads((out.parent / "b" / "run.json").read_text())["cases"]
    assert case["search"]["guess"] is None


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
