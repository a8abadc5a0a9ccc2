"""pktbench compare of large runs: what it takes does not go by their size, and beyond a bound it says so."""
import os
import subprocess
import sys
from pathlib import Path

import pytest

BINARY = os.environ["PKTBENCH_BINARY"]
sys.path.append(str(Path(os.environ["PKTBENCH_SOURCE"]) / "results/schema"))

import large_run  # noqa: E402


def test_twice_the_trials_take_no_more_memory(tmp_path):
    if any(name in Path(BINARY).read_bytes() for name in (b"__asan_init", b"__tsan_init")):
        pytest.skip("a sanitizer keeps what is freed")
    peaks, sizes = [], []
    for trials in (300, 600):
        made = tmp_path / f"{trials}.json"
        sizes.append(large_run.write(made, 10, trials))
        cases = [f"xdp-native/drop/64B/1q/1f/label={large_run.label(number)}" for number in (0, 1)]
        status, out, kilobytes = large_run.peak(BINARY, "compare", made, made, "--base-case", cases[0],
                                                "--new-case", cases[1])
        assert status == 0 and "no change" in out
        peaks.append(kilobytes)
    assert sizes[1] > 1.9 * sizes[0] > 2.5e7
    assert peaks[1] < 1.4 * peaks[0]
    assert 1024 * (peaks[1] - peaks[0]) < 0.3 * (sizes[1] - sizes[0])


def test_what_is_too_large_is_refused_with_the_remedy(tmp_path):
    with open(tmp_path / "run.json", "wb") as file:
        file.truncate((1 << 29) + 1)
    done = subprocess.run([BINARY, "compare", tmp_path, tmp_path], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.endswith(f"{tmp_path}/run.json: larger than 536870912 bytes; measure in several "
                                "runs of fewer cases or trials\n")
    assert done.stderr.count("\n") == 1
