"""scripts/claims with a made-up run: what is written where, what is kept, and its exit code."""
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "results/schema"))
import sample_run  # noqa: E402

# Writes the run where it was told; compares as the real one does.
PKTBENCH = """#!/usr/bin/python3
import os, pathlib, shutil, sys
if sys.argv[1] != "run":
    os.execv(os.environ["PKTBENCH_BINARY"], [os.environ["PKTBENCH_BINARY"], *sys.argv[1:]])
out = pathlib.Path(sys.argv[sys.argv.index("--out") + 1])
out.mkdir()
shutil.copy(os.environ["FAKE_RUN"], out / "run.json")
sys.exit(int(os.environ["FAKE_EXIT"]))
"""
# Writes the benchmarks that it was asked for: those whose name has FAKE_DEAR take twice as long.
MICRO = """#!/usr/bin/python3
import json, os, re, sys
given = dict(word[2:].partition("=")[::2] for word in sys.argv[1:])
names = given["benchmark_filter"][2:-2].replace("\\\\", "").split("|")
made = [{"run_name": name, "run_type": "iteration", "repetition_index": i, "threads": 1, "time_unit": "ns",
         "real_time": time, "cpu_time": time}
        for name in names for time in (2.0 if os.environ["FAKE_DEAR"] in name else 1.0,)
        for i in range(int(given["benchmark_repetitions"]))]
context = dict(word.split("=") for word in given["benchmark_context"].split(","))
context.update(date="2026-01-02T03:04:05", num_cpus=2, load_avg=[0.1, 0.2, 0.3])
with open(given["benchmark_out"], "w") as out:
    json.dump({"context": context, "benchmarks": made}, out)
sys.exit(int(os.environ["FAKE_EXIT"]))
"""
# Says what it was to build, and builds nothing.
CMAKE = """#!/bin/sh
echo "$@"
[ "$1" != --build ]
"""
NAMES = ("af-xdp-checklist", "counting", "dpdk", "hook-points", "kernel-tax", "parsing", "verdicts")


def kernel_tax(**changes):
    """A run of that claim: a drop costs a third of what a pass does, in the generic hook nine tenths."""
    cycles = {("native", "drop"): 500, ("native", "pass"): 1500, ("generic", "drop"): 1350,
              ("generic", "pass"): 1500}
    cases = [sample_run.case(f"xdp-{hook}", sample_run.noisy_trials(0.1, value, n=10, seed=value),
                             workload=work, id=f"xdp-{hook}/{work}/64B/1q/1f/100000pps", rate_pps=100000)
             for (hook, work), value in cycles.items()]
    cases[0].update(changes)
    return sample_run.run(cases)


@pytest.fixture(name="claims")
def fixture_claims(tmp_path):
    """Runs a copy of scripts/claims in a checkout with a space in its name."""
    root = tmp_path / "a checkout"
    for name in ("claims", "lib.sh", "sudo_user.py"):
        (root / "scripts").mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / "scripts" / name, root / "scripts")
    shutil.copytree(ROOT / "scripts/claim", root / "scripts/claim")
    shutil.copytree(ROOT / "scenarios/claims", root / "scenarios/claims")
    (root / "results").mkdir()
    (root / "results/schema").symlink_to(ROOT / "results/schema")
    (root / "plots").symlink_to(ROOT / "plots")
    program = tmp_path / "pktbench"
    program.write_text(PKTBENCH)
    program.chmod(0o755)
    micro = tmp_path / "pktbench-micro"
    micro.write_text(MICRO)
    micro.chmod(0o755)

    def call(*arguments, run=None, code=0, dear="/checked"):
        made = tmp_path / "made.json"
        made.write_text(json.dumps(run or kernel_tax()))
        return subprocess.run([root / "scripts/claims", "--pktbench", program, *arguments], check=False,
                              capture_output=True, text=True, cwd=tmp_path,
                              env={**os.environ, "FAKE_RUN": str(made), "FAKE_EXIT": str(code),
                                   "FAKE_DEAR": dear})

    call.page, call.root, call.micro = root / "scenarios/claims/README.md", root, micro
    return call


def kept_runs(claims):
    return sorted(path for path in (claims.root / "results").iterdir() if path.name.endswith("-claims"))


def test_a_row_is_written_with_its_picture_and_the_others_stay(claims):
    before = claims.page.read_text()
    done = claims("kernel-tax")
    assert done.returncode == 0, done.stderr
    said, *paths = done.stdout.splitlines()
    assert said.startswith("kernel-tax: holds (DROP against PASS, ")
    (out,) = kept_runs(claims)
    picture = claims.page.with_name("kernel-tax.png")
    assert paths == [str(path) for path in (out / "README.md", picture, claims.page)]
    assert picture.read_bytes() == (out / "kernel-tax" / "claim.png").read_bytes()
    after = claims.page.read_text()
    assert after.count("| **holds** |\n") >= 3 and "](kernel-tax.png)" in after
    for name in set(NAMES) - {"kernel-tax"}:
        row, = (line for line in before.splitlines() if line.startswith("| [") and f"(#{name})" in line)
        assert row in after.splitlines()
        assert before.partition(f"\n### {name}\n")[2].partition("\n### ")[0].strip() in after
    assert before.partition("<!-- end -->")[2] == after.partition("<!-- end -->")[2]


def test_with_out_the_checkout_is_left_as_it_is(claims, tmp_path):
    before = sorted(claims.page.parent.iterdir()), claims.page.read_text()
    done = claims("kernel-tax", "--out", "mine")
    assert done.returncode == 0 and not kept_runs(claims)
    assert done.stdout.splitlines()[1:] == ["mine/README.md"]
    assert "](kernel-tax/claim.png)" in (tmp_path / "mine/README.md").read_text()
    assert (sorted(claims.page.parent.iterdir()), claims.page.read_text()) == before


def test_only_resume_keeps_a_run(claims):
    assert claims("kernel-tax").returncode == 0
    (first,) = kept_runs(claims)
    worse = kernel_tax()
    for trial in worse["cases"][0]["trials"]:
        trial["cycles_per_packet"] = 5000.0
    worse["cases"][0]["summary"] = sample_run.summarise(worse["cases"][0]["trials"])
    kept = claims("kernel-tax", "--resume", run=worse)
    assert kept.stdout.startswith("kernel-tax: holds (") and kept_runs(claims) == [first]
    anew = claims("kernel-tax", "--out", "mine", run=worse)
    assert anew.stdout.startswith("kernel-tax: does not hold (DROP against PASS, XDP in the driver: 3.3")


def test_a_claim_is_measured_by_benchmarks(claims, tmp_path):
    done = claims("parsing", "--quick")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("parsing: does not hold (a parser with bounds checks against one without, ")
    (out,) = kept_runs(claims)
    kept = json.loads((out / "parsing/micro.json").read_text())
    assert len(kept["benchmarks"]) == 6 * 15
    picture = claims.page.with_name("parsing.png")
    assert picture.read_bytes() == (out / "parsing/claim.png").read_bytes()
    after = claims.page.read_text().partition("\n### parsing\n")[2]
    assert "2.00 (2.00–2.00) | 15 | ≤ 1.1 | **does not hold** |" in after
    assert re.search(r"\nMeasured 2026-01-02 by pktbench-micro: .+, 2 CPUs, Linux .+; 15 repetitions in "
                     r"random order\.\n", after)

    kept = claims("parsing", "--resume", dear="none", code=1)
    assert kept.returncode == 0 and kept.stdout.startswith("parsing: does not hold (")
    anew = claims("parsing", "--out", "mine", dear="none")
    assert anew.stdout.startswith("parsing: holds (")
    again = claims("parsing", "--out", "mine")
    assert again.returncode == 2 and "choose another directory, or keep it: --resume" in again.stderr


def test_benchmarks_that_fail_or_are_not_there(claims):
    failed = claims("parsing", "--out", "mine", code=1)
    assert failed.returncode == 6 and "pktbench-micro ended with 1" in failed.stderr
    assert claims("parsing", "--out", "mine", "--resume").returncode == 0
    refused = claims("parsing", "--out", "other", "--set", "/a=1")
    assert refused.returncode == 2 and "--set: parsing has no scenario" in refused.stderr
    claims.micro.unlink()
    missing = claims("parsing")
    assert missing.returncode == 2 and missing.stderr.endswith(
        "pktbench-micro: no such program, which measures parsing; build it: cmake --build build --target "
        "pktbench-micro\n")
    assert claims("kernel-tax").returncode == 0


@pytest.mark.parametrize("name, targets", [("kernel-tax", "pktbench"),
                                           ("parsing", "pktbench pktbench-micro")])
def test_only_what_measures_is_built(claims, tmp_path, name, targets):
    (tmp_path / "bin").mkdir()
    for path, text in ((claims.root / "scripts/setup", "#!/bin/sh\n"), (tmp_path / "bin/cmake", CMAKE)):
        path.write_text(text)
        path.chmod(0o755)
    done = subprocess.run([claims.root / "scripts/claims", name, "--out", tmp_path / "mine"], check=False,
                          capture_output=True, text=True, env={
                              **os.environ, "PATH": f"{tmp_path}/bin:{os.environ['PATH']}"})
    assert done.returncode == 6 and "the build failed" in done.stderr
    assert f"--build --preset release --target {targets}\n" in done.stderr


def test_a_case_that_failed_is_told_by_the_exit_code(claims):
    failed = {"status": "failed", "reason": "it fell over", "trials": [], "summary": None}
    done = claims("kernel-tax", run=kernel_tax(**failed), code=6)
    assert done.returncode == 6
    assert "xdp-native/drop/64B/1q/1f/100000pps failed" in done.stderr
    assert done.stdout.startswith("kernel-tax: cannot be told here: because xdp-native/drop/64B/1q/1f/"
                                  "100000pps is failed: it fell over")
    assert "it fell over" in claims.page.read_text()


def test_a_picture_without_a_ratio_is_taken_away(claims):
    claims.page.with_name("kernel-tax.png").write_bytes(b"an old one")
    nothing = kernel_tax()
    for case in nothing["cases"]:
        case.update(status="unsupported", reason="made up", trials=[], summary=None)
    assert claims("kernel-tax", run=nothing, code=4).returncode == 0
    assert not claims.page.with_name("kernel-tax.png").exists()


def test_a_run_that_is_damaged_is_named(claims):
    assert claims("kernel-tax").returncode == 0
    (out,) = kept_runs(claims)
    (out / "kernel-tax/run.json").write_text("{")
    done = claims("kernel-tax", "--resume")
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1].startswith(f"pktbench: {out}/kernel-tax/run.json: ")


def test_nothing_to_resume(claims):
    done = claims("kernel-tax", "--resume")
    assert done.returncode == 2 and "nothing in results/ to go on with" in done.stderr


@pytest.mark.skipif(os.geteuid() != 0, reason="giving files to another user needs root")
def test_under_sudo_nothing_new_stays_roots(claims, monkeypatch):
    monkeypatch.setenv("SUDO_UID", "12345")
    monkeypatch.setenv("SUDO_GID", "12345")
    os.chown(claims.root, 12345, 12345)
    assert claims("kernel-tax").returncode == 0
    (out,) = kept_runs(claims)
    build = claims.root / "build"
    made = [build, *build.rglob("*"), out, out / "README.md", claims.page,
            claims.page.with_name("kernel-tax.png"), out / "kernel-tax" / "claim.png"]
    assert {path.stat().st_uid for path in made} == {12345}
