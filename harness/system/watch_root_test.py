"""`pktbench watch` on a veth with real traffic: every frame is counted and passes; nothing stays attached."""
import contextlib
import ctypes
import itertools
import json
import os
import pty
import re
import select
import signal
import socket
import subprocess
import urllib.request

import pytest

from runs import BINARY, NEEDS_ROOT, comes_true, ip, run_in, start_in

# scripts/own-run names what is left behind.
pytestmark = NEEDS_ROOT

WATCHED = "watched0"
SENDER = "sender0"
FRAME = 60


@pytest.fixture
def wire():
    """Namespaces `near` and `far`, with a veth between them; what is watched is in `far`."""
    for name in ("near", "far"):
        ip(f"netns add {name}")
    try:
        ip(f"link add {SENDER} netns near type veth peer name {WATCHED} netns far")
        for name, device, address in (("near", SENDER, "10.9.0.1/24"), ("far", WATCHED, "10.9.0.2/24")):
            # What the kernel sends by itself, as it does for IPv6, would be counted, too.
            run_in_netns(name, "sysctl", "-qw", f"net.ipv6.conf.{device}.disable_ipv6=1")
            ip(f"-n {name} link set {device} arp off")
            ip(f"-n {name} address add {address} dev {device}")
            ip(f"-n {name} link set {device} up")
        yield
    finally:
        for name in ("near", "far"):
            subprocess.run(["ip", "netns", "del", name], check=False)


def run_in_netns(name, *command):
    subprocess.run(["ip", "netns", "exec", name, *command], check=True, timeout=20)


def watch(*arguments, interval=0.1):
    return start_in("far", BINARY, "watch", WATCHED, "--interval", str(interval), *arguments)


def programs():
    """Ids of what is attached to the device."""
    link, = json.loads(ip(f"-n far -j -d link show {WATCHED}"))
    return [attached["prog"]["id"] for attached in link.get("xdp", {}).get("attached", [])] or (
        [link["xdp"]["prog"]["id"]] if link.get("xdp", {}).get("prog") else [])


def attached(process):
    assert comes_true(lambda: programs() or process.poll() is not None), "never attached"
    assert process.poll() is None, process.stderr.read()


@contextlib.contextmanager
def in_namespace(name):
    own = os.open("/proc/self/ns/net", os.O_RDONLY)
    other = os.open(f"/run/netns/{name}", os.O_RDONLY)
    setns = ctypes.CDLL(None, use_errno=True).setns
    assert setns(other, 0x40000000) == 0
    try:
        yield
    finally:
        assert setns(own, 0x40000000) == 0
        os.close(own)
        os.close(other)


def ethernet(ether_type, payload):
    return (b"\xff" * 6 + b"\x02\0\0\0\0\1" + ether_type.to_bytes(2, "big") + payload).ljust(FRAME, b"\0")


def from_ipv4(address):
    return ethernet(0x0800, bytes([0x45]) + bytes(11) + socket.inet_aton(address) + bytes(4))


def from_ipv6(address):
    return ethernet(0x86DD, bytes([0x60]) + bytes(7) + socket.inet_pton(socket.AF_INET6, address) + bytes(16))


@contextlib.contextmanager
def received_by_the_watched():
    """Gives a function: how many frames the device has received."""
    with in_namespace("far"):
        counters = open("/proc/thread-self/net/dev", encoding="ascii")

    def packets():
        counters.seek(0)
        line, = [line for line in counters if line.lstrip().startswith(f"{WATCHED}:")]
        return int(line.split()[2])

    with counters:
        yield packets


def send(frames):
    """No more at a time than fit into the veth's ring of 256, whatever else its CPU has to do."""
    with received_by_the_watched() as received, in_namespace("near"), \
            socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as sender:
        sender.bind((SENDER, 0))
        frames, due = iter(frames), received()
        while batch := list(itertools.islice(frames, 128)):
            for frame in batch:
                sender.send(frame)
            due += len(batch)
            assert comes_true(lambda: received() >= due), f"{received()} received of {due}"


def stopped(process, by=signal.SIGINT):
    process.send_signal(by)
    stdout, stderr = process.communicate(timeout=200)
    return process.returncode, stdout, stderr


def test_every_frame_is_counted_and_passes(wire):
    process = watch("--json", "--per-ip")
    attached(process)
    with in_namespace("far"), socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3)) as stack:
        stack.bind((WATCHED, 0))
        stack.setsockopt(socket.SOL_SOCKET, 33, 64 << 20)  # SO_RCVBUFFORCE
        vlan = from_ipv4("10.1.0.3")
        vlan = vlan[:12] + b"\x81\x00\x00\x07" + vlan[12:-4]
        send([from_ipv4("10.1.0.1")] * 3000 + [from_ipv4("10.1.0.2")] * 20 + [vlan] * 5
             + [from_ipv6("2001:db8::7")] * 7 + [ethernet(0x0806, b"")] * 4 + [ethernet(0x0800, b"\x45")] * 2)
        status, stdout, stderr = stopped(process)
        assert status == 0, stderr
        passed = 0
        stack.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            while True:
                passed += stack.recv(2048) is not None
    last = json.loads(stdout.splitlines()[-1])
    assert last["packets"] == 3038 == passed
    assert last["bytes"] == 3038 * FRAME
    assert last["mode"] == "native" and last["interface"] == WATCHED
    assert {a: c["packets"] for a, c in last["addresses"].items()} == {
        "10.1.0.1": 3000, "10.1.0.2": 20, "10.1.0.3": 5, "2001:db8::7": 7, "0.0.0.0": 2}
    assert last["without_address"] == {"packets": 4, "bytes": 4 * FRAME}
    assert last["no_room"]["packets"] == 0
    for key in ("queues", "cpus"):
        assert sum(part["packets"] for part in last[key]) == 3038
        assert sum(part["bytes"] for part in last[key]) == 3038 * FRAME
    assert programs() == []


def test_more_addresses_than_there_is_room_for_are_counted_together(wire):
    process = watch("--json", "--per-ip", interval=1000)
    attached(process)
    room = 65536
    send(from_ipv4(socket.inet_ntoa((0x0B000000 + i).to_bytes(4, "big"))) for i in range(room + 50))
    # Whoever was there before goes on to be counted under its name.
    send([from_ipv4("11.0.0.1")] * 10)
    status, stdout, stderr = stopped(process)
    assert status == 0, stderr
    last = json.loads(stdout.splitlines()[-1])
    assert last["packets"] == room + 60
    assert len(last["addresses"]) == room and last["addresses"]["11.0.0.1"]["packets"] == 11
    assert last["no_room"]["packets"] == 50


def scraped(namespace, url):
    """What a scrape from that namespace gets, as text; empty: nobody answers."""
    with in_namespace(namespace), contextlib.suppress(OSError):
        with urllib.request.urlopen(url, timeout=30) as answer:
            return answer.read().decode()
    return ""


def values(text, name):
    """Of a metric, by its labels."""
    return {labels: float(value) for labels, value in
            re.findall(rf"^{name}{{(.*)}} (\S+)$", text, re.MULTILINE)}


def test_prometheus_is_answered_from_what_was_counted(wire):
    ip("-n far link set lo up")
    process = watch("--json", "--metrics", "9100")
    attached(process)
    send([from_ipv4("10.1.0.1")] * 4000)
    url = "http://127.0.0.1:9100/metrics"

    def counted():
        return sum(values(scraped("far", url), "pktbench_packets_total").values())
    assert comes_true(lambda: counted() >= 4000, 20, 0.1)
    text = scraped("far", url)
    assert sum(values(text, "pktbench_packets_total").values()) == 4000
    assert sum(values(text, "pktbench_bytes_total").values()) == 4000 * FRAME
    for labels in values(text, "pktbench_packets_total"):
        assert re.fullmatch(f'backend="watch",workload="pass",nic="{WATCHED}",mode="native",'
                            r'queue="0",cpu="\d+"', labels)
    with in_namespace("far"), open("/proc/thread-self/net/tcp", encoding="ascii") as sockets:
        listening = [line.split()[1] for line in sockets if line.split()[3] == "0A"]
    assert listening == ["0100007F:238C"]  # 127.0.0.1:9100
    taken = run_in("far", BINARY, "watch", WATCHED, "--fallback", "--metrics", "127.0.0.1:9100")
    assert taken.returncode == 3 and taken.stdout == ""
    assert taken.stderr == ("pktbench: --metrics 127.0.0.1:9100: port 9100 is taken; name another, or 0 for "
                            "any free one\n")
    status, stdout, stderr = stopped(process)
    assert status == 0 and f"metrics: {url}\n" in stderr
    assert json.loads(stdout.splitlines()[-1])["packets"] == 4000
    assert programs() == [] and scraped("far", url) == ""


@pytest.mark.parametrize("address, what", [
    ("localhost:9100", "is no port, and no IPv4 address with a port, such as 127.0.0.1:9100"),
    ("192.0.2.1:9100", "this host has no address 192.0.2.1")])
def test_a_bad_address_is_told_before_anything_is_attached(wire, address, what):
    result = run_in("far", BINARY, "watch", WATCHED, "--metrics", address)
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr == f"pktbench: --metrics {address}: {what}\n"


def test_lines_and_a_table_where_there_is_no_terminal(wire):
    process = watch("--duration", "4", interval=1)
    attached(process)
    send([from_ipv4("10.1.0.1")] * 40)
    stdout, stderr = process.communicate(timeout=30)
    assert process.returncode == 0, stderr
    lines = stdout.splitlines()
    assert sum(line.endswith(" Mbit/s") and " s  " in line for line in lines) == 4
    assert "\033" not in stdout
    row = next(line for line in lines if line.startswith("all "))
    assert row.split()[1:3] == ["40", str(40 * FRAME)]
    assert f"{WATCHED}: counting in native XDP" in stderr and "Not counted" in stderr
    assert programs() == []


def test_a_terminal_has_one_table_that_is_drawn_anew(wire):
    own, its = pty.openpty()
    process = subprocess.Popen(["nsenter", "--net=/run/netns/far", BINARY, "watch", WATCHED,
                                "--interval", "0.1"], stdout=its, stderr=subprocess.PIPE,
                               env={**os.environ, "TERM": "xterm"})
    os.close(its)
    shown = b""
    while shown.count(b"\033[J") < 2:
        assert select.select([own], [], [], 30)[0], "nothing is drawn"
        shown += os.read(own, 4096)
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=30) == 0
    process.stderr.close()
    os.close(own)
    assert b"packets/s" in shown


ENDS = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL, signal.SIGQUIT, signal.SIGABRT,
        signal.SIGSEGV]


@pytest.mark.parametrize("by", ENDS, ids=lambda s: s.name)
def test_nothing_is_attached_however_it_ends(wire, by, monkeypatch):
    for sanitizer in ("ASAN_OPTIONS", "TSAN_OPTIONS"):  # which would end it by an exit of their own
        monkeypatch.setenv(sanitizer, os.environ.get(sanitizer, "") + ":handle_segv=0:handle_abort=0")
    process = watch()
    attached(process)
    send([from_ipv4("10.1.0.1")] * 10)
    status, _, _ = stopped(process, by)
    assert status == (0 if by in ENDS[:3] else -by)
    assert comes_true(lambda: programs() == []), "still attached"


def test_it_ends_when_its_reader_has_gone(wire):
    process = watch()
    attached(process)
    process.stdout.close()
    assert process.wait(timeout=30) == 0
    process.stderr.close()
    assert programs() == []


def test_it_says_that_the_interface_is_gone(wire):
    process = watch()
    attached(process)
    ip(f"-n far link del {WATCHED}")
    _, stderr = process.communicate(timeout=30)
    assert process.returncode == 6 and f"{WATCHED} is gone" in stderr


def test_it_says_that_its_program_was_taken_off(wire):
    process = watch()
    attached(process)
    links = json.loads(subprocess.run(["bpftool", "-j", "link", "show"], capture_output=True, text=True,
                                      check=True).stdout)
    ours = [link["id"] for link in links if link.get("prog_id") == programs()[0]]
    subprocess.run(["bpftool", "link", "detach", "id", str(ours[0])], check=True)
    _, stderr = process.communicate(timeout=30)
    assert process.returncode == 6 and f"the program was taken off {WATCHED}: it has none now" in stderr


def test_a_foreign_program_stays(wire):
    first = watch("--json")
    attached(first)
    before = programs()
    second = watch("--fallback")
    _, stderr = second.communicate(timeout=30)
    assert second.returncode == 3, stderr
    assert "is not replaced" in stderr and f"program {before[0]} (driver), by BPF link" in stderr
    assert programs() == before
    send([from_ipv4("10.1.0.1")] * 10)
    _, stdout, _ = stopped(first)
    assert json.loads(stdout.splitlines()[-1])["packets"] == 10


def test_without_native_xdp_only_a_fallback_counts(wire):
    native = run_in("far", BINARY, "watch", "lo", "--duration", "0.1")
    assert native.returncode == 4 and "; --fallback counts" in native.stderr, native.stderr
    generic = run_in("far", BINARY, "watch", "lo", "--duration", "0.1", "--interval", "0.1", "--fallback",
                     "--json")
    assert generic.returncode == 0, generic.stderr
    assert json.loads(generic.stdout.splitlines()[-1])["mode"] == "generic"


def test_a_slip_in_the_name_is_told():
    result = subprocess.run([BINARY, "watch", "l0"], capture_output=True, text=True, timeout=30)
    assert result.returncode == 2 and 'there is no interface "l0"; did you mean "lo"?' in result.stderr
