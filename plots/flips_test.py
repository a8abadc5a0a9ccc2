"""Tests of the figure of a flip."""
from types import SimpleNamespace

import pytest

from plots import fixtures, flips


def flip(**more):
    series = [{"at_ms": 10.0 * (i + 1), "length_ms": 10.0, "packets": 1000, "turned": 1000 * (i >= 5),
               "cycles": 4e6 if i < 5 else 1e6, "dut_cpu": 0.2 if i < 5 else 0.05} for i in range(10)]
    return {"action": "drop", "flipped_at_ms": 50.0, "visible_after_ms": 10.0, "cycles_pass": 4000.0,
            "cycles_drop": 1000.0, "tax_cycles": 3000.0, "tax_reason": None, "sampler_cpu": 0.004,
            "series": series, **more}


def case(name="xdp-native", **more):
    return SimpleNamespace(**{"id": f"{name}/flip/64B", "backend": name, "flip": flip(), "virtual": True,
                              "testbed": "veth", "arrangement": "isolated", "generator": "xdp-live",
                              "workload": "flip", "frame_size": 64, "frame_mix": None, "ip": 4,
                              "flows": 1, "rate_pps": 100000,
                              "generator_options": {}, "generator_batch": 256, "search": None, "status": "ok",
                              "reason": None, "cycles_sources": ["tsc"], "shown_trials": (1, 2, 3), **more})


def drawn(*cases):
    (_, figure, said), = fixtures.drawn(flips, SimpleNamespace(cases=cases))
    return figure, said


def test_rate_cpu_and_cycles_stand_over_one_another_with_the_change_at_zero():
    figure, said = drawn(case())
    lines = {line.get_gid(): line for axes in figure.axes for line in axes.lines}
    shown = lines["cycles-xdp-native/flip/64B"]
    assert list(shown.get_xdata()) == [10 * i - 45 for i in range(10)]
    assert list(shown.get_ydata()) == [4000] * 5 + [1000] * 5
    assert list(lines["rate-xdp-native/flip/64B"].get_ydata()) == [100] * 10
    assert lines["cpu-xdp-native/flip/64B"].get_ydata()[0] == pytest.approx(20)
    assert set(lines["change-rate"].get_xdata()) == {0}
    assert "tax of the stack 3,000" in said and "n=3" in said and "0.40% of a CPU" in said


def test_a_case_without_a_tax_and_one_without_a_flip_say_why():
    untaxed = case("xdp-generic", flip=flip(tax_cycles=None, tax_reason="the load was not one"))
    left_out = case("dpdk", flip=None, status="unsupported", reason="it cannot")
    figure, said = drawn(case(), untaxed, left_out)
    assert "xdp-generic/flip/64B: no tax: the load was not one." in said
    assert "dpdk/flip/64B: unsupported: it cannot." in said
    assert not [line for axes in figure.axes for line in axes.lines if "dpdk" in (line.get_gid() or "")]


def test_a_disturbed_case_is_said_to_be_one():
    assert "undisturbed" not in drawn(case())[1]
    assert "xdp-native/flip/64B: none of its trials was undisturbed" in drawn(case(status="disturbed"))[1]


def test_a_stretch_without_packets_has_no_cycles_a_packet():
    silent = flip()
    silent["series"][3].update(packets=0)
    figure, _ = drawn(case(flip=silent))
    lines = {line.get_gid(): line for axes in figure.axes for line in axes.lines}
    assert len(lines["cycles-xdp-native/flip/64B"].get_xdata()) == 9
    assert len(lines["rate-xdp-native/flip/64B"].get_xdata()) == 10


def test_cases_of_one_backend_differ_in_their_dashes():
    figure, _ = drawn(case(), case(id="second"))
    looks = {line.get_linestyle() for line in figure.axes[0].lines if line.get_gid().startswith("rate-")}
    assert len(looks) == 2


def test_a_run_without_a_flip_has_no_figure():
    assert not list(flips.figures(SimpleNamespace(cases=(case(flip=None),))))
