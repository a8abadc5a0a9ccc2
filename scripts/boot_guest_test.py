"""A guest of scripts/lab runs a command on emulated cards and brings back what it made."""
import json
import subprocess

import guest
import pytest
from guest import BINARY, LAB, SOURCE


def files(shared):
    """Writes to the shared directory, and to one that is not shared."""
    unshared = f"{shared}-unshared"
    return f"""
        for address in 10 11 12 13 14 08 09 0a 0b 0c; do
          cd /sys/bus/pci/devices/0000:00:$address.0 && basename $(readlink -f driver)
        done
        echo kept >{shared}/file
        mkdir {unshared} && echo lost >{unshared}/file && cat {unshared}/file
        ls /run/pktbench 2>&1
        true"""


PARTS = {"files": files}
# What the guest itself says and ends with.
LAST = "echo to stdout; echo to stderr >&2; exit 42"


@pytest.fixture(autouse=True)
def can_boot():
    guest.can_boot()


def test_cards_exit_status_and_a_host_that_cannot_be_written():
    booted = guest.boot()
    done = booted.done
    assert (done.returncode, done.stdout) == (42, "to stdout\n")
    assert done.stderr.splitlines() == [*guest.said(), "to stderr"]
    lines = booted.passed("files").splitlines()
    assert lines[:11] == ["e1000e", "8139cp", "vmxnet3", "e1000", "virtio-pci", *["e1000e"] * 5, "lost"]
    assert "No such file" in lines[11]  # of the host's undo journals
    assert (booted.shared / "file").read_text() == "kept\n"
    assert not booted.shared.with_name(booted.shared.name + "-unshared").exists()


def test_a_guest_that_does_not_end_is_ended():
    result = subprocess.run([LAB, "--timeout", "2", "--", "true"], capture_output=True, text=True, timeout=60)
    assert result.returncode == 6
    assert "time limit of 2 s" in result.stderr


def test_a_run_comes_back_and_says_that_it_was_emulated(tmp_path):
    out = tmp_path / "out"
    result = subprocess.run(
        [BINARY, "lab", "--nics", "e1000e", "--timeout", "250", "--", "run",
         SOURCE / "scenarios" / "quickstart.json", "--trials", "1", "--backend", "xdp-generic",
         "--set", "/traffic/rate=2000", "--set", "/method/max_disturbance=1",
         "--set", "/method/max_cpu_distance_change=0", "--out", out],
        capture_output=True, text=True, timeout=290)
    assert result.returncode == 0, result.stderr
    assert "emulated by QEMU" in result.stdout
    subprocess.run([SOURCE / "results" / "schema" / "validate.py", out / "run.json"], check=True)
    run = json.loads((out / "run.json").read_text())
    assert run["environment"]["before"]["emulator"].startswith("QEMU (")
    assert run["run"]["host"] == "lab"
    case, = run["cases"]
    assert case["virtual"] is True
    trial = case["trials"][-1]
    assert trial["offered"]["packets"] > 0
    assert trial["received"]["packets"] + sum(trial["drops"].values()) == trial["offered"]["packets"]
