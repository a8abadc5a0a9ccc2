"""Tests of the figure of back-to-back tests."""
from types import SimpleNamespace

from plots import bursts, fixtures
from plots.sweeps_test import case as sweep_case


def burst(longest, regular=True, **more):
    return {"round": 0, "longest": longest, "shortest": longest and longest + 9, "burst_pps": 2e6,
            "buffer_s": 1e-3, "corrected_s": 5e-4, "regular": regular, "reason": None, "trials": 14, **more}


def case(found, **more):
    longest = sorted(test["longest"] for test in found if test["longest"] is not None)
    summary = {"tests": found, "n": len(longest), "mean": 1.0, "stdev": 3.0,
               "median": longest and longest[len(longest) // 2],
               "min": min(longest, default=None), "max": max(longest, default=None),
               "burst_pps": 2e6, "throughput_pps": 1e6, "implied_s": 2e-3, "corrected_s": 1.5e-3}
    return sweep_case([], back_to_back=summary if found else None, **more)


def drawn(*cases):
    (_, figure, said), = fixtures.drawn(bursts, SimpleNamespace(cases=cases))
    axes, = figure.axes
    return said, [found.get_text() for found in axes.texts], {one.get_gid(): one for one in axes.lines}


def test_the_median_what_the_tests_span_and_the_buffer_are_shown():
    said, words, lines = drawn(case([burst(4000), burst(4100), burst(4300)]))
    assert words == ["4,100 frames (n=3); buffer 1.50 ms"]
    assert list(lines["span-0"].get_xdata()) == [4000, 4300]
    assert list(lines["median-0"].get_xdata()) == [4100]
    assert sorted(lines["tests-0"].get_xdata()) == [4000, 4100, 4300]
    assert "3 tests" in said and "implied buffer 2.00 ms" in said and "maximum rate" not in said


def test_a_lower_bound_is_shown_as_one_with_its_reason():
    said, words, _ = drawn(case([burst(9000, regular=False, reason="the longest burst lost nothing")]))
    assert words == ["≥9,000 frames (n=1); buffer ≥1.50 ms"]
    assert "a lower bound: the longest burst lost nothing" in said


def test_a_case_without_a_burst_says_why():
    none = case([burst(None, regular=False, reason="a burst of one frame is lost")], id="a")
    left_out = case([], id="dpdk", status="unsupported", reason="built without DPDK")
    said, words, _ = drawn(none, left_out)
    assert words == ["no burst without loss: see the caption"] * 2
    assert "a: a burst of one frame is lost." in said and "dpdk: unsupported: built without DPDK." in said
