"""A port that DPDK takes comes back whatever happens: a guest of its own, beside the other tests' one."""
import os
import sys

import pytest

sys.path.insert(0, os.path.join(os.environ["PKTBENCH_SOURCE"], "scripts"))
import guest as lab_guest  # noqa: E402
from guest import BINARY, IGB, IGB_GENERATOR, needs_dpdk, run_of, scenario  # noqa: E402

# Card: its addresses and those of its generator, its driver and DPDK's.
PORTS = {"igb": (IGB, IGB_GENERATOR, "igb", "net_e1000_igb"),
         "e1000e": ("0000:00:10.0", "0000:00:08.0", "e1000e", "net_e1000_em")}

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


def kill(shared, card):
    dut, generator, _, _ = PORTS[card]
    pmd = {"name": "dpdk", "driver": dut}
    scenario(shared / "run.json", ["xdp-generic", "udp-recvmmsg", pmd], 2, card)
    scenario(shared / "kill.json", [pmd], 50, card)
    return lab_guest.run(shared / "run.json", shared / "out") + (
        KILL.replace("DUT", dut).replace("GENERATOR", generator).replace("BINARY", BINARY)
        .replace("SHARED", str(shared)))


@pytest.fixture(autouse=True)
def can_boot():
    lab_guest.can_boot()


def test_a_port_goes_to_dpdk_and_comes_back_whatever_happens():
    needs_dpdk()
    card = "e1000e" if lab_guest.why_no_igb() else "igb"
    address, _, driver, pmd = PORTS[card]
    booted = lab_guest.Boot({"kill": lambda shared: kill(shared, card)}, cards=[card])
    out = booted.passed("kill")
    document = run_of(booted.shared / "out")
    assert document["cases"][2]["mode"]["details"]["driver"] == pmd
    dut = next(p for p in document["ports"] if p["role"] == "dut")
    assert dut["driver"] == driver and dut["pci"] == address

    lines = out.splitlines()
    assert [line.split()[:2] for line in lines] == [["kill", str(i)] for i in range(10)], out
    # Some had the port at its own driver, some at DPDK's.
    assert sum("vfio-pci restored" in line for line in lines) >= 3, out
    assert f"kill 0 {driver} restored" in lines
