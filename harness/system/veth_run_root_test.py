"""Whole runs on the veth testbed that time, end early, or change what all of the kernel has: what they
leave in the results, and that they leave nothing else."""
import json
import random
import signal
import subprocess
import time

import pytest

from runs import (BINARY, MARKS, QUICKSTART, SHORT, SOURCE, WINDOW_S, assert_host_is, host_state, run, start,
                  validate, wait_for_trials)

pytestmark = MARKS


def test_quickstart_conserves_every_frame_and_validates(tmp_path):
    out = tmp_path / "out"
    status, stdout, stderr = run(out, *SHORT)
    assert status == 0, stderr
    validate(out / "run.json", out / "trials.jsonl")
    document = json.loads((out / "run.json").read_text())
    assert [c["backend"] for c in document["cases"]] == ["udp-recvfrom", "udp-recvmmsg",
                                                         "xdp-generic", "xdp-native"]
    for case in document["cases"]:
        assert case["status"] == "ok", case["reason"]
        assert case["mode"]["effective"] == case["backend"]
        assert case["arrangement"] == "isolated" and case["virtual"] is True
        for trial in case["trials"]:
            assert trial["unaccounted"] == 0
            assert trial["received"]["packets"] > 0
            assert trial["received"]["bytes"] == 60 * trial["received"]["packets"]
            assert trial["cycles_per_packet"] > 0
    roles = {n["role"]: n for n in document["environment"]["before"]["nics"]}
    assert roles["dut"]["driver"] == "veth"
    assert roles["dut"]["offloads"]["rx-gro"] is True
    assert stdout.splitlines()[-2] == f"run: {out}/run.json"


@pytest.mark.parametrize("idle_driver, how", [("yes", "poll"), ("no", "spin")])
def test_with_and_without_an_idle_driver_each_case_has_a_figure(tmp_path, idle_driver, how):
    ran = subprocess.run([SOURCE / "scripts" / "own-run", "--idle-driver", idle_driver, BINARY, "run",
                          QUICKSTART, "--out", tmp_path / "out", *SHORT],
                         capture_output=True, text=True, timeout=120)
    assert ran.returncode == 0, ran.stderr
    for case in json.loads((tmp_path / "out" / "run.json").read_text())["cases"]:
        assert (case["dut_idle"], case["condition"]["idle"]) == (how, how)
        assert case["status"] == "ok" and case["summary"]["mpps"]["median"] > 0


@pytest.mark.parametrize("generator", ["xdp-live", "packet-sendmmsg", "udp-sendmmsg"])
def test_every_generator_conserves_at_full_rate_and_paced(tmp_path, generator):
    out = tmp_path / "out"
    rates = json.dumps(["max", 20000])
    status, _, stderr = run(out, *SHORT, "--set", f"/traffic/generator={generator}",
                            "--set", f"/traffic/rate={rates}", "--set", "/traffic/flows=100")
    assert status == 0, stderr
    document = json.loads((out / "run.json").read_text())
    assert len(document["cases"]) == 8
    for case in document["cases"]:
        for trial in case["trials"]:
            assert trial["unaccounted"] == 0, (case["id"], trial["drops"])
            target = trial["offered"]["target_pps"]
            if target is not None:
                # Counts, not time: what was due in the window was sent, or is told as unsent. A busy
                # machine reads its end some ms after the generator's last frame was due.
                sent = trial["offered"]["packets"] + trial["offered"]["unsent"]
                assert 0.99 * target * WINDOW_S - 64 <= sent <= 1.01 * target * trial["duration_s"] + 64
    validate(out / "run.json")


def test_the_kernels_account_of_bpf_programs_has_trials_of_its_own(tmp_path):
    out = tmp_path / "out"
    backends = ["xdp-native", "xdp-generic", "tc-drop", "af_xdp", "udp-recvmmsg"]
    status, _, stderr = run(out, *SHORT, "--set", "/method/bpf_stats=true", "--set", "/traffic/rate=20000",
                            "--set", f"/backends={json.dumps(backends)}")
    assert status == 0, stderr
    validate(out / "run.json", out / "trials.jsonl")
    cases = {c["backend"]: c for c in json.loads((out / "run.json").read_text())["cases"]}
    assert list(cases) == backends
    for case in cases.values():
        assert len(case["trials"]) == 2 and all("bpf_run_time" not in t for t in case["trials"])
        assert case["summary"]["mpps"]["n"] == 2
    for case in list(cases.values())[:4]:
        taken = case["bpf_run_time"]
        assert taken["reason"] is None and taken["ns_per_run"]["n"] == 2
        assert [t["round"] for t in taken["trials"]] == [0, 1]
        for trial in taken["trials"]:
            time = trial["bpf_run_time"]
            assert trial["status"] == "ok" and trial["unaccounted"] == 0
            # A run of the program for every frame; those that af_xdp lost behind it had one as well.
            assert time["runs"] == trial["offered"]["packets"] - trial["drops"]["veth_ring_full"]
            assert 0 < time["ns"] < 1e9 * trial["duration_s"]
    assert cases["udp-recvmmsg"]["bpf_run_time"]["ns_per_run"] is None
    assert "udp-recvmmsg runs no BPF program" in cases["udp-recvmmsg"]["bpf_run_time"]["reason"]


def test_telemetry_that_is_off_leaves_the_counts_and_takes_the_cycles(tmp_path):
    out = tmp_path / "out"
    status, stdout, stderr = run(out, *SHORT, scenario=SOURCE / "scenarios" / "observer-cost.json")
    assert status == 0, stderr
    validate(out / "run.json", out / "trials.jsonl")
    off, on = json.loads((out / "run.json").read_text())["cases"]
    assert (off["telemetry"], on["telemetry"]) == ("none", "full")
    assert (off["id"], on["id"]) == ("xdp-native/drop/64B/1q/1f/telemetry=none", "xdp-native/drop/64B/1q/1f")
    assert off["limiter"] == "unknown"
    for case in (off, on):
        assert [t["round"] for t in case["trials"]] == [0, 1]
        assert all(t["status"] == "ok" and t["unaccounted"] == 0 for t in case["trials"])
    for trial in off["trials"]:
        assert trial["mpps"] > 0 and trial["cpus"] == []
        assert trial["cycles_per_packet"] is None and trial["ns_per_packet"] is None
        assert "telemetry" in trial["missing"]["cycles_per_packet"]
    # Switched on again after each of the others, whichever came first.
    for trial in on["trials"]:
        assert trial["cycles_per_packet"] > 0
        dut = next(c for c in trial["cpus"] if c["role"] == "dut")
        assert abs(dut["busy"] + dut["idle"] - 1) < 0.05


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_keeps_its_trials_and_can_be_resumed(tmp_path, how):
    out = tmp_path / "out"
    process = start(out, *SHORT)
    wait_for_trials(out, 2)
    process.send_signal(how)
    stdout, stderr = process.communicate(timeout=30)
    assert process.returncode == 130, stderr
    validate(out / "run.json", out / "trials.jsonl")
    document = json.loads((out / "run.json").read_text())
    assert document["run"]["interrupted"] is True
    kept = sum(len(c["trials"]) for c in document["cases"])
    assert 2 <= kept < 8

    again = subprocess.run([BINARY, "run", QUICKSTART, *SHORT, "--resume", out],
                           capture_output=True, text=True, timeout=120)
    assert again.returncode == 0, again.stderr
    document = json.loads((out / "run.json").read_text())
    assert [len(c["trials"]) for c in document["cases"]] == [2, 2, 2, 2]
    validate(out / "run.json", out / "trials.jsonl")


def test_ten_kills_and_restore_leave_nothing(tmp_path, host_as_it_was):
    moments = random.Random(2544)
    left_something = 0
    for i in range(10):
        process = start(tmp_path / f"out{i}", *SHORT)
        time.sleep(moments.uniform(0.02, 1.6))
        process.send_signal(signal.SIGKILL)
        process.communicate(timeout=30)
        left_something += host_state()["namespaces"] != host_as_it_was["namespaces"]
        result = subprocess.run([BINARY, "restore"], capture_output=True, text=True, timeout=30)
        assert result.returncode == 0, result.stderr
        assert_host_is(host_as_it_was)
    # Else this test proves nothing about restore.
    assert left_something >= 3


def test_the_next_run_undoes_what_a_killed_one_left(tmp_path):
    process = start(tmp_path / "killed", *SHORT)
    wait_for_trials(tmp_path / "killed", 1)
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=30)
    assert host_state()["journals"]
    status, _, stderr = run(tmp_path / "next", *SHORT, "--backend", "xdp-native")
    assert status == 0, stderr
    assert "undone" in stderr


def test_a_second_run_at_once_is_refused_and_the_first_is_not_disturbed(tmp_path):
    first = start(tmp_path / "first", *SHORT)
    wait_for_trials(tmp_path / "first", 1)
    status, stdout, stderr = run(tmp_path / "second", *SHORT)
    assert status == 3
    assert str(first.pid) in stderr
    assert not (tmp_path / "second").exists()
    first.communicate(timeout=60)
    assert first.returncode == 0
    validate(tmp_path / "first" / "run.json")
