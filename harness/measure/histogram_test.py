"""Our histogram against HdrHistogram's own library: what it reads of our encoded form, its percentiles."""
import json
import os
import pathlib
import shutil
import subprocess

import numpy as np
import pytest

PROGRAM = pathlib.Path(os.environ["PKTBENCH_BINARY"]).parent / "harness/measure/measure_histogram"
JAR = pathlib.Path("/usr/share/java/hdrhistogram.jar")
HEADER = ('#[Histogram log format version 1.3]\n'
          '"StartTimestamp","Interval_Length","Interval_Max","Interval_Compressed_Histogram"\n')
HIGHEST = 10**10

pytestmark = pytest.mark.skipif(not (JAR.exists() and shutil.which("java")),
                                reason="no libhdrhistogram-java or no Java")


def samples():
    """Kinds of delays: few, equal, wide, with a stall, at the ends of the range."""
    random = np.random.default_rng(3)
    body = random.lognormal(np.log(12e3), 0.5, 20_000)
    return {"one": [12_345],
            "equal": [5_000] * 1000,
            "ramp": list(range(1, 1001)),
            "wide": np.minimum(random.lognormal(np.log(1e5), 3, 30_000), HIGHEST),
            "stall": np.concatenate([body, np.linspace(0, 50e6, 500)]),
            "ends": [0, 1, 2047, 2048, 4095, 4096, HIGHEST]}


def ask(questions):
    made = subprocess.run([PROGRAM], input=json.dumps(questions), capture_output=True, text=True, check=True,
                          timeout=120)
    return json.loads(made.stdout)


def java(folder, encoded):
    """Rows of (value, share, count) as Java prints a log with this one histogram."""
    log, out = folder / "log", folder / "out"
    log.write_text(HEADER + f"0.000,1.000,1.000,{encoded}\n")
    subprocess.run(["java", "-cp", JAR, "org.HdrHistogram.HistogramLogProcessor", "-i", log, "-o", out,
                    "-outputValueUnitRatio", "1", "-percentilesOutputTicksPerHalf", "20"],
                   check=True, capture_output=True, text=True, timeout=60)
    lines = [line.split() for line in (folder / "out.hgrm").read_text().splitlines()]
    rows = [line for line in lines if len(line) in (3, 4) and line[0][0].isdigit()]
    return [(round(float(value)), float(share), int(count)) for value, share, count, *_ in rows]


@pytest.mark.parametrize("kind", sorted(samples()))
def test_java_reads_our_encoded_form_and_has_our_percentiles(kind, tmp_path):
    values = [int(value) for value in samples()[kind]]
    encoded = ask([{"values": values, "percents": []}])[0]["encoded"]
    rows = java(tmp_path, encoded)
    assert rows[-1][2] == len(values)  # none is lost on the way
    rows = [row for row in rows if row[1] > 0]  # of 0 the two print different ends of a bucket
    percents = [share * 100 for _, share, _ in rows]
    ours = ask([{"values": values, "percents": percents}])[0]
    assert ours["found"] == [value for value, _, _ in rows]
    assert ours["max"] == rows[-1][0]
    ordered = np.sort(values)
    for value, _, count in rows:
        assert np.searchsorted(ordered, value, side="right") == count
