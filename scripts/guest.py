"""One boot of scripts/lab for many tests of the guest (*_guest_test.py).

The guest has six cards under test. Parts run in it one after the other, each with the exit status and
the output of its own; what a part leaves on a card is the next one's finding.
"""
import functools
import json
import os
import re
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

BINARY = os.environ["PKTBENCH_BINARY"]
SOURCE = Path(os.environ["PKTBENCH_SOURCE"])
LAB = SOURCE / "scripts" / "lab"
# At 0000:00:10.0 and so on, their generators at 0000:00:08.0 and so on; the igb and its own one, an igb too,
# at addresses of their own.
CARDS = ("e1000e", "rtl8139", "vmxnet3", "e1000", "virtio-net", "igb")
GENERATORS = ("e1000e",) * 5 + ("igb",)
IGB, IGB_GENERATOR = "0000:02:00.0", "0000:01:00.0"
# The kernel and QEMU of the host's own release, in place of those that an igb comes with.
RELEASE = ["--release", os.environ["PKTBENCH_LAB_RELEASE"]] if "PKTBENCH_LAB_RELEASE" in os.environ else []


def lab(cards):
    """The start of a command line of the lab that has these of CARDS."""
    generators = (GENERATORS[CARDS.index(card)] for card in cards)
    return [LAB, *RELEASE, "--nics", ",".join(cards), "--generator", ",".join(generators)]


@functools.cache
def _checked():
    return subprocess.run([*lab(CARDS), "--check"], capture_output=True, text=True, timeout=600)


def can_boot():
    """Skips the test where the lab cannot boot, with its reason."""
    if _checked().returncode == 3:
        pytest.skip(_checked().stderr.strip())
    assert _checked().returncode == 0, _checked().stderr


def said():
    """Lines of the lab before the guest's own, at its second start: which cards it leaves out, if any."""
    return [line for line in _checked().stderr.splitlines() if ": downloading " not in line]


def why_no_igb():
    """Why the lab has none with zero-copy; empty where it has."""
    can_boot()
    kernel = re.match(r"kernel (\d+)\.(\d+)", _checked().stdout)
    if (int(kernel[1]), int(kernel[2])) < (6, 14):
        return f"{kernel[0]} is older than igb's AF_XDP zero-copy (6.14)"
    return "" if f"{IGB} igb" in _checked().stdout else "; ".join(said())


def why_no_dpdk():
    """Why the binary has no DPDK; empty where it has."""
    listed = subprocess.run([BINARY, "list", "--json"], capture_output=True, text=True, timeout=30)
    reason = next(e for e in json.loads(listed.stdout) if e["name"] == "dpdk")["reason"] or ""
    return reason if "built without" in reason else ""


def needs_dpdk():
    """Skips the test where the binary has no DPDK."""
    if why_no_dpdk():
        pytest.skip(why_no_dpdk())


def scenario(path, backends, trials, card="e1000e", queues=1, testbed=(), **traffic):
    """Writes one of a card and its generator, with more keys of its testbed and traffic."""
    slot = CARDS.index(card)
    dut, generator = f"0000:00:1{slot}.0", f"0000:00:{8 + slot:02x}.0"
    if card == "igb":
        dut, generator = IGB, IGB_GENERATOR
    path.write_text(json.dumps({
        "testbed": {"name": "nic", "dut": dut, "generator": generator, **dict(testbed)},
        "queues": queues, "traffic": {"generator": "packet-sendmmsg", "rate": 1000, **traffic},
        "backends": backends,
        "method": {"trials": trials, "duration_s": 0.5, "warmup_s": 0.1, "max_disturbance": 1,
                   "max_repeats": 0}}))


def run(scenario_path, out, *arguments, status=0):
    """The shell's line for it. What disturbs the emulator (status 5) is nothing to these tests."""
    line = shlex.join(map(str, [BINARY, "run", scenario_path, "--out", out, *arguments]))
    return f"status=0; {line} >&2 || status=$?; case $status in {status} | 5) ;; *) exit 1 ;; esac\n"


def run_of(folder):
    """The document of a run in which every frame that was offered was received."""
    subprocess.run([SOURCE / "results" / "schema" / "validate.py", folder / "run.json"], check=True,
                   timeout=60)
    document = json.loads((folder / "run.json").read_text())
    for case in document["cases"]:
        assert case["status"] in ("ok", "disturbed"), (case["id"], case["reason"])
        for trial in case["trials"]:
            assert trial["unaccounted"] == 0
            assert trial["received"]["packets"] == trial["offered"]["packets"] > 0
    return document


class Boot:
    """What came back: the guest's own exit status and output, and each part's."""

    def __init__(self, parts, last="", cards=CARDS):
        self._folder = tempfile.TemporaryDirectory(prefix="pktbench-guest-")
        self.shared = Path(self._folder.name)
        script = ""
        for name, make in parts.items():
            (self.shared / f"{name}.sh").write_text(make(self.shared))
            files = shlex.quote(str(self.shared / name))
            script += f"sh {files}.sh >{files}.out 2>{files}.err; echo $? >{files}.status\n"
        self.done = subprocess.run(
            [*lab(cards), "--timeout", "780", "--share", self.shared, "--", "sh", "-c",
             script + last], capture_output=True, text=True, timeout=800, check=False)

    def part(self, name):
        """(exit status, output) of a part that must have come to its end."""
        status = self.shared / f"{name}.status"
        assert status.exists(), f"the guest did not come to the end of {name}: {self.done.stderr}"
        return int(status.read_text()), (self.shared / f"{name}.out").read_text()

    def passed(self, name):
        """The output of a part that must have passed."""
        status, out = self.part(name)
        assert status == 0, out + (self.shared / f"{name}.err").read_text()
        return out


@functools.cache
def boot():
    """The one boot of this process, for all but kill_guest_test.py."""
    can_boot()
    # They in turn use this module, when their tests run.
    sys.path += [str(SOURCE / "scripts"), str(SOURCE / "harness" / "system")]
    import boot_guest_test
    import clock_guest_test
    import compare_guest_test
    import igb_guest_test
    import nic_guest_test
    return Boot({**boot_guest_test.PARTS, **compare_guest_test.PARTS, **dict(nic_guest_test.parts()),
                 **dict(igb_guest_test.parts()), **clock_guest_test.PARTS},
                boot_guest_test.LAST)
