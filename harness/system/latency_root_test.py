"""The method `latency` on veth: every frame has its delay; a receiver that stands still shows in the tail."""
import json
import os
import subprocess
import sys

import pytest

from runs import BRIEF, MARKS, run, validate

pytestmark = MARKS

BACKENDS = ["xdp-native", "xdp-generic", "udp-recvfrom", "udp-recvmmsg", "udp-uring", "packet-mmap", "af_xdp"]
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


def measured(tmp_path, backends, *settings, generator="packet-sendmmsg"):
    """The cases of a run at one load, each with its frames accounted for."""
    scenario = tmp_path / "scenario.json"
    scenario.write_text(json.dumps({
        "testbed": {"name": "veth", "arrangement": "isolated"}, "traffic": {"generator": generator},
        "backends": backends, "method": {"name": "latency", "trials": 1, "pdr_pps": 20_000, "loads": "50%",
                                         "unloaded_pps": 0}}))
    chosen = [part for setting in settings for part in ("--set", setting)]
    status, stdout, stderr = run(tmp_path / "out", *BRIEF[2:], "--set", "/method/max_repeats=0", *chosen,
                                 scenario=scenario)
    assert status == 0, stderr + stdout
    validate(tmp_path / "out" / "run.json", tmp_path / "out" / "trials.jsonl")
    return json.loads((tmp_path / "out" / "run.json").read_text())["cases"]


@pytest.mark.parametrize("generator", ["packet-sendmmsg", "udp-sendmmsg", "xdp-live"])
def test_every_frame_has_its_delay(tmp_path, generator):
    cases = measured(tmp_path, BACKENDS, "/method/duration_s=0.3", generator=generator)
    assert [case["backend"] for case in cases] == BACKENDS
    for case in cases:
        if case["status"] == "unsupported" and case["backend"] == "udp-uring":
            continue
        assert case["status"] == "ok", case["reason"]
        trial, = case["trials"]
        found = trial["latency"]
        assert found["count"] == trial["received"]["packets"] > 1000, case["id"]
        assert found["lost"] == sum(trial["drops"].values()) == trial["offered"]["packets"] - found["count"]
        assert found["duplicated"] == found["reordered"] == found["early"] == found["beyond"] == 0
        load, = case["latency"]["loads"]
        assert load["count"] == found["count"] and load["ns"]["p99"] >= load["ns"]["p50"] > 0
        # A frame is not there before it was handed on.
        assert load["ns"]["max"] >= load["generator_late_ns"]["min"]
        assert load["null_path"]["p50_ns"] > 0


def test_a_receiver_that_stands_still_shows_in_the_tail(tmp_path):
    dut = max(os.sched_getaffinity(0))
    hog = subprocess.Popen([sys.executable, "-c", HOG, str(dut)], stdout=subprocess.PIPE, text=True)
    try:
        assert hog.stdout.readline() == "begun\n"
        # So few that the ring holds what comes meanwhile.
        case, = measured(tmp_path, ["udp-recvmmsg"], "/method/duration_s=1.5", "/method/loads=\"3000\"",
                         f"/testbed/dut_cpu={dut}")
    finally:
        hog.kill()
        hog.wait()
    load, = case["latency"]["loads"]
    # In 1.5 s it stood still for 55 ms twice at least: some 330 frames of 4,500 were due meanwhile.
    assert load["ns"]["p99.9"] > 45e6
    assert load["ns"]["p99"] > 20e6
