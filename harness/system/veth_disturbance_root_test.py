"""What disturbs a trial on the veth testbed, and what keeps it steady."""
import json
import os
import subprocess
import sys
import time
from pathlib import Path

from runs import BRIEF, MARKS, SHORT, await_window, begin, ended, run, start, validate

pytestmark = MARKS


def test_a_link_that_flaps_makes_the_trial_invalid_and_it_is_made_again(tmp_path):
    out = tmp_path / "out"
    process = begin(out, "xdp-native", duration=3)
    await_window(above=1000)
    # The end that sends: the DUT's loses its carrier and keeps its NAPI thread.
    subprocess.run(["ip", "-n", "pktbench0-gen", "link", "set", "pbgen0", "down"], check=True)
    subprocess.run(["ip", "-n", "pktbench0-gen", "link", "set", "pbgen0", "up"], check=True)
    (flapped, again), stderr = ended(process, out)
    assert process.returncode == 0, stderr
    assert flapped["status"] == "invalid" and flapped["disturbed"]
    assert "disturbed: the link of pb" in flapped["reason"], flapped["reason"]
    assert flapped["disturbance"]["link"]["evidence"]["pbdut0.carrier_changes"] >= 2
    assert again["status"] == "ok" and again["disturbance"]["link"]["evidence"] == {}
    # What this host cannot tell is null, with the reason.
    for source, found in again["disturbance"].items():
        assert (found is None) == (f"disturbance.{source}" in again["missing"])
    assert any(".LOC" in name for name in again["disturbance"]["interrupts"]["evidence"])


def test_work_of_others_on_the_duts_cpu_makes_a_trial_invalid(tmp_path):
    cpu = max(os.sched_getaffinity(0))
    other = subprocess.Popen([sys.executable, "-c", "while True: pass"],
                             preexec_fn=lambda: os.sched_setaffinity(0, {cpu}))
    try:
        status, _, stderr = run(tmp_path / "out", *SHORT, "--set", "/method/max_disturbance=0.05",
                                "--set", "/method/max_repeats=1",
                                "--backend", "xdp-generic")
    finally:
        other.kill()
        other.wait()
    assert status == 5, stderr
    case = json.loads((tmp_path / "out" / "run.json").read_text())["cases"][0]
    assert case["status"] == "disturbed" and case["summary"]["mpps"]["median"] > 0
    assert f"CPU {cpu}" in case["trials"][0]["reason"] and "disturbed" in case["trials"][0]["reason"]
    # The first is made again; the others are disturbed as the one before them was.
    assert len(case["trials"]) == 3
    assert all(t["disturbed"] and t["unaccounted"] == 0 for t in case["trials"])


def one_case(out):
    case, = json.loads((out / "run.json").read_text())["cases"]
    return case


def with_distance(case):
    """Its trials but those whose CPUs others had whenever it was to be read."""
    found = [trial for trial in case["trials"] if trial["disturbance"]["cpu_distance"]]
    assert found
    return found


def test_a_distance_that_changes_disturbs_and_one_that_lasts_is_a_condition(tmp_path):
    """No reading is 0.001 times the one before, so that with this limit each window has a change."""
    base = ["--trials", "4", "--duration", "0.1", "--set", "/method/max_disturbance=1",
            "--set", "/method/max_overrun=1000", "--set", "/method/max_repeats=0", "--backend", "xdp-native"]
    status, stdout, stderr = run(tmp_path / "far", *base, "--set", "/method/max_cpu_distance_change=0.001")
    validate(tmp_path / "far" / "run.json")
    case = one_case(tmp_path / "far")
    assert case["summary"]["mpps"]["median"] > 0
    found = with_distance(case)
    for trial in found:
        assert trial["disturbed_by"] == ["cpu_distance"] and trial["conserved"]
        assert "a cache line took " in trial["reason"]
    if len(found) == len(case["trials"]):
        assert status == 5 and case["status"] == "disturbed", stderr
        assert all(trial["in_summary"] for trial in found)
        assert "disturbed: no trial of xdp-native/drop/64B/1q/1f was undisturbed; do not rely on" in stdout
    status, stdout, stderr = run(tmp_path / "any", *base, "--set", "/method/max_cpu_distance_change=0")
    assert status == 0, stderr
    case = one_case(tmp_path / "any")
    for trial in with_distance(case):
        evidence = trial["disturbance"]["cpu_distance"]["evidence"]
        assert trial["condition"]["cpu_distance_ns"] == (evidence["before_ns"] + evidence["after_ns"]) / 2
    assert case["condition"]["cpu_distance_ns"] > 0
    assert f"{case['condition']['words']}." in stdout


def kernels_idle_s(cpu):
    """What the kernel itself has counted as this CPU's idle time."""
    fields, = [line.split() for line in Path("/proc/stat").read_text().splitlines()
               if line.startswith(f"cpu{cpu} ")]
    return int(fields[4]) / os.sysconf("SC_CLK_TCK")


def spun_s(pid):
    """CPU time of the threads that only others keep from running."""
    spun = 0
    for task in Path(f"/proc/{pid}/task").iterdir():
        try:
            if os.sched_getscheduler(int(task.name)) == os.SCHED_IDLE:
                spun += int((task / "schedstat").read_text().split()[0]) / 1e9
        except (ProcessLookupError, FileNotFoundError):
            pass
    return spun


def idle_share_while(process, cpu):
    """Of the run's time, what the kernel or a thread of the run spent on waiting for work."""
    idle, began, spun = kernels_idle_s(cpu), time.monotonic(), 0
    while process.poll() is None:
        spun = max(spun, spun_s(process.pid))
        time.sleep(0.01)
    return (kernels_idle_s(cpu) - idle + spun) / (time.monotonic() - began), spun


def test_what_idle_cpus_did_is_in_the_result_and_ends_with_the_run(tmp_path):
    cpu = max(os.sched_getaffinity(0))
    state = Path(f"/sys/devices/system/cpu/cpu{cpu}/cpuidle/state0/name")
    can = state.exists() and state.read_text().strip() == "POLL"
    qos = Path("/dev/cpu_dma_latency")
    before = qos.read_bytes() if qos.exists() else b""
    for asked, got in (("sleep", "sleep"), ("auto", "poll" if can else "spin"), ("spin", "spin"),
                       ("poll", "poll")):
        out = tmp_path / asked
        process = start(out, *BRIEF, "--trials", "5", "--backend", "xdp-native",
                        "--set", "/traffic/rate=20000", "--set", f"/testbed/dut_idle={asked}")
        idle, spun = idle_share_while(process, cpu)
        stdout, stderr = process.communicate()
        if asked == "poll" and not can:
            assert process.returncode != 0 and "cannot be kept from sleeping" in stderr
            continue
        assert process.returncode == 0, stderr
        validate(out / "run.json")
        assert f"idle CPUs {got}" in stdout
        assert (spun > 0) == (got == "spin")
        case = one_case(out)
        assert case["dut_idle"] == got
        # Polling is nobody's work: as somebody's it would leave no idle time in any trial. Others may
        # have had the CPU during some, and all the while on a host as busy as the kernel then says.
        found = [c["classes"]["idle"] for t in case["trials"] for c in t["cpus"] if c["role"] == "dut"]
        assert len(found) >= 5 and (max(found) > 0.2 or idle < 0.2), (found, idle)
        assert (qos.read_bytes() if qos.exists() else b"") == before


def test_frames_of_a_burst_are_due_together(tmp_path):
    """At 10 pps the second burst of 64 is due after 6.4 s."""
    status, _, stderr = run(tmp_path / "out", "--trials", "2", "--duration", "0.5",
                            "--set", "/method/warmup_s=0", "--set", "/method/max_disturbance=1",
                            "--set", "/method/max_cpu_distance_change=0",
                            "--set", "/method/max_overrun=1000", "--set", "/traffic/rate=10",
                            "--set", '/traffic/generator={"name":"xdp-live","burst":64}',
                            "--backend", "xdp-native")
    assert status == 0, stderr
    case = one_case(tmp_path / "out")
    assert case["generator_options"]["burst"] == 64
    for trial in case["trials"]:
        assert trial["offered"]["packets"] == 64 and trial["offered"]["unsent"] == 0
        assert trial["unaccounted"] == 0
