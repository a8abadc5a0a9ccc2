"""build/pktbench-micro: every benchmark runs, each XDP program has one, and compare.py reads the result."""
import json
import os
import pathlib
import subprocess

import pytest

BUILD = pathlib.Path(os.environ["PKTBENCH_BINARY"]).parent
PROGRAMS = pathlib.Path(os.environ["PKTBENCH_SOURCE"]) / "bpf"
COMPARE = pathlib.Path("/usr/share/benchmark/compare.py")
# forward: program_bench.cpp says why. offload is drop on a NIC; spin is of a test.
WITHOUT = {"forward", "offload", "spin"}

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs root: runs BPF programs")


def measured(at, pattern):
    """By name."""
    done = subprocess.run([BUILD / "pktbench-micro", f"--benchmark_filter={pattern}",
                           "--benchmark_min_time=0.01", f"--benchmark_out={at}"],
                          capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    made = json.loads(at.read_text())["benchmarks"]
    assert made and not [one for one in made if one.get("error_occurred")]
    return {one["run_name"]: one for one in made}


def test_every_program_has_a_time_and_compare_py_reads_it(tmp_path):
    made = measured(tmp_path / "all.json", "^(xdp|tc|parser|user|latency|frame|loop)/")
    times = {name.split("/iterations")[0]: one["real_time"] for name, one in made.items()}
    assert all(time > 0 for time in times.values())
    names = {path.name[4:-6].replace("_", "-") for path in PROGRAMS.glob("xdp_*.bpf.c")} - WITHOUT
    assert {f"xdp/{name}" for name in names} <= set(times)
    done = subprocess.run(["/usr/bin/python3", "-B", COMPARE, "--no-color", "benchmarks",
                           tmp_path / "all.json", tmp_path / "all.json"],
                          capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 0 and "xdp/parse" in done.stdout, done.stderr


@pytest.mark.skipif(len(os.sched_getaffinity(0)) < 2, reason="needs two CPUs, which count at once")
def test_a_table_loses_no_count_but_where_cpus_add_without_atomics(tmp_path):
    made = measured(tmp_path / "count.json", "^count/(draw|plain|percpu_(array|hash)/1000)/.*threads")
    exact = [one for name, one in made.items() if name.startswith("count/percpu")]
    assert len(exact) == 4
    assert all(one["lost"] == 0 and one["no_room"] == 0 for one in exact)
    assert all(one["resolution"] == 1 / 16 and 0 <= one["at_once"] <= 100 for one in made.values())
