"""The gate on real packets: a receiver that spends 5% more cycles on each fails it, the same one passes.
Nightly: it takes long, and a machine that does nothing else. PKTBENCH_GATE_REPEATS: how often each (10)."""
import json
import os
import statistics
import subprocess

import pytest

from runs import BINARY, MARKS, run

pytestmark = MARKS
REPEATS = int(os.environ.get("PKTBENCH_GATE_REPEATS", "10"))
RECEIVER = r"""
#include <netinet/in.h>
#include <sys/socket.h>
#include <x86intrin.h>
int main(void) {
  char frame[2048];
  struct sockaddr_in any = {.sin_family = AF_INET, .sin_port = htons(9)};
  const int s = socket(AF_INET, SOCK_DGRAM, 0);
  if (s < 0 || bind(s, (struct sockaddr *)&any, sizeof any) != 0) return 1;
  while (recv(s, frame, sizeof frame, 0) >= 0)
    for (const unsigned long long until = __rdtsc() + EXTRA; EXTRA && __rdtsc() < until;) {
    }
  return 1;
}
"""


def build(at, name, extra):
    (at / "receiver.c").write_text(RECEIVER)
    subprocess.run(["cc", "-O2", f"-DEXTRA={extra}", "-o", at / name, at / "receiver.c"], check=True)


@pytest.fixture(scope="module", name="lab")
def make_lab(tmp_path_factory):
    """A scenario of a receiver that a link names, and two builds of it: base, and one 5% dearer a packet."""
    at = tmp_path_factory.mktemp("gate")
    scenario = at / "receiver.json"
    scenario.write_text(json.dumps({
        "traffic": {"rate": 100000}, "method": {"trials": 5, "duration_s": 0.5},
        "backends": [{"name": "external", "attach": f"{at}/receiver & sleep 0.05",
                      "counter": "link:rx_packets"}]}))
    build(at, "base", 0)
    (at / "receiver").symlink_to("base")
    status, _, stderr = run(at / "first", scenario=scenario)
    assert status in (0, 5), stderr
    case, = json.loads((at / "first" / "run.json").read_text())["cases"]
    cycles = statistics.median(t["cycles_per_packet"] for t in case["trials"] if t["cycles_per_packet"])
    build(at, "slow", round(0.05 * cycles))
    build(at, "same", 0)
    return at


@pytest.mark.parametrize("repeat", range(REPEATS))
@pytest.mark.parametrize("build_, expected", [("slow", 1), ("same", 0)])
def test_a_backend_slowed_by_5_percent_fails_and_the_same_passes(lab, build_, expected, repeat):
    out = lab / f"{build_}-{repeat}"
    made = subprocess.run(
        [BINARY, "gate", lab / "receiver.json", "--out", out, "--budget", "1800",
         "--base-command", f"ln -sfn base {lab}/receiver",
         "--new-command", f"ln -sfn {build_} {lab}/receiver"],
        capture_output=True, text=True, timeout=3600)
    print(made.stdout)
    assert made.returncode == expected, made.stdout + made.stderr
