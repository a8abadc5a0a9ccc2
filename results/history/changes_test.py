"""Steps and drift are found, soon enough and not where there are none: held against made-up truths.

PKTBENCH_TRUTH_RUNS: series of each kind (300 in the nightly suite, 60 else).
"""
import os

import numpy
import pytest
from scipy import stats

from history import changes

SERIES = int(os.environ.get("PKTBENCH_TRUTH_RUNS", "60"))
LEAST = 2 * changes.LEAST


def nights(source, count, noise):
    """Medians of runs of a device that does not change."""
    return 5.0 * (1 + noise * source.standard_normal(count))


def alarms(values, first):
    """The number of nights, from first on, after which a change was said for the first time; None: never."""
    for count in range(first, len(values) + 1):
        if changes.changes(values[:count]):
            return count
    return None


@pytest.mark.parametrize("noise", [0.0057, 0.01, 0.02])
def test_no_change_is_none(noise):
    source = numpy.random.default_rng([1, round(1e4 * noise)])
    at_end = by_night = looks = 0
    for _ in range(SERIES):
        values = nights(source, 30, noise)
        at_end += bool(changes.changes(values))
        alarm = alarms(values, LEAST)
        by_night += alarm is not None
        looks += (alarm or len(values)) - LEAST + 1
    print(f"noise {100 * noise:g}%: of {SERIES} series of 30 runs without a change {at_end} have one; looked "
          f"at after every run, {by_night} had one at some time, {1000 * by_night / looks:.2f} in 1000 looks")
    assert at_end <= 0.01 * SERIES
    assert by_night <= max(1, 0.005 * looks)


@pytest.mark.parametrize("sign", [-1, 1])
def test_a_step_of_2_percent_at_1_percent_noise_is_seen_within_six_runs(sign):
    source = numpy.random.default_rng([2, sign + 1])
    waits, places = [], []
    for _ in range(SERIES):
        values = nights(source, 60, 0.01)
        values[30:] *= 1 + sign * 0.02
        found = alarms(values, 31)
        waits.append(found - 30 if found else 99)
        places += [abs(change.at - 30) for change in changes.changes(values)]
    print(f"step of {sign * 2}%: seen after a median of {numpy.median(waits):g} runs, 90% within "
          f"{numpy.percentile(waits, 90):g}; its place is {numpy.median(places):g} runs off at the median")
    assert numpy.median(waits) <= 6
    assert numpy.median(places) <= 1


@pytest.mark.parametrize("still", [0, 10, 30])
def test_drift_of_a_thousandth_a_night_is_seen_within_25_nights(still):
    """Noise: 1% of a trial, of which a night has 20, and 0.5% between runs."""
    source = numpy.random.default_rng(3)
    noise = float(numpy.hypot(0.005, 1.2533 * 0.01 / numpy.sqrt(20)))
    waits, kinds, begins = [], [], []
    for _ in range(SERIES):
        values = nights(source, still + 40, noise)
        values[still:] *= 1 - 0.001 * numpy.arange(1, 41)
        found = alarms(values, max(LEAST, still + 1))
        waits.append(found - still if found else 99)
        last = changes.changes(values)[-1]
        kinds.append(last.kind)
        begins.append(last.at - still)
    within = sum(wait <= 25 for wait in waits)
    print(f"drift of 0.1% a night after {still} nights without (noise {100 * noise:.2f}%): {within} of "
          f"{SERIES} seen within 25 nights, the median after {numpy.median(waits):g}; after 40 nights "
          f"{kinds.count('drift')} are called drift, its begin is {numpy.median(numpy.abs(begins)):g} nights "
          "off at the median")
    assert within >= 0.9 * SERIES
    assert kinds.count("drift") >= 0.8 * SERIES


def test_a_change_says_where_and_how_large():
    source = numpy.random.default_rng(4)
    values = nights(source, 40, 0.005)
    values[25:] *= 0.9
    step, = changes.changes(values)
    assert (step.at, step.kind, step.per_run) == (25, "step", None)
    assert (step.before, step.after) == pytest.approx((values[:25].mean(), values[25:].mean()))
    assert step.p == pytest.approx(stats.ttest_ind(values[:25], values[25:]).pvalue, rel=1e-6)


def test_several_steps_are_found_in_a_long_series():
    source = numpy.random.default_rng(5)
    values = nights(source, 200, 0.005)
    values[60:] *= 0.96
    values[75:] *= 1.06
    values[150:] *= 0.97
    assert [(change.at, change.kind) for change in changes.changes(values)] == [
        (60, "step"), (75, "step"), (150, "step")]


def test_drift_says_its_slope_and_where_it_has_come_to():
    values = numpy.concatenate([numpy.full(20, 5.0), 5.0 - 0.01 * numpy.arange(1, 31)])
    values += 0.001 * numpy.random.default_rng(6).standard_normal(50)
    drift, = changes.changes(values)
    assert drift.kind == "drift" and abs(drift.at - 20) <= 1
    assert drift.per_run == pytest.approx(-0.01, rel=0.05)
    assert (drift.before, drift.after) == (pytest.approx(5.0, abs=0.01), pytest.approx(4.7, abs=0.01))


@pytest.mark.parametrize("bad", [1, 2])
def test_bad_nights_that_pass_are_no_change(bad):
    values = nights(numpy.random.default_rng(7), 30, 0.005)
    values[14:14 + bad] *= 0.7
    assert changes.changes(values) == []


@pytest.mark.parametrize("values", [[], [1.0], [1.0] * 5, [3.0] * 40, [0.0] * 40], ids=len)
def test_too_few_values_or_equal_ones_are_no_change(values):
    assert changes.changes(values) == []


def test_without_any_noise_a_step_is_one():
    step, = changes.changes([16.0] * 10 + [15.0] * 10)
    assert (step.at, step.before, step.after, step.p) == (10, 16.0, 15.0, 0.0)


@pytest.mark.parametrize("bad", [numpy.nan, numpy.inf])
def test_what_is_no_number_is_refused(bad):
    with pytest.raises(ValueError):
        changes.changes([1.0] * 10 + [bad])


@pytest.mark.parametrize("digits", [9, 2])
def test_the_test_of_trend_is_kendalls(digits):
    for seed in range(20):
        values = numpy.random.default_rng(seed).standard_normal(25) + 0.05 * numpy.arange(25)
        values = values.round(digits - 1)
        known = stats.kendalltau(numpy.arange(25), values, method="asymptotic").pvalue
        assert changes._p_of_trend(values) == pytest.approx(known, rel=1e-9)
