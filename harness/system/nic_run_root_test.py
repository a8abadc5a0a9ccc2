"""Testbed nic on a veth pair that stands for two ports: what it refuses, sets, counts and gives back."""
import json
import re
import signal
import subprocess
import threading
import time
from pathlib import Path

import pytest

from runs import (BINARY, NEEDS_ROOT, attach_foreign_xdp, comes_true, has_text, interrupted, ip,
                  line_to_go_on, run_in, start_in, validate)

HOME = "pktbench-nic-test"  # stands for the host's namespace
STATE = Path("/run/pktbench")
NETNS = Path("/run/netns")

pytestmark = NEEDS_ROOT


def run(tmp_path, *arguments, testbed=(), rate=2000, name="out"):
    """(exit status, stderr, document or None) of a short run."""
    scenario = tmp_path / "nic.json"
    scenario.write_text(json.dumps({
        "testbed": {"name": "nic", "dut": "pbnic0", "generator": "pbnic1",
                    "virtual_ports": "allow", **dict(testbed)},
        "traffic": {"generator": "packet-sendmmsg", "rate": rate},
        "backends": ["udp-recvmmsg", "xdp-native", "xdp-generic"],
        "method": {"trials": 1, "duration_s": 0.1, "warmup_s": 0.02, "max_disturbance": 1}}))
    out = tmp_path / name
    done = run_in(HOME, BINARY, "run", str(scenario), "--out", str(out), *arguments)
    file = out / "run.json"
    return done.returncode, done.stderr, json.loads(file.read_text()) if file.exists() else None


def state():
    """All that a run must give back, as iproute2, ethtool's files and sysctls show it."""
    shown = {}
    for device in ("pbnic0", "pbnic1"):
        link = json.loads(ip(f"-n {HOME} -d -j address show dev {device}"))[0]
        shown[device] = {k: link.get(k) for k in ("ifname", "ifindex", "mtu", "flags", "address",
                                                  "promiscuity", "num_rx_queues")}
        shown[device]["addresses"] = sorted(
            (a["local"], a["prefixlen"], a["scope"], a.get("label"), a.get("broadcast"))
            for a in link["addr_info"])
        script = (f"cd /sys/class/net/{device}; grep -H . threaded napi_defer_hard_irqs "
                  "gro_flush_timeout queues/*/rps_cpus queues/*/xps_cpus 2>/dev/null; "
                  f"cd /proc/sys/net; grep -rH . ipv4/conf/{device} ipv6/conf/{device} 2>/dev/null")
        inside = subprocess.run(["ip", "netns", "exec", HOME, "sh", "-c", script],
                                capture_output=True, text=True, timeout=20)
        shown[device]["files"] = sorted(inside.stdout.splitlines())
        features = subprocess.run(["ip", "netns", "exec", HOME, "sh", "-c",
                                   f"command -v ethtool >/dev/null && ethtool -k {device} && "
                                   f"ethtool -l {device}"],
                                  capture_output=True, text=True, timeout=20)
        shown[device]["features"] = features.stdout
    for family in ("-4", "-6"):
        shown["routes" + family] = sorted(
            (r["dst"], r.get("gateway"), r.get("metric"))
            for r in json.loads(ip(f"-n {HOME} {family} -j route show table all"))
            if r.get("protocol") != "kernel" and r.get("type", "unicast") == "unicast")
    return shown


def journals():
    return sorted(STATE.glob("*.journal")) if STATE.is_dir() else []


def left_namespaces():
    return sorted(p.name for p in NETNS.glob("pktbench[0-9]*-*"))


@pytest.fixture(autouse=True)
def before():
    """Two ports with settings of their own; nothing of a run is left when the test is over."""
    if journals() or left_namespaces():
        pytest.skip("an ended run's journal or namespaces are on this host")
    ip(f"netns add {HOME}")
    try:
        ip(f"-n {HOME} link add pbnic0 mtu 9000 numrxqueues 2 numtxqueues 2 type veth "
           "peer name pbnic1 mtu 9000 numrxqueues 2 numtxqueues 1")
        for device in ("pbnic0", "pbnic1"):
            # No DAD, which would show an address as tentative for a while.
            run_in(HOME, "sysctl", "-qw", f"net.ipv6.conf.{device}.accept_dad=0",
                   f"net.ipv4.conf.{device}.rp_filter=2")
            ip(f"-n {HOME} link set {device} up")
        ip(f"-n {HOME} link set pbnic0 promisc on")
        ip(f"-n {HOME} addr add 192.0.2.1/24 dev pbnic0")
        ip(f"-n {HOME} addr add 192.0.2.77/32 dev pbnic0")
        ip(f"-n {HOME} addr add 2001:db8::1/64 dev pbnic0")
        ip(f"-n {HOME} route add 203.0.113.0/24 via 192.0.2.9 dev pbnic0 metric 7")
        ip(f"-n {HOME} route add 198.51.100.0/24 dev pbnic1 table 77")
        ip(f"-n {HOME} -6 route add 2001:db8:1::/48 via 2001:db8::9 dev pbnic0")
        time.sleep(0.2)
        yield state()
    finally:
        subprocess.run([BINARY, "restore"], check=False, timeout=60, stdout=subprocess.DEVNULL)
        ip(f"netns del {HOME}")
    assert journals() == [] and left_namespaces() == []


def setting(document, role, name):
    port = next(p for p in document["ports"] if p["role"] == role)
    found = [s for s in port["settings"] if s["setting"] == name]
    assert len(found) == 1, port["settings"]
    return found[0]


@pytest.mark.parametrize("namespaces", ["own", "host"])
@pytest.mark.parametrize("napi", ["softirq", "threaded"])
def test_every_frame_is_counted_and_the_ports_are_given_back(tmp_path, before, namespaces, napi):
    status, stderr, document = run(tmp_path, testbed={"namespaces": namespaces, "napi": napi,
                                                      "gro": "on", "tso": "off"}.items())
    assert status == 0, stderr
    assert "virtual device (veth)" in stderr
    for case in document["cases"]:
        assert case["status"] == "ok", case["reason"]
        assert case["virtual"] is True and case["arrangement"] == napi
        trial = case["trials"][0]
        assert trial["unaccounted"] == 0
        assert trial["received"]["packets"] == trial["offered"]["packets"] > 0
        assert trial["line_rate_pps"] is None
        assert "virtual device" in trial["missing"]["line_rate_pps"]
    validate(tmp_path / "out" / "run.json", tmp_path / "out" / "trials.jsonl")
    assert setting(document, "dut", "mtu") == {"setting": "mtu", "wanted": "1500",
                                               "before": "9000", "after": "1500", "failed": None}
    assert state() == before


def test_frames_of_every_kind_are_counted_and_the_ports_are_given_back(tmp_path, before):
    status, stderr, document = run(tmp_path, "--set", '/traffic/frame_size=["imix", 4018]')
    assert status == 0, stderr
    for case in document["cases"]:
        assert case["status"] == "ok", case["reason"]
        trial = case["trials"][0]
        offered, received = trial["offered"], trial["received"]
        assert trial["unaccounted"] == 0 and received["packets"] > 0
        # On a busy machine frames are dropped, each of which has its own length.
        lost = sum(trial["drops"].values())
        assert received["packets"] + lost == offered["packets"]
        assert 60 * lost <= offered["bytes"] - received["bytes"] <= 4014 * lost
        assert (case["frame_size"], case["frame_mix"]) == ((4018, None) if "4018B" in case["id"]
                                                           else (None, "imix"))
    validate(tmp_path / "out" / "run.json", tmp_path / "out" / "trials.jsonl")
    assert setting(document, "dut", "mtu")["after"] in ("1500", "4000")
    assert state() == before


def test_ipv6_frames_are_counted_and_the_ports_are_given_back(tmp_path, before):
    status, stderr, document = run(tmp_path, "--set", "/traffic/ip=[4, 6]")
    assert status == 0, stderr
    for case in document["cases"]:
        assert case["status"] == "ok", case["reason"]
        trial = case["trials"][0]
        assert trial["unaccounted"] == trial["received"]["foreign"] == 0
        assert trial["received"]["packets"] == trial["offered"]["packets"] > 0
    assert [case["ip"] for case in document["cases"]] == [4, 4, 4, 6, 6, 6]
    assert state() == before


def test_ipv6_in_the_hosts_namespace_is_unsupported(tmp_path, before):
    status, stderr, document = run(tmp_path, "--set", "/traffic/ip=6", testbed={"namespaces": "host"}.items())
    assert status == 4
    assert {case["reason"] for case in document["cases"]} == {
        'IPv6 frames need the ports in namespaces of their own: set /testbed/namespaces to "own"'}


@pytest.mark.parametrize("backend", ["xdp-native", "xdp-generic"])
def test_what_is_sent_back_is_counted_at_the_generators_port(tmp_path, before, backend):
    status, stderr, document = run(tmp_path, "--set", '/workloads=["reflect"]', "--backend", backend)
    assert status == 0, stderr
    trial = document["cases"][0]["trials"][0]
    assert trial["returned"]["packets"] == trial["received"]["packets"] > 0
    assert state() == before


FORWARDING = ("--set", '/workloads=["forward"]',
              "--set", '/backends=["xdp-native", "xdp-generic", "kernel-forward"]')


@pytest.fixture
def second_wire(before):
    """Two ports more, and what they are."""
    ip(f"-n {HOME} link add pbnic2 mtu 9000 type veth peer name pbnic3 mtu 9000")
    for device in ("pbnic2", "pbnic3"):
        ip(f"-n {HOME} link set {device} up")
    ip(f"-n {HOME} addr add 203.0.113.7/24 dev pbnic2")

    def shown():
        links = [json.loads(ip(f"-n {HOME} -d -j address show dev {d}"))[0] for d in ("pbnic2", "pbnic3")]
        return [{**{k: link.get(k) for k in ("ifname", "ifindex", "mtu", "flags", "address", "promiscuity")},
                 "ipv4": [a["local"] for a in link["addr_info"] if a["family"] == "inet"]} for link in links]

    comes_true(lambda: all("LOWER_UP" in link["flags"] for link in shown()))
    yield {"dut_out": "pbnic2", "generator_in": "pbnic3"}, shown


def test_what_is_forwarded_is_counted_at_the_generators_second_port(tmp_path, second_wire):
    ports, shown = second_wire
    was = shown()
    status, stderr, document = run(tmp_path, *FORWARDING, testbed=ports.items())
    assert status == 0, stderr
    assert len(document["cases"]) == 3
    for case in document["cases"]:
        trial = case["trials"][0]
        out = trial["returned"]
        assert trial["unaccounted"] == 0 and out["unaccounted"] == 0 and out["strays"] == 0, case["id"]
        assert out["packets"] == trial["received"]["packets"] == trial["offered"]["packets"] > 0
    validate(tmp_path / "out" / "run.json", tmp_path / "out" / "trials.jsonl")
    assert shown() == was


def test_forwarding_without_a_second_wire_is_unsupported_and_names_its_keys(tmp_path, before):
    status, _, document = run(tmp_path, *FORWARDING)
    assert status == 4
    for case in document["cases"]:
        assert case["status"] == "unsupported"
        assert "/testbed/dut_out" in case["reason"] and "/testbed/generator_in" in case["reason"]
    assert state() == before


def test_forwarding_through_the_hosts_own_namespace_is_unsupported(tmp_path, second_wire):
    ports, shown = second_wire
    was = shown()
    status, _, document = run(tmp_path, *FORWARDING, testbed={"namespaces": "host", **ports}.items())
    assert status == 4
    assert all('set /testbed/namespaces to "own"' in case["reason"] for case in document["cases"])
    assert shown() == was


def test_one_end_of_a_second_wire_is_refused(tmp_path, before):
    status, stderr, _ = run(tmp_path, testbed={"dut_out": "pbnic0"}.items())
    assert status == 2 and "give both or neither" in stderr
    status, stderr, _ = run(tmp_path, testbed={"dut_out": "pbnic0", "generator_in": "pbnic1"}.items())
    assert status == 2 and "are both pbnic" in stderr
    assert state() == before


def test_redirected_frames_leave_by_a_program_that_the_run_names(tmp_path, before):
    status, stderr, document = run(tmp_path, "--set", "/traffic/generator=xdp-live", "--backend",
                                   "xdp-native")
    assert status == 0, stderr
    trial = document["cases"][0]["trials"][0]
    assert trial["received"]["packets"] == trial["offered"]["packets"] > 0
    assert setting(document, "generator", "xdp")["after"] == "pass"
    assert state() == before


def test_what_a_driver_refuses_is_named(tmp_path, before):
    status, stderr, document = run(tmp_path, testbed={"rx_ring": 512, "rx_usecs": 3}.items())
    assert status == 0, stderr
    for name in ("rings", "coalescing"):
        failed = setting(document, "dut", name)
        assert "does not tell" in failed["failed"] and failed["after"] is None
        assert f"pbnic0 is without {name}" in stderr
    assert state() == before


def test_two_queues_are_set_and_given_back(tmp_path, before):
    status, stderr, document = run(tmp_path, "--set", "/queues=1")
    assert status == 0, stderr
    assert setting(document, "dut", "channels")["after"].startswith("rx=1 ")
    assert state() == before
    status, stderr, _ = run(tmp_path, "--set", "/queues=7", name="more")
    assert status == 4 and "RX queues" in stderr
    assert state() == before


def test_each_case_has_its_queues_and_one_that_is_not_what_it_says_is_named(tmp_path, before):
    status, stderr, document = run(tmp_path, "--set", "/queues=[1,2,3]", "--set", "/traffic/flows=64",
                                   testbed={"gro": "on", "tso": "off"}.items())
    assert status == 6, stderr
    found = {(case["backend"], case["queues"]): case for case in document["cases"]}
    assert len(found) == 9
    for (backend, queues), case in found.items():
        if queues == 1:
            assert case["status"] == "ok", case["reason"]
        elif queues == 3:
            assert case["status"] == "unsupported" and "has not 3 RX queues" in case["reason"]
        else:
            # The port that sends has one queue, and the kernel's veth gives its frames to one.
            who = backend if backend == "xdp-native" else "the device"
            assert case["status"] == "failed", backend
            assert re.match(f"{who} counted nothing on RX queue [01] of 2 on pbnic0", case["reason"])
    assert state() == before


@pytest.mark.parametrize("change, arguments, status, reason", [
    ({"virtual_ports": "refuse"}, [], 3, "is no NIC but a virtual device (veth)"),
    ({"dut": ""}, [], 2, "/testbed/dut: missing"),
    ({"dut": "pbnic7"}, [], 2, 'there is no interface "pbnic7"'),
    ({"dut": "0000:ff:1f.7"}, [], 2, "there is no PCI device 0000:ff:1f.7"),
    ({"dut": "pbnic1"}, [], 2, "are both pbnic1"),
    ({}, ["--allow", "0000:01:00.0"], 3, "only ports on the allow-list may be used"),
    ({}, ["--allow", "eth0"], 2, "is no PCI address"),
    ({}, ["--i-know-this-is", "eth9"], 2, "is none of the scenario's ports"),
    ({"name": "veth"}, [], 2, "/testbed/"),
])
def test_what_cannot_be_is_refused_and_nothing_is_touched(tmp_path, before, change, arguments,
                                                          status, reason):
    got, stderr, document = run(tmp_path, *arguments, testbed=change.items())
    assert got == status, stderr
    assert reason in stderr and document is None
    assert state() == before


def test_a_port_with_the_default_route_needs_its_name_repeated(tmp_path):
    ip(f"-n {HOME} route add default via 192.0.2.9 dev pbnic0")
    before = state()
    status, stderr, _ = run(tmp_path)
    assert status == 3 and "carries the default route (IPv4, table main)" in stderr
    assert state() == before
    # The pair's other end would take it down: both are refused, and both must be named.
    status, stderr, document = run(tmp_path, "--i-know-this-is", "pbnic0", "--i-know-this-is",
                                   "pbnic1", name="again")
    assert status == 0, stderr
    waived = [w for port in document["ports"] for w in port["waived"]]
    assert any("default route" in w for w in waived)
    assert state() == before


def test_an_interrupted_run_goes_on_with_what_was_said_of_its_ports(tmp_path):
    ip(f"-n {HOME} route add default via 192.0.2.9 dev pbnic0")
    scenario = tmp_path / "nic.json"
    out = tmp_path / "out"
    scenario.write_text(json.dumps({
        "testbed": {"name": "nic", "dut": "pbnic0", "generator": "pbnic1", "virtual_ports": "allow"},
        "traffic": {"generator": "packet-sendmmsg", "rate": 2000}, "backends": ["udp-recvmmsg"],
        "method": {"trials": 3, "duration_s": 0.1, "warmup_s": 0.02, "max_disturbance": 1}}))
    process = start_in(HOME, BINARY, "run", str(scenario), "--out", str(out), "--i-know-this-is", "pbnic0",
                       "--i-know-this-is", "pbnic1")
    line = line_to_go_on(interrupted(process, lambda: has_text(out / "trials.jsonl")))
    again = run_in(HOME, "sh", "-c", line)
    assert again.returncode == 0, again.stderr
    case, = json.loads((out / "run.json").read_text())["cases"]
    assert len(case["trials"]) >= 3 and case["status"] == "ok"


def test_frames_that_find_no_gro_are_told_what_helps(tmp_path):
    run_in(HOME, "ethtool", "-K", "pbnic0", "gro", "off").check_returncode()
    live = ["--set", "/traffic/generator=xdp-live", "--backend", "udp-recvmmsg", "--backend", "xdp-generic"]
    status, stderr, document = run(tmp_path, *live)
    assert status == 6, stderr
    for case in document["cases"]:
        assert case["reason"].startswith("none of 64 frames sent to pbnic0 was counted by "), case["reason"]
        assert "native XDP or GRO" in case["reason"]
        _, command, others = re.fullmatch(r"(.*GRO of pbnic0 is off: )(.*), or use generator (.*)",
                                          case["reason"]).groups()
    for generator in others.split(" or "):
        status, stderr, _ = run(tmp_path, "--set", f"/traffic/generator={generator}", *live[2:],
                                name=generator)
        assert status == 0, stderr
    typed = run_in(HOME, "sh", "-c", command)
    assert typed.returncode == 0, typed.stderr
    status, stderr, _ = run(tmp_path, *live, name="again")
    assert status == 0, stderr


@pytest.mark.parametrize("mode", ["xdpgeneric", "xdpdrv"])
def test_a_foreign_xdp_program_is_taken_off_by_the_command_that_is_printed(tmp_path, mode):
    for end in ("pbnic0", "pbnic1"):
        ip(f"-n {HOME} link set {end} mtu 1500")
    attach_foreign_xdp(HOME, "pbnic0", mode)
    status, stderr, _ = run(tmp_path)
    assert status == 3
    typed = run_in(HOME, "sh", "-c", stderr.strip().rsplit("when nobody needs it: ", 1)[1])
    assert typed.returncode == 0, typed.stderr
    status, stderr, _ = run(tmp_path, name="again")
    assert status == 0, stderr


def test_a_foreign_xdp_program_is_never_replaced(tmp_path):
    ip(f"-n {HOME} link set pbnic0 mtu 1500")
    attach_foreign_xdp(HOME, "pbnic0", "xdpgeneric")
    status, stderr, _ = run(tmp_path, "--i-know-this-is", "pbnic0")
    assert status == 3 and "is not pktbench's" in stderr


def seen():
    """How far a run has come, by what can be seen of it."""
    text = "".join(j.read_text() for j in journals() if j.exists())
    at_home_now = ip(f"-n {HOME} -br link show")
    return (text.count('"kind":"netns"'), text.count('"kind":"port"'),
            "pbnic0" not in at_home_now, "pbnic1" not in at_home_now)


def test_a_run_killed_at_any_moment_is_restored(tmp_path, before):
    """SIGKILL at ten moments from the first journal entry into the first trial."""
    reached = set()
    for moment in range(10):
        out = tmp_path / f"out{moment}"
        scenario = tmp_path / "kill.json"
        scenario.write_text(json.dumps({
            "testbed": {"name": "nic", "dut": "pbnic0", "generator": "pbnic1", "napi": "threaded",
                        "virtual_ports": "allow", "gro": "on", "tso": "off",
                        "defer_hard_irqs": 2, "gro_flush_timeout_ns": 200000},
            "traffic": {"generator": "packet-sendmmsg", "rate": 2000},
            "backends": ["xdp-generic"], "method": {"duration_s": 5}}))
        process = start_in(HOME, BINARY, "run", str(scenario), "--out", str(out))
        try:
            assert comes_true(journals, 30, 0.0005), process.communicate(timeout=1)
            # Denser at first, where the set-up is.
            time.sleep(0.004 * moment ** 1.8)
            process.send_signal(signal.SIGKILL)
        finally:
            process.kill()
            process.communicate(timeout=30)
        reached.add(seen())
        restored = subprocess.run([BINARY, "restore"], capture_output=True, text=True, timeout=60)
        assert restored.returncode == 0, (moment, restored.stderr)
        assert journals() == []
        assert state() == before, moment
    # They were moments of different stages, the last of them with both ports away.
    assert len(reached) >= 3 and max(reached)[2:] == (True, True), reached


def test_a_port_that_was_set_down_is_up_again_for_the_next_trial(tmp_path, before):
    log = tmp_path / "out" / "trials.jsonl"

    def set_down():
        comes_true(lambda: has_text(log), pause=0.01)
        ip("-n pktbench0-dut link set pbnic0 down")

    other = threading.Thread(target=set_down)
    other.start()
    # Of two trials in a row that do not come about there is no third.
    _, stderr, document = run(tmp_path, "--trials", "6", "--backend", "udp-recvmmsg")
    other.join()
    assert "pbnic0 was set down; it is up again" in stderr
    case, = document["cases"]
    last = case["trials"][-1]
    assert last["status"] == "ok" and last["received"]["packets"] > 0 and last["unaccounted"] == 0
    assert state() == before
