"""Root measures with what was installed, when the sources and the build are gone."""
import json
import os

import installed
import pytest

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root, for namespaces and BPF")


@pytest.fixture(name="pktbench", scope="module")
def fixture_pktbench():
    yield from installed.make()


def run(pktbench, *words):
    out = pktbench.work / "results" / words[0]
    done = pktbench("run", *words, "--trials", 1, "--duration", 0.1, "--out", out, "--set",
                    "/method/max_disturbance=1", "--set", "/method/max_repeats=0")
    assert done.returncode in (0, 5), done.stderr  # 5: others were at work
    return json.loads((out / "run.json").read_text())["cases"]


@needs_root
def test_quickstart_counts_frames(pktbench):
    for case in run(pktbench, "quickstart"):
        assert all(trial["received"]["packets"] > 0 for trial in case["trials"]), case["id"]
        assert case["trials"], case["id"]


@needs_root
def test_dpdk_starts_its_helper_from_libexec(pktbench):
    assert not (pktbench.prefix / "bin" / "pktbench-dpdk").exists()
    cases = [case for case in run(pktbench, "every-path", "--backend", "dpdk")]
    if any("built without" in (case["reason"] or "") for case in cases):
        pytest.skip(cases[0]["reason"])
    assert cases and all(case["trials"][0]["received"]["packets"] > 0 for case in cases)
