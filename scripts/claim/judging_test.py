"""What is said of a claim, by made-up runs and by what pktbench compares of them."""
import json
import os
import pathlib
import re

import pytest

from claim import judging, measuring
from claim.made_up import BASE, NEXT, claim, step
from plots import load
import sample_run

BINARY = os.environ["PKTBENCH_BINARY"]


def case(backend, mpps, cycles=500.0, **changes):
    options = {key: changes.pop(key) for key in ("n", "lost", "limiter") if key in changes}
    trials = sample_run.noisy_trials(mpps, cycles, **{"n": 10, "seed": len(backend), **options})
    return sample_run.case(backend, trials, **changes)


def judged(directory, claimed, *cases, **changes):
    (directory / "run.json").write_text(json.dumps(sample_run.run(list(cases), **changes)))
    run = load.load(directory / "run.json")
    return judging.judge(claimed, run, measuring.comparer(BINARY, pathlib.Path(directory)))


def of_two(directory, mpps, bound, **changes):
    """The rate of XDP against AF_XDP's 5 Mpps."""
    return judged(directory, claim(step(**bound)), case("af_xdp", 5.0, **changes), case("xdp-native", mpps))


@pytest.mark.parametrize("mpps, bound, verdict", [
    (6.0, {"at_least": 1.1}, judging.HOLDS), (5.0, {"at_least": 0.9}, judging.HOLDS),
    (5.0, {"at_least": 1.0}, judging.UNTOLD), (4.5, {"at_least": 1.0}, judging.FAILS),
    (1.0, {"at_most": 0.25}, judging.HOLDS), (1.0, {"at_most": 0.2}, judging.UNTOLD),
    (1.0, {"at_most": 0.15}, judging.FAILS), (4.8, {"at_most": 1.0}, judging.HOLDS)])
def test_a_claim_is_judged_by_the_whole_interval(tmp_path, mpps, bound, verdict):
    found = of_two(tmp_path, mpps, bound)
    (one,) = found.steps
    assert (found.verdict, one.verdict, found.deciding, one.pairs) == (verdict, verdict, one, 10)
    low, high = one.ci95
    assert low < one.ratio < high and one.ratio == pytest.approx(mpps / 5, rel=0.03)
    assert (found.because is None) == (verdict != judging.UNTOLD)
    if verdict == judging.UNTOLD:
        assert "inside the interval" in found.because


@pytest.mark.parametrize("ci95, bound, verdict", [
    ((1.0, 1.2), {"at_least": 1.0}, judging.HOLDS), ((0.99, 1.0), {"at_least": 1.0}, judging.UNTOLD),
    ((0.9, 0.99), {"at_least": 1.0}, judging.FAILS), ((0.9, 1.0), {"at_most": 1.0}, judging.HOLDS),
    ((1.0, 1.1), {"at_most": 1.0}, judging.UNTOLD), ((1.01, 1.1), {"at_most": 1.0}, judging.FAILS)])
def test_an_interval_that_ends_at_the_bound(ci95, bound, verdict):
    assert judging.of_interval(ci95, step(**bound)) == verdict


def test_a_case_that_is_missing(tmp_path):
    found = judged(tmp_path, claim(step(at_least=1.0)), case("xdp-native", 6.0))
    assert (found.verdict, found.because) == (judging.UNTOLD, f"the run has no case {BASE}")
    assert found.steps[0].ratio is None


@pytest.mark.parametrize("changes, said", [
    ({"status": "unsupported", "reason": "no such socket"}, "is unsupported: no such socket"),
    ({"status": "failed", "reason": "it fell over"}, "is failed: it fell over"),
    ({"status": "interrupted", "reason": "SIGINT"}, "is interrupted: SIGINT")])
def test_a_case_that_was_not_measured(tmp_path, changes, said):
    """Whatever else it lacks: what never began has no mode and no condition."""
    found = judged(tmp_path, claim(step(at_least=1.0)),
                   sample_run.case("af_xdp", comparable={"dut_idle": "none"}, **changes),
                   case("xdp-native", 6.0, comparable={"dut_idle": "spin"}))
    assert (found.verdict, found.because) == (judging.UNTOLD, f"{BASE} {said}")


def test_a_disturbed_case_gives_no_verdict(tmp_path):
    trials = [sample_run.disturbed(i, 5.0) for i in range(10)]
    found = judged(tmp_path, claim(step(at_least=1.0)), case("xdp-native", 6.0),
                   sample_run.case("af_xdp", trials, status="disturbed", reason="none was undisturbed",
                                   condition=sample_run.condition(90.0, 10)))
    assert found.verdict == judging.UNTOLD
    assert found.because == f"others had 21% of the CPU of {BASE}, so that it is disturbed"


def test_a_run_that_was_stopped_gives_no_verdict(tmp_path):
    found = judged(tmp_path, claim(step(at_least=1.0)), case("af_xdp", 5.0), case("xdp-native", 6.0),
                   interrupted=True)
    assert [found.verdict, *(one.verdict for one in found.steps)] == [judging.UNTOLD] * 2
    assert "stopped" in found.because and found.steps[0].ratio is None


def test_too_few_pairs(tmp_path):
    found = of_two(tmp_path, 6.0, {"at_least": 1.0}, n=7)
    assert found.verdict == judging.UNTOLD and "8 pairs" in found.because


def test_rates_that_the_generator_limited(tmp_path):
    """Both are lower bounds; one is, and the claim holds all the more, or cannot be told."""
    found = judged(tmp_path, claim(step(at_least=1.0)), case("af_xdp", 5.0, limiter="generator"),
                   case("xdp-native", 6.0, limiter="generator"))
    assert found.verdict == judging.UNTOLD and "lower bound" in found.because
    more = judged(tmp_path, claim(step(at_least=1.0)), case("af_xdp", 5.0),
                  case("xdp-native", 6.0, limiter="generator"))
    assert more.verdict == judging.HOLDS
    less = judged(tmp_path, claim(step(at_least=1.0)), case("af_xdp", 5.0),
                  case("xdp-native", 4.0, limiter="generator"))
    assert less.verdict == judging.UNTOLD and less.because.startswith(f"the rate of {NEXT} is a lower bound")
    assert less.steps[0].ratio == pytest.approx(0.8, rel=0.03)


def test_cycles_at_unlike_loads(tmp_path):
    bound = claim(step(measure="cycles", at_most=1.0))
    alike = judged(tmp_path, bound, case("af_xdp", 0.1, 900.0), case("xdp-native", 0.1, 400.0))
    assert alike.verdict == judging.HOLDS and alike.steps[0].ratio == pytest.approx(4 / 9, rel=0.05)
    unlike = judged(tmp_path, bound, case("af_xdp", 0.1, 900.0), case("xdp-native", 0.2, 400.0))
    assert unlike.verdict == judging.UNTOLD and "offered rates differ" in unlike.because


def test_cycles_where_frames_were_lost(tmp_path):
    bound = claim(step(measure="cycles", at_most=1.0))
    found = judged(tmp_path, bound, case("af_xdp", 0.08, 900.0, lost=40_000), case("xdp-native", 0.1, 400.0))
    assert found.verdict == judging.UNTOLD and found.because.startswith(f"{BASE} lost 20% of the frames")


def test_busy_cycles_where_a_loop_spins(tmp_path):
    spinning, other = case("af_xdp", 0.1, 20_000.0), case("xdp-native", 0.1, 400.0)
    for made, busy in ((spinning, 900.0), (other, 400.0)):
        for trial in made["trials"]:
            trial["busy_cycles_per_packet"] = busy
    found = judged(tmp_path, claim(step(measure="cycles", at_most=1.0)), spinning, other)
    assert (found.verdict, found.steps[0].ratio) == (judging.HOLDS, pytest.approx(4 / 9))


def test_what_a_veth_cannot_answer_a_nic_can(tmp_path):
    """Of a step and of a whole claim: the ratio stands there all the same."""
    cases = case("af_xdp", 5.0), case("xdp-native", 6.0)
    on_nic = [{**one, "testbed": "nic", "arrangement": "softirq", "virtual": False} for one in cases]
    for claimed in (claim(step(at_least=1.0, not_on_veth="no NAPI")),
                    claim(step(at_least=1.0), not_on_veth="no NAPI")):
        found = judged(tmp_path, claimed, *cases)
        assert (found.verdict, found.because) == (judging.UNTOLD, "no NAPI")
        assert found.steps[0].verdict == judging.UNTOLD
        assert found.steps[0].ratio == pytest.approx(1.2, rel=0.03)
        assert judged(tmp_path, claimed, *on_nic).verdict == judging.HOLDS


def test_every_step_must_hold_and_the_worst_decides(tmp_path):
    near, far, wrong, missing = (step(says="near", at_least=1.1), step(says="far", at_least=0.1),
                                 step(says="wrong", at_least=2.0), step(base="none", at_least=1.0))
    cases = case("af_xdp", 5.0), case("xdp-native", 6.0)

    def decided(*steps):
        found = judged(tmp_path, claim(*steps), *cases)
        return found.verdict, found.deciding.step

    assert decided(far, near) == (judging.HOLDS, near)
    assert decided(far, missing, near) == (judging.UNTOLD, missing)
    assert decided(missing, far, wrong) == (judging.FAILS, wrong)


def test_what_is_asked_of_compare_is_within_its_bounds():
    assert [judging.min_effect(step(**bound)) for bound in (
        {"at_least": 0.9}, {"at_most": 1.0}, {"at_most": 0.2}, {"at_least": 9.0})] == [10.0, 0.0, 50.0, 50.0]


def test_the_reason_names_the_cases_and_not_their_sides(tmp_path):
    found = judged(tmp_path, claim(step(measure="cycles", at_most=1.0)), case("af_xdp", 0.1, None),
                   case("xdp-native", 0.1, 400.0))
    assert found.because == f"no ok trial of {BASE} has a value" and not re.search("BASE|NEW", found.because)
