"""Tests of the figure of a load sweep."""
from types import SimpleNamespace

from plots import fixtures, sweeps


def row(load, offered, cycles=1000.0, sweep=0, **more):
    return {"round": sweep, "load": load, "share": 0.5, "trial": 0, "ok": True, "offered_pps": offered,
            "received_pps": offered, "loss_ratio": 0.001, "cycles_per_packet": cycles,
            "busy_cycles_per_packet": None, "dut_cpu": {"napi": 0.1, "charged": 0.4}, "generator_cpu": {},
            "wakeups_per_s": 1000.0, "limiter": "generator", **more}


def reference(pps=1e6, **more):
    return {"round": 0, "what": "PDR", "pps": pps, "upper_pps": pps * 1.02, "regular": True, "reason": None,
            "trials": 20, "seconds": 6.0, **more}


def case(rows, references=(), **more):
    trial = SimpleNamespace(cycles_source="tsc", status="ok")
    return SimpleNamespace(**{"id": "xdp-native/drop/64B/1q/1f", "backend": "xdp-native", "virtual": True,
                              "sweep": {"loads": rows} if rows else None, "reference": list(references),
                              "testbed": "veth", "arrangement": "inline", "generator": "packet-sendmmsg",
                              "workload": "drop", "frame_size": 64, "frame_mix": None, "ip": 4,
                              "flows": 1, "rate_pps": None,
                              "generator_options": {}, "generator_batch": None, "status": "ok",
                              "reason": None, "cycles_sources": [], "comparable": {"generator": "a"},
                              "testbed_label": None, "trials": [trial], **more})


def drawn(*cases):
    (_, figure, said), = fixtures.drawn(sweeps, SimpleNamespace(cases=cases))
    return {axes.get_label(): axes for axes in figure.axes}, said


def line(axes, gid):
    found, = [one for one in axes.lines if one.get_gid() == gid]
    return list(found.get_xdata()), list(found.get_ydata())


def test_each_load_is_the_median_of_its_sweeps_over_the_offered_load():
    axes, said = drawn(case([row("50%", 0.5e6, 900), row("10%", 0.1e6, 2000), row("10%", 0.1e6, 2100, 1),
                             row("50%", 0.5e6, 800, 1), row("50%", 0.5e6, 700, 2)]))
    assert line(axes["cycles"], "line-0") == ([0.1, 0.5], [2050, 800])
    assert line(axes["cpu"], "line-0") == ([0.1, 0.5], [40, 40])
    assert line(axes["loss"], "line-0") == ([0.1, 0.5], [0.1, 0.1])
    whisker, = [one for one in axes["cycles"].collections if one.get_gid() == "whiskers-0"]
    assert whisker.get_segments()[1].tolist() == [[0.5, 700], [0.5, 900]]
    assert "3 sweeps" in said and "TSC" in said and "maximum rate" not in said


def test_of_a_loop_that_spins_the_busy_cycles_are_drawn():
    axes, _ = drawn(case([row("50%", 0.5e6, 4000, busy_cycles_per_packet=300.0)]))
    assert line(axes["cycles"], "line-0") == ([0.5], [300])


def test_what_100_percent_is_stands_in_the_figure_and_an_open_end_is_said():
    axes, said = drawn(case([row("50%", 0.5e6)], [reference(1e6, regular=False, reason="no more")]))
    assert line(axes["cycles"], "reference-0")[0] == [1, 1]
    assert "xdp-native ≥ 1.00 Mpps (PDR) (no more)" in said


def test_windows_that_are_not_ok_are_left_out_and_counted():
    axes, said = drawn(case([row("10%", 0.1e6), row("50%", 0.5e6, ok=False)]))
    assert line(axes["cycles"], "line-0")[0] == [0.1]
    assert "1 window that was not ok is left out" in said


def test_a_case_without_a_sweep_is_named_with_its_reason():
    left_out = case([], id="dpdk", status="unsupported", reason="built without DPDK")
    axes, said = drawn(case([row("50%", 0.5e6)]), left_out)
    assert "dpdk: unsupported: built without DPDK." in said
    assert line(axes["cycles"], "line-1") == ([], [])


def test_what_was_not_measured_is_no_point():
    axes, _ = drawn(case([row("50%", 0.5e6, None, dut_cpu={})]))
    assert line(axes["cycles"], "line-0") == ([], [])
    assert line(axes["cpu"], "line-0") == ([], [])
    assert line(axes["loss"], "line-0")[0] == [0.5]
