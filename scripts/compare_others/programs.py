"""Other people's programs as commands of pktbench's backend `external`."""
import shlex
import subprocess

from .model import DUT, FLOW_PORT, GENERATOR, UDP_PORT
from .tools import need

BARE_DROP = """
__attribute__((section("xdp"), used)) int bare_drop(void *ctx) { return 1; /* XDP_DROP */ }
char _license[] __attribute__((section("license"), used)) = "Dual BSD/GPL";
"""


def attach_bare_drop(folder):
    """A command that attaches `return XDP_DROP` to $DEV."""
    source, program = folder / "bare.c", folder / "bare.o"
    source.write_text(BARE_DROP)
    subprocess.run(["clang", "-target", "bpf", "-O2", "-g", "-c", source, "-o", program], check=True)
    # iproute2 mounts a bpffs where there is none: in a mount namespace of its own that leaves nothing.
    return f"unshare --mount ip link set dev $DEV xdpdrv obj {shlex.quote(str(program))} sec xdp"


def bare_drop(folder):
    return {"name": "external", "counter": "driver:rx_queue_0_xdp_drops", "attach": attach_bare_drop(folder),
            "detach": "ip link set dev $DEV xdpdrv off"}


def external(folder, name, attach, detach, counter):
    """A backend whose commands are shell scripts with $PID and $LOG, two files of its own."""
    backend = {"name": "external"}
    for kind, text in (("attach", attach), ("detach", detach), ("counter", counter)):
        path = folder / f"{name}-{kind}.sh"
        own = shlex.quote(str(folder / name))
        path.write_text(f"PID={own}.pid\nLOG={own}.log\n"
                        "until_true() { n=0; until eval \"$1\"; do n=$((n+1)); [ $n -lt 200 ] || return 1; "
                        f"sleep 0.05; done; }}\n{text}\n")
        backend[kind] = f"sh {shlex.quote(str(path))}"
    backend["counter"] = "command:" + backend["counter"]
    return backend


def start(command, ready):
    """Starts a program that goes on, and waits until `ready` succeeds: then it receives."""
    ended = "! kill -0 $(cat $PID) 2>/dev/null"
    return (f"{command} >$LOG 2>&1 </dev/null &\necho $! >$PID\n"
            f"until_true {shlex.quote(f'{ready} || {ended}')}\n{ready} || {{ cat $LOG; exit 1; }}")


STOP = "kill -INT $(cat $PID)\nuntil_true '! kill -0 $(cat $PID) 2>/dev/null'"

FILE_PREFIX = "pktbench-"  # of testpmd's: DPDK names its run-time folder by it
DATAGRAMS_READ = "awk '/^Udp: [0-9]/ {print $2}' /proc/net/snmp"

TELEMETRY = """
import json, socket, sys, time
s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
s.connect(sys.argv[1])
s.recv(1 << 16)
for _ in range(20):
    s.send(b"/ethdev/stats,0")
    statistics = json.loads(s.recv(1 << 16))["/ethdev/stats"]
    if statistics:  # null where the driver could not be asked just then
        sys.exit(print(statistics["ipackets"]))
    time.sleep(0.05)
sys.exit("testpmd does not tell its statistics")
"""


def testpmd(folder, driver):
    """dpdk-testpmd in rxonly, counted by its telemetry; without huge pages, as ours is started."""
    prefix = FILE_PREFIX + driver
    ask = folder / "telemetry.py"
    ask.write_text(TELEMETRY)
    vdev = f"{driver}0,iface=$DEV" + (",busy_budget=0" if driver == "net_af_xdp" else "")
    # net_af_packet would count what the stack answers as well: nothing leaves this end.
    command = (f"{need('nft', 'nftables')} 'add table ip quiet; add chain ip quiet out "
               "{ type filter hook output priority 0; policy drop; }'\n"
               "cpu=$(taskset -pc $$ | sed 's/.*: //')\n"
               f"{need('dpdk-testpmd', 'dpdk-dev')} --no-huge -m 256 --no-pci --file-prefix={prefix} "
               f"--lcores 0@$cpu,1@$cpu --vdev={vdev} -- --forward-mode=rxonly --nb-cores=1 "
               "--total-num-mbufs=16384 --rxd=1024 --txd=1024 --stats-period=3600")
    count = f"/usr/bin/python3 {shlex.quote(str(ask))} /var/run/dpdk/{prefix}/dpdk_telemetry.v2"
    return external(folder, prefix, start(command, f"{count} >/dev/null 2>&1"),
                    f"{STOP}\n{need('nft', 'nftables')} delete table ip quiet", count)


def iperf3(folder):
    """iperf3's UDP receiver. Its client, in the generator's namespace, opens the test and sends next
    to nothing; pktbench's generator sends into the same flow."""
    program = need("iperf3", "iperf3")
    client = (f"setsid ip netns exec $(ip netns identify $$ | sed 's/-dut$/-gen/') {program} -c {DUT} "
              f"-p {UDP_PORT} -B {GENERATOR} --cport {FLOW_PORT} -u -b 10 -l 18 -t 3600 >$LOG.client 2>&1 "
              "</dev/null &\necho $! >$PID.client\n")
    flowing = f"ss -Hun state connected 'sport = :{UDP_PORT}' | grep -q :{FLOW_PORT}"
    listening = f"ss -Hltn 'sport = :{UDP_PORT}' | grep -q ."
    return external(folder, "iperf3",
                    f"{start(f'{program} -s -1 -p {UDP_PORT}', listening)}\n{client}"
                    f"until_true {shlex.quote(flowing)} || {{ cat $LOG $LOG.client; exit 1; }}",
                    f"kill $(cat $PID.client)\n{STOP}", DATAGRAMS_READ)


def tcpdump(folder):
    """tcpdump -w /dev/null, asked for its count by SIGUSR1 until it has read what its ring held."""
    command = f"{need('tcpdump', 'tcpdump')} -i $DEV -n -Q in -Z root -w /dev/null"
    ask = ("ask() { kill -USR1 $(cat $PID); sleep 0.1; "
           "grep -o '[0-9]* packets\\? captured' $LOG | tail -1 | cut -d' ' -f1; }\n"
           "new=$(ask)\nold=none\n"
           "while [ \"$new\" != \"$old\" ]; do old=$new; sleep 1.1; new=$(ask); done\necho $new")
    return external(folder, "tcpdump", start(command, "grep -q 'listening on' $LOG"), STOP, ask)


def xdp_bench(folder, tools):
    """`xdp-bench drop`, which does not load on every kernel."""
    backend = external(folder, "xdp-bench",
                       start(f"{tools.find('xdp-bench')} drop --interval 600 $DEV",
                             "ip -d link show $DEV | grep -q 'prog/xdp'"), STOP, "true")
    return backend | {"counter": "driver:rx_queue_0_xdp_drops"}
