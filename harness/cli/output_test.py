"""What cannot be written is said: on stdout, and into the directory of a run."""
import errno
import json
import os
import resource
import signal
import subprocess
from pathlib import Path

import pytest

BINARY = os.environ["PKTBENCH_BINARY"]
SOURCE = Path(os.environ["PKTBENCH_SOURCE"])
FULL = Path("/dev/full")


def write_scenario(path, trials=3):
    path.write_text(json.dumps({"testbed": "simulated", "traffic": {"generator": "simulated"},
                                "backends": ["fake"], "method": {"trials": trials}}))
    return path


def pktbench(*arguments, **keywords):
    return subprocess.run([BINARY, *map(str, arguments)], stderr=subprocess.PIPE, text=True, timeout=60,
                          cwd=SOURCE, **keywords)


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    at = tmp_path_factory.mktemp("runs")
    scenario = write_scenario(at / "s.json", trials=10)
    for name in ("a", "b"):
        assert pktbench("run", scenario, "--out", at / name, stdout=subprocess.DEVNULL).returncode == 0
    return at


COMMANDS = {
    "version": ["--version"], "help": ["--help"], "run --help": ["run", "--help"],
    "list": ["list"], "list --json": ["list", "--json"],
    "doctor": ["doctor"], "doctor --json": ["doctor", "--json"],
    "compare": ["compare", "a", "b"], "compare --json": ["compare", "a", "b", "--json"],
    "run": ["run", "s.json", "--out", "new"],
}


def command(runs, tmp_path, name):
    places = {"a": runs / "a", "b": runs / "b", "s.json": runs / "s.json", "new": tmp_path / "new"}
    return [places.get(word, word) for word in COMMANDS[name]]


@pytest.mark.parametrize("name", COMMANDS)
def test_a_report_that_cannot_be_written_is_status_6_and_one_sentence(runs, tmp_path, name):
    with FULL.open("w") as full:
        result = pktbench(*command(runs, tmp_path, name), stdout=full)
    assert result.returncode == 6
    said = result.stderr.splitlines()
    assert said[-1] == f"pktbench: the result cannot be written to stdout: {os.strerror(errno.ENOSPC)}"
    if name == "run":
        assert json.loads((tmp_path / "new" / "run.json").read_text())["run"]["finished_at"]
    else:
        assert len(said) == 1


@pytest.mark.parametrize("name", COMMANDS)
def test_a_reader_that_has_gone_away_is_no_fault(runs, tmp_path, name):
    read, write = os.pipe()
    os.close(read)
    try:
        result = pktbench(*command(runs, tmp_path, name), stdout=write)
    finally:
        os.close(write)
    # A run ignores SIGPIPE, for the host's sake.
    assert result.returncode == (0 if name == "run" else -signal.SIGPIPE)
    assert "stdout" not in result.stderr


def test_a_file_that_may_not_grow_does_not_kill_it(tmp_path):
    with (tmp_path / "report").open("w") as report:
        result = pktbench("list", "--json", stdout=report,
                          preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000)))
    assert (result.returncode, result.stderr.count("\n")) == (6, 1)
    assert os.strerror(errno.EFBIG) in result.stderr


def limited(bytes_):
    return {"preexec_fn": lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (bytes_, resource.RLIM_INFINITY)),
            "stdout": subprocess.PIPE}


def typed(line):
    """The line as a user would type it."""
    return subprocess.run(line, shell=True, executable="/bin/sh", capture_output=True, text=True, timeout=60,
                          cwd=SOURCE)


def resume_line(result):
    line = result.stderr.splitlines()[-1]
    assert "go on with: " in line, result.stderr
    return line.split("go on with: ")[1]


def test_a_run_whose_last_file_cannot_be_written_prints_its_table_and_the_line_that_goes_on(tmp_path):
    scenario = write_scenario(tmp_path / "a scenario.json", trials=5)
    size = tmp_path / "size"
    made = pktbench("run", scenario, "--trials", "9", "--out", size, stdout=subprocess.DEVNULL)
    assert made.returncode == 0
    whole = (size / "run.json").stat().st_size
    out = tmp_path / "it's out"
    result = pktbench("run", scenario, "--trials", "9", "--out", out, **limited(whole - 4000))
    assert result.returncode == 6, result.stderr
    assert "fake" in result.stdout and "9/9" in result.stdout and "run: " not in result.stdout
    said = result.stderr.splitlines()
    assert said[-2] == (f"pktbench: write {out}/run.json: File too large; "
                        "raise the limit on the size of files (ulimit -f)")
    log = (out / "trials.jsonl").read_bytes()
    assert log.count(b"\n") == 9
    assert json.loads((out / "run.json").read_text())["run"]["finished_at"] is None
    assert sorted(p.name for p in out.iterdir()) == ["run.json", "trials.jsonl"]

    resumed = typed(resume_line(result))
    assert resumed.returncode == 0, resumed.stderr
    assert resumed.stdout.splitlines()[-2] == f"run: {out}/run.json"
    run = json.loads((out / "run.json").read_text())
    assert len(run["cases"][0]["trials"]) == 9 and run["run"]["finished_at"]
    assert (out / "trials.jsonl").read_bytes() == log


def test_a_trial_that_cannot_be_written_ends_the_run_with_the_line_that_goes_on(tmp_path):
    scenario = write_scenario(tmp_path / "s.json", trials=200)
    out = tmp_path / "out"
    result = pktbench("run", scenario, "--out", out, **limited(120_000))
    assert result.returncode == 6 and f"write {out}/trials.jsonl: File too large" in result.stderr
    log = (out / "trials.jsonl").read_bytes()
    assert 0 < log.count(b"\n") < 200 and log.endswith(b"\n")
    line = next(line for line in result.stderr.splitlines() if "go on with: " in line)
    resumed = typed(line.split("go on with: ")[1])
    assert resumed.returncode == 0, resumed.stderr
    assert (out / "trials.jsonl").read_bytes().startswith(log)


def test_a_run_that_cannot_write_its_first_file_ends_before_it_measures(tmp_path):
    scenario = write_scenario(tmp_path / "s.json")
    result = pktbench("run", scenario, "--out", tmp_path / "out", **limited(3000))
    assert result.returncode == 6, result.stderr
    assert result.stdout == "" and "trial" not in result.stderr
    assert f"write {tmp_path}/out/run.json: File too large" in result.stderr
    assert not (tmp_path / "out").exists()
