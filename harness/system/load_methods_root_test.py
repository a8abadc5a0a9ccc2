"""The methods that measure at loads, on veth: every frame of every load and burst is accounted for."""
import json

import pytest

from runs import BRIEF, MARKS, SOURCE, run, validate

pytestmark = MARKS


def measured(tmp_path, scenario, *settings):
    """The cases of a run of one of our scenarios, cut short, each with its frames accounted for."""
    out = tmp_path / "out"
    chosen = [part for setting in settings for part in ("--set", setting)]
    status, stdout, stderr = run(out, *BRIEF[2:], *chosen, scenario=SOURCE / f"scenarios/{scenario}.json")
    assert status == 0, stderr + stdout
    validate(out / "run.json", out / "trials.jsonl")
    cases = json.loads((out / "run.json").read_text())["cases"]
    for case in cases:
        assert case["status"] == "ok", case["reason"]
        for trial in case["trials"]:
            assert trial["status"] != "ok" or trial["unaccounted"] == 0
    return cases


def target(case, row):
    """The rate that was asked for at a load of a sweep."""
    trial, = [trial for trial in case["trials"] if trial["index"] == row["trial"]]
    return trial["offered"]["target_pps"]


def test_a_sweep_on_veth(tmp_path):
    cases = measured(tmp_path, "load-sweep", "/method/loads=20%, 40000", "/method/sweeps=1",
                     "/method/duration_s=0.3", "/method/pdr_pps=100000")
    assert [case["backend"] for case in cases] == ["xdp-native", "udp-recvmmsg", "af_xdp"]
    for case in cases:
        assert case["reference"][0]["what"] == "given"
        share, absolute = case["sweep"]["loads"]
        assert [target(case, row) for row in (share, absolute)] == [20_000, 40_000]
        for row in (share, absolute):
            assert row["cycles_per_packet"] > 0 and row["dut_cpu"]["charged"] > 0
    assert cases[1]["sweep"]["loads"][0]["wakeups_per_s"] > 0


def test_a_reference_that_is_found_on_veth(tmp_path):
    # A virtual CPU that is stopped for a moment loses frames at any load.
    case, = measured(tmp_path, "load-sweep", "/method/loads=20%", "/method/sweeps=1",
                     "/method/duration_s=0.3", "/method/pdr_loss=0.3", "/backends=[\"xdp-native\"]")
    reference, = case["reference"]
    assert reference["what"] == "PDR 30%" and reference["trials"] > 1
    row, = case["sweep"]["loads"]
    assert target(case, row) == pytest.approx(0.2 * reference["pps"])


def test_bursts_on_veth(tmp_path):
    cases = measured(tmp_path, "back-to-back", "/method/tests=1", "/method/longest_s=0.2",
                     "/method/width=0.1", "/method/pdr_pps=100000", "/backends=[\"udp-recvmmsg\"]")
    bursts = [trial for trial in cases[0]["trials"] if "burst_frames" in trial]
    # Not a frame more than asked for; fewer where this machine had no time to send them.
    assert all(trial["offered"]["packets"] <= trial["burst_frames"] for trial in bursts)
    assert any(trial["offered"]["packets"] == trial["burst_frames"] for trial in bursts)
    assert cases[0]["back_to_back"]["tests"][0]["trials"] >= len(bursts)


def test_a_soak_on_veth(tmp_path):
    cases = measured(tmp_path, "soak", "/method/load=\"20000\"", "/method/duration_s=3",
                     "/method/window_s=0.3")
    windows = cases[0]["soak"]["windows"]
    assert len(windows) == 10
    assert all(window["rss_bytes"] > 1e6 and window["open_fds"] > 10 for window in windows)
    assert len(cases[0]["soak"]["drifts"]) == 5
