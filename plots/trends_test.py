"""Tests of the figure of a history."""
import copy
import io

from plots import fixtures, style, trends


def point(number, median, **more):
    return {"run": f"run-{number}", "started_at": f"2026-01-{number + 1:02d}T02:00:00Z", "median": median,
            "n": 5, "spread": 0.01, "status": "ok", "at_least": False, "condition": None, "judged": True,
            **more}


def change(kind, number, before, after, **more):
    return {"kind": kind, "run": f"run-{number}", "started_at": f"2026-01-{number + 1:02d}T02:00:00Z",
            "before": before, "after": after, "relative": after / before - 1 if before else None,
            "per_run": None, "p": 1e-9, "worse": True, "changed": [], "changed_near": [], **more}


def series(points, changes=(), case="xdp-native/drop/64B/1q/1f", **more):
    return {"case": case, "metric": "mpps", "unit": "Mpps", "better": "higher", "virtual": False,
            "identity": {"host": "lab1"}, "older_runs": 0, "points": points, "changes": list(changes), **more}


STEP = series([point(i, 5.0 if i < 12 else 4.5) for i in range(20)], [change("step", 12, 5.0, 4.5, changed=[
    {"run_id": "run-12", "name": "kernel.release", "before": "6.1.0-1", "after": None}])])


def drawn(*found):
    (_, figure, said), = fixtures.drawn(trends, {"series": list(found)})
    return {axes.get_label(): axes for axes in figure.axes}, said


def test_a_step_is_two_levels_and_a_line_at_its_run():
    axes, said = drawn(STEP)
    lines = [line for line in axes["series-0"].lines if line.get_gid() == "level-0"]
    assert [(list(line.get_xdata()), list(line.get_ydata())) for line in lines] == [
        ([-0.4, 11.4], [5.0, 5.0]), ([11.6, 19.4], [4.5, 4.5])]
    at, = [line for line in axes["series-0"].lines if line.get_gid() == "change-0"]
    assert at.get_xdata()[0] == 11.5 and at.get_color() == style.ALARM
    assert [one.get_text() for one in axes["series-0"].texts] == ["step −10.0%"]
    assert "since 2026-01-13 (run run-12); changed there: kernel.release 6.1.0-1 → not known." in said


def test_drift_is_a_slope():
    falling = [point(i, 5.0 - max(0, i - 9) * 0.02) for i in range(20)]
    assert trends.levels(series(falling, [change("drift", 10, 5.0, 4.8)])) == [
        (0, 9, 5.0, 5.0), (10, 19, 5.0, 4.8)]
    assert trends.levels(series(falling, [change("drift", 0, 5.0, 4.8)])) == [(0, 19, 5.0, 4.8)]


def test_what_is_not_judged_is_hollow():
    points = [point(i, 5.0) for i in range(6)]
    points[2].update(judged=False, status="disturbed")
    points[4].update(judged=False, at_least=True)
    axes, _ = drawn(series(points))
    lines = {line.get_gid(): line for line in axes["series-0"].lines}
    assert list(lines["judged-0"].get_xdata()) == [0, 1, 3, 5]
    assert list(lines["disturbed-0"].get_xdata()) == [2] and lines["disturbed-0"].get_marker() == "o"
    assert list(lines["least-0"].get_xdata()) == [4] and lines["least-0"].get_marker() == "^"
    assert {lines[f"{name}-0"].get_markerfacecolor() for name in ("disturbed", "least")} == {"white"}


def test_many_series_make_pages_and_those_that_changed_come_first():
    still = [series([point(i, 1.0) for i in range(8)], case=f"dpdk/{n}") for n in range(7)]
    made = list(fixtures.drawn(trends, {"series": [*still, STEP]}))
    assert [name for name, _, _ in made] == ["trend-page-1", "trend-page-2"]
    shown = [t.get_text() for t in made[0][1].texts if (t.get_gid() or "").startswith("name-")]
    assert shown[0] == "xdp-native/drop/64B/1q/1f: mpps" and len(shown) == 4


def test_nothing_judged_or_one_point_or_a_level_of_0_is_drawn():
    alone = series([point(0, 5.0, judged=False, status="disturbed", spread=None)])
    from_nothing = series([point(i, float(i > 9)) for i in range(20)], [change("step", 10, 0.0, 1.0)])
    axes, said = drawn(alone, from_nothing)
    assert len(axes) == 2 and "step of 0 to 1.00" in said


def test_the_same_history_gives_the_same_bytes():
    def svg():
        data = io.BytesIO()
        (_, figure, _), = fixtures.drawn(trends, {"series": [copy.deepcopy(STEP)]})
        style.save(figure, data, "svg")
        return data.getvalue()
    assert svg() == svg()
