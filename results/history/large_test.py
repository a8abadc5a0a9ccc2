"""Many runs: how long an import and a trend of them take. It is printed; what is asserted holds anywhere.

PKTBENCH_HISTORY_RUNS: how many (default: 300).
"""
import json
import os
import random
import time

from history import history_test, made_runs, store, trend

RUNS = int(os.environ.get("PKTBENCH_HISTORY_RUNS", "300"))


def timed(what, *words):
    """What it prints, and how long it took."""
    begin = time.monotonic()
    said = history_test.done(*words)
    print(f"{what}: {time.monotonic() - begin:.2f} s")
    return said


def test_many_runs(tmp_path):
    source = random.Random(1)
    for number in range(RUNS):
        made_runs.write(tmp_path / "runs", made_runs.night(
            number, 5.0 * (0.97 if number >= RUNS - 100 else 1) * (1 + 0.01 * source.gauss(0, 1))))
    index = tmp_path / "h.db"
    said = timed(f"import of {RUNS} runs", "import", tmp_path / "runs", "--store", index)
    assert f"{RUNS} imported" in said
    assert f"{RUNS} unchanged" in timed("the same once more", "import", tmp_path / "runs", "--store", index)
    begin = time.monotonic()
    assert len(trend.series(store.Store(str(index)), (), 200)) == 4
    print(f"trend over 4 series of {RUNS} runs: {time.monotonic() - begin:.2f} s")
    found = json.loads(timed("the same as a command", "trend", "--store", index, "--format", "json"))
    assert [len(one["points"]) + one["older_runs"] for one in found["series"]] == [RUNS] * 4
    assert [len(one["changes"]) for one in found["series"] if one["case"] == made_runs.XDP] == [0, 1]
    timed("trend of one case and metric", "trend", "--store", index, "--case", made_runs.XDP, "--metric",
          "mpps")
    print(f"index: {index.stat().st_size} bytes")
