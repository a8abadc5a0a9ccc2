"""scenarios/nic-compare.json in the guest: an Intel card against a Realtek one, counted frame by frame."""
import json
import subprocess

import guest as lab_guest
import pytest
from guest import BINARY, SOURCE

# What a run could leave changed, without what the kernel numbers anew (ifindex, interrupts).
SNAPSHOT = """snapshot() {
  for pci in 08 09 10 11; do
    cd /sys/bus/pci/devices/0000:00:$pci.0
    echo "$pci $(basename "$(readlink -f driver)") [$(cat driver_override)] $(ls net)"
    # Without what the link agreed upon, which is known once it has been up.
    for setting in -a -c -g -k; do ethtool $setting "$(ls net)" | grep -v negotiated; done
    for conf in /proc/sys/net/ipv4/conf/$(ls net) /proc/sys/net/ipv6/conf/$(ls net); do
      grep . $conf/rp_filter $conf/disable_ipv6
    done
    grep . net/*/gro_flush_timeout net/*/napi_defer_hard_irqs net/*/threaded net/*/queues/*/?ps_cpus
  done
  ip -br link | sort; ip -br address | sort; ip route show table all; ip -6 route show table all; ip rule
  find /run/netns /run/pktbench /sys/fs/bpf -mindepth 1 ! -name '*lock'
  cat /proc/sys/vm/nr_hugepages
  grep HugePages_Free /proc/meminfo
  bpftool prog show
} 2>/dev/null
"""
ROUNDS = 2
INTEL, REALTEK = "e1000e", "rtl8139"


def compare(shared):
    """The run between two snapshots. Frames that no counter names make a trial invalid here; how busy this
    host is does not."""
    return SNAPSHOT + f"""
        snapshot >{shared}/before
        {BINARY} run {SOURCE}/scenarios/nic-compare.json --trials {ROUNDS} --duration 0.5 \\
          --out {shared}/run --set /method/max_disturbance=1 \\
          --set /queues=1 --set /traffic/flows=1 --set /traffic/rate=2000 \\
          --set /testbed/0/unnamed_loss=0 --set /testbed/1/unnamed_loss=0
        status=$?
        snapshot >{shared}/after
        exit $status"""


PARTS = {"compare": compare}


@pytest.fixture(scope="module")
def guest():
    """Directory with run.json, and the guest's state before and after the run."""
    lab_guest.can_boot()
    lab_guest.boot().passed("compare")
    return lab_guest.boot().shared


@pytest.fixture(scope="module")
def run(guest):
    subprocess.run([SOURCE / "results" / "schema" / "validate.py", guest / "run" / "run.json"], check=True)
    return json.loads((guest / "run" / "run.json").read_text())


def by_backend(run, testbed):
    """The testbed's cases by name of backend, with DPDK's driver."""
    return {case["backend"] + (f"/{case['backend_options']['driver']}" if case["backend"] == "dpdk" else ""):
            case for case in run["cases"] if case["testbed_label"] == testbed}


MODES = {"udp-recvmmsg": "udp-recvmmsg", "packet-mmap": "packet-mmap", "xdp-generic": "xdp-generic",
         "af_xdp": "af_xdp/copy/generic", "dpdk/net_af_packet": "dpdk"}


@pytest.mark.parametrize("testbed", [INTEL, REALTEK])
def test_every_frame_is_received_or_its_loss_is_named(run, testbed):
    cases = by_backend(run, testbed)
    for backend, mode in MODES.items():
        case = cases[backend]
        assert (case["status"], case["mode"]["effective"]) == ("ok", mode), case["reason"]
        ok = [trial for trial in case["trials"] if trial["status"] == "ok"]
        assert len(ok) == ROUNDS
        for trial in ok:
            assert trial["offered"]["packets"] > 0 and trial["received"]["packets"] > 0
            assert trial["unaccounted"] == 0
            assert (trial["received"]["packets"] + sum(trial["drops"].values())
                    == trial["offered"]["packets"]), case["id"]


def test_the_intel_card_is_driven_by_dpdk_itself_and_loses_nothing_unnamed(run):
    case = by_backend(run, INTEL)["dpdk/pci"]
    assert case["status"] == "ok", case["reason"]
    for trial in case["trials"]:
        assert trial["mode"]["details"]["driver"] == "net_e1000_em"
        assert trial["received"]["packets"] + sum(trial["drops"].values()) == trial["offered"]["packets"]


def test_the_realtek_card_has_no_driver_in_dpdk_and_the_best_alternative_is_named(run):
    case = by_backend(run, REALTEK)["dpdk/pci"]
    assert case["status"] == "unsupported"
    assert "this DPDK has no driver for 0000:00:11.0 (10ec:8139" in case["reason"]
    assert "net_af_packet" in case["reason"]
    assert case["trials"] == []


@pytest.mark.parametrize("testbed", [INTEL, REALTEK])
def test_generic_xdp_is_never_shown_as_native(run, testbed):
    case = by_backend(run, testbed)["xdp-native"]
    assert case["status"] == "unsupported"
    assert "has no native XDP" in case["reason"]


def test_every_round_has_both_cards(run):
    rounds = {(trial["round"], case["testbed_label"]) for case in run["cases"] for trial in case["trials"]}
    assert rounds == {(n, testbed) for n in range(ROUNDS) for testbed in (INTEL, REALTEK)}


def test_the_run_says_which_ports_and_that_they_were_emulated(run):
    assert run["environment"]["before"]["emulator"].startswith("QEMU (")
    assert all(case["virtual"] for case in run["cases"])
    duts = {port["testbed_label"]: port for port in run["ports"] if port["role"] == "dut"}
    assert {name: (port["pci"], port["driver"]) for name, port in duts.items()} == {
        INTEL: ("0000:00:10.0", "e1000e"), REALTEK: ("0000:00:11.0", "8139cp")}


def test_the_guest_is_as_it_was(guest):
    before, after = ((guest / name).read_text() for name in ("before", "after"))
    assert "08 e1000e" in before and "11 8139cp" in before
    assert after == before
