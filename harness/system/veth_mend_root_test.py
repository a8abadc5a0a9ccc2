"""What somebody does to the wiring is mended before the next trial, or named."""
import os
import signal
import subprocess

import pytest

from runs import MARKS, NEEDS_DPDK, await_window, begin, ended, processes

pytestmark = MARKS

DUT = ["ip", "-n", "pktbench0-dut"]


@pytest.mark.parametrize("arrangement, backend", [
    ("isolated", "xdp-native"), ("isolated", "udp-recvmmsg"), ("pump", "udp-recvmmsg"),
    ("inline", "xdp-native")])
def test_a_device_that_was_set_down_is_up_again_for_the_next_trial(tmp_path, arrangement, backend):
    process = begin(tmp_path / "out", backend, "--set", f"/testbed/arrangement={arrangement}")
    await_window()
    subprocess.run([*DUT, "link", "set", "pbdut0", "down"], check=True)
    (down, again), stderr = ended(process, tmp_path / "out")
    assert process.returncode == 0, stderr
    assert down["status"] == "invalid" and "the link of pbdut0 went up or down" in down["reason"]
    assert again["status"] == "ok", again["reason"]
    assert again["received"]["packets"] > 0 and again["unaccounted"] == 0
    assert "pbdut0 was set down; it is up again" in stderr
    assert again["mode"] == down["mode"]


def test_a_device_that_was_deleted_is_made_anew_for_the_next_trial(tmp_path):
    process = begin(tmp_path / "out", "xdp-native", trials=2)
    await_window()
    subprocess.run([*DUT, "link", "delete", "pbdut0"], check=True)
    (gone, again), stderr = ended(process, tmp_path / "out")
    assert gone["status"] == "failed"
    assert again["status"] == "ok" and again["received"]["packets"] > 0 and again["unaccounted"] == 0
    assert "pbdut0 was gone: somebody deleted it; it is made anew" in stderr


@pytest.mark.parametrize("arrangement, backend", [("isolated", "udp-recvmmsg"),
                                                  ("pump", "udp-recvmmsg"), ("pump", "xdp-generic")])
def test_gro_that_was_switched_off_is_on_again_for_the_next_trial(tmp_path, arrangement, backend):
    process = begin(tmp_path / "out", backend, "--set", f"/testbed/arrangement={arrangement}", trials=2)
    await_window()
    subprocess.run(["nsenter", "--net=/run/netns/pktbench0-dut", "ethtool", "-K", "pbdut0", "gro", "off"],
                   check=True)
    (_, *after), stderr = ended(process, tmp_path / "out")
    assert "GRO of pbdut0 was switched off; it is on again" in stderr
    assert after[-1]["status"] == "ok", after[-1]["reason"]
    assert after[-1]["received"]["packets"] > 0 and after[-1]["unaccounted"] == 0


def test_an_untouched_pump_goes_on_pumping(tmp_path):
    process = begin(tmp_path / "out", "xdp-native", "--set", "/testbed/arrangement=pump", trials=2)
    trials, stderr = ended(process, tmp_path / "out")
    assert process.returncode == 0, stderr
    for trial in trials:
        dut, = [cpu for cpu in trial["cpus"] if cpu["role"] == "dut"]
        # Nobody but the pump has what others leave of its CPU.
        assert dut["classes"]["napi"] > 0.8 * (1 - dut["classes"]["foreign"]), trial["cpus"]


def test_a_device_that_was_renamed_is_named_in_every_trial_that_follows(tmp_path):
    process = begin(tmp_path / "out", "xdp-native", trials=3)
    await_window()
    subprocess.run([*DUT, "link", "set", "pbdut0", "name", "mine"], check=True)
    (_, *after), stderr = ended(process, tmp_path / "out")
    assert process.returncode != 0, stderr
    assert after and all(t["reason"].startswith("pbdut0 is gone: somebody renamed it") for t in after)


@NEEDS_DPDK
def test_a_dpdk_helper_that_was_killed_is_named_and_the_next_trial_has_a_new_one(tmp_path):
    process = begin(tmp_path / "out", "dpdk", "--set", '/backends=[{"name":"dpdk","driver":"net_af_xdp"}]',
                    trials=2)
    await_window()
    helper, = processes("pktbench-dpdk")
    os.kill(helper, signal.SIGKILL)
    (killed, again), stderr = ended(process, tmp_path / "out")
    assert killed["status"] == "failed" and "pktbench-dpdk was ended by signal KILL" in killed["reason"]
    assert again["status"] == "ok" and again["received"]["packets"] > 0, again["reason"]
