"""Tests of the figure of a soak."""
from types import SimpleNamespace

from plots import fixtures, soaks
from plots.sweeps_test import case as sweep_case


def window(number, **more):
    return {"trial": number, "at_s": 60.0 * number + 30, "anew": False, "counts": True, "offered_pps": 1e6,
            "received_pps": 1e6, "loss_ratio": 0.001, "cycles_per_packet": 900.0, "rss_bytes": 50_000_000,
            "open_fds": 40, **more}


def drift(value, mean, per_hour, reach, found):
    return {"value": value, "unit": "", "n": 4, "mean": mean, "per_hour": per_hour,
            "low": None if per_hour is None else per_hour - reach,
            "high": None if per_hour is None else per_hour + reach, "found": found}


def case(windows, drifts=(), worst=2, **more):
    trials = [SimpleNamespace(cycles_source="tsc", status="ok", duration_s=5.0) for _ in windows]
    soak = {"windows": windows, "drifts": list(drifts), "worst_trial": worst} if windows else None
    return sweep_case([], soak=soak, **{"trials": trials, **more})


def drawn(*cases):
    (_, figure, said), = fixtures.drawn(soaks, SimpleNamespace(cases=cases))
    return {axes.get_label(): axes for axes in figure.axes}, said


def lines(axes):
    return {one.get_gid(): one for one in axes.lines}


def test_a_window_is_a_mark_and_its_drift_a_line_with_its_interval():
    made = [window(i, received_pps=1e6 * (1 - 0.01 * i)) for i in range(4)]
    drifts = [drift("received_pps", 0.985e6, -0.6e6, 0.1e6, True), drift("loss_ratio", 0.001, None, 0, False)]
    axes, said = drawn(case(made, drifts))
    shown = lines(axes["received_pps"])
    assert list(shown["received_pps-0"].get_xdata()) == [0.5, 1.5, 2.5, 3.5]
    first, last = shown["slope-received_pps-0"].get_ydata()
    assert abs(first - 1) < 1e-9 and abs(last - 0.97) < 1e-9
    words, = axes["received_pps"].texts
    assert words.get_text() == "drift −61 ±10 %/h (n=4), not 0"
    assert axes["loss_ratio"].texts[0].get_text() == "drift: too few windows"
    assert "4 windows of 5.00 s" in said and "maximum rate" not in said


def test_the_worst_window_is_in_a_ring_and_said():
    axes, said = drawn(case([window(0), window(1), window(2, loss_ratio=0.02)]))
    ring = lines(axes["loss_ratio"])["worst-0"]
    assert list(ring.get_ydata()) == [2.0]
    assert "Worst window (ring): 2.00% lost, 2.50 min after the start." in said


def test_a_window_that_is_not_ok_is_a_cross_and_no_mark_but_of_memory():
    axes, said = drawn(case([window(0), window(1, counts=False, loss_ratio=0.5), window(2)]))
    assert list(lines(axes["loss_ratio"])["loss_ratio-0"].get_xdata()) == [0.5, 2.5]
    assert list(lines(axes["loss_ratio"])["bad-loss_ratio-0"].get_xdata()) == [1.5]
    assert len(lines(axes["rss_bytes"])["rss_bytes-0"].get_xdata()) == 3
    assert "1 of them not ok" in said


def test_a_case_without_a_soak_is_named_with_its_reason():
    left_out = case([], id="dpdk", status="unsupported", reason="built without DPDK")
    _, said = drawn(case([window(i) for i in range(3)]), left_out)
    assert "dpdk: unsupported: built without DPDK." in said


def test_hours_are_hours():
    axes, _ = drawn(case([window(i, at_s=3600.0 * i) for i in range(4)]))
    assert list(lines(axes["rss_bytes"])["rss_bytes-0"].get_xdata()) == [0, 1, 2, 3]
    assert axes["rss_bytes"].get_xlabel() == "hours since the first window began"
