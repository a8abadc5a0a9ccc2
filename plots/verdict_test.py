"""What a run is said to show: only what its intervals show, and what stands in the way, with a remedy."""
import dataclasses

import pytest

from plots import fixtures, load, verdict


@pytest.fixture(name="run")
def fixture_run():
    return fixtures.run("four")


def changed(run, place, **changes):
    cases = list(run.cases)
    cases[place] = dataclasses.replace(cases[place], **changes)
    return dataclasses.replace(run, cases=tuple(cases))


def estimate(case, low, median, high):
    return dataclasses.replace(case.mpps, median=median, ci95=[low, high])


def test_the_fastest_is_named_where_its_interval_is_above_the_next(run):
    said = verdict.headlines(run)
    assert said[0] == "xdp-native is the fastest: at least 7.40 Mpps, 1.96 times xdp-generic."
    assert said[1:] == ["That is 23.8 times as many as udp-recvmmsg, the slowest.",
                        "It takes 329 cycles of the receiver's CPUs for each packet at that rate."]


@pytest.mark.parametrize("changes, why", [
    ({"mpps": (3.0, 5.0, 7.5)}, "their intervals overlap"), ({"limiter": "link"}, "a lower bound"),
    ({"mpps": None}, "there are too few trials")])
def test_what_cannot_be_told_is_not(run, changes, why):
    second = run.cases[1]
    if "mpps" in changes:
        made = changes["mpps"]
        changes = {"mpps": estimate(second, *made) if made else dataclasses.replace(second.mpps, ci95=None)}
    said = verdict.headlines(changed(run, 1, **changes))
    assert said[0] == "Which path is the fastest cannot be told." and why in said[1]


def test_at_equal_load_the_cheapest_is_named_and_never_at_different_loads(run):
    cases = [dataclasses.replace(case, rate_pps=1e6, mpps=dataclasses.replace(case.mpps, median=1.0))
             for case in run.cases]
    said = verdict.headlines(dataclasses.replace(run, cases=tuple(cases)))
    assert said[0] == "xdp-native is the cheapest at 1.00 Mpps: 329 cycles a packet."
    cases[0] = dataclasses.replace(cases[0], mpps=dataclasses.replace(cases[0].mpps, median=2.0))
    assert "cannot be compared" in verdict.headlines(dataclasses.replace(run, cases=tuple(cases)))[0]


def test_several_settings_are_each_judged_and_one_that_leads_in_all_is_named(run):
    larger = tuple(dataclasses.replace(case, id=f"{case.id}/large", frame_size=1518, comparable={})
                   for case in run.cases)
    said = verdict.headlines(dataclasses.replace(run, cases=run.cases + larger))
    assert said[0] == "xdp-native is the fastest in all 2 settings."
    assert said[1].startswith("64 B: xdp-native is") and said[2].startswith("1518 B: xdp-native is")
    said = verdict.headlines(dataclasses.replace(run, cases=run.cases + larger[1:]))
    assert said[0] == "2 settings, each judged by itself." and "cannot be told" in said[2]


def test_a_disturbed_case_is_never_the_fastest(run):
    said = verdict.headlines(changed(run, 0, status="disturbed", reason="others"))
    assert "xdp-native" not in " ".join(said) and said[1].startswith("xdp-generic received")


def test_a_run_without_figures_says_so():
    run = fixtures.run("four")
    none = dataclasses.replace(run, cases=tuple(
        dataclasses.replace(case, status="failed", reason="no", mpps=None, trials=()) for case in run.cases))
    assert verdict.headlines(none) == ["No case is ok: 4 failed."]
    assert verdict.level(none, verdict.findings(none)) == verdict.RED


def test_every_red_status_is_a_finding_with_its_reason_and_remedy():
    run = fixtures.run("twenty")
    found = verdict.findings(run)
    for case in run.cases:
        if case.status != "ok":
            (one,) = [one for one in found if case.id in one.cases and one.what.startswith(case.status)]
            assert " ".join(case.reason.split()) in one.what and len(one.remedy) > 30
            assert (one.level == verdict.RED) == (case.status != "unsupported")
    assert found == sorted(found, key=lambda one: one.level != verdict.RED)


def test_reasons_that_differ_in_numbers_are_one_finding(run):
    cases = [dataclasses.replace(case, status="disturbed", reason=f"others had {80 + n}.5% of CPU 1")
             for n, case in enumerate(run.cases)]
    (one,) = verdict.findings(dataclasses.replace(run, cases=tuple(cases)))
    assert one.what == "disturbed: others had 80.5–83.5% of CPU 1" and len(one.cases) == 4


@pytest.mark.parametrize("asked, found, other", [
    ("af_xdp/auto/native", "af_xdp/copy/native", False),
    ("af_xdp/zerocopy/native", "af_xdp/copy/native", True),
    ("native", "native", False), ("native", None, False), ("native", "generic", True)])
def test_a_mode_left_to_the_backend_is_no_other_mode(run, asked, found, other):
    case = dataclasses.replace(run.cases[0], mode_requested=asked, mode_effective=found)
    assert verdict.other_mode(case) is other


def test_trials_in_no_median_are_counted_by_reason(run):
    (one,) = [one for one in verdict.findings(run) if one.what.startswith("trials in no median")]
    assert one.what == "trials in no median: unaccounted 14 packets, tolerance 0"
    assert one.cases == ("tc-drop/drop/64B/1q/1f",)


def test_a_quiet_run_has_none_and_is_green(run):
    cases = [dataclasses.replace(case, limiter="dut", trials=case.shown_trials, mpps=estimate(
        case, 0.99 * case.mpps.median, case.mpps.median, 1.01 * case.mpps.median)) for case in run.cases]
    quiet = dataclasses.replace(run, cases=tuple(cases))
    assert verdict.findings(quiet) == [] and verdict.level(quiet, []) == "green"


def test_what_changed_on_the_host_is_found(run):
    after = {**run.environment, "kernel": {**run.environment["kernel"], "release": "6.2"},
             "load": {"loadavg": [9]}}
    assert verdict.environment_changes(run.environment, after) == [("kernel.release", "6.1.0-test", "6.2")]
    assert verdict.environment_changes(run.environment, None) == []
    assert load.flat({"nics": [{"role": "dut", "mtu": 9}]}) == {"nics.dut.role": "dut", "nics.dut.mtu": "9"}
