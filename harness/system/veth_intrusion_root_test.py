"""What somebody does in the middle of a trial: each makes it invalid, is named, and passes."""
import os
import signal
import time
from pathlib import Path

import pytest

from runs import (MARKS, NEEDS_DPDK, PORTS, attach_foreign_xdp, await_window, begin, ended, ip, link,
                  processes)

pytestmark = MARKS

NAMED = 2  # times in a trial's line: in its reason and in its source's
DUT_CPU = max(os.sched_getaffinity(0))
OTHER_CPU = min(os.sched_getaffinity(0))


def disturbed_and_made_again(process, out):
    (first, again), stderr = ended(process, out)
    assert process.returncode == 0, stderr
    assert first["status"] == "invalid" and first["disturbed"], first["reason"]
    assert again["status"] == "ok", again["reason"]
    return first


def attach(port):
    attach_foreign_xdp(PORTS[port], port, "xdpgeneric", "xdp_pass")
    return link(port)["xdp"]["prog"]["id"]


def detach(port):
    ip(f"-n {PORTS[port]} link set {port} xdpgeneric off")


@pytest.mark.parametrize("backend, port", [("udp-recvmmsg", "pbdut0"), ("xdp-native", "pbgen0")])
def test_a_foreign_program_that_comes_and_stays_is_named_in_this_trial_and_the_next(tmp_path, backend, port):
    out = tmp_path / "out"
    process = begin(out, backend, trials=4)
    await_window()
    foreign = attach(port)
    named = f"foreign XDP program id {foreign} (generic) on {port}"
    log = out / "trials.jsonl"
    # In the second of them it was there from the beginning.
    while process.poll() is None and (not log.exists() or log.read_text().count(named) < 2 * NAMED):
        time.sleep(0.02)
    detach(port)
    (*trials, last), _ = ended(process, out)
    disturbed = [t for t in trials if t["status"] != "ok"]
    assert len(disturbed) >= 2
    for trial in disturbed:
        assert trial["status"] == "invalid" and trial["disturbed"] and named in trial["reason"]
    assert last["status"] == "ok" and last["disturbance"]["programs"] == {"evidence": {}, "reasons": []}


def test_a_foreign_program_that_comes_and_goes_in_a_window_is_named(tmp_path):
    process = begin(tmp_path / "out", "udp-recvmmsg")
    await_window()
    foreign = attach("pbdut0")
    detach("pbdut0")
    trial = disturbed_and_made_again(process, tmp_path / "out")
    assert f"foreign XDP program id {foreign} (generic) on pbdut0" in trial["reason"]


def threads_on(cpu, pids):
    """Those that are pinned to this CPU and get it as others do."""
    found = []
    for pid in pids:
        for tid in map(int, os.listdir(f"/proc/{pid}/task")):
            if os.sched_getaffinity(tid) == {cpu} and os.sched_getscheduler(tid) == os.SCHED_OTHER:
                found.append(tid)
    return found


def await_runs_on(tid, cpu):
    """A thread is given a CPU before it runs there, so that two turns on it must pass."""
    def turns():
        return int(Path(f"/proc/{tid}/schedstat").read_text().split()[2])
    while int(Path(f"/proc/{tid}/stat").read_text().rsplit(")", 1)[1].split()[36]) != cpu:
        pass
    began = turns()
    while turns() < began + 2:
        pass


@pytest.mark.parametrize("backend, who", [("udp-recvmmsg", "receiver"), ("xdp-native", "NAPI thread")])
def test_a_thread_that_is_moved_is_named(tmp_path, backend, who):
    process = begin(tmp_path / "out", backend, duration=2)
    await_window()
    thread, = threads_on(DUT_CPU, [process.pid] if who == "receiver" else processes("napi/pbdut0-"))
    os.sched_setaffinity(thread, {OTHER_CPU})
    trial = disturbed_and_made_again(process, tmp_path / "out")
    assert (f"{who} moved: thread {thread} may run on CPU {OTHER_CPU}; the DUT's is CPU {DUT_CPU}"
            in trial["reason"]), trial["reason"]


def test_a_thread_that_is_moved_and_comes_back_is_named(tmp_path):
    process = begin(tmp_path / "out", "udp-recvmmsg", duration=3)
    await_window()
    thread, = threads_on(DUT_CPU, [process.pid])
    os.sched_setaffinity(thread, {OTHER_CPU})
    await_runs_on(thread, OTHER_CPU)
    os.sched_setaffinity(thread, {DUT_CPU})
    trial = disturbed_and_made_again(process, tmp_path / "out")
    assert (f"receiver moved: thread {thread} left CPU {DUT_CPU} and came back"
            in trial["reason"]), trial["reason"]


def stop_for(pid, seconds):
    os.kill(pid, signal.SIGSTOP)
    try:
        time.sleep(seconds)
    finally:
        os.kill(pid, signal.SIGCONT)


def test_a_program_that_is_stopped_inside_a_window_of_the_planned_length_is_seen(tmp_path):
    process = begin(tmp_path / "out", "udp-recvmmsg", duration=2)
    await_window()
    thread, = threads_on(DUT_CPU, [process.pid])
    stop_for(process.pid, 0.2)
    trial = disturbed_and_made_again(process, tmp_path / "out")
    assert f"receiver stopped: thread {thread} was stopped" in trial["reason"], trial["reason"]


@NEEDS_DPDK
@pytest.mark.parametrize("seconds", [0.2, 2])
def test_a_dpdk_helper_that_is_stopped_is_seen_also_where_it_lasts_beyond_the_window(tmp_path, seconds):
    process = begin(tmp_path / "out", "dpdk", "--set",
                    '/backends=[{"name":"dpdk","driver":"net_af_packet","idle":"spin"}]')
    await_window()
    helper, = processes("pktbench-dpdk")
    threads = threads_on(DUT_CPU, [helper])
    stop_for(helper, seconds)
    trial = disturbed_and_made_again(process, tmp_path / "out")
    assert any(f"receiver stopped: thread {thread} was stopped" in trial["reason"] for thread in threads)
