"""scripts/bench with a made-up pktbench: what it passes on, where the run goes, and its exit code."""
import json
import os
import pathlib
import shutil
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "results/schema"))
import sample_run  # noqa: E402

CMAKE = """#!/bin/sh
[ "$1" = --build ] || exit 0
[ ! -e scripts/broken ] || { echo "error: broken on purpose"; exit 1; }
mkdir -p build && cp scripts/pktbench build/pktbench
"""
# Says what it was given, and writes the run where it was told.
PKTBENCH = """#!/usr/bin/python3
import json, os, pathlib, shutil, sys
print(json.dumps(sys.argv[1:]))
words = [word for argument in sys.argv for word in argument.split("=", 1)]
out = next((b for a, b in zip(words, words[1:]) if a in ("--out", "--resume")), None)
if os.path.exists(os.environ["FAKE_RUN"]):
    pathlib.Path(out).mkdir(parents=True, exist_ok=True)
    shutil.copy(os.environ["FAKE_RUN"], pathlib.Path(out) / "run.json")
sys.exit(int(os.environ["FAKE_EXIT"]))
"""


def script(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)


@pytest.fixture(name="bench")
def fixture_bench(tmp_path):
    """Runs a copy of scripts/bench in a checkout with a space in its name, from another folder."""
    root = tmp_path / "a checkout"
    for name in ("bench", "lib.sh", "sudo_user.py"):
        (root / "scripts").mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / "scripts" / name, root / "scripts")
    script(root / "scripts/setup", "#!/bin/sh\n")
    script(root / "scripts/pktbench", PKTBENCH)
    script(tmp_path / "bin/cmake", CMAKE)
    for name in ("scenarios", "results"):
        (root / name).mkdir()
    (root / "scenarios/quickstart.json").write_text("{}\n")
    (root / "results/schema").symlink_to(ROOT / "results/schema")
    (root / "plots").symlink_to(ROOT / "plots")
    made = tmp_path / "made.json"
    made.write_text(json.dumps(sample_run.run()))

    def run(*arguments, code=0, sudo_uid="", prefix=()):
        environment = {**os.environ, "PATH": f"{tmp_path}/bin:{os.environ['PATH']}",
                       "FAKE_RUN": str(made), "FAKE_EXIT": str(code),
                       "SUDO_UID": sudo_uid, "SUDO_GID": sudo_uid}
        return subprocess.run([*prefix, root / "scripts/bench", *arguments], capture_output=True, text=True,
                              check=False, cwd=tmp_path, env=environment)

    run.root, run.made = root, made
    return run


def test_one_command_measures_validates_and_draws(bench):
    done = bench("--trials", "3")
    assert done.returncode == 0, done.stderr
    given, *rest = done.stdout.splitlines()
    command, scenario, option, out, *passed_on = json.loads(given)
    assert (command, scenario) == ("run", str(bench.root / "scenarios/quickstart.json"))
    assert option == "--out" and pathlib.Path(out).parent == bench.root / "results"
    assert pathlib.Path(out).name.endswith("-quickstart")
    assert passed_on == ["--trials", "3"]
    paths = [pathlib.Path(line) for line in rest if line]
    assert pathlib.Path(out) / "run.json" in paths
    assert any(path.suffix == ".png" for path in paths) and all(path.is_file() for path in paths)


@pytest.mark.parametrize("option", ["--out", "--resume"])
def test_the_users_own_directory_is_used(bench, tmp_path, option):
    done = bench("quickstart", option, "my runs/first")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[0])[2:] == [option, "my runs/first"]
    assert f"\n{tmp_path}/my runs/first/run.json\n" in done.stdout
    assert [path.name for path in (bench.root / "results").iterdir()] == ["schema"]


@pytest.mark.parametrize("option", [["--resume", "my runs/first"], ["--resume=my runs/first"]])
def test_a_run_is_resumed_by_its_own_scenario(bench, option):
    done = bench(*option)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[0]) == ["run", *option]


def test_an_invalid_run_is_still_drawn_and_keeps_its_exit_code(bench):
    done = bench(code=5)
    assert done.returncode == 5
    assert ".png" in done.stdout


def test_without_a_run_the_exit_code_is_all(bench):
    bench.made.unlink()
    done = bench(code=3)
    assert done.returncode == 3 and done.stdout.count("\n") == 1


def test_a_result_that_breaks_the_schema_is_no_success(bench):
    broken = sample_run.run()
    broken["cases"][0]["queues"] = 0
    bench.made.write_text(json.dumps(broken))
    done = bench()
    assert done.returncode == 6
    assert "/cases/0/queues" in done.stderr and "run.json is not valid" in done.stderr


def test_a_build_that_fails_is_shown(bench):
    (bench.root / "scripts/broken").touch()
    done = bench()
    assert done.returncode == 6 and "broken on purpose" in done.stderr


def test_an_unknown_scenario_names_those_that_exist(bench):
    done = bench("quickstrat")
    assert done.returncode == 2 and 'did you mean "quickstart"?' in done.stderr


def owners(folder):
    return {path.name: path.stat().st_uid for path in (folder, *folder.rglob("*"))}


@pytest.mark.skipif(os.geteuid() != 0, reason="giving files to another user needs root")
def test_under_sudo_nothing_new_stays_roots(bench):
    out = bench.root / "results/new"
    os.chown(bench.root, 12345, 12345)
    assert bench("--out", out, sudo_uid="12345").returncode == 0
    assert set(owners(out).values()) == set(owners(bench.root / "build").values()) == {12345}


@pytest.mark.skipif(os.geteuid() != 0, reason="giving files to another user needs root")
def test_under_sudo_a_directory_that_was_there_is_not_given_away(bench):
    out = bench.root / "results/old"
    out.mkdir()
    (out / "theirs").touch()
    assert bench("--out", out, sudo_uid="12345").returncode == 0
    found = owners(out)
    assert (found["old"], found["theirs"], found["run.json"]) == (0, 0, 12345)


@pytest.mark.skipif(os.geteuid() != 0, reason="giving files to another user needs root")
def test_in_roots_checkout_the_build_stays_roots(bench):
    out = bench.root / "results/new"
    assert bench("--out", out, sudo_uid="12345").returncode == 0
    assert set(owners(out).values()) == {12345}
    assert set(owners(bench.root / "build").values()) == {0}


@pytest.mark.skipif(os.geteuid() != 0, reason="naming a host needs root")
def test_a_host_may_be_called_anything(bench):
    script = "import socket; socket.sethostname(b'a/\\x1b\\xff/b')"
    done = bench(prefix=("unshare", "--uts", "sh", "-c", f'/usr/bin/python3 -c "{script}"; exec "$@"', "sh"))
    assert done.returncode == 0, done.stderr
    made, = (path for path in (bench.root / "results").iterdir() if path.name != "schema")
    assert made.name.endswith("-a----b-quickstart")


def test_help(bench):
    done = bench("--help")
    assert done.returncode == 0 and "scripts/bench quickstart --trials 3" in done.stdout
