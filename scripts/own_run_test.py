"""scripts/own-run gives a command a /run of its own, and tells what it has left there."""
import os
import pathlib
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent


def own_run(script):
    return subprocess.run([ROOT / "scripts/own-run", "sh", "-c", script], capture_output=True, text=True,
                          timeout=60, check=False)


def test_status_and_output_are_the_commands():
    done = own_run("echo out; echo err >&2; exit 42")
    assert (done.returncode, done.stdout, done.stderr) == (42, "out\n", "err\n")


# Without the right to mount, as in a plain chroot, the command has the host's /run.
needs_root = pytest.mark.skipif(
    os.geteuid() != 0 or subprocess.run(["unshare", "--mount", "true"], capture_output=True).returncode != 0,
    reason="needs root, with a mount namespace of its own")


@needs_root
def test_the_hosts_run_is_neither_seen_nor_changed():
    name = f"own-run-{os.getpid()}"
    done = own_run(f"ls -A /run; mkdir -p /run/pktbench; touch /run/pktbench/lock /run/{name}; ls /run")
    assert (done.returncode, done.stdout) == (0, f"{name}\npktbench\n")
    assert not pathlib.Path("/run", name).exists()


@needs_root
@pytest.mark.parametrize("shown", ["yes", "no"])
def test_an_idle_driver_is_shown_or_hidden_and_the_rest_stays(shown):
    cpu = "/sys/devices/system/cpu/cpu0"
    rest = [p.name for p in pathlib.Path(cpu).iterdir() if p.name != "cpuidle"]
    done = subprocess.run([ROOT / "scripts/own-run", "--idle-driver", shown, "sh", "-c",
                           f"cat {cpu}/cpuidle/state0/name; cat {cpu}/topology/core_id; ls {cpu}; uname"],
                          capture_output=True, text=True, timeout=60, check=False)
    core = pathlib.Path(cpu, "topology/core_id").read_text()
    entries = sorted(rest + ["cpuidle"] * (shown == "yes"))
    polls = "POLL\n" if shown == "yes" else ""
    assert done.stdout == polls + core + "\n".join(entries) + "\nLinux\n", done.stderr
    assert "idle-driver" not in pathlib.Path("/proc/self/mounts").read_text()


@needs_root
def test_two_have_namespaces_of_one_name():
    name = "pktbench0-dut"
    made = f"ip netns add {name} && ip netns exec {name} ip -br link && ip netns del {name}"
    both = [subprocess.Popen([ROOT / "scripts/own-run", "sh", "-c", made], stdout=subprocess.PIPE, text=True)
            for _ in range(2)]
    for one in both:
        out, _ = one.communicate(timeout=60)
        assert one.returncode == 0 and out.startswith("lo ")


@needs_root
@pytest.mark.parametrize("status, result", [(0, 1), (7, 7)])
@pytest.mark.parametrize("left", ["/run/netns/pktbench0-dut", "/run/pktbench/1.journal",
                                  "/run/pktbench-vhost-1"])
def test_what_is_left_is_named_and_fails(left, status, result):
    done = own_run(f"mkdir -p {os.path.dirname(left)} && touch {left} && exit {status}")
    assert (done.returncode, done.stdout) == (result, f"left behind: {left}\n")
