"""What a test leaves behind on the host is seen; what was there before is not."""
import os
import pathlib
import shutil
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent


def leftovers(*arguments):
    return subprocess.run([ROOT / "scripts/leftovers", *arguments], capture_output=True, text=True,
                          check=False)


@pytest.fixture(name="before")
def fixture_before(tmp_path):
    path = tmp_path / "before"
    path.write_text(leftovers("snapshot").stdout)
    return path


def test_nothing_new_is_nothing_left(before):
    done = leftovers("check", before)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.fixture(name="program")
def fixture_program():
    """A program of one of this checkout's builds."""
    folder = ROOT / f"build-leftovers-{os.getpid()}"
    folder.mkdir()
    yield shutil.copy("/usr/bin/sleep", folder)
    shutil.rmtree(folder)


def test_a_process_of_a_build_is_seen(before, program, tmp_path):
    with subprocess.Popen([program, "600"]) as process:
        done = leftovers("check", before)
        now = tmp_path / "now"
        now.write_text(leftovers("snapshot").stdout)
        known = leftovers("check", now)
        process.kill()
    assert done.returncode == 1
    assert f"left behind: process {process.pid} {program}\n" in done.stdout
    assert known.returncode == 0


@pytest.mark.skipif(os.geteuid() != 0, reason="making a network namespace needs root")
def test_a_namespace_of_ours_is_seen_and_of_others_is_not(before):
    names = [f"{prefix}-{os.getpid()}" for prefix in ("pktbench-left", "others")]
    try:
        for name in names:
            subprocess.run(["ip", "netns", "add", name], check=True)
        done = leftovers("check", before)
    finally:
        for name in names:
            subprocess.run(["ip", "netns", "del", name], check=False)
    assert (done.returncode, done.stdout) == (1, f"left behind: namespace {names[0]}\n")


def test_usage():
    assert leftovers().returncode == leftovers("check").returncode == 2
