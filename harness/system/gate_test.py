"""pktbench gate, baseline and run --restarts, end to end, on the simulated testbed. Where it has no noise
each run comes to the same, so that a verdict is certain."""
import json
import os
import subprocess
from pathlib import Path

import jsonschema
import pytest

BINARY = os.environ["PKTBENCH_BINARY"]
SCHEMA = json.loads((Path(os.environ["PKTBENCH_SOURCE"]) / "results/schema/gate.schema.json").read_text())


def pktbench(*arguments):
    return subprocess.run([BINARY, *map(str, arguments)], capture_output=True, text=True, timeout=300)


def write_scenario(path, trials=4, **testbed):
    path.write_text(json.dumps({
        "name": "night",
        "testbed": {"name": "simulated", "capacity_pps": 2e6, "noise": 0, "seed": 0, **testbed},
        "traffic": {"generator": "simulated"}, "method": {"trials": trials}, "backends": ["fake"]}))
    return path


class Lab:
    """Nights of one lab: its baseline, and what the gate says of each."""

    def __init__(self, at):
        self.at = at
        self.nights = 0
        self.scenario = write_scenario(at / "night.json")
        self.baseline = at / "baselines"

    def gate(self, *arguments, status):
        self.nights += 1
        out = self.at / f"night-{self.nights}"
        made = pktbench("gate", self.scenario, "--baseline", self.baseline, "--out", out, *arguments)
        assert made.returncode == status, made.stdout + made.stderr
        self.text = made.stdout
        return report_in(out, status)

    def file(self):
        (file,) = self.baseline.glob("*.json")
        return file

    def epochs(self):
        return json.loads(self.file().read_text())["epochs"]


def report_in(out, status):
    report = json.loads((out / "gate.json").read_text())
    jsonschema.Draft7Validator(SCHEMA).validate(report)
    assert report["exit_status"] == status
    return report


def kinds(report):
    return {m["metric"]: m["kind"] for m in report["measures"]}


@pytest.fixture(scope="module", name="history")
def make_history(tmp_path_factory):
    """Five nights that only gather history, and one that is judged."""
    lab = Lab(tmp_path_factory.mktemp("lab"))
    first = lab.gate(status=5)
    assert "begins one" in first["reason"]
    for _ in range(4):
        report = lab.gate(status=5)
        assert set(kinds(report).values()) == {"inconclusive"}
    assert "an alarm needs 5" in report["measures"][0]["reason"]
    return lab


@pytest.fixture(name="lab")
def copy_history(history, tmp_path):
    lab = Lab(tmp_path)
    lab.baseline.mkdir()
    (lab.baseline / history.file().name).write_text(history.file().read_text())
    return lab


def test_a_night_without_a_change_passes_and_rolls_in(lab):
    before = len(lab.epochs()[0]["runs"])
    report = lab.gate(status=0)
    assert kinds(report) == {"mpps": "unchanged", "cycles_per_packet": "unchanged"}
    assert report["measures"][0]["base_runs"] == 5 and report["runs"] == [str(lab.at / "night-1")]
    (epoch,) = lab.epochs()
    assert len(epoch["runs"]) == before + 1
    assert epoch["runs"][-1]["path"] == str(lab.at / "night-1" / "run.json")
    assert epoch["fingerprint"]["testbed"] == "simulated"
    assert {s["metric"]: s["runs"] for s in epoch["summary"]} == {"mpps": 6, "cycles_per_packet": 6}
    assert lab.text.splitlines()[-1] == "unchanged (2 unchanged)"


def test_a_slower_device_is_measured_again_and_is_a_regression(lab):
    before = lab.file().read_text()
    write_scenario(lab.scenario, capacity_pps=1.9e6)
    report = lab.gate(status=1)
    assert kinds(report) == {"mpps": "regression", "cycles_per_packet": "unchanged"}
    rate = report["measures"][0]
    assert rate["suspect"] and rate["ratio"] == pytest.approx(0.95, abs=0.002) and rate["new_runs"] >= 2
    assert len(report["runs"]) == 1 + rate["new_runs"]
    assert lab.file().read_text() == before, "a regression is no history"


def test_a_faster_device_passes_and_is_not_taken_for_the_usual(lab):
    before = lab.file().read_text()
    write_scenario(lab.scenario, capacity_pps=2.1e6)
    assert kinds(lab.gate(status=0))["mpps"] == "improvement"
    assert lab.file().read_text() == before


def test_without_time_to_confirm_there_is_no_alarm(lab):
    write_scenario(lab.scenario, capacity_pps=1.9e6)
    report = lab.gate("--budget", "0", status=5)
    assert kinds(report)["mpps"] == "inconclusive"
    assert "no time to confirm it" in report["measures"][0]["reason"]
    assert "would show it" in report["measures"][0]["reason"]


def test_another_scenario_is_incomparable_and_names_the_field(lab):
    before = lab.file().read_text()
    report = lab.gate("--duration", "2", status=5)
    assert set(kinds(report).values()) == {"incomparable"}
    assert {m["field"] for m in report["measures"]} == {"scenario"}
    assert report["reason"].startswith("scenario differs")
    report = lab.gate("--duration", "2", "--varies", "scenario", status=0)
    assert set(kinds(report).values()) == {"unchanged"} and report["varied"] == ["scenario"]
    assert lab.file().read_text() == before, "what is under test is accepted by hand"
    refused = pktbench("gate", lab.scenario, "--baseline", lab.baseline, "--varies", "virtual")
    assert refused.returncode == 2


def test_a_run_accepted_by_hand_begins_an_epoch(lab):
    write_scenario(lab.scenario, trials=10, capacity_pps=1.9e6)
    made = lab.at / "slower"
    assert pktbench("run", lab.scenario, "--restarts", "5", "--out", made).returncode == 0
    alone = pktbench("baseline", "accept", made, "--baseline", lab.baseline)
    assert alone.returncode == 2 and "--reason" in alone.stderr
    accepted = pktbench("baseline", "accept", made, "--reason", "slower card", "--baseline", lab.baseline)
    assert accepted.returncode == 0, accepted.stderr
    epochs = lab.epochs()
    assert [e["reason"] for e in epochs] == ["the first run", "slower card"]
    assert [d["restart"] for d in epochs[1]["runs"][0]["cases"][0]["metrics"][0]["draws"]] == [0, 1, 2, 3, 4]
    assert kinds(lab.gate(status=0))["mpps"] == "unchanged", "its five restarts are a history"
    listed = pktbench("baseline", "list", "--baseline", lab.baseline).stdout
    assert "slower card" in listed and "1.9" in listed


def test_a_virtual_run_is_no_baseline_among_hardware(lab):
    made = lab.at / "run"
    assert pktbench("run", lab.scenario, "--out", made).returncode == 0
    document = json.loads(lab.file().read_text())
    document["epochs"][0]["fingerprint"]["virtual"] = False
    lab.file().write_text(json.dumps(document))
    refused = pktbench("baseline", "accept", made, "--reason", "no", "--baseline", lab.baseline)
    assert refused.returncode == 3 and "says nothing about hardware" in refused.stderr
    assert kinds(lab.gate("--varies", "scenario", status=5))["mpps"] == "incomparable"


def test_a_broken_baseline_is_named_with_its_place(lab):
    lab.file().write_text('{"schema": "pktbench-baseline/1", "host": 3}')
    made = pktbench("gate", lab.scenario, "--baseline", lab.baseline, "--out", lab.at / "out")
    assert made.returncode == 2 and f"{lab.file()}: /host" in made.stderr


def in_turn(at, capacity_pps, status, **noise):
    write_scenario(at / "base.json", **noise)
    write_scenario(at / "new.json", capacity_pps=capacity_pps, **noise)
    scenario = write_scenario(at / "night.json")
    out = at / f"turns-{capacity_pps:.0f}"
    made = pktbench("gate", scenario, "--out", out,
                    "--base-command", f"cp {at}/base.json {scenario}; echo base",
                    "--new-command", f"cp {at}/new.json {scenario}")
    assert made.returncode == status, made.stdout + made.stderr
    assert made.stderr.count("base\n") >= 4 and "base" not in made.stdout.split("\n")[0]
    return report_in(out, status)


def test_two_states_are_measured_in_turn(tmp_path):
    report = in_turn(tmp_path, 1.9e6, 1, noise=0.005, run_noise=0.002)
    assert kinds(report)["mpps"] == "regression"
    assert [Path(r).name for r in report["runs"][:4]] == ["base-1", "new-1", "base-2", "new-2"]
    assert report["baseline"] is None and report["in_turn"]["new_command"].startswith("cp ")
    assert kinds(in_turn(tmp_path, 2e6, 0))["mpps"] == "unchanged"


def test_a_command_that_fails_ends_the_gate(tmp_path):
    scenario = write_scenario(tmp_path / "night.json")
    made = pktbench("gate", scenario, "--out", tmp_path / "out", "--base-command", "exit 7",
                    "--new-command", "true")
    assert made.returncode == 3 and 'the command "exit 7" ended with status 7' in made.stderr
    alone = pktbench("gate", scenario, "--new-command", "true")
    assert alone.returncode == 2 and "go together" in alone.stderr
    both = pktbench("gate", scenario, "--baseline", tmp_path, "--new-command", "true",
                    "--base-command", "true")
    assert both.returncode == 2 and "exclude each other" in both.stderr


def test_restarts_draw_anew_in_blocks_of_rounds(tmp_path):
    scenario = write_scenario(tmp_path / "s.json", trials=6, run_noise=0.05, seed=3)
    made = pktbench("run", scenario, "--restarts", "3", "--out", tmp_path / "run")
    assert made.returncode == 0, made.stderr
    run = json.loads((tmp_path / "run" / "run.json").read_text())
    trials = run["cases"][0]["trials"]
    assert [t["restart"] for t in trials] == [0, 0, 1, 1, 2, 2]
    assert run["scenario"]["restarts"] == 3
    by_restart = {}
    for trial in trials:
        by_restart.setdefault(trial["restart"], set()).add(round(trial["mpps"], 6))
    assert [len(values) for values in by_restart.values()] == [1, 1, 1], "one draw a restart"
    assert len(set.union(*by_restart.values())) == 3, "and each its own"
    many = pktbench("run", scenario, "--restarts", "7", "--out", tmp_path / "many")
    assert many.returncode == 2 and "/restarts" in many.stderr


def test_a_resumed_run_goes_on_with_its_blocks_on_another_set_up(tmp_path):
    scenario = write_scenario(tmp_path / "s.json", trials=6)
    assert pktbench("run", scenario, "--restarts", "3", "--out", tmp_path / "run").returncode == 0
    log = tmp_path / "run" / "trials.jsonl"
    log.write_text("".join(log.read_text().splitlines(keepends=True)[:3]))
    resumed = pktbench("run", "--resume", tmp_path / "run")
    assert resumed.returncode == 0, resumed.stderr
    trials = json.loads((tmp_path / "run" / "run.json").read_text())["cases"][0]["trials"]
    assert [t["round"] for t in trials] == [0, 1, 2, 3, 4, 5]
    assert [t["restart"] for t in trials] == [0, 0, 1, 2, 3, 3]


def test_one_case_of_a_scenario_can_be_measured_alone(tmp_path):
    scenario = write_scenario(tmp_path / "s.json", trials=1)
    document = json.loads(scenario.read_text())
    document["traffic"]["frame_size"] = [64, 128]
    scenario.write_text(json.dumps(document))
    case = "fake/drop/128B/1q/1f"
    assert pktbench("run", scenario, "--case", case, "--out", tmp_path / "run").returncode == 0
    assert pktbench("run", scenario, "--out", tmp_path / "all").returncode == 0
    one, both = (json.loads((tmp_path / name / "run.json").read_text()) for name in ("run", "all"))
    assert [c["id"] for c in one["cases"]] == [case] and one["scenario"]["cases"] == [case]
    assert one["fingerprint"]["scenario"] == both["fingerprint"]["scenario"]
    wrong = pktbench("run", scenario, "--case", "fake/drop/129B/1q/1f", "--out", tmp_path / "no")
    assert wrong.returncode == 2 and "did you mean" in wrong.stderr
