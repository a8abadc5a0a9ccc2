"""Every path on an emulated Intel card that has native XDP, zero-copy, two queues and a driver in DPDK."""
import json
import os
import re
import sys

import pytest

sys.path.insert(0, os.path.join(os.environ["PKTBENCH_SOURCE"], "scripts"))
import guest as lab_guest  # noqa: E402
from guest import IGB, needs_dpdk, run_of, scenario  # noqa: E402

# Backend: its effective mode.
MODES = {"udp-recvmmsg": "udp-recvmmsg", "packet-mmap": "packet-mmap", "xdp-native": "xdp-native",
         "xdp-generic": "xdp-generic", "af_xdp": "af_xdp/zerocopy/native", "dpdk": "dpdk"}
FLOWS = 64
# How the port spreads frames; its table is known once it is up, as it has not been in the first run.
SPREAD = f"""
spread() {{
  ip link set "$(ls /sys/bus/pci/devices/{IGB}/net)" up
  sleep 0.5
  ethtool -l "$(ls /sys/bus/pci/devices/{IGB}/net)"
  ethtool -x "$(ls /sys/bus/pci/devices/{IGB}/net)"
  ethtool -n "$(ls /sys/bus/pci/devices/{IGB}/net)" rx-flow-hash udp4
}}
"""


def igb(shared):
    kernels = [name for name in MODES if name != "dpdk"]
    dpdk = [] if lab_guest.why_no_dpdk() else [{"name": "dpdk", "driver": "pci"}]
    scenario(shared / "igb.json", kernels + dpdk, 1, "igb")
    scenario(shared / "igb-2q.json", kernels + dpdk, 1, "igb", 2, {"rx_flow_hash": "sdfn"}, flows=FLOWS)
    scenario(shared / "igb-1of2q.json", ["xdp-native"], 1, "igb", 2, flows=FLOWS)
    scenario(shared / "igb-live.json", ["xdp-native"], 1, "igb", generator="xdp-live")
    scenario(shared / "igb-reflect.json", ["xdp-native", "af_xdp", *dpdk], 1, "igb")
    script = SPREAD
    for name, arguments, status in (("igb", (), 0), ("igb-2q", (), 0), ("igb-1of2q", (), 6),
                                    ("igb-live", (), 0),
                                    ("igb-reflect", ("--set", '/workloads=["reflect"]'), 0)):
        script += "" if name == "igb" else f"spread >{shared}/{name}.before || exit 1\n"
        script += lab_guest.run(shared / f"{name}.json", shared / name, *arguments, status=status)
        script += f"spread >{shared}/{name}.after\n"
    return script


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
    assert runs[1].keys() == runs[2].keys() >= MODES.keys() - {"dpdk"}


def test_both_queues_receive(runs):
    told = [name for name, case in runs[2].items() if case["trials"][0]["received"]["per_queue"]]
    assert set(told) >= {"xdp-native", "af_xdp", "dpdk"} & runs[2].keys()
    for name in told:
        received = runs[2][name]["trials"][0]["received"]
        assert sum(received["per_queue"]) == received["packets"], name
        assert min(received["per_queue"]) > received["packets"] / 5, name


def test_dpdk_drives_the_card_itself(runs):
    needs_dpdk()
    for cases in runs.values():
        assert cases["dpdk"]["mode"]["details"]["driver"] == "net_e1000_igb"


def test_a_queue_that_the_hash_leaves_empty_is_named_with_the_remedy(runs):
    case, = json.loads((lab_guest.boot().shared / "igb-1of2q" / "run.json").read_text())["cases"]
    assert case["status"] == "failed"
    assert re.fullmatch(r"xdp-native counted nothing on RX queue [01] of 2 on (\w+); \1 chooses the queue of "
                        r'a UDP frame by "sd", without its ports, .* set /testbed/rx_flow_hash to "sdfn"',
                        case["reason"])


def test_redirected_frames_leave_an_igb_by_a_program_that_the_run_names(runs):
    document = run_of(lab_guest.boot().shared / "igb-live")
    generator, = [port for port in document["ports"] if port["role"] == "generator"]
    assert [setting["after"] for setting in generator["settings"] if setting["setting"] == "xdp"] == ["pass"]


def test_the_sending_port_counts_itself_what_was_offered(runs):
    live = {"live": case for case in run_of(lab_guest.boot().shared / "igb-live")["cases"]}
    for cases in (*runs.values(), live):
        for name, case in cases.items():
            for trial in case["trials"]:
                assert trial["evidence"]["left_the_port"] == trial["offered"]["packets"], name
                assert trial["offered"]["not_taken"] == 0, name
                assert trial["evidence"]["pause_frames"] == 0, name


def test_what_is_sent_back_is_counted_at_the_other_port(runs):
    for case in run_of(lab_guest.boot().shared / "igb-reflect")["cases"]:
        for trial in case["trials"]:
            assert trial["returned"]["packets"] == trial["received"]["packets"], case["id"]


@pytest.mark.parametrize("name", ["igb-2q", "igb-1of2q", "igb-live", "igb-reflect"])
def test_how_frames_are_spread_is_given_back(runs, name):
    before, after = ((lab_guest.boot().shared / f"{name}.{when}").read_text() for when in ("before", "after"))
    assert re.search(r"^ +\d+:.* 1 ", before, re.MULTILINE), "both queues have frames of an untouched port"
    assert "RSS hash key:" in before and "IP SA" in before and "src port" not in before
    assert after == before
