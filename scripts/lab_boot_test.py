"""A guest of scripts/lab runs a command on emulated cards and brings back what it made."""
import json
import os
import subprocess
from pathlib import Path

import pytest

BINARY = os.environ["PKTBENCH_BINARY"]
SOURCE = Path(os.environ["PKTBENCH_SOURCE"])
LAB = SOURCE / "scripts" / "lab"


@pytest.fixture(scope="module", autouse=True)
def can_boot():
    checked = subprocess.run([LAB, "--check"], capture_output=True, text=True, timeout=300)
    if checked.returncode == 3:
        pytest.skip(checked.stderr.strip())
    assert checked.returncode == 0, checked.stderr


def test_cards_exit_status_and_a_host_that_cannot_be_written(tmp_path):
    shared, unshared = tmp_path / "shared", tmp_path / "unshared"
    shared.mkdir()
    unshared.mkdir()
    script = f"""
        for address in 10 11 12 08 09 0a; do
          cd /sys/bus/pci/devices/0000:00:$address.0 && basename $(readlink -f driver)
        done
        echo kept >{shared}/file
        echo lost >{unshared}/file && cat {unshared}/file
        echo to stderr >&2
        ls /run/pktbench 2>&1
        exit 42"""
    result = subprocess.run([LAB, "--nics", "e1000e,rtl8139,vmxnet3", "--timeout", "200", "--share", shared,
                             "--", "sh", "-c", script], capture_output=True, text=True, timeout=250)
    assert result.returncode == 42, result.stderr
    assert result.stdout.split("\n")[:7] == ["e1000e", "8139cp", "vmxnet3", *["e1000e"] * 3, "lost"]
    assert "No such file" in result.stdout  # of the host's undo journals
    assert result.stderr == "to stderr\n"
    assert (shared / "file").read_text() == "kept\n"
    assert list(unshared.iterdir()) == []


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
