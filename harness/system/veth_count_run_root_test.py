"""Whole runs on the veth testbed that only count, beside other tests: every frame is in the results."""
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from runs import BRIEF, NEEDS_ROOT, SHORT, SOURCE, comes_true, run, validate

# scripts/own-run names what a run leaves behind; the whole host's state is the other tests' too.
pytestmark = NEEDS_ROOT


def test_every_queue_counts(tmp_path):
    out = tmp_path / "out"
    status, _, stderr = run(out, *SHORT, "--set", "/queues=2", "--set", "/traffic/flows=256",
                            "--set", "/traffic/generator=packet-sendmmsg", "--set", "/traffic/rate=20000",
                            "--set", '/backends=["xdp-native","xdp-generic"]')
    assert status == 0, stderr
    native, generic = json.loads((out / "run.json").read_text())["cases"]
    # The generic hook is not told the queue by veth: null with a reason, and no made-up zero.
    for trial in generic["trials"]:
        assert trial["received"]["per_queue"] is None and trial["unaccounted"] == 0
    for trial in native["trials"]:
        assert len(trial["received"]["per_queue"]) == 2
        assert all(trial["received"]["per_queue"])
        assert sum(trial["received"]["per_queue"]) == trial["received"]["packets"]


def test_each_case_has_its_number_of_queues(tmp_path):
    out = tmp_path / "out"
    status, _, stderr = run(out, *SHORT, "--set", "/queues=[1,4]",
                            "--set", "/traffic/flows=256",
                            "--set", "/traffic/generator=packet-sendmmsg", "--set", "/traffic/rate=20000",
                            "--set", '/backends=["xdp-native","af_xdp"]')
    assert status == 0, stderr
    validate(out / "run.json", out / "trials.jsonl")
    cases = json.loads((out / "run.json").read_text())["cases"]
    assert [case["queues"] for case in cases] == [1, 1, 4, 4]
    for case in cases:
        for trial in case["trials"]:
            received = trial["received"]
            assert len(received["per_queue"]) == case["queues"] and all(received["per_queue"]), case["id"]
            assert sum(received["per_queue"]) == received["packets"] == trial["offered"]["packets"]
            dut = [cpu["cpu"] for cpu in trial["cpus"] if cpu["role"] == "dut"]
            assert 1 <= len(dut) <= case["queues"], "no CPU is the DUT's without a queue"
    if len(os.sched_getaffinity(0)) < 5:
        assert "4 queues of veth share" in stderr


def test_a_pump_has_one_queue_and_the_cases_of_one_are_measured(tmp_path):
    out = tmp_path / "out"
    status, _, stderr = run(out, *SHORT, "--set", "/queues=[2,1]", "--set", "/testbed/arrangement=pump",
                            "--set", "/traffic/generator=packet-sendmmsg",
                            "--set", '/backends=["xdp-native"]')
    assert status == 0, stderr
    cases = {case["queues"]: case for case in json.loads((out / "run.json").read_text())["cases"]}
    assert cases[1]["status"] == "ok" and "gone" not in stderr
    assert cases[2]["status"] == "unsupported"
    assert cases[2]["reason"].startswith("arrangement pump drives the NAPI of one queue, not of 2")


def test_a_generator_for_one_queue_is_unsupported_on_two(tmp_path):
    status, _, _ = run(tmp_path / "out", *SHORT, "--set", "/queues=2", "--backend", "xdp-native")
    assert status == 4
    case = json.loads((tmp_path / "out" / "run.json").read_text())["cases"][0]
    assert case["status"] == "unsupported" and "RX queue" in case["reason"]


def test_what_the_workload_made_of_the_frames_is_in_the_result(tmp_path):
    out = tmp_path / "out"
    status, _, stderr = run(out, *SHORT, "--backend", "xdp-native", "--set", '/workloads=["parse"]')
    assert status == 0, stderr
    validate(out / "run.json", out / "trials.jsonl")
    for trial in json.loads((out / "run.json").read_text())["cases"][0]["trials"]:
        details = trial["received"]["details"]
        assert details["ok"] == trial["received"]["packets"] > 0
        assert sum(details.values()) == trial["received"]["packets"]


def test_a_path_can_be_measured_against_itself(tmp_path):
    out = tmp_path / "out"
    status, _, stderr = run(out, *SHORT, scenario=SOURCE / "scenarios" / "noise-floor.json")
    assert status == 0, stderr
    validate(out / "run.json", out / "trials.jsonl")
    cases = json.loads((out / "run.json").read_text())["cases"]
    assert [c["id"].removeprefix("xdp-native/drop/64B/1q/1f") for c in cases] == [
        "/label=a1", "/label=a2", "/500000pps/label=a1", "/500000pps/label=a2"]
    assert [c["label"] for c in cases] == ["a1", "a2"] * 2
    for case in cases:
        assert case["status"] == "ok", case["reason"]
        assert all(t["unaccounted"] == 0 for t in case["trials"])
    for i in range(2):
        assert sorted(c["trials"][i]["order"] for c in cases) == [0, 1, 2, 3]


@pytest.mark.parametrize("arrangement", ["isolated", "pump", "inline"])
def test_what_is_sent_back_comes_back_or_is_lost_at_a_named_place(tmp_path, arrangement):
    out = tmp_path / "out"
    # At full rate frames are lost both ways; paced, both conservation laws hold all the same.
    status, _, stderr = run(out, "--trials", "1", *BRIEF, "--set", '/workloads=["reflect"]',
                            "--set", '/traffic/rate=["max",20000]',
                            "--set", '/backends=["xdp-native","xdp-generic","af_xdp","udp-recvfrom",'
                                     '"udp-recvmmsg","packet-mmap"]',
                            "--set", f"/testbed/arrangement={arrangement}")
    assert status == 0, stderr
    validate(out / "run.json", out / "trials.jsonl")
    cases = json.loads((out / "run.json").read_text())["cases"]
    assert len(cases) == 12
    for case in cases:
        assert case["status"] == "ok", case["reason"]
        for trial in case["trials"]:
            back = trial["returned"]
            assert trial["unaccounted"] == 0 and back["unaccounted"] == 0 and back["strays"] == 0
            received = trial["received"]
            assert received["details"]["reflected"] == received["packets"]
            assert back["sent_back"] == received["packets"] - received["details"].get("not_sent", 0)
            assert back["packets"] > 0
            assert back["packets"] + sum(back["drops"].values()) == back["sent_back"]
            assert not set(back["drops"]) & set(trial["drops"])


@pytest.mark.parametrize("ports, found", [([9], "filtered"), ([8, 9, 10], "filtered"), ([10, 53], "passed")])
def test_the_filter_takes_out_the_scenarios_ports(tmp_path, ports, found):
    out = tmp_path / "out"
    status, _, stderr = run(out, *SHORT, "--set", '/workloads=["filter"]', "--set", "/traffic/rate=20000",
                            "--set", f"/filter/udp_ports={json.dumps(ports)}",
                            "--set", '/backends=["xdp-native","xdp-generic","af_xdp","packet-mmap"]')
    assert status == 0, stderr
    validate(out / "run.json", out / "trials.jsonl")
    document = json.loads((out / "run.json").read_text())
    assert document["scenario"]["filter"] == {"udp_ports": ports}
    assert len(document["cases"]) == 4
    for case in document["cases"]:
        assert case["status"] == "ok", case["reason"]
        assert case["workload_options"] == {"udp_ports": ports}
        for trial in case["trials"]:
            received = trial["received"]
            assert received["details"][found] == received["packets"] > 0
            assert sum(received["details"].values()) == received["packets"]


def test_a_foreign_drop_program_is_measured_by_the_same_measurer(tmp_path):
    """The external backend, with a bare XDP_DROP attached by iproute2."""
    source = tmp_path / "bare.c"
    source.write_text('__attribute__((section("xdp"), used)) int bare(void *c) { return 1; }\n'
                      'char _license[] __attribute__((section("license"), used)) = "GPL";\n')
    subprocess.run(["clang", "-target", "bpf", "-O2", "-g", "-c", source, "-o", tmp_path / "bare.o"],
                   check=True)
    attach = f"unshare --mount ip link set dev $DEV xdpdrv obj {tmp_path}/bare.o sec xdp"
    backend = {"name": "external", "attach": attach,
               "detach": "ip link set dev $DEV xdpdrv off", "counter": "driver:rx_queue_0_xdp_drops"}
    out = tmp_path / "out"
    status, _, stderr = run(out, *SHORT, "--set", f"/backends={json.dumps(['xdp-native', backend])}")
    assert status == 0, stderr
    for case in json.loads((out / "run.json").read_text())["cases"]:
        assert case["status"] == "ok"
        assert all(t["unaccounted"] == 0 for t in case["trials"])


RECEIVER = """
import pathlib, socket, sys
count = pathlib.Path(sys.argv[1])
receiver = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
receiver.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
receiver.bind(("0.0.0.0", 9))
count.with_suffix(".ready").touch()
while True:
    receiver.recv(64)
"""


def test_a_foreign_program_is_counted_by_a_command(tmp_path):
    """A Python receiver that cannot keep up: what it did not receive is named, not unaccounted."""
    (tmp_path / "receiver.py").write_text(RECEIVER)
    files = tmp_path / "count"
    attach = tmp_path / "attach.sh"
    attach.write_text(f"rm -f {files}.ready; {sys.executable} {tmp_path}/receiver.py {files} & "
                      f"echo $! >{files}.pid; until [ -e {files}.ready ]; do sleep 0.05; done")
    backend = {"name": "external", "attach": f"sh {attach}",
               "detach": f"kill $(cat {files}.pid)",
               "counter": "command:awk '/^Udp: [0-9]/ {print $2}' /proc/net/snmp"}
    out = tmp_path / "out"
    status, _, stderr = run(out, *SHORT, "--set", f"/backends={json.dumps([backend])}",
                            "--set", "/method/max_disturbance=1")
    assert status == 0, stderr
    validate(out / "run.json")
    for trial in json.loads((out / "run.json").read_text())["cases"][0]["trials"]:
        assert trial["unaccounted"] == 0 and trial["received"]["packets"] > 0
        assert trial["drops"]["behind_device"] > 0
    process = Path("/proc") / (tmp_path / "count.pid").read_text().strip()
    assert comes_true(lambda: not process.exists(), 20, 0.05)


@pytest.mark.parametrize("counter, reason", [
    ("command:echo many", 'is to print one number and printed "many"'),
    ("command:exit 4", "ended with status 4"),
    ("command:echo 1 2", 'is to print one number and printed "1 2"'),
])
def test_a_counter_that_gives_no_number_is_a_failed_case(tmp_path, counter, reason):
    backend = {"name": "external", "attach": "true", "detach": "", "counter": counter}
    status, _, _ = run(tmp_path / "out", *SHORT, "--set", f"/backends={json.dumps([backend])}")
    assert status == 6
    case = json.loads((tmp_path / "out" / "run.json").read_text())["cases"][0]
    assert case["status"] == "failed" and reason in case["reason"]


def test_an_unknown_counter_is_named_with_those_there_are(tmp_path):
    backend = {"name": "external", "attach": "true", "detach": "", "counter": "rx"}
    status, _, stderr = run(tmp_path / "out", *SHORT, "--set", f"/backends={json.dumps([backend])}")
    assert status == 2
    assert 'unknown counter "rx"; it is driver:NAME, command:COMMAND or link:rx_packets' in stderr


def test_an_external_command_that_fails_is_a_failed_case(tmp_path):
    backend = {"name": "external", "attach": "exit 3", "detach": "", "counter": "link:rx_packets"}
    status, _, _ = run(tmp_path / "out", *SHORT, "--set", f"/backends={json.dumps([backend])}")
    assert status == 6
    case = json.loads((tmp_path / "out" / "run.json").read_text())["cases"][0]
    assert case["status"] == "failed" and "exit 3" in case["reason"]
