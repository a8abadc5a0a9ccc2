"""Loading keeps everything, and refuses what is no run."""
import importlib.util
import json
import pathlib
import re

import pytest

from plots import fixtures, load, rows


@pytest.mark.parametrize("name", ["floor", "four", "twenty", "several"])
def test_fixture_is_valid_made_up_and_up_to_date(name):
    spec = importlib.util.spec_from_file_location("make", fixtures.TESTDATA / "make.py")
    make = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(make)
    content = fixtures.path(name).read_text(encoding="utf-8")
    assert content == make.text(f"{name}.json"), "run plots/testdata/make.py"
    document = json.loads(content)
    assert load.validate.check_run(document) == []
    assert document["run"]["host"] == "made-up-test-data"
    assert "no figure in this file was measured" in document["scenario"]["description"]


def test_no_case_and_no_trial_is_dropped():
    document, run = fixtures.document("twenty"), fixtures.run("twenty")
    assert [case.id for case in run.cases] == [case["id"] for case in document["cases"]]
    for loaded, raw in zip(run.cases, document["cases"]):
        assert (loaded.status, loaded.reason) == (raw["status"], raw["reason"])
        assert [(t.index, t.status, t.reason, t.mpps) for t in loaded.trials] == [
            (t["index"], t["status"], t["reason"], t["mpps"]) for t in raw["trials"]]
        assert len(loaded.shown_trials) + len(loaded.rejected_trials) == len(raw["trials"])
    assert {case.status for case in run.cases} == {"ok", "disturbed", "unsupported", "failed", "invalid",
                                                   "interrupted"}


def test_estimate_and_missing_are_read():
    case = next(case for case in fixtures.run("twenty").cases if case.backend == "kprobe-count")
    assert case.mpps.median == pytest.approx(1.9, rel=0.03)
    assert case.mpps.ci95[0] < case.mpps.median < case.mpps.ci95[1]
    assert case.mpps.confidence == 0.9375
    assert case.cycles_per_packet.median is None
    assert case.trials[0].missing["cycles_per_packet"] == "no PMU and no BPF"


def test_cycles_of_a_loop_that_spins_are_its_busy_ones(tmp_path):
    document = fixtures.document("four")
    case = document["cases"][0]
    case["summary"]["busy_cycles_per_packet"] = {**case["summary"]["cycles_per_packet"], "median": 7}
    case["trials"][0]["busy_cycles_per_packet"] = 6
    loaded = load.load(fixtures.write(tmp_path, document)).cases
    assert (loaded[0].cycles_per_packet.median, loaded[0].trials[0].cycles_per_packet) == (7, 6)
    assert loaded[0].whole_cycles.median == case["summary"]["cycles_per_packet"]["median"]
    assert rows.value(loaded[0], "cycles_per_packet")[0] .endswith(" busy")
    assert "whole CPU" in rows.value(loaded[0], "cycles_per_packet")[1]
    assert loaded[1].whole_cycles is None


def test_invalid_trial_is_flagged():
    case = fixtures.run("four").cases[2]
    assert [trial.index for trial in case.rejected_trials] == [3]
    assert "unaccounted 14" in case.rejected_trials[0].reason
    assert case.mpps.n == 4


@pytest.mark.parametrize("version", ["pktbench-run/2", None])
def test_other_schema_version_is_refused(tmp_path, version):
    document = {**fixtures.document("four"), "schema": version}
    with pytest.raises(load.LoadError, match=f"/schema: is {version!r}, this version reads 'pktbench-run/1'"):
        load.load(fixtures.write(tmp_path, document))


@pytest.mark.parametrize("token", ["NaN", "Infinity"])
def test_nan_is_refused(tmp_path, token):
    text = fixtures.path("four").read_text(encoding="utf-8").replace('"drain_s": 0.1', f'"drain_s": {token}')
    with pytest.raises(load.LoadError, match=token):
        load.load(fixtures.write(tmp_path, text))


@pytest.mark.parametrize("content", ["", "[]", "7", "{"])
def test_what_is_no_run_is_refused_in_one_line(tmp_path, content):
    with pytest.raises(load.LoadError) as error:
        load.load(fixtures.write(tmp_path, content))
    assert "run.json" in str(error.value) and "\n" not in str(error.value)


def test_violation_names_its_place(tmp_path):
    document = fixtures.document("four")
    document["cases"][1]["summary"]["mpps"]["median"] = 99
    with pytest.raises(load.LoadError, match="/cases/1/summary/mpps/median: is 99"):
        load.load(fixtures.write(tmp_path, document))


def test_the_example_of_the_documentation_works(capsys):
    page = (pathlib.Path(__file__).resolve().parents[1] / "results" / "README.md").read_text(encoding="utf-8")
    example, = re.findall(r"```python\n(.*?)```", page, re.S)
    exec(example.replace("results/RUN/run.json", str(fixtures.path("four"))), {})  # pylint: disable=exec-used
    assert capsys.readouterr().out.count("\n") == len(fixtures.run("four").cases)
