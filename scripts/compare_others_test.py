"""What scripts/compare-others makes of its pairs."""
import os
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(os.environ["PKTBENCH_SOURCE"]) / "scripts"))

from compare_others import measuring  # noqa: E402
from compare_others.model import Comparison, Side  # noqa: E402
from compare_others.tools import XdpTools  # noqa: E402


def trial(value, ns=None, metric="mpps"):
    return {metric: value, "cpu_distance_ns": ns}


def comparison(metric="mpps", target=1.1, **more):
    return Comparison(Side("ours", "a"), Side("theirs", "b"), metric, target, **more)


def test_the_distance_is_the_trials_condition():
    assert measuring.distance_ns({"condition": {"cpu_distance_ns": 92.5}}) == 92.5
    assert measuring.distance_ns({"condition": {"cpu_distance_ns": None}}) is None


def test_each_condition_has_a_ratio_of_its_own_and_its_own_target(capsys):
    pairs = [(trial(13, 92), trial(10, 90)), (trial(14, 95), trial(10)), (trial(21, 420), trial(20, 300))]
    assert measuring.judge(comparison(near_target=1.3), pairs)
    told = capsys.readouterr().out
    assert ("CPUs near each other: 92 ns (90 to 95); 2 pairs\n"
            "  ratio of Mpps: median 1.35 (1.3 to 1.4); target >= 1.3: met\n") in told
    assert ("CPUs far apart: 360 ns (300 to 420); 1 pairs\n"
            "  ratio of Mpps: median 1.05 (1.05 to 1.05); target >= 1.1: MISSED\n") in told
    assert "left out" not in told


def test_a_pair_of_two_conditions_is_left_out(capsys):
    pairs = [(trial(10, 92), trial(20, 420)), (trial(12, 400), trial(10, 420))]
    assert measuring.judge(comparison(), pairs)
    told = capsys.readouterr().out
    assert "median 1.2 (1.2 to 1.2)" in told
    assert "1 pairs left out: the distance of the CPUs changed" in told


def test_pairs_on_both_sides_of_a_words_limit_are_of_one_condition(capsys):
    pairs = [(trial(12, 148), trial(10, 160)), (trial(13, 166), trial(10, 149))]
    measuring.judge(comparison(near_target=1.3), pairs)
    told = capsys.readouterr().out
    assert "CPUs apart: 154 ns (148 to 166); 2 pairs\n" in told and "left out" not in told
    assert "target >= 1.1: met" in told


def test_nothing_compared_is_no_verdict(capsys):
    assert measuring.judge(comparison(), [(trial(10, 92), trial(20, 420))]) is None
    assert "not compared: no pair is left" in capsys.readouterr().out
    for without in (None, 0):
        assert measuring.judge(comparison(), [(trial(10), trial(without))]) is None
        assert "1 pairs left out: a trial has no Mpps" in capsys.readouterr().out
    assert measuring.judge(comparison(), [(trial(10), trial(None)), (trial(12), trial(10))])


def test_comparisons_of_which_no_pair_is_left_are_none(monkeypatch, tmp_path):
    made = iter([trial(10, 92), trial(20, 420)])
    monkeypatch.setattr(measuring, "measure", lambda *_: next(made))
    options = type("Options", (), {"pairs": 1})
    assert measuring.compare([comparison()], options, tmp_path, iter(range(9))) == []


@pytest.mark.parametrize("option", ["--pairs", "--duration", "--max-disturbance"])
@pytest.mark.parametrize("number", ["nan", "inf", "1e999", "-1", "1e300"])
def test_no_option_takes_a_number_that_is_none(option, number):
    script = Path(os.environ["PKTBENCH_SOURCE"]) / "scripts" / "compare-others"
    done = subprocess.run([script, f"{option}={number}"], capture_output=True, text=True, check=False)
    assert done.returncode == 2 and done.stderr.startswith(f"pktbench: {option}: must be ")


def test_disturbed_pairs_are_counted_and_used_only_where_there_are_no_others(capsys):
    disturbed = (trial(30) | {"disturbed": True}, trial(10))
    measuring.judge(comparison(), [disturbed, (trial(12), trial(10))])
    told = capsys.readouterr().out
    assert "disturbed by others: 1 of 2 pairs; the ratio is of the others" in told
    assert "ratio of Mpps: median 1.2 (1.2 to 1.2)" in told
    measuring.judge(comparison(), [disturbed])
    told = capsys.readouterr().out
    assert "disturbed by others: 1 of 1 pairs; the ratio is of these" in told
    assert "ratio of Mpps: median 3 (3 to 3)" in told


def test_the_best_trial_is_an_ok_one_then_a_disturbed_one_whose_frames_add_up():
    def made(status, disturbed, mpps, conserved=True):
        return {"status": status, "disturbed": disturbed, "mpps": mpps, "conserved": conserved}
    invalid, broken = made("invalid", False, 1), made("invalid", True, 4, conserved=False)
    disturbed = made("invalid", True, 2)
    assert measuring.best_of([invalid, broken, disturbed, made("ok", False, 3)])["mpps"] == 3
    assert measuring.best_of([invalid, broken, disturbed])["mpps"] == 2
    assert measuring.best_of([invalid, broken]) is None
    assert measuring.best_of([]) is None


def test_a_target_that_every_pair_misses_is_missed_and_one_that_some_reach_not_told_apart(capsys):
    assert not measuring.judge(comparison(), [(trial(1), trial(1)), (trial(1), trial(2))])
    assert "target >= 1.1: MISSED" in capsys.readouterr().out
    costs = [(trial(a, metric="cycles_per_packet"), trial(100, metric="cycles_per_packet"))
             for a in (100, 110, 120)]
    assert measuring.judge(comparison("cycles_per_packet", 1.05), costs)
    assert "median 1.1 (1 to 1.2); target <= 1.05: not told apart from it" in capsys.readouterr().out


def test_the_version_is_what_the_program_tells(tmp_path):
    (tmp_path / "xdp-bench").write_text("#!/bin/sh\necho xdp-bench version 1.6.3 using libbpf 1.7.0\n")
    (tmp_path / "xdp-trafficgen").write_text("#!/bin/sh\necho Unknown command\n")
    for program in tmp_path.iterdir():
        program.chmod(0o755)
    assert XdpTools(tmp_path).version("xdp-bench", "drop") == "xdp-bench 1.6.3"
    assert XdpTools(tmp_path).version("xdp-trafficgen", "udp") == "xdp-trafficgen"


def test_a_folder_without_the_program_is_an_error_that_names_both(tmp_path, capsys):
    with pytest.raises(SystemExit, match="2"):
        XdpTools(tmp_path).find("xdp-bench")
    assert f"pktbench: --xdp-tools: {tmp_path}: there is no program xdp-bench" in capsys.readouterr().err
