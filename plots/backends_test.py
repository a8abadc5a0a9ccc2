"""What is drawn is what was measured: counted and measured on the artists of the figure."""
import dataclasses
import itertools

import pytest
from matplotlib.text import Text

from plots import backends, fixtures, load, style
from plots.rows import details

MEASURES = ("mpps", "cycles_per_packet")


def figure(name):
    run = fixtures.run(name)
    ((_, made, _),) = fixtures.drawn(backends, run)
    return run, made


@pytest.fixture(scope="module", params=["four", "twenty"])
def drawn(request):
    return figure(request.param)


def artist(made, gid):
    found = made.findobj(lambda a: a.get_gid() == gid)
    assert len(found) <= 1, gid
    return found[0] if found else None


def said(made):
    return [t.get_text() for t in made.findobj(Text)]


def rows(run):
    return [(measure, index, case) for measure in MEASURES for index, case in enumerate(run.cases)]


def dots(made, measure, kind, index):
    """The places of a row's dots, in the order of its trials."""
    found = artist(made, f"{measure}-{kind}")
    return [] if found is None else [(x, y) for x, y in found.get_offsets() if round(y) == index]


def test_a_dot_for_every_ok_trial_and_a_cross_for_every_rejected_one(drawn):
    run, made = drawn
    for measure, index, case in rows(run):
        for kind, trials in (("shown", case.shown_trials), ("rejected", case.rejected_trials)):
            expected = [v for v in (getattr(t, measure) for t in trials) if v is not None]
            if not case.has_figure:
                expected = []
            shown = [x for x, _ in dots(made, measure, kind, index)]
            assert shown == pytest.approx(expected), (measure, case.id, kind)


def test_crosses_are_hollow_and_dots_stay_in_their_bar(drawn):
    run, made = drawn
    crosses = [artist(made, f"{measure}-rejected") for measure in MEASURES]
    assert any(crosses) and all(len(cross.get_facecolors()) == 0 for cross in crosses if cross)
    for measure, index, case in rows(run):
        shown = dots(made, measure, "shown", index)
        assert bool(shown) == (case.has_figure and getattr(case, measure).median is not None)
        assert all(abs(y - index) <= backends.BAR / 2 for _, y in shown)


def test_bar_length_is_the_median_and_no_bar_stands_for_a_gap(drawn):
    run, made = drawn
    for measure, index, case in rows(run):
        bar = artist(made, f"{measure}-median-{index}")
        median = getattr(case, measure).median if case.has_figure else None
        wide = measure == "mpps" and len(run.cases) > 4  # from 0.29 to 14.9 Mpps
        assert (None if bar is None else bar.get_xdata()[0] if wide else bar.get_width()) == median, case.id
        assert bar is None or wide or bar.get_x() == 0
        assert bar is None or bar.axes.get_xscale() == ("log" if wide else "linear")


def test_error_bar_is_the_interval(drawn):
    run, made = drawn
    for measure, index, case in rows(run):
        lines = artist(made, f"{measure}-intervals").get_segments()
        interval = getattr(case, measure).ci95 if case.has_figure else None
        shown = [[x for x, _ in line] for line in lines if line[0][1] == index]
        assert shown == ([] if interval is None else [pytest.approx(interval)]), (measure, case.id)


def test_cases_without_a_figure_show_status_and_reason(drawn):
    run, made = drawn
    for index, case in enumerate(run.cases):
        reason = artist(made, f"reason-{index}")
        if case.has_figure:
            assert reason is None
        else:
            shown = reason.get_text().replace("\n", " ").partition(" … ")[0]
            assert f"{case.status}: {case.reason}".startswith(shown) and len(shown) > 40


def test_a_reason_that_is_cut_points_to_the_caption():
    run, made = figure("twenty")
    index = next(i for i, case in enumerate(run.cases) if case.status == "unsupported")
    assert artist(made, f"reason-{index}").get_text().endswith("(in full in caption.txt)")


def test_missing_cycles_show_why():
    run, made = figure("twenty")
    index = [case.backend for case in run.cases].index("kprobe-count")
    assert artist(made, f"cycles_per_packet-absent-{index}").get_text() == "not measured: no PMU and no BPF"


def test_lower_bounds_carry_the_mark(drawn):
    run, made = drawn
    for index, case in enumerate(run.cases):
        if case.has_figure:
            bound = case.limiter in ("generator", "link")
            value = artist(made, f"mpps-value-{index}").get_text()
            mark = artist(made, f"mpps-median-{index}")
            assert value.startswith("≥") == bound, case.id
            assert ((mark.get_marker() == ">") if len(run.cases) > 4 else
                    (mark.get_hatch() == style.LOWER_BOUND_HATCH)) == bound, case.id
    assert any("≥ lower bound, limited by the generator" in text for text in said(made))


def test_no_mark_without_a_lower_bound(tmp_path):
    document = fixtures.document("four")
    document["cases"][0]["limiter"] = "dut"
    ((_, made, _),) = fixtures.drawn(backends, load.load(fixtures.write(tmp_path, document)))
    assert not any("≥" in text for text in said(made))


def test_each_cycles_value_names_its_load(drawn):
    run, made = drawn
    for index, case in enumerate(run.cases):
        basis = artist(made, f"cycles_per_packet-basis-{index}")
        if basis is not None:
            assert basis.get_text().startswith("at ") and basis.get_text().endswith(" Mpps")
    assert artist(made, "loads-note").get_text().startswith("Loads differ")


def test_equal_loads_are_not_warned_about():
    run = fixtures.run("four")
    same = dataclasses.replace(run, cases=(run.cases[1], dataclasses.replace(run.cases[1], id="again")))
    ((_, made, _),) = fixtures.drawn(backends, same)
    assert artist(made, "loads-note").get_text() == "all at about 3.77 Mpps"


def test_n_and_rejected_trials_are_counted():
    _, made = figure("four")
    assert [artist(made, f"mpps-basis-{i}").get_text() for i in range(4)] == [
        "n=5", "n=5", "n=4, 1 invalid, no interval", "n=5"]


def test_a_mode_that_was_not_obtained_is_said():
    run, made = figure("twenty")
    index = next(i for i, case in enumerate(run.cases) if case.mode_effective == "copy")
    assert artist(made, f"detail-{index}").get_text().startswith("copy, asked for zerocopy")


def test_an_option_that_the_mode_names_is_said_once():
    run = fixtures.run("twenty")
    first = dataclasses.replace(run.cases[0], backend="af_xdp", mode_requested="af_xdp/copy/generic",
                                mode_effective="af_xdp/copy/generic",
                                options={"copy_mode": "copy", "attach": "generic", "wakeup": "poll"})
    native = "af_xdp/copy/native"
    other = dataclasses.replace(first, mode_requested=native, mode_effective=native,
                                options={"copy_mode": "auto", "attach": "native", "wakeup": "busy-poll"})
    assert details([first, other]) == ["af_xdp/copy/generic · poll",
                                       "af_xdp/copy/native · auto · busy-poll"]


def test_a_run_with_nothing_measured_is_drawn():
    run = fixtures.run("twenty")
    only = dataclasses.replace(run, cases=tuple(case for case in run.cases if not case.has_figure))
    ((_, made, _),) = fixtures.drawn(backends, only)
    assert not made.findobj(lambda a: "median" in (a.get_gid() or ""))
    assert sum("reason" in (t.get_gid() or "") for t in made.findobj(Text)) == len(only.cases)


@pytest.mark.parametrize("name", ["four", "twenty", "several"])
def test_no_text_overlaps_or_leaves_the_figure(name):
    for _, made, _ in fixtures.drawn(backends, fixtures.run(name)):
        with style.context():
            made.set_dpi(style.PNG_DPI)
            made.canvas.draw()
            texts = [t for t in made.findobj(Text) if t.get_visible() and t.get_text().strip()]
            boxes = [(t.get_text(), Text.get_window_extent(t)) for t in texts]
        assert len(boxes) > 15
        for text, box in boxes:
            assert box.x0 >= 0 and box.y0 >= 0, text
            assert box.x1 <= made.bbox.x1 and box.y1 <= made.bbox.y1, text
        for (a, first), (b, second) in itertools.combinations(boxes, 2):
            width = min(first.x1, second.x1) - max(first.x0, second.x0)
            height = min(first.y1, second.y1) - max(first.y0, second.y0)
            assert width <= 0 or height <= 1.5, (a, b)


def test_values_stand_clear_of_what_is_drawn(drawn):
    run, made = drawn
    made.canvas.draw()
    for measure, index, case in rows(run):
        value = artist(made, f"{measure}-value-{index}")
        if value is not None:
            axes = value.axes
            drawn_to = [getattr(trial, measure) for trial in case.trials]
            drawn_to += getattr(case, measure).ci95 or ()
            assert Text.get_window_extent(value).x0 > axes.transData.transform((max(drawn_to), 0))[0] + 2
            assert Text.get_window_extent(value).x1 <= axes.bbox.x1


def test_jitter_spreads_and_repeats():
    places = [backends.jitter(i) for i in range(20)]
    assert len(set(places)) == 20
    assert all(-0.5 <= place <= 0.5 for place in places)
    assert places == [backends.jitter(i) for i in range(20)]


@pytest.mark.parametrize("place", [1, 3])
def test_long_words_at_a_bar_leave_it_its_place(place):
    run = fixtures.run("four")
    cases = list(run.cases)
    case = cases[place]
    trials = tuple(dataclasses.replace(trial, disturbed_by=("cpu",), others=0.9) for trial in case.trials)
    slow = dataclasses.replace(case.mpps, median=case.mpps.median / (1 if place == 1 else 40), ci95=None)
    cases[place] = dataclasses.replace(case, status="disturbed", reason="r", limiter="unknown", mpps=slow,
                                       trials=trials, rounds_planned=9)
    ((_, made, _),) = fixtures.drawn(backends, dataclasses.replace(run, cases=tuple(cases)))
    axes = made.axes[0]
    with style.context():
        made.canvas.draw()
    assert axes.get_xscale() == ("linear" if place == 1 else "log")
    for index, one in enumerate(cases):
        value, basis = (artist(made, f"mpps-{kind}-{index}") for kind in ("value", "basis"))
        assert 0 < axes.transData.transform((one.mpps.median, 0))[0] - axes.bbox.x0 < axes.bbox.width
        assert max(Text.get_window_extent(text).x1 for text in (value, basis)) <= axes.bbox.x1 + 1
    assert artist(made, f"mpps-basis-{place}").get_text().endswith("…")
