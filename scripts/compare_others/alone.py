"""Trials that the script makes by itself, where pktbench's own measurement has no place for the program."""
import json
import os
import shlex
import signal
import subprocess
import sys
import time

from .model import Failed
from .programs import FILE_PREFIX, TELEMETRY, attach_bare_drop
from .tools import need


def testpmd_alone(folder, driver):
    """A function for one trial of rxonly over a driver without a device, on the DUT's CPU."""
    generator, dut = sorted(os.sched_getaffinity(0))[:2]
    prefix = FILE_PREFIX + driver
    ask = folder / "telemetry.py"
    ask.write_text(TELEMETRY)

    def command(role, cpu, devices, forward, memory):
        return [need("dpdk-testpmd", "dpdk-dev"), *memory, "--no-pci", "--file-prefix", f"{prefix}-{role}",
                "--lcores", f"0@{cpu},1@{cpu}", *(f"--vdev={d}" for d in devices), "--",
                f"--forward-mode={forward}", "--nb-cores=1", "--total-num-mbufs=16384", "--rxd=1024",
                "--txd=1024", "--stats-period=3600", "--auto-start"]

    def count(role):
        path = f"/var/run/dpdk/{prefix}-{role}/dpdk_telemetry.v2"
        asked = subprocess.run([sys.executable, ask, path], capture_output=True, text=True)
        return int(asked.stdout) if asked.returncode == 0 else None

    def until(side, found, process, what, log):
        for _ in range(400):
            if found():
                return
            if process.poll() is not None:
                raise Failed(side, 5, f"{what} ended with status {process.returncode}: "
                                      f"{log.read_text()[-1500:]}")
            time.sleep(0.05)
        raise Failed(side, 5, f"{what} does not start: {log.read_text()[-1500:]}")

    def trial(side, options):
        started = []
        memory = ["--no-huge", "-m", "256"]
        socket = folder / "vhost"

        def start(role, ready, *arguments):
            log = folder / f"{role}.log"
            started.append(subprocess.Popen(command(role, *arguments, memory), stdin=subprocess.DEVNULL,
                                            stdout=log.open("w"), stderr=subprocess.STDOUT))
            until(side, ready, started[-1], f"testpmd ({role})", log)

        def receives():
            return count("rx") is not None
        try:
            if driver == "net_null":
                start("rx", receives, dut, ["net_null0,size=60"], "rxonly")
            else:
                # Asked for its statistics before it is set up, its driver takes testpmd down.
                socket.unlink(missing_ok=True)
                start("tx", socket.exists, generator, [f"net_vhost0,iface={socket}"], "txonly")
                start("rx", receives, dut, [f"net_virtio_user0,path={socket},queue_size=1024"], "rxonly")
            time.sleep(0.5)
            before, at = count("rx"), time.monotonic()
            time.sleep(options.duration)
            after, seconds = count("rx"), time.monotonic() - at
            if not after or after == before:
                raise Failed(side, 5, "testpmd received nothing: " + (folder / "rx.log").read_text()[-1500:])
            return {"mpps": (after - before) / seconds / 1e6}
        finally:
            for process in reversed(started):
                process.send_signal(signal.SIGINT)
                process.wait(20)
    return trial


class Pair:
    """A veth pair as pktbench's `isolated` makes it, with nothing attached, and its two CPUs."""

    def __init__(self):
        cpus = sorted(os.sched_getaffinity(0))
        self.generator_cpu, self.dut_cpu = cpus[0], cpus[-1]
        self.name = f"pktbench-others{os.getpid()}"
        self.generator, self.dut = f"og{os.getpid()}", f"od{os.getpid()}"

    def __enter__(self):
        try:
            for end in ("gen", "dut"):
                self.run(f"ip netns add {self.name}-{end}")
                # Router solicitations are frames too.
                self.inside(end, "sysctl -qw net.ipv6.conf.all.disable_ipv6=1 "
                                 "net.ipv6.conf.default.disable_ipv6=1 || true")
            self.run(f"ip -n {self.name}-gen link add {self.generator} type veth peer name {self.dut} "
                     f"netns {self.name}-dut")
            self.run(f"ip -n {self.name}-dut link set {self.dut} up")
            self.run(f"ip -n {self.name}-gen link set {self.generator} up")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for end in ("gen", "dut"):
            subprocess.run(["ip", "netns", "del", f"{self.name}-{end}"], capture_output=True, check=False)

    @staticmethod
    def run(command):
        subprocess.run(command, shell=True, check=True, stdout=subprocess.DEVNULL)

    def inside(self, end, command):
        self.run(f"ip netns exec {self.name}-{end} sh -c {shlex.quote(command)}")

    def receive(self, attach):
        """Attaches the XDP program, and places its NAPI thread."""
        self.inside("dut", attach.replace("$DEV", self.dut))
        self.inside("dut", f"echo 1 > /sys/class/net/{self.dut}/threaded")
        for thread in subprocess.run(["pgrep", f"^napi/{self.dut}-"], capture_output=True, text=True,
                                     check=True).stdout.split():
            os.sched_setaffinity(int(thread), {self.dut_cpu})

    def offered(self):
        """Frames redirected into the generator's device: taken by the other end, or without room there."""
        asked = subprocess.run(["ip", "-n", f"{self.name}-gen", "-j", "-s", "link", "show", self.generator],
                               capture_output=True, text=True, check=True)
        sent = json.loads(asked.stdout)[0]["stats64"]["tx"]
        return sent["packets"] + sent["dropped"]


def trafficgen(folder, tools):
    """A function for one trial of `xdp-trafficgen udp` into a bare XDP_DROP."""
    attach = attach_bare_drop(folder)
    log = folder / "trafficgen.log"

    def trial(side, options):
        with Pair() as pair, log.open("w") as output:
            pair.receive(attach)
            process = subprocess.Popen(
                f"exec ip netns exec {pair.name}-gen taskset -c {pair.generator_cpu} "
                f"{tools.find('xdp-trafficgen')} udp --interval 600 {pair.generator}", shell=True,
                stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT)
            try:
                for _ in range(200):
                    if pair.offered() > 0 or process.poll() is not None:
                        break
                    time.sleep(0.05)
                # As long as pktbench's own trials warm up.
                time.sleep(0.2)
                before, at = pair.offered(), time.monotonic()
                time.sleep(options.duration)
                after, seconds = pair.offered(), time.monotonic() - at
                if process.poll() is not None or after == before:
                    raise Failed(side, 5, f"it sends nothing: {log.read_text()[-1500:]}")
                return {"offered_mpps": (after - before) / seconds / 1e6}
            finally:
                process.send_signal(signal.SIGINT)
                process.wait(20)
    return trial
