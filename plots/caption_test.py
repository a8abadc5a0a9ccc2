"""The caption says what was measured, on what, and what it does not say."""
import pytest

from plots import caption, fixtures, groups, load, rows


def captions(run):
    return [caption.backends(run, group) for group in groups.split(run)]


@pytest.mark.parametrize("said", [
    "; virtual, so no statement about hardware.", "veth, isolated arrangement",
    "live-frames in batches of 16", "64 B frames", "1 flow,", "maximum rate", "1 queue;", "5 ok trials × 2 s",
    "TSC (on-CPU time × TSC frequency)", "(95% wanted, 93.8% covered)",
    "≥: lower bound, because the generator was the limit", "1 trial not ok and in no median",
    "unaccounted 14 packets", "Example CPU @ 2.60GHz", "kernel: 6.1.0-test", "veth 6.1.0",
    "made-up-test-data", "pktbench 0.1.0 (commit 0123456789ab)", "2026-01-02"])
def test_caption_of_four_backends(said):
    assert said in captions(fixtures.run("four"))[0]


def test_hardware_is_not_called_virtual_and_sources_are_named():
    pmu, tsc, large = captions(fixtures.run("several"))
    assert "irtual" not in pmu + tsc + large
    assert "PMU (core cycles" in pmu and "cycles from tsc are in a figure of their own" in pmu
    assert "TSC (on-CPU" in tsc
    assert "1518 B" in large


@pytest.mark.parametrize("kinds, said", [
    ((True, False, False, False), True), ((False,) * 4, False), ((True,) * 4, False), ((None,) * 4, False)])
def test_who_touches_the_frame_is_said_where_both_kinds_drop(tmp_path, kinds, said):
    document = fixtures.document("four")
    for case, kind in zip(document["cases"], kinds):
        if kind is not None:
            case["reads_tag"] = kind
    (text,) = captions(load.load(fixtures.write(tmp_path, document)))
    first, second = (case["backend"] for case in document["cases"][:2])
    assert ("Drop is not the same work for all" in text) is said
    assert (f"tag is read by {first}; nothing of a frame is read by the programs" in text) is said
    if said:
        assert second in text.split("loops of ")[1].split(".")[0]


def test_a_mix_of_sizes_and_ipv6_are_named(tmp_path):
    document = fixtures.document("four")
    for case in document["cases"]:
        case.update(frame_size=None, frame_mix="imix", ip=6)
    run = load.load(fixtures.write(tmp_path, document))
    (said,) = captions(run)
    assert "IMIX (7:4:1 of 64, 594 and 1518 B) frames (with FCS), IPv6, 1 flow" in said
    assert "imix IPv6" in caption.setting(run.cases[0])
    assert "None" not in said + caption.setting(run.cases[0])


def test_interruption_and_unknown_limit_are_said():
    (said,) = captions(fixtures.run("twenty"))
    assert "The run was interrupted." in said
    assert "not known for nft-drop/" in said


def test_fewer_rounds_than_asked_for_are_said_where_the_figure_is(tmp_path):
    document = fixtures.document("four")
    document["run"]["interrupted"] = True
    for case in document["cases"]:
        case["rounds_planned"] = 9
    document["cases"][1]["rounds_planned"] = 5
    run = load.load(fixtures.write(tmp_path, document))
    (said,) = captions(run)
    first, second = run.cases[:2]
    assert f"Fewer rounds than were asked for: {first.id}: interrupted, 5 of 9; " in said
    assert f"{second.id}: interrupted" not in said
    assert "interrupted, 5 of 9" in rows.trial_counts(first)
    assert "interrupted" not in rows.trial_counts(second)


def test_missing_environment_gives_its_reason(tmp_path):
    document = fixtures.document("four")
    before = document["environment"]["before"]
    before["cpu"]["model"] = None
    before["missing"]["cpu.model"] = "no /proc/cpuinfo"
    (said,) = captions(load.load(fixtures.write(tmp_path, document)))
    assert "CPU: not known (no /proc/cpuinfo)" in said


def test_every_case_without_a_figure_is_listed_in_full():
    run = fixtures.run("twenty")
    (group,) = groups.split(run)
    lines = caption.not_measured(group)
    rejected = [case for case in run.cases if case.status not in ("ok", "disturbed")]
    assert lines == [f"{case.id}: {case.status}: {case.reason}" for case in rejected]


def test_cpus_that_poll_and_bursts_are_said_where_they_were(tmp_path):
    document = fixtures.document("four")
    for case in document["cases"]:
        case["dut_idle"] = "poll"
        case["generator_options"] = {"batch": 16, "burst": 8}
    (said,) = captions(load.load(fixtures.write(tmp_path, document)))
    assert "isolated arrangement, CPUs kept from sleeping." in said
    assert "in batches of 16," in said and "bursts" not in said
    for case in document["cases"]:
        case["rate_pps"] = 100000
        case["dut_idle"] = "sleep"
    (said,) = captions(load.load(fixtures.write(tmp_path, document)))
    assert "in bursts of 8," in said
    assert "kept from sleeping" not in said and "batches" not in said
    for case in document["cases"]:
        case["dut_idle"] = "spin"
    (said,) = captions(load.load(fixtures.write(tmp_path, document)))
    assert "isolated arrangement, the receiver's CPU kept from sleeping by a thread." in said
    document["cases"][0]["generator_options"]["burst"] = 1
    assert "in batches of 16," in captions(load.load(fixtures.write(tmp_path, document)))[0]


def test_conditions_and_disturbed_cases_are_said():
    said = captions(fixtures.run("twenty"))[0]
    assert "CPUs near: 92 ns." in said and "CPUs far apart: 420 ns." in said
    assert "Ok trials in another condition, which are left out: 1." in said
    assert ("Disturbed, and not to be relied on: packet-mmap/drop/64B/1q/1f/19: none of 5 rounds was "
            "undisturbed; the last: disturbed: others had 21.0% of CPU 1.") in said
