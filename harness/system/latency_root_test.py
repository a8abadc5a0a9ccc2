"""The method `latency` on veth: every frame has its delay; a receiver that stands still shows in the tail."""
import json
import os
import subprocess
import sys

import pytest

from runs import BRIEF, MARKS, run, validate

pytestmark = MARKS

BACKENDS = ["xdp-native", "xdp-generic", "udp-recvfrom", "udp-recvmmsg", "udp-uring", "packet-mmap", "af_xdp",
            {"name": "dpdk", "driver": "net_af_xdp"}, {"name": "dpdk", "driver": "net_af_packet"}]
OPTIONAL = "udp-uring", "dpdk"  # a build may be without
STALL_S = 0.055
# Takes a CPU for that long, twice a second, for a minute at most.
HOG = f"""
import os, sys, time
os.sched_setaffinity(0, {{int(sys.argv[1])}})
os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(99))
print("begun", flush=True)
end = time.monotonic() + 60
while time.monotonic() < end:
    busy = time.monotonic() + {STALL_S}
    while time.monotonic() < busy:
        pass
    time.sleep(0.5 - {STALL_S})
"""


def measured(tmp_path, backends, *settings, generator="packet-sendmmsg", workload="drop", testbed="veth",
             status_is=0):
    """The cases of a run at one load."""
    scenario = tmp_path / "scenario.json"
    scenario.write_text(json.dumps({
        "testbed": {"name": "veth", "arrangement": "isolated"} if testbed == "veth" else testbed,
        "traffic": {"generator": generator}, "backends": backends, "workloads": [workload],
        "method": {"name": "latency", "trials": 1, "pdr_pps": 20_000, "loads": "50%", "unloaded_pps": 0}}))
    chosen = [part for setting in settings for part in ("--set", setting)]
    status, stdout, stderr = run(tmp_path / "out", *BRIEF[2:], "--set", "/method/max_repeats=0", *chosen,
                                 scenario=scenario)
    assert status == status_is, stderr + stdout
    trials = [tmp_path / "out" / "trials.jsonl"] if status == 0 else []  # else there is none in it
    validate(tmp_path / "out" / "run.json", *trials)
    return json.loads((tmp_path / "out" / "run.json").read_text())["cases"]


def was_measured(case):
    """Whether it was; else this build is without its backend."""
    if case["status"] == "unsupported" and case["backend"] in OPTIONAL and "built without" in case["reason"]:
        return False
    assert case["status"] == "ok", case["reason"]
    return True


def delays_of(case):
    """Of its one trial: each frame that came is counted once, and none came twice, out of turn or early."""
    trial, = case["trials"]
    found = trial["latency"]
    assert found["duplicated"] == found["reordered"] == found["early"] == found["beyond"] == 0
    assert found["unstamped"] == 0
    load, = case["latency"]["loads"]
    assert load["count"] == found["count"] and load["ns"]["p99"] >= load["ns"]["p50"] > 0
    assert load["limiter"] == ("generator" if load["generator_share"] > 0.5 else "dut")
    return trial, load


@pytest.mark.parametrize("generator", ["packet-sendmmsg", "udp-sendmmsg", "xdp-live"])
def test_every_frame_has_its_delay(tmp_path, generator):
    cases = measured(tmp_path, BACKENDS, "/method/duration_s=0.3", generator=generator)
    assert len(cases) == len(BACKENDS)
    for case in filter(was_measured, cases):
        trial, load = delays_of(case)
        found = trial["latency"]
        assert found["count"] == trial["received"]["packets"] > 1000, case["id"]
        assert found["lost"] == sum(trial["drops"].values()) == trial["offered"]["packets"] - found["count"]
        assert (load["stamp"], load["one_way"]) == ("software", True)
        assert case["generator_batch"] == 1
        # A frame is not there before it was handed on.
        assert load["ns"]["max"] >= load["generator_late_ns"]["min"]
        assert load["null_path"]["p50_ns"] > 0


def test_what_is_reflected_has_the_delay_of_its_round_trip(tmp_path):
    backends = [one for one in BACKENDS if one != "udp-uring"]
    cases = measured(tmp_path, backends, "/method/duration_s=0.3", workload="reflect")
    assert len(cases) == len(backends)
    for case in filter(was_measured, cases):
        trial, load = delays_of(case)
        assert load["one_way"] is False and load["stamp"] == "software"
        assert trial["latency"]["count"] == trial["returned"]["packets"] > 1000, case["id"]
        assert load["lost"] == trial["offered"]["packets"] - trial["returned"]["packets"]


def test_frames_without_a_device_have_their_delay(tmp_path):
    backends = [{"name": "dpdk", "driver": driver} for driver in ("net_ring", "net_virtio_user", "net_null")]
    for workload in ("drop", "reflect"):
        folder = tmp_path / workload
        folder.mkdir()
        cases = measured(folder, backends, "/method/duration_s=0.3", generator="memory", testbed="memory",
                         workload=workload)
        *measurable, null = cases
        assert null["status"] == "unsupported" and "net_null" in null["reason"]
        for case in filter(was_measured, measurable):
            trial, load = delays_of(case)
            came = trial["received" if workload == "drop" else "returned"]["packets"]
            assert trial["latency"]["count"] == came > 1000
            assert load["one_way"] is (workload == "drop")
            # A frame is not there before it was handed on.
            assert load["ns"]["max"] >= load["generator_late_ns"]["min"]


@pytest.mark.parametrize("ip", [4, 6])
def test_the_kernels_stamp_is_of_every_frame(tmp_path, ip):
    cases = measured(tmp_path, ["udp-recvfrom", "udp-recvmmsg", "packet-mmap"], "/method/duration_s=0.3",
                     "/method/stamp=kernel", f"/traffic/ip={ip}", "/traffic/frame_size=84")
    for case in filter(was_measured, cases):
        trial, load = delays_of(case)
        assert trial["latency"]["count"] == trial["received"]["packets"] > 1000, case["id"]
        assert (load["stamp"], load["one_way"]) == ("kernel", True)
        # It was taken after the frame was handed on, and not by another clock.
        assert load["ns"]["min"] >= load["generator_late_ns"]["min"] and load["ns"]["p50"] < 1e9


def test_a_stamp_that_there_is_not_is_unsupported_with_the_reason(tmp_path):
    cases = measured(tmp_path, ["xdp-native", "xdp-generic", "af_xdp", "udp-uring", "dpdk"],
                     "/method/stamp=kernel", status_is=4)
    assert [case["status"] for case in cases] == ["unsupported"] * 5
    for case, why in zip(cases, ("before the kernel stamps it", "does not show",
                                 "before the kernel stamps it", "IORING_OP_RECV", "poll-mode")):
        assert why in case["reason"] and case["reason"].endswith("use the stamp software")
    (tmp_path / "hardware").mkdir()
    cases = measured(tmp_path / "hardware", ["udp-recvmmsg", "packet-mmap", "xdp-native"],
                     "/method/stamp=hardware", status_is=4)
    for case in cases:
        assert case["reason"].endswith("pbdut0 has no hardware stamps: its driver makes none"), case["reason"]
    (tmp_path / "back").mkdir()
    case, = measured(tmp_path / "back", ["udp-recvmmsg"], "/method/stamp=kernel", workload="reflect",
                     status_is=4)
    assert "come back have no stamp of the kernel" in case["reason"]


@pytest.mark.parametrize("stamp", ["software", "kernel"])
def test_a_receiver_that_stands_still_shows_in_the_tail(tmp_path, stamp):
    """Of the workload's stamp. With the softirqs on the generator's CPU the kernel has frames in time."""
    dut = max(os.sched_getaffinity(0))
    hog = subprocess.Popen([sys.executable, "-c", HOG, str(dut)], stdout=subprocess.PIPE, text=True)
    try:
        assert hog.stdout.readline() == "begun\n"
        # So few that the ring holds what comes meanwhile.
        case, = measured(tmp_path, ["udp-recvmmsg"], "/method/duration_s=1.5", "/method/loads=\"3000\"",
                         f"/testbed/dut_cpu={dut}", "/testbed/arrangement=inline", f"/method/stamp={stamp}")
    finally:
        hog.kill()
        hog.wait()
    load, = case["latency"]["loads"]
    # In 1.5 s it stood still for 55 ms twice at least: some 330 frames of 4,500 were due meanwhile.
    if stamp == "software":
        assert load["ns"]["p99.9"] > 45e6
        assert load["ns"]["p99"] > 20e6
    else:
        assert load["ns"]["p99"] < 20e6
