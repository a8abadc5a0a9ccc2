"""The line that goes on with a run is typed as it is printed, where pktbench was called."""
import json
import os
import shlex
import subprocess

import pytest

from runs import BINARY, has_text, interrupted, line_to_go_on


def scenario(path, trials=2000, **more):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({
        "testbed": "simulated", "traffic": {"generator": "simulated"},
        "backends": ["fake", {"name": "fake", "lose_one_in": 10**9}],
        "method": {"trials": trials}, **more}))


def interrupt(command, begun, **keywords):
    """stderr of a run that gets a Ctrl-C once `begun()`, or after its first trial in that log."""
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **keywords)
    return interrupted(process, begun if callable(begun) else lambda: has_text(begun))


def typed(line, cwd, **keywords):
    return subprocess.run(["sh", "-c", line], cwd=cwd, capture_output=True, text=True, timeout=120,
                          **keywords)


def whole(out, trials, cases=2):
    run = json.loads((out / "run.json").read_text())
    return [len(c["trials"]) for c in run["cases"]] == [trials] * cases and not run["run"]["interrupted"]


@pytest.fixture(name="binary")
def fixture_binary(tmp_path):
    """pktbench under a name that a shell takes apart."""
    link = tmp_path / "it's a build" / "pktbench"
    link.parent.mkdir()
    link.symlink_to(BINARY)
    return "./it's a build/pktbench"


@pytest.mark.parametrize("out", ["results/one", "my runs/it's $HOME; `id`", "-x", "~", "a\tb\033[1mc"])
def test_the_line_goes_on_with_all_that_made_the_run(tmp_path, binary, out):
    scenario(tmp_path / "my scenarios" / "it's.json", trials=7)
    stderr = interrupt([binary, "run", "my scenarios/it's.json", "--trials", "100", "--backend", "fake",
                        "--duration", "0.5", "--set", "/description=it's", f"--out={out}"],
                       tmp_path / out / "trials.jsonl", cwd=tmp_path)
    line = line_to_go_on(stderr)
    assert shlex.split(line)[0] == binary and not any(c < " " for c in line)
    made = len((tmp_path / out / "trials.jsonl").read_text().splitlines())
    assert 0 < made < 200
    again = typed(line, tmp_path)
    assert again.returncode == 0, again.stderr
    assert whole(tmp_path / out, 100)
    run = json.loads((tmp_path / out / "run.json").read_text())
    assert run["scenario"]["method"]["duration_s"] == 0.5 and run["scenario"]["description"] == "it's"
    assert len((tmp_path / out / "trials.jsonl").read_text().splitlines()) == 200


def test_a_run_without_a_directory_of_its_own_is_found_again(tmp_path):
    scenario(tmp_path / "s.json")
    stderr = interrupt([BINARY, "run", "s.json", "--trials", "100"],
                       lambda: any(map(has_text, tmp_path.glob("results/*/trials.jsonl"))), cwd=tmp_path)
    again = typed(line_to_go_on(stderr), tmp_path)
    assert again.returncode == 0, again.stderr
    out, = tmp_path.glob("results/*")
    assert whole(out, 100)


def test_a_resumed_run_that_is_interrupted_again_says_the_same_line(tmp_path):
    scenario(tmp_path / "s.json")
    out = tmp_path / "out"
    log = out / "trials.jsonl"
    line = line_to_go_on(interrupt([BINARY, "run", "s.json", "--out", "out"], log, cwd=tmp_path))
    before = log.stat().st_size
    again = interrupt(shlex.split(line), lambda: log.stat().st_size != before, cwd=tmp_path)
    assert line_to_go_on(again) == line


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, as sudo gives it")
@pytest.mark.parametrize("uid, first", [("1000", "sudo"), ("0", BINARY)])
def test_what_sudo_began_goes_on_by_sudo(tmp_path, uid, first):
    scenario(tmp_path / "s.json")
    sudo = tmp_path / "bin" / "sudo"
    sudo.parent.mkdir()
    sudo.write_text('#!/bin/sh\nexec "$@"\n')
    sudo.chmod(0o755)
    environment = {**os.environ, "SUDO_UID": uid, "SUDO_GID": uid,
                   "PATH": f"{sudo.parent}:{os.environ['PATH']}"}
    stderr = interrupt([BINARY, "run", "s.json", "--trials", "100", "--out", "out"],
                       tmp_path / "out" / "trials.jsonl", cwd=tmp_path, env=environment)
    line = line_to_go_on(stderr)
    assert shlex.split(line)[0] == first
    again = typed(line, tmp_path, env=environment)
    assert again.returncode == 0, again.stderr
    assert whole(tmp_path / "out", 100)


@pytest.fixture(name="done")
def fixture_done(tmp_path):
    scenario(tmp_path / "s.json", trials=3)
    made = subprocess.run([BINARY, "run", "s.json", "--out", "out"], cwd=tmp_path, capture_output=True,
                          text=True)
    assert made.returncode == 0, made.stderr
    return tmp_path


def refused(done, *arguments):
    result = subprocess.run([BINARY, "run", *arguments], cwd=done, capture_output=True, text=True,
                            timeout=60)
    assert result.returncode == 2, result.stderr
    assert result.stdout == "" and len(result.stderr.splitlines()) == 1, result.stderr
    return result.stderr


@pytest.mark.parametrize("option", [["--trials", "5"], ["--duration", "2"], ["--backend", "fake"],
                                    ["--set", "/queues=2"], ["--out", "other"]])
def test_what_would_change_the_run_is_refused_by_name(done, option):
    before = (done / "out" / "trials.jsonl").read_bytes()
    assert option[0] in refused(done, "--resume", "out", *option)
    assert (done / "out" / "trials.jsonl").read_bytes() == before


def test_another_scenario_is_told_where_it_differs_and_what_goes_on(done):
    said = refused(done, "s.json", "--trials", "5", "--resume", "out")
    assert "another scenario or other options (they differ at /method/trials)" in said
    again = typed(line_to_go_on(said), done)
    assert again.returncode == 0, again.stderr


def test_neither_a_scenario_nor_a_run_is_bad_usage(done):
    assert "needs a scenario, or --resume" in refused(done)


@pytest.mark.parametrize("key, value, said", [
    ("case", "xdp-native/drop/64B/1q/1f", 'case "xdp-native/drop/64B/1q/1f" is none of this run\'s'),
    ("index", 7, "it is trial 7, and the next is"), ("round", 50, "its round is 50, and this run has 3"),
    ("order", 9, "it was number 9 of round")])
def test_a_line_that_is_not_the_runs_is_refused_by_its_number(done, key, value, said):
    log = done / "out" / "trials.jsonl"
    lines = log.read_text().splitlines()
    line = json.loads(lines[2])
    (line if key in line else line["trial"])[key] = value
    lines[2] = json.dumps(line)
    log.write_text("\n".join(lines[:4]) + "\n" + lines[4][:30])
    before = log.read_bytes()
    error = refused(done, "--resume", "out")
    assert "out/trials.jsonl, line 3: " in error and said in error
    # Not even the torn line is cut off.
    assert log.read_bytes() == before


def test_the_log_of_another_run_is_refused_by_line(done):
    def order(out):
        return [json.loads(line)["case"] for line in (done / out / "trials.jsonl").read_text().splitlines()]

    for seed in map(str, range(1, 30)):
        subprocess.run([BINARY, "run", "s.json", "--set", f"/method/seed={seed}", "--out", seed], cwd=done,
                       check=True, capture_output=True)
        if order(seed) != order("out"):
            break
    (done / "out" / "trials.jsonl").write_text((done / seed / "trials.jsonl").read_text())
    assert "out/trials.jsonl, line " in refused(done, "--resume", "out")
