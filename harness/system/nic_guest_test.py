"""What needs the guest's kernel: ports that DPDK takes, and devices stacked on ports."""
import json
import os
import re
import sys
from pathlib import Path

import pytest

sys.path.insert(0, os.path.join(os.environ["PKTBENCH_SOURCE"], "scripts"))
import guest as lab_guest  # noqa: E402
from guest import BINARY, CARDS, needs_dpdk, run_of, scenario  # noqa: E402

PORT_TESTS = Path(BINARY).parent / "harness" / "testbed" / "testbed_root_test"
SYS_TESTS = Path(BINARY).parent / "harness" / "sys" / "sys_root_test"

# vmxnet3 has a queue for each of the guest's CPUs, and its driver does not change that; the emulated one
# has no RSS, so that all frames come to the first.
OTHER_CARDS = {"vmxnet3": ("net_vmxnet3", 2), "e1000": ("net_e1000_em", 1), "virtio-net": ("net_virtio", 1)}


# Those that the host's own run skips where its kernel lacks something; the guest's has it all.
KERNEL_DEPENDENT = {"TheDefaultRouteOnABridgeOverAVlan", "TheDefaultRouteOnABridgeOverAMacvlan",
                    "TheDefaultRouteThroughATunnelByItsFarEnd", "ADefaultRouteOfIpv6Only",
                    "EveryMemberOfANexthopGroup", "AnSshSessionToAnAddressOnAStackedDevice"}


def ports(shared):
    return f"{PORT_TESTS} --gtest_filter='{':'.join(f'PortSafetyRoot.{name}' for name in KERNEL_DEPENDENT)}'"


def settings(shared):
    return (f'PKTBENCH_TEST_CARDS="$(ls /sys/class/net | grep ^eth)" {SYS_TESTS} '
            "--gtest_filter=EthtoolNicTest.*")


def other_cards(shared):
    script = "set -e\n"
    for card, (_, queues) in OTHER_CARDS.items():
        slot = CARDS.index(card)
        scenario(shared / f"{card}.json", [{"name": "dpdk", "driver": "pci"}], 1, card, queues)
        script += lab_guest.run(shared / f"{card}.json", shared / card)
        script += f'basename "$(readlink /sys/bus/pci/devices/0000:00:1{slot}.0/driver)"\n'
    return script


def parts():
    yield "ports", ports
    yield "settings", settings
    if not lab_guest.why_no_dpdk():
        yield "other_cards", other_cards


@pytest.fixture(autouse=True)
def can_boot():
    lab_guest.can_boot()


def test_what_a_kernel_may_lack_is_refused_too():
    out = lab_guest.boot().passed("ports")
    passed = set(re.findall(r"^\[       OK \] PortSafetyRoot\.(\w+)", out, re.MULTILINE))
    assert passed == KERNEL_DEPENDENT, out


def test_every_cards_driver_takes_the_same_by_netlink_and_by_the_ioctl():
    assert "[  PASSED  ] 1 test." in lab_guest.boot().passed("settings")


def test_the_other_cards_have_drivers_in_dpdk():
    needs_dpdk()
    out = lab_guest.boot().passed("other_cards")
    for card, (driver, queues) in OTHER_CARDS.items():
        if queues == 1:
            case, = run_of(lab_guest.boot().shared / card)["cases"]
        else:
            case, = json.loads((lab_guest.boot().shared / card / "run.json").read_text())["cases"]
            assert case["status"] == "invalid" and "RX queue 1 of 2 received nothing" in case["reason"]
            for trial in case["trials"]:
                assert trial["received"]["per_queue"] == [trial["offered"]["packets"], 0]
                assert trial["unaccounted"] == 0
        assert case["mode"]["details"]["driver"] == driver and case["queues"] == queues
    assert out.split() == ["vmxnet3", "e1000", "virtio-pci"]
