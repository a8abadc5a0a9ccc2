"""Frames that somebody else sends to the DUT: they never count as ours, and are named at once."""
import json
import signal
import subprocess
import sys
import time
from datetime import datetime
from pathlib import Path

import pytest

from runs import BINARY, BRIEF, MARKS, comes_true, ip, start, start_in, validate, wait_for_trials

pytestmark = MARKS

NETNS = Path("/run/netns")
HOME = "pbstray-home"  # stands for the host's namespace
WIRE = "pbstray-wire"

# Frames out of a device: EtherType, how many at once, pause in seconds, how many times, on a line when
# they begin.
SENDER = """
import os, socket, sys, time
device, ethertype, burst, pause, times = sys.argv[1], int(sys.argv[2], 16), *map(float, sys.argv[3:])
# A sender elsewhere does not wait for this host's CPUs.
os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
link = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
link.bind((device, 0))
frame = bytes.fromhex("333300000001020000000001") + ethertype.to_bytes(2, "big") + b"\\x60" + bytes(45)
print("begun", flush=True)
for _ in range(int(times)):
    for _ in range(int(burst)):
        try:
            link.send(frame)
        except OSError:
            pass
    time.sleep(pause)
"""


def send(namespace, device, ethertype="86dd", burst=1, pause=0.001, times=120_000):
    """A process that sends, and has begun to."""
    sender = subprocess.Popen(["ip", "netns", "exec", namespace, sys.executable, "-c", SENDER, device,
                               ethertype, str(burst), str(pause), str(times)],
                              stdout=subprocess.PIPE, text=True)
    assert sender.stdout.readline() == "begun\n", "nothing was sent"
    return sender


def trials(out):
    return [json.loads(line) for line in (out / "trials.jsonl").read_text().splitlines()]


def trials_beside(out, process, namespace, device, **sending):
    """Those that began after the strays did, three of each case at least."""
    sender = send(namespace, device, **sending)
    try:
        begun = time.time()

        def beside():
            return [t for t in trials(out) if datetime.fromisoformat(
                t["trial"]["started_at"].replace("Z", "+00:00")).timestamp() > begun]

        def enough():
            return all(sum(t["case"] == case for t in beside()) >= 3 for case in cases)

        cases = {t["case"] for t in trials(out)}
        comes_true(lambda: enough() or process.poll() is not None, 90, 0.05)
        process.send_signal(signal.SIGINT)
        _, stderr = process.communicate(timeout=60)
    finally:
        sender.kill()
        sender.wait()
        process.kill()
        process.wait()
    assert enough(), stderr
    return beside()


def assert_named(lines, port):
    """Every trial; and of each case one at least before its window, where the first frames would be sent."""
    before_window = set()
    for case, trial in ((line["case"], line["trial"]) for line in lines):
        said = trial["reason"]
        assert trial["status"] == "invalid" and trial["disturbed"], said
        assert said.startswith("disturbed: ") and f"at {port} " in said, said
        assert "IPv6 (0x86dd) from 02:00:00:00:00:01" in said, said
        if trial["duration_s"] == trial["warmup_s"] == 0:
            before_window.add(case)
            assert f"foreign frames arrive at {port} while nothing is sent: about " in said, said
            assert said.endswith("; find who sends them")
            assert trial["offered"]["packets"] is None and trial["received"]["packets"] is None
            assert trial["mpps"] is None and trial["missing"]["mpps"] and trial["drain_s"] == 0
    assert before_window == {line["case"] for line in lines}


def test_steady_strays_are_named_on_every_backend_and_no_window_is_opened(tmp_path):
    out = tmp_path / "out"
    process = start(out, "--trials", "10000", *BRIEF, "--set", "/method/max_repeats=0",
                    "--set", "/traffic/rate=20000",
                    "--set", '/backends=["xdp-native","udp-recvmmsg","packet-mmap"]')
    wait_for_trials(out, 6)
    assert [t["trial"]["reason"] for t in trials(out)][:3] == [None] * 3
    assert_named(trials_beside(out, process, "pktbench0-gen", "pbgen0"), "pbdut0")
    validate(out / "run.json", out / "trials.jsonl")


# One frame while a window is open: its device has sent more than the frames that confirm the path, and
# goes on after it. Else another.
ONE_IN_A_WINDOW = """
import pathlib, socket, sys, time
device = sys.argv[1]
link = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
link.bind((device, 0))
frame = bytes.fromhex("ffffffffffff020000000001") + b"\\x08\\x06" + bytes(46)
count = pathlib.Path("/sys/class/net") / device / "statistics/tx_packets"
end = time.monotonic() + 60

def sent_since(base, frames):
    while int(count.read_text()) < base + frames and time.monotonic() < end:
        last, moved = int(count.read_text()), time.monotonic()
        while int(count.read_text()) == last:
            if time.monotonic() - moved > 0.015:
                return False
    return time.monotonic() < end

while time.monotonic() < end:
    if sent_since(int(count.read_text()), 500):
        link.send(frame)
        if sent_since(int(count.read_text()), 500):
            sys.exit(0)
        time.sleep(3)  # it may have struck all the same, and is to be made again
sys.exit(1)
"""


@pytest.mark.parametrize("backend", ["xdp-native", "udp-recvmmsg"])
def test_a_lone_frame_in_a_window_costs_that_trial_and_no_more(tmp_path, backend):
    """A socket does not see it, but the CPU that works for it does."""
    out = tmp_path / "out"
    process = start(out, "--trials", "10000", *BRIEF, "--set", "/method/duration_s=0.5",
                    "--set", "/method/warmup_s=0", "--set", "/method/max_repeats=1",
                    "--set", "/traffic/rate=20000", "--set", f'/backends=["{backend}"]')
    try:
        wait_for_trials(out, 1)
        sent = subprocess.run(["ip", "netns", "exec", "pktbench0-gen", sys.executable, "-c",
                               ONE_IN_A_WINDOW, "pbgen0"], timeout=90)
        assert sent.returncode == 0, "no frame was sent while a window was open"
        wait_for_trials(out, len(trials(out)) + 3)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
    finally:
        process.kill()
        process.wait()
    validate(out / "run.json", out / "trials.jsonl")
    made = [line["trial"] for line in trials(out)]
    struck = [i for i, trial in enumerate(made) if trial["status"] != "ok"]
    assert struck, "nobody noticed"
    for i in struck:
        assert made[i]["status"] == "invalid" and made[i]["disturbed"], made[i]["reason"]
        said = "foreign frames or more arrived at pbdut0 in the window, of a kind that is not known"
        assert made[i]["reason"].startswith(f"disturbed: 1 {said}"), made[i]["reason"]
        assert made[i + 1]["status"] == "ok" and made[i + 1]["round"] == made[i]["round"]


@pytest.fixture
def lossy_wire():
    """Two ports joined by a bridge that lets 5 Mbit/s through, some 10,000 frames a second."""
    for namespace in (HOME, WIRE):
        ip(f"netns add {namespace}")
    try:
        for namespace in (HOME, WIRE):
            ip(f"netns exec {namespace} sysctl -qw net.ipv6.conf.all.disable_ipv6=1")
        ip(f"-n {WIRE} link add br0 type bridge mcast_snooping 0")
        for port, end in (("pbsgen", "toward-gen"), ("pbsdut", "toward-dut")):
            ip(f"-n {HOME} link add {port} type veth peer name {end} netns {WIRE}")
            ip(f"-n {WIRE} link set {end} master br0 up")
            ip(f"-n {HOME} link set {port} up")
        ip(f"-n {WIRE} link set br0 up")
        ip(f"netns exec {WIRE} tc qdisc add dev toward-dut root tbf rate 5mbit burst 32kb limit 32kb")
        yield
    finally:
        subprocess.run([BINARY, "restore"], check=False, timeout=60, stdout=subprocess.DEVNULL)
        for namespace in (HOME, WIRE):
            subprocess.run(["ip", "netns", "del", namespace], check=False, timeout=20)


def test_strays_are_not_taken_for_ours_where_frames_are_lost_unnamed(tmp_path, lossy_wire):
    scenario = tmp_path / "nic.json"
    scenario.write_text(json.dumps({
        "testbed": {"name": "nic", "dut": "pbsdut", "generator": "pbsgen", "virtual_ports": "allow"},
        "traffic": {"generator": "packet-sendmmsg", "rate": 100_000},
        "backends": ["xdp-native", "packet-mmap"],
        "method": {"trials": 10_000, "duration_s": 0.3, "warmup_s": 0, "max_disturbance": 1,
                   "max_repeats": 0}}))
    out = tmp_path / "out"
    process = start_in(HOME, BINARY, "run", str(scenario), "--out", str(out))
    wait_for_trials(out, 2)
    for trial in (line["trial"] for line in trials(out)[:2]):
        assert trial["status"] == "ok", trial["reason"]
        assert 0.1 < trial["loss_ratio"] < 1 and trial["unaccounted"] > 0
    assert_named(trials_beside(out, process, WIRE, "toward-dut", burst=20, pause=0.002), "pbsdut")
    validate(out / "run.json", out / "trials.jsonl")
