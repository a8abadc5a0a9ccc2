"""Whole runs, for the tests beside this file; of the veth testbed where nothing else is said."""
import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

BINARY = os.environ["PKTBENCH_BINARY"]
SOURCE = Path(os.environ["PKTBENCH_SOURCE"])
QUICKSTART = SOURCE / "scenarios" / "quickstart.json"
# What else this machine does is no fault of the code under test.
WINDOW_S = 0.1
BRIEF = ["--duration", str(WINDOW_S), "--set", "/method/warmup_s=0.05",
         "--set", "/method/max_disturbance=1", "--set", "/method/max_cpu_distance_change=0",
         "--set", "/method/max_overrun=1000"]
SHORT = ["--trials", "2", *BRIEF]

# The first testbed's, with the namespace of each.
PORTS = {"pbdut0": "pktbench0-dut", "pbgen0": "pktbench0-gen"}

NEEDS_DPDK = pytest.mark.skipif(not (Path(BINARY).parent / "pktbench-dpdk").exists(),
                                reason="built without DPDK")
NEEDS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="needs root: makes namespaces")
MARKS = [NEEDS_ROOT, pytest.mark.usefixtures("host_as_it_was")]


def comes_true(condition, seconds=60, pause=0.002):
    """False where it does not in that time."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(pause)
    return True


def ip(arguments):
    return subprocess.run(["ip", *arguments.split()], check=True, timeout=20, capture_output=True,
                          text=True).stdout


def start_in(namespace, *command):
    """In a network namespace that stands for the host's, to which no SSH session leads."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("SSH_")}
    return subprocess.Popen(["nsenter", f"--net=/run/netns/{namespace}", *command], env=environment,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def run_in(namespace, *command):
    process = start_in(namespace, *command)
    stdout, stderr = process.communicate(timeout=120)
    return subprocess.CompletedProcess(command, process.returncode, stdout, stderr)


def name_of(process):
    """Empty where it has ended meanwhile."""
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        return Path(f"/proc/{process}/comm").read_text().strip()
    return ""


def processes(prefix):
    """Those whose name begins so."""
    return [int(p) for p in os.listdir("/proc") if p.isdigit() and name_of(p).startswith(prefix)]


def host_state():
    """What a run could leave: namespaces, devices, XDP programs of ours, NAPI threads, sysctls."""
    programs = json.loads(subprocess.run(["bpftool", "-j", "prog", "show"], capture_output=True,
                                         text=True, check=True).stdout or "[]")
    threads = [name_of(p) for p in os.listdir("/proc") if p.isdigit()]
    ours = {"drop", "generate", "reflect", "sink", "cpu_flush", "on_switch", "on_softirq_entry",
            "on_softirq_exit", "on_softirq_exi", "on_softirq_ent"}
    netns = Path("/run/netns")
    return {
        "namespaces": sorted(p.name for p in netns.glob("pktbench[0-9]*")) if netns.is_dir() else [],
        "mounted namespaces": Path("/proc/self/mounts").read_text().count("/netns/pktbench"),
        "devices": sorted(os.listdir("/sys/class/net")),
        "programs": sorted(p["name"] for p in programs if p.get("name") in ours),
        "threads": sorted(t for t in threads if t.startswith("napi/pb")),
        "bpffs": Path("/proc/self/mounts").read_text().count(" bpf "),
        "journals": sorted(p.name for p in Path("/run/pktbench").glob("*.journal")),
        "sysctls": [Path("/proc/sys/net/ipv6/conf/all/disable_ipv6").read_text()
                    if Path("/proc/sys/net/ipv6/conf/all/disable_ipv6").exists() else "",
                    Path("/proc/sys/net/ipv4/conf/all/rp_filter").read_text(),
                    Path("/proc/sys/kernel/bpf_stats_enabled").read_text(),
                    Path("/proc/sys/kernel/sched_autogroup_enabled").read_text()
                    if Path("/proc/sys/kernel/sched_autogroup_enabled").exists() else ""],
    }


def assert_host_is(before):
    """The kernel removes namespaces and programs in its own time, a few seconds at most."""
    comes_true(lambda: host_state() == before, 20, 0.1)
    assert host_state() == before


def start(out, *arguments, scenario=QUICKSTART):
    return subprocess.Popen([BINARY, "run", str(scenario), "--out", str(out), *arguments],
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def run(out, *arguments, scenario=QUICKSTART):
    process = start(out, *arguments, scenario=scenario)
    stdout, stderr = process.communicate(timeout=120)
    return process.returncode, stdout, stderr


def begin(out, backend, *arguments, trials=1, duration=1, scenario=QUICKSTART):
    """A run of one backend whose windows leave time to interfere, and which may make a trial again."""
    return start(out, "--trials", str(trials), "--duration", str(duration), "--set", "/method/warmup_s=0",
                 "--set", "/method/max_disturbance=1", "--set", "/method/max_cpu_distance_change=0",
                 "--set", "/method/max_overrun=1000", "--set", "/method/max_repeats=1",
                 "--set", "/traffic/rate=20000", "--backend", backend, *arguments, scenario=scenario)


def ended(process, out):
    """The trials of such a run, and its stderr."""
    _, stderr = process.communicate(timeout=120)
    validate(out / "run.json", out / "trials.jsonl")
    case, = json.loads((out / "run.json").read_text())["cases"]
    return case["trials"], stderr


def validate(*files):
    script = SOURCE / "results" / "schema" / "validate.py"
    result = subprocess.run([sys.executable, script, *files], capture_output=True, text=True)
    assert result.returncode == 0, result.stdout + result.stderr


def has_text(log):
    return log.exists() and log.read_text() != ""


def interrupted(process, begun):
    """stderr of a run that gets a Ctrl-C once `begun()`."""
    assert comes_true(begun), "no trial ended"
    process.send_signal(signal.SIGINT)
    _, stderr = process.communicate(timeout=60)
    assert process.returncode == 130, stderr
    return stderr


def line_to_go_on(stderr):
    line, = re.findall("go on with: (.*)", stderr)
    return line


def attach_foreign_xdp(namespace, device, mode, program="reflect_sink"):
    """A program that is not this test's to replace. Skips the test where iproute2 can attach none."""
    program = Path(BINARY).parent / "bpf" / f"{program}.bpf.o"
    attached = subprocess.run(["unshare", "--mount", "ip", "-n", namespace, "link", "set", device, mode,
                               "obj", program, "sec", "xdp"], capture_output=True, text=True, timeout=30)
    if attached.returncode != 0:
        pytest.skip("no XDP program can be attached by iproute2: " + attached.stderr.strip())


def wait_for_trials(out, n):
    log = Path(out) / "trials.jsonl"
    assert comes_true(lambda: log.exists() and len(log.read_text().splitlines()) >= n, pause=0.02)


def link(port):
    state = subprocess.run(["ip", "-n", PORTS[port], "-j", "-s", "link", "show", port],
                           capture_output=True, text=True)
    return json.loads(state.stdout)[0] if state.returncode == 0 else None


def await_window(above=100):
    """The generator is sending when the DUT counts more than the 64 that confirm the path."""
    def sends():
        now = link("pbdut0")
        return now and now["stats64"]["rx"]["packets"] > above
    assert comes_true(sends, 30, 0.02), "no window was opened"
