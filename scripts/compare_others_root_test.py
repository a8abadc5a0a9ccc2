"""scripts/compare-others runs every program it compares with, and counts its frames exactly."""
import json
import os
import re
import subprocess
from pathlib import Path

import pytest

SOURCE = Path(os.environ["PKTBENCH_SOURCE"])
SCRIPT = SOURCE / "scripts" / "compare-others"

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs root: makes namespaces")

# Stand for xdp-tools that load on this kernel, which the installed ones may not.
XDP_BENCH = """#!/usr/bin/python3
import signal, subprocess, sys
if sys.argv[2] == "--version":
    sys.exit(print("xdp-bench version 7.8.9"))
device = ["link", "set", "dev", sys.argv[-1], "xdpdrv"]
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
# Whoever starts it in a shell's background has it ignore the signal.
signal.signal(signal.SIGINT, lambda *_: None)
subprocess.run(["unshare", "--mount", "ip", *device, "obj", "OBJECT", "sec", "xdp"], check=True)
signal.sigwait([signal.SIGINT])
subprocess.run(["ip", *device, "off"], check=True)
"""
XDP_TRAFFICGEN = """#!/usr/bin/python3
import socket, sys
if sys.argv[2] == "--version":
    sys.exit(print("xdp-trafficgen version 7.8.9"))
sender = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
sender.bind((sys.argv[-1], 0))
try:
    while True:
        try:
            sender.send(bytes(60))
        except OSError:
            pass
except KeyboardInterrupt:
    pass
"""


def compare(*arguments):
    return subprocess.run([SCRIPT, "--pktbench", os.environ["PKTBENCH_BINARY"], "--pairs", "1",
                           "--duration", "0.1", "--max-disturbance", "1", *arguments],
                          capture_output=True, text=True, timeout=280)


def compared(result):
    # 1: a ratio missed its target, which a trial this short may; 4: the only pair was left out.
    assert result.returncode in (0, 1) or (result.returncode, "left out" in result.stdout) == (4, True), \
        result.stdout + result.stderr
    return len(re.findall(r"ratio of .*(?:met|not told apart from it|MISSED)$", result.stdout, re.M)) + \
        result.stdout.count("left out")


@pytest.mark.parametrize("what, comparisons, sides", [("bare-drop-paced", 1, 2), ("tcpdump", 1, 2),
                                                      ("iperf3", 6, 9), ("testpmd", 9, 14)])
def test_every_program_is_measured_and_its_frames_add_up(tmp_path, what, comparisons, sides):
    assert compared(compare(what, "--out", tmp_path)) == comparisons
    runs = sorted(tmp_path.glob("*/run.json"))
    assert len(runs) == sides
    for run in runs:
        case = json.loads(run.read_text())["cases"][0]
        # iperf3's own client sends a handful.
        strays = 20 if "iperf3" in what and case["backend"] == "external" else 0
        for trial in (t for t in case["trials"] if t["status"] == "ok"):
            assert trial["received"]["packets"] > 0
            assert -strays <= trial["unaccounted"] <= 0


def test_drivers_without_a_device_are_measured(tmp_path):
    assert compared(compare("testpmd-memory", "--out", tmp_path)) == 2


def pktbench_namespaces():
    listed = subprocess.run(["ip", "netns"], capture_output=True, text=True, check=True).stdout.splitlines()
    return {line.split()[0] for line in listed if line.startswith("pktbench-others")}


def test_xdp_tools_of_a_folder_are_measured_and_named_with_their_version(tmp_path):
    program = tmp_path / "bare.o"
    (tmp_path / "bare.c").write_text('__attribute__((section("xdp"), used)) int f(void *c) { return 1; }')
    subprocess.run(["clang", "-target", "bpf", "-O2", "-g", "-c", tmp_path / "bare.c", "-o", program],
                   check=True)
    for name, text in (("xdp-bench", XDP_BENCH), ("xdp-trafficgen", XDP_TRAFFICGEN)):
        (tmp_path / name).write_text(text.replace("OBJECT", str(program)))
        (tmp_path / name).chmod(0o755)
    result = compare("xdp-bench", "xdp-trafficgen", "--xdp-tools", tmp_path, "--out", tmp_path / "runs")
    assert compared(result) == 3, result.stdout
    assert "xdp-native against xdp-bench 7.8.9 drop, overload" in result.stdout
    assert "xdp-live, batch 64 against xdp-trafficgen 7.8.9 udp, overload" in result.stdout
    offered = re.findall(r"xdp-trafficgen 7.8.9 udp: Mpps offered median ([\d.e+-]+)", result.stdout)
    assert len(offered) == 2 and float(offered[0]) > 0, result.stdout
    assert not pktbench_namespaces()


def test_a_program_that_ends_at_once_is_skipped_with_what_it_said(tmp_path):
    for name in ("xdp-bench", "xdp-trafficgen"):
        (tmp_path / name).write_text("#!/bin/sh\necho it does not load here >&2\nexit 3\n")
        (tmp_path / name).chmod(0o755)
    result = compare("xdp-bench", "xdp-trafficgen", "--xdp-tools", tmp_path)
    assert result.returncode == 4, result.stdout + result.stderr
    for name in ("xdp-bench drop", "xdp-trafficgen udp"):
        assert re.search(f"^{name}: skipped: [^$]*it does not load here", result.stdout, re.M), result.stdout
    assert not pktbench_namespaces()


def test_an_unknown_comparison_is_named():
    result = compare("netmap")
    assert result.returncode == 2
    assert 'unknown comparison "netmap"; valid: bare-drop, ' in result.stderr
