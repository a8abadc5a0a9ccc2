#!/usr/bin/python3
"""Writes a made-up run as large as asked for, every key of a trial in it: no figure in it was measured.

Usage: results/schema/large_run.py RUN.json MEGABYTES [CASES]
"""
import json
import pathlib
import subprocess
import sys
import textwrap
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.append(str(HERE))

import sample_run  # noqa: E402

CLASSES = ("idle", "application", "napi", "softirq", "softirq_other", "interrupt", "generator", "control",
           "foreign")
SOURCES = ("cpu_distance", "frequency", "interrupts", "link", "memory", "programs", "threads", "throttling")


def full(trial):
    """The trial with every key that the tool writes of one on two CPUs."""
    counts = {f"cpu1.softirq.{name}": 219.0 + trial["index"] for name in ("RCU", "SCHED", "TIMER")}
    finding = {"evidence": counts, "reasons": []}
    trial["offered"]["unsent"] = 0
    trial["received"].update(per_queue=[trial["received"]["packets"]], details={})
    trial["missing"].update({f"disturbance.{name}": "/sys/devices/system/cpu/cpu1 does not tell it"
                             for name in ("frequency", "throttling")})
    minutes, seconds = divmod(trial["index"], 60)
    trial.update(
        started_at=f"2026-01-02T{minutes // 60:02d}:{minutes % 60:02d}:{seconds:02d}.500Z",
        disturbed_by=[], conserved=True, in_summary=True, effective_s=3.02, generator_loss_ratio=0.0,
        condition={"cpu_distance_ns": 92.4, "idle": "spin", "cpu_mhz": 2600.0},
        disturbance={name: None if f"disturbance.{name}" in trial["missing"] else finding
                     for name in SOURCES},
        mode={"requested": "native", "effective": "native", "details": {"attached": "driver"}},
        evidence={**trial["evidence"], "dut_foreign": 0.0012, "dut_interrupts": 0.0001, "dut_steal": 0.0,
                  "dut_wakeups_per_s": 1738.514259700306, "clock_error": -3.07e-08, "rx_ring_frames": 256.0})
    for cpu in trial["cpus"]:
        cpu.update(steal=0.0, classes=dict.fromkeys(CLASSES, 0.1234567890123))
    return trial


def label(number):
    """Labels differ at their very end."""
    return f"a-label-that-says-what-was-changed-on-this-host-before-the-case-{number:03d}"


def case(number, trials):
    """One of many cases that differ by their label."""
    return sample_run.case(label=label(number), id=f"xdp-native/drop/64B/1q/1f/label={label(number)}",
                           dut_idle="spin", testbed_label=None, generator_options={"batch": 16},
                           workload_options={},
                           trials=[full(t) for t in sample_run.noisy_trials(5.0, n=trials, seed=number)])


def _text(case_):
    """As it stands in its list."""
    return "\n" + textwrap.indent(json.dumps(case_, indent=2), " " * 4)


def write(path, cases, trials):
    """Write a run of so many cases with so many trials each, one case at a time; returns its size."""
    head, tail = json.dumps(sample_run.run([]), indent=2).split('"cases": []')
    with open(path, "w", encoding="utf-8") as file:
        file.write(head + '"cases": [')
        for number in range(cases):
            file.write("," * bool(number) + _text(case(number, trials)))
        file.write("]" + tail)
    return pathlib.Path(path).stat().st_size


# A process has the peak of whom it is a copy of at first, which is to be a small one.
_PEAK = """import os, sys
process = os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ)
_, status, usage = os.wait4(process, 0)
print(usage.ru_maxrss)
sys.exit(os.waitstatus_to_exitcode(status))"""


def peak(*command, cwd=None):
    """(exit status, stdout, peak memory in kB) of a program; prints how long it took."""
    begin = time.monotonic()
    done = subprocess.run([sys.executable, "-I", "-S", "-c", _PEAK, *map(str, command)], cwd=cwd,
                          stdout=subprocess.PIPE, text=True, check=False)
    out, _, kilobytes = done.stdout.rstrip().rpartition("\n")
    print(f"{' '.join(map(str, command))}: {time.monotonic() - begin:.2f} s, {kilobytes} kB")
    return done.returncode, out, int(kilobytes)


def main():
    """Run the command line."""
    path, megabytes, cases = sys.argv[1], float(sys.argv[2]), int((sys.argv[3:] or ["30"])[0])
    one = len(_text(case(0, 100))) / 100
    print(write(path, cases, round(megabytes * 1e6 / one / cases)), "bytes")


if __name__ == "__main__":
    main()
