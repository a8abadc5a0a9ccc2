"""What needs the guest's kernel: ports that DPDK takes, killed or not, and devices stacked on ports."""
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, os.path.join(os.environ["PKTBENCH_SOURCE"], "scripts"))
import guest as lab_guest  # noqa: E402
from guest import BINARY, CARDS, SOURCE  # noqa: E402

PORT_TESTS = Path(BINARY).parent / "harness" / "testbed" / "testbed_root_test"
DUT, GENERATOR = "0000:00:10.0", "0000:00:08.0"

KILL = r"""
device=/sys/bus/pci/devices/DUT
driver() { basename "$(readlink $device/driver || echo none)"; }
state() {
  for d in /sys/bus/pci/devices/DUT /sys/bus/pci/devices/GENERATOR; do
    readlink $d/driver; cat $d/driver_override; ls $d/net $d/virtio*/net 2>/dev/null
  done
  ip -br address | sort; ip route; ls /run/netns /run/pktbench 2>/dev/null; cat /proc/sys/vm/nr_hugepages
}
mkdir -p /run/netns /run/pktbench; : >/run/pktbench/lock
ip address add 192.0.2.1/24 dev "$(ls $device/net)"
state >/tmp/before
for i in 0 1 2 3 4 5 6 7 8 9; do
  BINARY run SHARED/kill.json --out /tmp/out$i >/dev/null 2>&1 &
  run=$!
  n=0; while ! ls /run/pktbench/*.journal >/dev/null 2>&1 && [ $n -lt 400 ]; do sleep 0.02; n=$((n + 1)); done
  if [ $i -lt 5 ]; then
    sleep 0.$((i * 2))
  else
    n=0; while [ "$(driver)" != vfio-pci ] && [ $n -lt 1500 ]; do sleep 0.02; n=$((n + 1)); done
    sleep 0.$(((i - 5) * 2))
  fi
  kill -9 $run; wait $run 2>/dev/null
  at=$(driver)
  BINARY restore >/tmp/restored 2>&1 || cat /tmp/restored
  state >/tmp/after
  if diff /tmp/before /tmp/after; then echo "kill $i $at restored"; fi
done
"""


def scenario(path, backends, trials, testbed=None, queues=1):
    path.write_text(json.dumps({
        "testbed": testbed or {"name": "nic", "dut": DUT, "generator": GENERATOR},
        "queues": queues, "traffic": {"generator": "packet-sendmmsg", "rate": 1000},
        "backends": backends,
        "method": {"trials": trials, "duration_s": 0.5, "warmup_s": 0.1, "max_disturbance": 1,
                   "max_repeats": 0}}))


# vmxnet3 has a queue for each of the guest's CPUs, and its driver does not change that.
OTHER_CARDS = {"vmxnet3": ("net_vmxnet3", 2), "e1000": ("net_e1000_em", 1), "virtio-net": ("net_virtio", 1)}


def ports(shared):
    return f"{PORT_TESTS} --gtest_filter='PortSafetyRoot.*'"


def other_cards(shared):
    script = "set -e\n"
    for card, (_, queues) in OTHER_CARDS.items():
        slot = CARDS.index(card)
        testbed = {"name": "nic", "dut": f"0000:00:1{slot}.0", "generator": f"0000:00:{8 + slot:02x}.0"}
        scenario(shared / f"{card}.json", [{"name": "dpdk", "driver": "pci"}], 1, testbed, queues)
        script += f"{BINARY} run {shared}/{card}.json --out {shared}/{card} >&2\n"
        script += f'basename "$(readlink /sys/bus/pci/devices/0000:00:1{slot}.0/driver)"\n'
    return script


def kill(shared):
    pmd = {"name": "dpdk", "driver": DUT}
    scenario(shared / "run.json", ["xdp-generic", "udp-recvmmsg", pmd], 2)
    scenario(shared / "kill.json", [pmd], 50)
    return f"{BINARY} run {shared}/run.json --out {shared}/out >&2 || exit 1\n" + (
        KILL.replace("DUT", DUT).replace("GENERATOR", GENERATOR).replace("BINARY", BINARY)
        .replace("SHARED", str(shared)))


def why_no_dpdk():
    listed = subprocess.run([BINARY, "list", "--json"], capture_output=True, text=True, timeout=30)
    reason = next(e for e in json.loads(listed.stdout) if e["name"] == "dpdk")["reason"] or ""
    return reason if "built without" in reason else ""


def needs_dpdk():
    if why_no_dpdk():
        pytest.skip(why_no_dpdk())


def parts():
    """The killed runs are the last: what they might leave is nobody's finding but theirs."""
    yield "ports", ports
    if not why_no_dpdk():
        yield "other_cards", other_cards
        yield "kill", kill


@pytest.fixture(autouse=True)
def can_boot():
    lab_guest.can_boot()


def test_every_forbidden_arrangement_is_refused():
    """The host's kernel may have no VLAN, bridge or macvlan; the guest's has them all."""
    out = lab_guest.boot().passed("ports")
    passed = set(re.findall(r"^\[       OK \] PortSafetyRoot\.(\w+)", out, re.MULTILINE))
    assert "[  SKIPPED ]" not in out, out
    assert passed >= {"TheDefaultRoute", "TheDefaultRouteOnABridgeOverAVlan", "ADefaultRouteOfIpv6Only",
                      "ADefaultRouteInAPolicyTable", "TheCallersSshSession", "AForeignXdpProgram"}


def run_of(folder):
    subprocess.run([SOURCE / "results" / "schema" / "validate.py", folder / "run.json"], check=True,
                   timeout=60)
    document = json.loads((folder / "run.json").read_text())
    for case in document["cases"]:
        assert case["status"] == "ok", (case["id"], case["reason"])
        for trial in case["trials"]:
            assert trial["unaccounted"] == 0
            assert trial["received"]["packets"] == trial["offered"]["packets"] > 0
    return document


def test_the_other_cards_have_drivers_in_dpdk():
    needs_dpdk()
    out = lab_guest.boot().passed("other_cards")
    for card, (driver, queues) in OTHER_CARDS.items():
        case, = run_of(lab_guest.boot().shared / card)["cases"]
        assert case["mode"]["details"]["driver"] == driver and case["queues"] == queues
    assert out.split() == ["vmxnet3", "e1000", "virtio-pci"]


def test_a_port_goes_to_dpdk_and_comes_back_whatever_happens():
    needs_dpdk()
    out = lab_guest.boot().passed("kill")
    document = run_of(lab_guest.boot().shared / "out")
    assert document["cases"][2]["mode"]["details"]["driver"] == "net_e1000_em"
    dut = next(p for p in document["ports"] if p["role"] == "dut")
    assert dut["driver"] == "e1000e" and dut["pci"] == DUT

    lines = out.splitlines()
    assert [line.split()[:2] for line in lines] == [["kill", str(i)] for i in range(10)], out
    # Some had the port at its own driver, some at DPDK's.
    assert sum("vfio-pci restored" in line for line in lines) >= 3, out
    assert "kill 0 e1000e restored" in lines
