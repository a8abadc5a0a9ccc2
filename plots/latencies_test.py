"""Tests of the figure of latency, and of the histograms it reads."""
import base64
import struct
import zlib
from types import SimpleNamespace

import pytest

from plots import fixtures, hdr, latencies, load


def number(value):
    """ZigZag LEB128."""
    rest, made = (value << 1) ^ (value >> 63), []
    rest &= (1 << 64) - 1
    while rest >= 0x80 and len(made) < 8:
        made.append(rest & 0x7F | 0x80)
        rest >>= 7
    return bytes(made + [rest])


def encoded(numbers, digits=3):
    payload = b"".join(map(number, numbers))
    plain = struct.pack(">IIIIqqd", hdr.PLAIN, len(payload), 0, digits, 1, 10**10, 1.0) + payload
    packed = zlib.compress(plain)
    return base64.b64encode(struct.pack(">II", hdr.COMPRESSED, len(packed)) + packed).decode()


# 900 frames of 1 µs, 99 of 2.048 to 2.049 µs.
BUCKETS = [-1000, 900, -1047, 99]
HISTOGRAM = encoded(BUCKETS)


def one_load(name="50%", **more):
    return {"load": name, "target_pps": 1e5, "offered_pps": 99_900.0, "trials": 1, "count": 999, "lost": 0,
            "duplicated": 0, "reordered": 0, "stamp": "software", "one_way": True, "histogram": HISTOGRAM,
            "generator_histogram": encoded([0, 999]), "ns": {}, "generator_late_ns": {},
            "null_path": {"p50_ns": 41.0, "p99_ns": 90.0, "frame_ns": 60.0}, **more}


def case(loads, **more):
    return SimpleNamespace(**{"id": "xdp-native/drop/64B/1q/1f", "backend": "xdp-native", "search": None,
                              "latency": {"loads": loads}, "virtual": True, "testbed": "veth",
                              "arrangement": "isolated", "generator": "packet-sendmmsg", "workload": "drop",
                              "frame_size": 64, "frame_mix": None, "ip": 4,
                              "flows": 1, "rate_pps": None, "generator_options": {},
                              "generator_batch": None, "status": "ok", "reason": None, "cycles_sources": [],
                              "comparable": {"napi_policy": "fifo"}, "dut_idle": "poll",
                              "testbed_label": None, **more})


def drawn(*cases):
    return fixtures.drawn(latencies, SimpleNamespace(cases=cases, path="run.json"))


def test_a_histogram_is_its_buckets_by_their_highest_value():
    assert hdr.decode(HISTOGRAM) == [(1000, 900), (2049, 99)]
    assert hdr.decode(encoded([-25599, 2**40])) == [(2**34 - 1, 2**40)]
    assert hdr.decode(encoded([])) == []


@pytest.mark.parametrize("text", ["", "HIST", "é", HISTOGRAM[:-4], HISTOGRAM[4:], encoded([1], digits=2),
                                  encoded([-25600, 1]), encoded([-2**62, 1]),
                                  encoded([1])[:20] + "AAAA" + encoded([1])[24:]])
def test_what_is_no_histogram_is_said(text):
    with pytest.raises(hdr.NoHistogram):
        hdr.decode(text)
    with pytest.raises(load.LoadError, match="run.json: a histogram of xdp-native"):
        drawn(case([one_load(histogram=text)]))


def test_the_curve_ends_with_the_latest_frame():
    shares, delays = latencies.curve([(1000, 900), (2049, 99), (50_000_000, 1)])
    assert shares == [10, 1000, 1000] and delays == [1, 2.049, 50_000]


def test_a_load_is_a_panel_and_a_case_two_lines():
    (_, figure, said), = drawn(case([one_load("unloaded"), one_load()]),
                               case([one_load()], id="b", backend="b"))
    assert [axes.get_label() for axes in figure.axes] == [
        "latency-unloaded", "cdf-unloaded", "latency-50%", "cdf-50%"]
    lines = {line.get_gid(): line for line in figure.axes[2].lines}
    assert {"histogram-50%-0", "histogram-50%-1", "generator_histogram-50%-0"} <= set(lines)
    assert max(lines["histogram-50%-0"].get_ydata()) == 2.049
    assert figure.axes[0].get_ylim() == figure.axes[2].get_ylim()
    (cdf,) = [line for line in figure.axes[3].lines if line.get_gid() == "cdf-histogram-50%-0"]
    assert list(zip(cdf.get_xdata(), cdf.get_ydata()))[1:] == [(1.0, pytest.approx(100 - 100 * 99 / 999)),
                                                               (2.049, 100)]
    for words in ("one way on one clock", "41.0 ns", "NAPI threads: fifo", "kept from sleeping", "was due"):
        assert words in said
    assert "maximum rate" not in said and "packet-sendmmsg, frames one by one." in said


def test_where_a_delay_ends_and_what_limits_it_is_said():
    for more, words in (({"one_way": False}, ("until it was back at the generator", "round trip on one")),
                        ({"stamp": "kernel"}, ("until the kernel had it", "Stamp: kernel, one way"))):
        (_, _, said), = drawn(case([one_load(**more)]))
        assert all(word in said for word in words) and "upper bound" not in said
    (_, _, said), = drawn(case([one_load("10%", limiter="dut"), one_load(limiter="generator")]))
    assert "upper bound: xdp-native/drop/64B/1q/1f at 50%." in said


def test_what_was_lost_and_what_has_no_load_is_said():
    none = case([], id="tc", latency=None, status="unsupported", reason="tc-drop does not record")
    (_, _, said), = drawn(case([one_load(lost=7, duplicated=1, reordered=2)]), none)
    assert "7 of 1,006 frames lost, 1 twice, 2 out of turn" in said
    assert "tc: unsupported: tc-drop does not record." in said
