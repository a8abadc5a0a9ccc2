"""What is kept of a run without its trials, and what is said of one that is none."""
import json
import pathlib
import sys

import pytest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

import checked  # noqa: E402
import recorded  # noqa: E402
import sample_run  # noqa: E402


def metric(name, unit, better, *values):
    return {"name": name, "unit": unit, "better": better,
            "by_round": {str(number): value for number, value in enumerate(values)}}


def read(tmp_path, *cases, **changes):
    document = sample_run.run(list(cases) or None)
    document.update(changes)
    (tmp_path / "run.json").write_text(json.dumps(document))
    return recorded.read(tmp_path)


def test_metrics_are_by_round_with_the_interval_that_the_run_tells(tmp_path):
    rates = metric("mpps", "Mpps", "higher", *[5.0] * 9, 1.0, None, 3.0)
    case, = read(tmp_path, sample_run.case(metrics=[rates, metric("tax_cycles", "cycles", "lower")])).cases
    found, = case.metrics       # the other has no value
    assert (found.n, found.median, found.values[-2:]) == (11, 5.0, (1.0, 3.0))
    assert found.ci95 == tuple(sample_run.case()["summary"]["mpps"]["ci95"]) and not found.at_least
    assert case.ns_per_packet == sample_run.case()["summary"]["ns_per_packet"]["median"]


def test_an_older_run_has_the_metrics_of_its_summary(tmp_path):
    case, refused = read(tmp_path).cases
    assert [(one.name, one.unit, one.better, one.n) for one in case.metrics] == [
        ("mpps", "Mpps", "higher", 5), ("cycles_per_packet", "cycles", "lower", 5)]
    assert case.metrics[0].median == sample_run.case()["summary"]["mpps"]["median"]
    assert (refused.status, refused.reason, refused.metrics) == ("unsupported", "veth has no offload", ())
    assert case.setting["frame_size"] == "64" and case.ports == {}


def test_lower_bounds_are_told_by_the_limiter_and_by_the_method(tmp_path):
    def goal(name, regular):
        return {"name": name, "loss_ratio": 0, "round": 0, "lower_pps": 1e6, "upper_pps": None,
                "conditional_pps": 1e6, "regular": regular, "reason": None if regular else "made up",
                "trials": 1, "seconds": 1.0}
    limited = sample_run.case(limiter="link", metrics=[
        metric("mpps", "Mpps", "higher", 5.0), metric("cycles_per_packet", "cycles", "lower", 500.0)])
    searched = sample_run.case(id="searched", summary=None, search={
        "goals": [goal("NDR", False), goal("PDR", True)], "floor": None}, metrics=[
            metric("NDR", "packets/s", "higher", 1e6), metric("PDR", "packets/s", "higher", 1e6)])
    run = read(tmp_path, limited, searched)
    assert [[one.at_least for one in case.metrics] for case in run.cases] == [[True, False], [True, False]]


@pytest.mark.parametrize("key", ["sweep", "latency", "soak"])
def test_a_method_without_a_summary_is_read(tmp_path, key):
    case = sample_run.case(summary=None, metrics=[metric("p99 at 50%", "ns", "lower", 900.0)], **{key: {}})
    assert read(tmp_path, case).cases[0].metrics[0].median == 900.0


def test_facts_are_texts_by_name_without_what_is_fleeting(tmp_path):
    facts = read(tmp_path).facts
    assert (facts["kernel.release"], facts["cpu.governor"]) == ("6.1.0-test", None)
    assert (facts["cpu.flags"], facts["cpu.smt"], facts["dut_port.rings.rx"]) == ("sse4_2 avx2", "false",
                                                                                  "256")
    assert not [name for name in facts if name.startswith(("load", "missing")) or name.endswith((".mac",
                                                                                                 "tsc_hz"))]


def test_no_text_of_a_record_controls_a_terminal(tmp_path):
    case = sample_run.case(status="failed", reason="\x1b[31mred\u202e", id="a\x07b")
    found, = read(tmp_path, case).cases
    assert (found.id, found.reason) == ("a\\u0007b", "\\u001b[31mred\\u202e")


@pytest.mark.parametrize("change, said", [
    ({"schema": "pktbench-run/2"}, "/schema: is 'pktbench-run/2', this version reads 'pktbench-run/1'"),
    ({"cases": {}}, "/cases: "), ({"run": {}}, "/run: "),
    ({"cases": [sample_run.case(), sample_run.case()]},
     "/cases/1/id: 'xdp-native/drop/64B/1q/1f' is not unique"),
    ({"cases": [sample_run.case(metrics=[metric("mpps", "Mpps", "up", 1.0)])]},
     "/cases/0/metrics/0/better: "),
    ({"cases": [sample_run.case(virtual="yes")]}, "/cases/0/virtual: ")])
def test_what_is_no_run_is_said_with_its_place(tmp_path, change, said):
    with pytest.raises(checked.InputError) as error:
        read(tmp_path, **change)
    assert str(error.value).startswith(f"{tmp_path}/run.json: {said}")
