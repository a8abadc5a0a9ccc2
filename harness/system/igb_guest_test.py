"""Every path on an emulated Intel card that has native XDP, zero-copy, two queues and a driver in DPDK."""
import os
import sys

import pytest

sys.path.insert(0, os.path.join(os.environ["PKTBENCH_SOURCE"], "scripts"))
import guest as lab_guest  # noqa: E402
from guest import BINARY, IGB, needs_dpdk, run_of, scenario  # noqa: E402

# Backend: its effective mode.
MODES = {"udp-recvmmsg": "udp-recvmmsg", "packet-mmap": "packet-mmap", "xdp-native": "xdp-native",
         "xdp-generic": "xdp-generic", "af_xdp": "af_xdp/auto/native→af_xdp/zerocopy/native", "dpdk": "dpdk"}
# UDP ports do not count for igb's hash by default.
HASH = f"""
port=$(ls /sys/bus/pci/devices/{IGB}/net)
ip link set $port up && ethtool -N $port rx-flow-hash udp4 sdfn || exit 1
"""
FLOWS = 64


def igb(shared):
    kernels = [name for name in MODES if name != "dpdk"]
    dpdk = [] if lab_guest.why_no_dpdk() else [{"name": "dpdk", "driver": "pci"}]
    scenario(shared / "igb.json", kernels + dpdk, 1, "igb")
    scenario(shared / "igb-2q.json", kernels, 1, "igb", queues=2, flows=FLOWS)
    run = f"{BINARY} run {shared}/igb%s.json --out {shared}/igb%s >&2 || exit 1\n"
    return run % ("", "") + HASH + run % ("-2q", "-2q")


def parts():
    if not lab_guest.why_no_igb():
        yield "igb", igb


@pytest.fixture(name="runs", scope="module")
def fixture_runs():
    """By number of queues, the cases by backend."""
    if lab_guest.why_no_igb():
        pytest.skip(lab_guest.why_no_igb())
    lab_guest.boot().passed("igb")
    return {queues: {case["backend"]: case for case in run_of(lab_guest.boot().shared / name)["cases"]}
            for queues, name in ((1, "igb"), (2, "igb-2q"))}


@pytest.mark.parametrize("queues", [1, 2])
def test_every_path_counts_every_frame_in_the_mode_that_the_card_has(runs, queues):
    for name, case in runs[queues].items():
        assert (case["mode"]["effective"], case["queues"]) == (MODES[name], queues)
    assert runs[queues].keys() >= MODES.keys() - {"dpdk"}


def test_both_queues_receive(runs):
    told = [name for name, case in runs[2].items() if case["trials"][0]["received"]["per_queue"]]
    assert {"xdp-native", "af_xdp"} <= set(told)
    for name in told:
        received = runs[2][name]["trials"][0]["received"]
        assert sum(received["per_queue"]) == received["packets"], name
        assert min(received["per_queue"]) > received["packets"] / 5, name


def test_dpdk_drives_the_card_itself(runs):
    needs_dpdk()
    assert runs[1]["dpdk"]["mode"]["details"]["driver"] == "net_e1000_igb"
