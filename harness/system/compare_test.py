"""pktbench compare, end to end: runs of the simulated testbed, whose truth is known."""
import json
import os
import random
import shutil
import subprocess
from pathlib import Path

import jsonschema
import pytest

BINARY = os.environ["PKTBENCH_BINARY"]
SCHEMA = json.loads((Path(os.environ["PKTBENCH_SOURCE"])
                     / "results/schema/comparison.schema.json").read_text())
CASE = "fake/drop/64B/1q/1f"


def pktbench(*arguments, **environment):
    return subprocess.run([BINARY, *map(str, arguments)], capture_output=True, text=True, timeout=120,
                          env={**os.environ, **environment})


def run(path, seed, trials=20, testbed=None, traffic=None, backends=("fake",), restarts=5):
    scenario = path.with_suffix(".scenario.json")
    scenario.write_text(json.dumps({
        "testbed": {"name": "simulated", "capacity_pps": 2e6, "noise": 0.01, "seed": seed,
                    **(testbed or {})},
        "traffic": {"generator": "simulated", **(traffic or {})},
        "method": {"trials": trials}, "restarts": restarts, "backends": list(backends)}))
    made = pktbench("run", scenario, "--out", path)
    assert made.returncode == 0, made.stderr
    return path


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """base; same: the same device; slow: 5% slower; dear: 5% more cycles; few: 5 trials; once, half: one
    restart, half: of a device half as fast."""
    at = tmp_path_factory.mktemp("runs")
    return {
        "base": run(at / "base", 1), "same": run(at / "same", 2),
        "slow": run(at / "slow", 3, testbed={"capacity_pps": 1.9e6}),
        "fast": run(at / "fast", 4, testbed={"capacity_pps": 2.1e6}),
        "dear": run(at / "dear", 5, testbed={"cycles_per_packet": 945}),
        "few": run(at / "few", 6, trials=5), "once": run(at / "once", 9, restarts=1),
        "half": run(at / "half", 10, restarts=1, testbed={"capacity_pps": 1e6}),
        "paced": run(at / "paced", 7, traffic={"rate": 100000}),
        "two": run(at / "two", 8, backends=("fake", {"name": "fake", "lose_one_in": 1000000000})),
    }


def compare(*arguments, status):
    result = pktbench("compare", *arguments)
    assert result.returncode == status, result.stdout + result.stderr
    return result.stdout


def compared(*arguments, status):
    made = json.loads(compare(*arguments, "--json", status=status))
    jsonschema.Draft7Validator(SCHEMA).validate(made)
    assert made["exit_status"] == status
    return made


def test_the_schema_is_one_and_refuses():
    jsonschema.Draft7Validator.check_schema(SCHEMA)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"schema": "pktbench-comparison/1"}, SCHEMA)


def test_the_same_device_twice_is_no_regression(runs):
    made = compared(runs["base"], runs["same"], status=0)
    rate = made["cases"][0]["measures"]["mpps"]
    assert made["verdict"] == "no change" == rate["verdict"]
    assert (rate["comparison"]["base_draws"], rate["comparison"]["new_draws"]) == (5, 5)
    assert rate["comparison"]["unit"] == "restart"
    assert 0.97 < rate["comparison"]["ci95"][0] < rate["comparison"]["ci95"][1] < 1.03
    assert 0 < rate["comparison"]["smallest_change"] < 0.03
    assert not made["interleaved"] and "not interleaved" in made["warnings"][0]


def test_a_slower_device_is_a_regression(runs):
    made = compared(runs["base"], runs["slow"], status=1)
    found = made["cases"][0]["measures"]["mpps"]["comparison"]
    assert made["verdict"] == "regression"
    assert found["ci95"][0] <= 0.95 <= found["ci95"][1]
    assert found["ratio"] == pytest.approx(0.95, abs=0.01)
    text = compare(runs["base"], runs["slow"], status=1)
    assert "This comparison can see changes of" in text
    assert text.splitlines()[-1] == "regression (cases: 1 regression)"


def test_a_faster_device_is_an_improvement(runs):
    assert compared(runs["base"], runs["fast"], status=0)["verdict"] == "improvement"


def test_dearer_packets_are_a_regression(runs):
    made = compared(runs["base"], runs["dear"], status=1)
    assert made["cases"][0]["measures"]["cycles_per_packet"]["comparison"]["ratio"] == pytest.approx(1.05)


def test_the_minimum_effect_is_the_callers(runs):
    compare(runs["base"], runs["slow"], "--min-effect", "8", status=0)
    compare(runs["base"], runs["same"], "--must-see", "0.2", status=5)


def test_one_run_a_side_is_inconclusive_whatever_it_shows(runs):
    made = compared(runs["once"], runs["half"], status=5)
    assert made["reason"] == "no case could be compared"
    reason = made["cases"][0]["measures"]["mpps"]["reason"]
    assert reason.startswith("the medians differ by -") and "with --restarts" in reason


def test_several_runs_a_side_are_each_one_value(runs):
    both = f"{runs['base']},{runs['same']}"
    made = compared(both, f"{runs['slow']},{runs['half']}", status=5)
    found = made["cases"][0]["measures"]["mpps"]["comparison"]
    assert (found["unit"], found["base_draws"], found["new_draws"]) == ("run", 2, 2)
    assert [len(made[side]) for side in ("base_runs", "new_runs")] == [2, 2]
    assert "name it once" in one_line(pktbench("compare", f"{both},{runs['base']}", runs["slow"]))


def test_another_rate_is_another_case_and_is_not_compared(runs):
    made = compared(runs["base"], runs["paced"], status=5)
    assert [c["id"] for c in made["only_in_base"]] == [CASE]
    assert [c["id"] for c in made["only_in_new"]] == [CASE + "/100000pps"]
    text = compare(runs["base"], runs["paced"], "--base-case", CASE, "--new-case",
                   CASE + "/100000pps", status=5)
    assert "not compared: rate_pps differs: none in BASE, 100000" in text


def test_two_cases_of_one_run(runs):
    ids = [c["id"] for c in json.loads((runs["two"] / "run.json").read_text())["cases"]]
    made = compared(runs["two"], runs["two"] / "run.json", "--base-case", ids[0], "--new-case", ids[1],
                    status=0)
    assert made["interleaved"] and made["warnings"] == []
    refused = pktbench("compare", runs["two"], runs["two"], "--base-case", ids[0], "--new-case", "fakt")
    assert refused.returncode == 2 and "/cases: no case" in refused.stderr
    alone = pktbench("compare", runs["two"], runs["two"], "--base-case", ids[0])
    assert alone.returncode == 2 and "--new-case" in alone.stderr


def test_a_run_is_not_compared_with_itself(runs, tmp_path):
    copy, link = tmp_path / "copy", tmp_path / "link"
    shutil.copytree(runs["base"], copy)
    link.symlink_to(runs["base"])
    for other in (runs["base"], runs["base"] / "run.json", copy, link):
        for cases in ((), ("--base-case", CASE, "--new-case", CASE)):
            assert "BASE and NEW are one run: name two runs, or two of its cases" in one_line(
                pktbench("compare", runs["base"], other, *cases))


def test_a_run_is_not_compared_with_what_it_was_before_it_was_resumed(runs, tmp_path):
    before, after = tmp_path / "before", tmp_path / "after"
    for made in (before, after):
        shutil.copytree(runs["base"], made)
    lines = (after / "trials.jsonl").read_text().splitlines(keepends=True)
    (after / "trials.jsonl").write_text("".join(lines[:12]))
    scenario = runs["base"].with_suffix(".scenario.json")
    assert pktbench("run", scenario, "--resume", after).returncode == 0
    assert "which was resumed" in one_line(pktbench("compare", before, after))


def test_success_means_that_something_was_compared(runs, tmp_path):
    unsupported = []
    for name in ("a", "b"):
        path = tmp_path / f"{name}.json"
        path.write_text(json.dumps({"testbed": "simulated", "traffic": {"generator": "simulated"},
                                    "backends": [{"name": "fake", "unsupported": True}]}))
        assert pktbench("run", path, "--out", tmp_path / name).returncode == 4
        unsupported.append(tmp_path / name)
    made = compared(*unsupported, status=5)
    assert made["reason"] == "no case could be compared" and len(made["unsupported"]) == 1
    for run_ in unsupported:
        document = json.loads((run_ / "run.json").read_text())
        document["cases"] = []
        (run_ / "run.json").write_text(json.dumps(document))
    assert compared(*unsupported, status=5)["reason"] == "no case could be compared"


def test_colour_only_on_a_terminal_and_not_with_no_color(runs):
    assert "\033" not in compare(runs["base"], runs["same"], status=0)
    for environment, coloured in (({}, True), ({"NO_COLOR": "1"}, False)):
        shown = subprocess.run(["script", "-qec", f"{BINARY} compare {runs['base']} {runs['same']}",
                                "/dev/null"], capture_output=True, text=True, timeout=60,
                               stdin=subprocess.DEVNULL,
                               env={**{k: v for k, v in os.environ.items() if k != "NO_COLOR"},
                                    **environment})
        assert ("\033[" in shown.stdout) == coloured


def one_line(result):
    assert result.returncode == 2, result.stdout + result.stderr
    assert result.stdout == ""
    assert len(result.stderr.strip().splitlines()) == 1
    return result.stderr


def test_bad_input_is_status_2_with_file_and_pointer(runs, tmp_path):
    missing = tmp_path / "missing"
    assert f"{missing}: no such file" in one_line(pktbench("compare", missing, runs["base"]))
    assert "no run.json in this directory" in one_line(pktbench("compare", runs["base"], tmp_path))
    document = json.loads((runs["base"] / "run.json").read_text())
    document["cases"][0]["trials"][3]["mpps"] = "fast"
    bad = tmp_path / "bad.json"
    bad.write_text(json.dumps(document))
    assert f"{bad}: /cases/0/trials/3/mpps: must be a number" in one_line(
        pktbench("compare", runs["base"], bad))
    bad.write_text('{"schema": "something-else/1"}')
    assert f"{bad}: /schema: " in one_line(pktbench("compare", bad, runs["base"]))


def test_broken_files_are_refused_and_never_crash_it(runs, tmp_path):
    whole = (runs["few"] / "run.json").read_bytes()
    broken = tmp_path / "broken.json"
    source = random.Random(9)
    for _ in range(25):
        broken.write_bytes(whole[:source.randrange(len(whole) - 2)])
        one_line(pktbench("compare", runs["base"], broken))
    for _ in range(25):
        text = bytearray(whole)
        for _ in range(20):
            text[source.randrange(len(text))] = source.randrange(256)
        broken.write_bytes(text)
        assert pktbench("compare", runs["base"], broken).returncode in (2, 5)
