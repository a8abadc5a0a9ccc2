#!/usr/bin/python3
"""Writes the fixtures of this folder: made-up runs, no figure in them was measured."""
import json
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent.parent / "results" / "schema"))

import sample_run  # noqa: E402
from sample_run import case, noisy_trials  # noqa: E402


def four():
    """Four backends at 64 B; one invalid trial, one case limited by the generator."""
    rejected = noisy_trials(2.4, 1084, seed=3)
    rejected[3].update(status="invalid", reason="unaccounted 14 packets, tolerance 0", unaccounted=14)
    rejected[3]["offered"]["packets"] += 14
    return sample_run.run([
        case("xdp-native", noisy_trials(7.4, 329, seed=1, limiter="generator"), mode=("native", "native")),
        case("xdp-generic", noisy_trials(3.7, 677, seed=2, lost=40000), mode=("generic", "generic")),
        case("tc-drop", rejected, mode=("clsact", "clsact")),
        case("udp-recvmmsg", noisy_trials(0.36, 7114, seed=4, noise=0.2, lost=3000000),
             mode=("socket", "socket")),
    ])


def twenty():
    """Twenty-one cases with every kind of row: options, queues, fallback, no cycles, and every status."""
    af_xdp = {"mode": ("zerocopy", "copy"), "backend_options": {"copy_mode": "prefer", "wakeup": "poll"}}
    busy = {"mode": ("copy", "copy"), "backend_options": {"copy_mode": "copy", "wakeup": "busy-poll"}}
    cases = [
        case("udp-recvfrom", noisy_trials(0.29, 8865, seed=1, noise=0.2)),
        case("udp-recvmmsg", noisy_trials(0.36, 7114, seed=2, noise=0.2)),
        case("udp-uring", noisy_trials(0.36, 7019, n=6, seed=3, noise=0.2)),
        case("packet-mmap", noisy_trials(0.82, 3101, n=12, seed=4, noise=0.1)),
        case("xdp-native", noisy_trials(7.4, 329, n=12, seed=5, noise=0.1)),
        case("xdp-native", noisy_trials(13.9, 344, n=12, seed=6, limiter="generator"), queues=2),
        case("xdp-native", noisy_trials(14.88, 351, seed=7, noise=0.001, limiter="link"), queues=4),
        case("xdp-generic", noisy_trials(3.7, 677, seed=8)),
        case("xdp-offload", status="unsupported", mode=("offload", None),
             reason="the driver veth has no XDP offload (EOPNOTSUPP): Invalid argument when attaching "
                    "with XDP_FLAGS_HW_MODE; a NIC with offload support such as nfp is needed, and the "
                    "firmware that comes with it must be loaded before the port is brought up for the "
                    "first time after boot"),
        case("tc-drop", noisy_trials(2.5, 1034, seed=9)),
        case("nft-drop", noisy_trials(2.4, 1084, seed=10, limiter="unknown")),
        case("kprobe-count", sample_run.one_left_out(noisy_trials(1.9, None, n=6, seed=11)),
             condition=sample_run.condition(92.0, 5, 1)),
        case("af_xdp", noisy_trials(2.0, 1240, seed=12), **af_xdp),
        case("af_xdp", noisy_trials(2.4, 1074, seed=13), **busy),
        case("dpdk", noisy_trials(0.81, 3252, seed=14), backend_options={"driver": "net_af_xdp"}),
        case("dpdk", noisy_trials(0.35, 7446, seed=15), backend_options={"driver": "net_af_packet"}),
        case("dpdk", status="failed", reason="EAL: no free 2048 kB hugepages on socket 0",
             backend_options={"driver": "net_pcap"}, mode=("poll", None)),
        case("external", [sample_run.trial(mpps=6.0, cycles=381.0)]),
        case("fake", status="interrupted", reason="SIGINT before its first trial ended", mode=("fake", None)),
        case("packet-mmap", [sample_run.disturbed(i, 0.7 + i / 100) for i in range(6)], status="disturbed",
             reason="none of 5 rounds was undisturbed; the last: disturbed: others had 21.0% of CPU 1",
             condition=sample_run.condition(420.0, 6)),
        case("fake", [sample_run.trial(i, 5.0, status="invalid", reason="costs $5 & <unaccounted>",
                                       unaccounted=9) for i in range(3)],
             status="invalid", mode=("fake", "fake"),
             reason="every trial invalid: costs $5 & <unaccounted> packets: 9, 9, 9; tolerance $0"),
    ]
    for index, made in enumerate(cases):
        made["id"] = f"{made['backend']}/drop/64B/{made['queues']}q/1f/{index}"
    return sample_run.run(cases, interrupted=True)


def several():
    """Cases that may not share a figure: two frame sizes, and cycles from the PMU and from the TSC."""
    nic = {"testbed": "nic", "arrangement": "softirq", "virtual": False}
    cases = [
        case("xdp-native", noisy_trials(10.1, 190, seed=1, source="pmu"), **nic),
        case("af_xdp", noisy_trials(6.1, 380, seed=2, source="tsc"), **nic),
        case("xdp-offload", status="unsupported", reason="not in this driver", mode=("offload", None), **nic),
        case("xdp-native", noisy_trials(0.81, 200, seed=3, source="pmu", frame_size=1518),
             frame_size=1518, id="xdp-native/drop/1518B/1q/1f", **nic),
    ]
    return sample_run.run(cases, driver="example-nic")


def floor():
    """One path against itself, at the maximum rate and paced, and against too few rounds of a third."""
    cases = []
    for rate, noise, seed in ((None, 0.06, 1), (500000, 0.008, 5)):
        for label in ("a1", "a2"):
            seed += 1
            trials = noisy_trials(0.5 if rate else 7.4, 900 if rate else 329, n=20, seed=seed, noise=noise,
                                  target_pps=rate)
            suffix = "/500000pps" if rate else ""
            cases.append(case("xdp-native", trials, label=label, rate_pps=rate,
                              id=f"xdp-native/drop/64B/1q/1f{suffix}/label={label}"))
    cases.append(case("xdp-native", noisy_trials(7.3, None, n=3, seed=9), telemetry="none",
                      id="xdp-native/drop/64B/1q/1f/telemetry=none"))
    pairs = [sample_run.pair(cases[i], cases[i + 1], measure)
             for i in (0, 2) for measure in ("mpps", "cycles_per_packet")]
    return sample_run.run(cases, pairs=[*pairs, sample_run.pair(cases[0], cases[4])])


FIXTURES = {"floor.json": floor, "four.json": four, "twenty.json": twenty, "several.json": several}


def text(name):
    """The content of one fixture."""
    return json.dumps(FIXTURES[name](), indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    for fixture in FIXTURES:
        (HERE / fixture).write_text(text(fixture), encoding="utf-8")
