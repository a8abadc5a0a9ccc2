"""scripts/compare-others runs every program it compares with, and counts its frames exactly."""
import json
import os
import re
import subprocess
from pathlib import Path

import pytest

SOURCE = Path(os.environ["PKTBENCH_SOURCE"])
SCRIPT = SOURCE / "scripts" / "compare-others"

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs root: makes namespaces")


def compare(*arguments):
    return subprocess.run([SCRIPT, "--pktbench", os.environ["PKTBENCH_BINARY"], *arguments],
                          capture_output=True, text=True, timeout=280)


@pytest.mark.parametrize("what, sides", [("bare-drop-paced", 2), ("tcpdump", 2), ("iperf3", 12),
                                         ("testpmd", 18)])
def test_every_program_is_measured_and_its_frames_add_up(tmp_path, what, sides):
    result = compare(what, "--pairs", "1", "--duration", "0.1", "--max-disturbance", "1",
                     "--out", tmp_path)
    # 1: a ratio missed its target, which a trial this short may.
    assert result.returncode in (0, 1), result.stdout + result.stderr
    verdicts = re.findall(r"ratio of .*(?:met|not told apart from it|MISSED)$", result.stdout, re.M)
    assert len(verdicts) == sides // 2
    runs = sorted(tmp_path.glob("*/run.json"))
    assert len(runs) == sides
    for run in runs:
        case = json.loads(run.read_text())["cases"][0]
        # iperf3's own client sends a handful.
        strays = 20 if "iperf3" in what and case["backend"] == "external" else 0
        for trial in (t for t in case["trials"] if t["status"] == "ok"):
            assert trial["received"]["packets"] > 0
            assert -strays <= trial["unaccounted"] <= 0


def test_drivers_without_a_device_are_measured(tmp_path):
    result = compare("testpmd-memory", "--pairs", "1", "--duration", "0.1", "--max-disturbance", "1",
                     "--out", tmp_path)
    assert result.returncode in (0, 1), result.stdout + result.stderr
    assert result.stdout.count("ratio of Mpps") == 2, result.stdout


def test_an_unknown_comparison_is_named():
    result = compare("netmap")
    assert result.returncode == 2
    assert "unknown comparison 'netmap'; it is one of bare-drop, " in result.stderr
