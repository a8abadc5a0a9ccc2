"""Ten minutes of `pktbench watch` under traffic, with somebody who scrapes it each second, ended in ten ways:
every frame is counted and passes, and nothing stays attached. Nightly: it takes as long.
PKTBENCH_WATCH_SECONDS: how long in all (600)."""
import json
import os
import socket
import struct
import subprocess
import time
from pathlib import Path

import pytest

import watch_root_test as watched
from runs import NEEDS_ROOT, comes_true, ip
from watch_root_test import wire  # noqa: F401  a fixture

# scripts/own-run names what is left behind.
pytestmark = NEEDS_ROOT

SECONDS = float(os.environ.get("PKTBENCH_WATCH_SECONDS", "600"))
URL = "http://127.0.0.1:9100/metrics"
SOL_PACKET, PACKET_STATISTICS = 263, 6
MOST_GROWTH_KB = 2048
TRAFFIC = ([watched.from_ipv4("10.1.0.1")] * 200 + [watched.from_ipv6("2001:db8::7")] * 50
           + [watched.ethernet(0x0806, b"")] * 6)


def reader_gone(process):
    process.stdout.close()


def interface_gone(_):
    ip(f"-n far link del {watched.WATCHED}")


def program_taken_off(_):
    ours, = watched.programs()
    links = json.loads(subprocess.run(["bpftool", "-j", "link", "show"], capture_output=True, text=True,
                                      check=True).stdout)
    link, = [link["id"] for link in links if link.get("prog_id") == ours]
    subprocess.run(["bpftool", "link", "detach", "id", str(link)], check=True)


def sends(by):
    return lambda process: process.send_signal(by)


# How each is done, and the exit status that is due.
WAYS = {by.name: (sends(by), 0 if by in watched.ENDS[:3] else -by) for by in watched.ENDS}
WAYS |= {"reader gone": (reader_gone, 0), "interface gone": (interface_gone, 6),
         "program taken off": (program_taken_off, 6)}


def counted():
    return sum(watched.values(watched.scraped("far", URL), "pktbench_packets_total").values())


def memory_kb(process):
    for line in Path(f"/proc/{process.pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    raise AssertionError("no VmRSS")


@pytest.mark.parametrize("way", WAYS)
def test_under_traffic_until_it_ends(wire, way):  # noqa: F811
    end, status = WAYS[way]
    ip("-n far link set lo up")
    process = watched.watch("--per-ip", "--metrics", "9100", interval=1)
    watched.attached(process)
    sent, passed, memory = 0, 0, []
    with watched.in_namespace("far"):
        stack = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
        stack.bind((watched.WATCHED, 0))
    with stack:
        until = time.monotonic() + SECONDS / len(WAYS)
        while time.monotonic() < until or not sent:
            second = time.monotonic() + 1
            while time.monotonic() < second:
                watched.send(TRAFFIC)
                sent += len(TRAFFIC)
            # What it says is never more than there was; what the socket has no room for has passed, too.
            assert counted() <= sent
            passed += struct.unpack("II", stack.getsockopt(SOL_PACKET, PACKET_STATISTICS, 8))[0]
            memory.append(memory_kb(process))
        assert comes_true(lambda: counted() == sent, 30, 0.2), f"{counted()} counted of {sent}"
        passed += struct.unpack("II", stack.getsockopt(SOL_PACKET, PACKET_STATISTICS, 8))[0]
    assert passed == sent
    # A sanitizer keeps what is freed.
    if not any(name in Path(watched.BINARY).read_bytes() for name in (b"__asan_init", b"__tsan_init")):
        assert memory[-1] - memory[len(memory) // 4] < MOST_GROWTH_KB, memory
    print(f"{sent} frames")
    end(process)
    assert process.wait(timeout=30) == status
    process.stderr.close()
    if way != "interface gone":
        assert comes_true(lambda: watched.programs() == []), "still attached"
    assert watched.scraped("far", URL) == ""
