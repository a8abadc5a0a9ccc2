"""What holds for every figure: its numbers are those drawn, its caption is short, its text stays inside."""
import copy
import re

import pytest
from matplotlib.text import Text

from plots import boxes, drawing, fixtures, forest, load, matrix, roles, rows, scaling, sizes, style

FIXTURES = ("four", "twenty", "several", "floor")


@pytest.fixture(scope="module", name="made", params=FIXTURES)
def fixture_made(request):
    """Every figure of a fixture: (Figure, what is drawn)."""
    run = fixtures.run(request.param)
    return [(one, one.draw()) for one in drawing.figures(run, request.param)]


def grid(tmp_path, queues=(1, 2, 4), frame_sizes=(64, 512, 1518), line=True):
    """A run of one backend on a link of 10 Gbit/s, over queues and frame sizes; the last queue is a bound."""
    document = fixtures.document("four")
    first = document["cases"][1]
    document["cases"] = []
    for size in frame_sizes:
        for count in queues:
            case = copy.deepcopy(first)
            case.update(id=f"xdp-generic/drop/{size}B/{count}q/1f", queues=count, frame_size=size,
                        limiter="link" if count == queues[-1] else "dut")
            for trial in case["trials"]:
                trial["line_rate_pps"] = 1e10 / ((size + 20) * 8) if line else None
            document["cases"].append(case)
    return load.load(fixtures.write(tmp_path, document))


def artist(figure, gid):
    (found,) = figure.findobj(lambda one: one.get_gid() == gid)
    return found


def shown_numbers(figure):
    """The values of marks: ends of bars, places of dots and ends of intervals."""
    for axes in figure.axes:
        for patch in axes.patches:
            if "median" in (patch.get_gid() or "") or re.match(r"(rate|queue)-", patch.get_gid() or ""):
                yield patch.get_width()
        for drawn in axes.collections:
            if (drawn.get_gid() or "").endswith(("-shown", "-rejected")):
                yield from (x for x, _ in drawn.get_offsets())
            if (drawn.get_gid() or "").endswith("-intervals"):
                yield from (x for line in drawn.get_segments() for x, _ in line)


def test_every_number_drawn_is_in_the_file(made):
    counted = 0
    for one, figure in made:
        columns, table = one.numbers()
        values = [cell for row in table for cell in row if isinstance(cell, (int, float))]
        assert table and all(len(row) == len(columns) for row in table)
        for number in shown_numbers(figure):
            assert any(number == pytest.approx(value, rel=1e-9) for value in values), (one.name, number)
            counted += 1
    assert counted > 15


def test_a_caption_is_two_sentences_of_three_lines_and_more_is_in_the_file(made):
    for one, figure in made:
        brief, *more = one.caption.split("\n")
        brief = re.sub(r"^Page \d+ of \d+\. ", "", brief)
        assert len(re.findall(r"[.!?](?= [A-Z]|$)", brief)) == 2, brief
        caption = artist(figure, "caption").get_text()
        assert caption.count("\n") <= 2 and brief.split()[0] in caption
        assert more, one.name


def test_axes_have_units_and_a_wide_one_has_no_bars(made):
    for one, figure in made:
        for axes in figure.axes:
            if not axes.axison:
                continue
            assert axes.get_xlabel() or axes.get_ylabel(), (one.name, axes.get_label())
            if axes.get_xscale() == "log":
                assert not [patch for patch in axes.patches if "median" in (patch.get_gid() or "")]


def test_text_stays_in_the_figure(made):
    for one, figure in made:
        with style.context():
            figure.canvas.draw()
            for said in figure.findobj(Text):
                if said.get_visible() and said.get_text().strip() and said.get_gid():
                    box = Text.get_window_extent(said)
                    assert box.x0 >= -1 and box.x1 <= figure.bbox.x1 + 1, (one.name, said.get_text())


@pytest.mark.parametrize("values, wide", [
    ([1, 30], False), ([1, 30.1], True), ([0, 5], False), ([], False), ([None, 2, 100], True), ([7], False)])
def test_more_than_a_factor_of_30_is_wide(values, wide):
    assert rows.wide(values) is wide


def test_the_ideal_is_as_many_times_as_queues_and_bounds_are_marked(tmp_path):
    run = grid(tmp_path, frame_sizes=(64,))
    (one,) = scaling.figures(run)
    figure = one.draw()
    assert one.name == "scaling"
    first = run.cases[0].mpps.median
    assert list(artist(figure, "ideal-0").get_ydata()) == pytest.approx([first, 2 * first, 4 * first])
    assert artist(figure, "ideal-0").get_linestyle() == "--"
    assert list(artist(figure, "mpps-line-0").get_ydata()) == [case.mpps.median for case in run.cases]
    marks = [artist(figure, f"mpps-median-0-{place}").get_marker() for place in range(3)]
    assert marks == ["o", "o", "^"]
    assert [row[5] for row in one.numbers()[1]] == pytest.approx([first, 2 * first, 4 * first])


def test_sizes_are_in_packets_and_bits_with_the_line_rate(tmp_path):
    run = grid(tmp_path, queues=(1,))
    (one,) = sizes.figures(run)
    figure = one.draw()
    assert [axes.get_label() for axes in figure.axes] == ["mpps", "gbits"]
    assert list(artist(figure, "gbits-line-0").get_ydata()) == pytest.approx(
        [case.mpps.median * (case.frame_size + 20) * 8 / 1000 for case in run.cases])
    assert {round(rate, 9) for rate in artist(figure, "line-rate-gbits").get_ydata()} == {10}
    curve = artist(figure, "line-rate-mpps")
    assert dict(zip(curve.get_xdata(), curve.get_ydata()))[64] == pytest.approx(14.8809, rel=1e-4)
    assert "Dotted is the line rate." in one.caption
    (without,) = sizes.figures(grid(tmp_path, queues=(1,), line=False))
    assert "no line rate" in without.caption and not without.draw().findobj(
        lambda found: (found.get_gid() or "").startswith("line-rate"))


def test_one_size_or_one_number_of_queues_has_no_such_figure():
    assert not list(sizes.figures(fixtures.run("four"))) and not list(scaling.figures(fixtures.run("four")))


def test_a_stack_adds_up_to_the_median_and_polls_in_vain_stand_apart(tmp_path):
    document = fixtures.document("four")
    case = document["cases"][0]
    for trial in case["trials"]:
        trial["cpus"][1]["classes"] = {"application": 0.6, "napi": 0.19, "softirq": 0.1, "foreign": 0.01}
        trial["busy_cycles_per_packet"] = trial["cycles_per_packet"] * 0.7
    case["summary"]["busy_cycles_per_packet"] = {
        **case["summary"]["cycles_per_packet"],
        "median": case["summary"]["cycles_per_packet"]["median"] * 0.7}
    (one,) = roles.figures(load.load(fixtures.write(tmp_path, document)))
    figure = one.draw()
    whole = case["summary"]["cycles_per_packet"]["median"]
    parts = {kind: artist(figure, f"{kind}-0").get_width()
             for kind in ("application", "vain", "napi", "softirq")}
    assert sum(parts.values()) == pytest.approx(whole * 0.89 / 0.99)
    assert parts["vain"] == pytest.approx(0.3 * whole) and parts["napi"] == pytest.approx(whole * 0.19 / 0.99)
    assert sum(one.numbers()[1][0][1:6]) == pytest.approx(whole)
    assert artist(figure, "rest-0").get_width() == pytest.approx(whole * 0.1 / 0.99)


def test_softirqs_of_the_senders_cpu_count_where_they_were_charged(tmp_path):
    document = fixtures.document("four")
    for trial in document["cases"][0]["trials"]:
        trial["cpus"][0]["classes"], trial["cpus"][1]["classes"] = {"softirq": 0.5}, {"application": 0.49}
    for trial in document["cases"][1]["trials"]:
        trial["cpus"][0]["classes"] = {"softirq": 0.5}
    first, second, *_ = load.load(fixtures.write(tmp_path, document)).cases
    rate = 1e9 / (first.trials[0].mpps * 1e6)
    assert first.trials[0].cpu_ns == pytest.approx((0.49 * rate, 0, 0.5 * rate))
    assert second.trials[0].cpu_ns[2] == 0


def test_a_box_has_the_quartiles_and_few_trials_have_none():
    run = fixtures.run("four")
    (one,) = boxes.figures(run)
    values = boxes.changes(run.cases[0], "mpps")
    assert boxes.box([1, 2, 3, 4, 5]) == (1, 2, 3, 4, 5) and boxes.box([1, 2, 3, 4]) is None
    figure = one.draw()
    assert [x for x, _ in artist(figure, "mpps-dots-0").get_offsets()] == pytest.approx(values)
    corners = artist(figure, "mpps-box-0").get_path().vertices
    assert {min(corners[:, 0]), max(corners[:, 0])} == set(boxes.box(values)[1:4:2])
    assert not figure.findobj(lambda found: found.get_gid() == "mpps-box-2")  # of four trials


def test_the_matrix_says_what_works_and_why_not():
    run = fixtures.run("twenty")
    (one,) = matrix.figures(run)
    assert not list(matrix.figures(fixtures.run("four")))
    said = [found.get_text() for found in one.draw().findobj(Text)]
    assert "native" in said and any(text.startswith("failed: EAL: no free 2048 kB") for text in said)
    assert ("dpdk", "drop", "failed", "EAL: no free 2048 kB hugepages on socket 0") in one.numbers()[1]
    (several,) = matrix.of([("a", run.cases[:3]), ("b", run.cases[1:4])])
    cells = {gid: found.get_text() for found in several.draw().findobj(Text)
             if (gid := found.get_gid() or "").startswith("can-")}
    assert (cells["can-0-0"], cells["can-0-1"], cells["can-3-0"]) == ("native", "not measured",
                                                                      "not measured")


def test_a_forest_has_each_change_with_its_interval_and_what_was_not_compared():
    comparison = fixtures.comparison()
    (one,) = forest.figures(comparison)
    figure = one.draw()
    assert list(artist(figure, "interval-0").get_xdata()) == pytest.approx([-6, -4])
    assert artist(figure, "change-0").get_xdata()[0] == pytest.approx(-5)
    assert [artist(figure, f"interval-{row}").get_color() for row in range(3)] == [
        forest.COLORS[verdict] for verdict in ("regression", "no change", "inconclusive")]
    assert "dpdk/drop/64B/1q/1f: the drivers differ." in one.caption
    assert "Only in BASE: fake/drop/64B/1q/1f." in one.caption and "not interleaved" in one.caption
    by_runs = comparison["cases"][0]["measures"]["mpps"]["comparison"]
    del by_runs["pairs"]
    by_runs.update(unit="run", base_draws=10, new_draws=2)
    assert next(iter(forest.figures(comparison))).numbers()[1][0][7] == "10+2 runs"
    comparison["cases"] = comparison["cases"][2:]
    assert not list(forest.figures(comparison))


def test_a_gates_verdict_is_a_forest_too():
    one = {"case": "a", "metric": "mpps", "unit": "Mpps", "kind": "regression", "reason": "slower",
           "ratio": 0.9,
           "ci95": [0.88, 0.92], "smallest_change": 0.02, "p_adjusted": 0.001, "base_runs": 10, "new_runs": 2}
    none = {**one, "case": "b", "kind": "incomparable", "reason": "the kernel differs", "ratio": None,
            "ci95": None, "smallest_change": None, "p_adjusted": None}
    gate = {"schema": "pktbench-gate/1", "verdict": "regression", "reason": None, "measures": [one, none],
            "rules": {"min_effect": 0.004, "alpha": 0.01}, "baseline": None, "in_turn": None,
            "scenario": "paced", "host": "h", "started_at": "2026-01-02T03:04:00Z"}
    (made,) = forest.figures(gate)
    assert list(artist(made.draw(), "interval-0").get_xdata()) == pytest.approx([-12, -8])
    assert "b: the kernel differs." in made.caption and len(made.numbers()[1]) == 1


def test_reasons_that_differ_in_numbers_are_one():
    from plots import text
    assert text.grouped(["lost 4 of 1,000", "lost 19 of 1,000", "other", "lost 7 of 900"]) == [
        "3 × lost 4–19 of 900–1,000", "other"]
    assert text.grouped([]) == [] and text.grouped(["#1 has # 2"]) == ["#1 has # 2"]
