"""DPDK with huge pages. The host's pages change, which any start of DPDK would see: it runs alone."""
import json
import os
import subprocess
from pathlib import Path

import pytest

from memory_runs import MEMORY, needs_dpdk, run, trials_of
from runs import BINARY

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs root: DPDK and CPU accounting")


def test_the_huge_pages_that_doctor_asks_for_are_enough(tmp_path):
    kept = Path("/proc/sys/vm/nr_hugepages")
    before = kept.read_text()
    doctor = subprocess.run([BINARY, "doctor", "--json"], capture_output=True, text=True)
    found, = [f for f in json.loads(doctor.stdout)["findings"] if f["check"] == "huge-pages"]
    if not found["fix"]:
        pytest.skip("there are enough: " + found["seen"])
    with_pages = ["--set", '/backends=[{"name":"dpdk","driver":"net_null","huge_pages":"on"}]']
    _, cases = run(tmp_path / "without", MEMORY, *with_pages)
    needs_dpdk(cases)
    assert cases[0]["status"] == "unsupported" and "MB of free huge pages" in cases[0]["reason"]
    try:
        subprocess.run(["sh", "-c", found["fix"]], check=True)
        if kept.read_text().strip() != found["fix"].split()[1]:
            pytest.skip("this host's memory is in too small pieces")
        result, cases = run(tmp_path / "with", MEMORY, *with_pages)
        trials_of(result, cases)
    finally:
        kept.write_text(before)
