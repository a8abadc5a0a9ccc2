"""What root executes, whose files root makes, and what a host may be called. Measures nothing."""
import json
import os
import shutil
import stat
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

BINARY = Path(os.environ["PKTBENCH_BINARY"])
SOURCE = Path(os.environ["PKTBENCH_SOURCE"])
SCENARIO = {"testbed": "simulated", "traffic": {"generator": "simulated"}, "method": {"trials": 2},
            "backends": [{"name": "fake", "label": "a label"}]}
SUDO = {"SUDO_UID": "12345", "SUDO_GID": "12345"}

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to be called by somebody else")


def call(*command, **keywords):
    """Output in bytes: a name may be no UTF-8."""
    environment = {**os.environ, **keywords.pop("env", {})}
    return subprocess.run([*map(os.fspath, command)], capture_output=True, timeout=180, env=environment,
                          **keywords)


@pytest.fixture(name="scenario")
def fixture_scenario(tmp_path):
    path = tmp_path / "scenario.json"
    path.write_text(json.dumps(SCENARIO))
    return path


def put_program(path):
    """pktbench there; under the sanitizers it is large."""
    try:
        os.link(BINARY, path)
    except OSError:
        shutil.copy(BINARY, path)


class Moved:
    """pktbench in a folder of its own, with a helper that only leaves a mark."""

    def __init__(self, root, helper):
        self.program = root / "bin" / "pktbench"
        self.helper = root / helper / "pktbench-dpdk"
        for path in (self.program, self.helper):
            path.parent.mkdir(parents=True, exist_ok=True)
        put_program(self.program)
        self.helper.write_text(f"#!/bin/sh\ntouch {root}/ran\n")
        self.helper.chmod(0o755)

    def why_not(self, **env):
        """Why dpdk is not available; None where it is."""
        listed = call(self.program, "list", "--json", env=env)
        assert listed.returncode == 0, listed.stderr
        reason, = [e["reason"] for e in json.loads(listed.stdout) if e["name"] == "dpdk"]
        if "built without" in (reason or ""):
            pytest.skip(reason)
        return reason


@pytest.fixture(name="moved", params=["bin", "libexec/pktbench"])
def fixture_moved(request, tmp_path):
    return Moved(tmp_path / "pre fix", request.param)


@needs_root
def test_the_helper_is_found_from_the_program_and_nowhere_else(moved):
    assert moved.why_not() is None
    moved.helper.unlink()
    reason = moved.why_not(PKTBENCH_LIBEXEC=str(BINARY.parent))
    assert reason and "is neither in" in reason and "libexec/pktbench nor in" in reason


@needs_root
def test_a_helper_of_somebody_else_is_not_started(moved, tmp_path):
    os.chown(moved.helper, 12345, 12345)
    reason = moved.why_not()
    assert f"{moved.helper} belongs to user 12345, who is neither root nor you" in reason
    scenario = tmp_path / "memory.json"
    scenario.write_text(json.dumps({"testbed": "memory", "traffic": {"generator": "memory"},
                                    "method": {"trials": 1}, "backends": ["dpdk"]}))
    own_run = [SOURCE / "scripts" / "own-run"]
    ran = call(*own_run, moved.program, "run", scenario, "--out", tmp_path / "out")
    assert ran.returncode in (3, 4), ran.stderr  # 3: this host has one CPU
    assert not (tmp_path / "pre fix" / "ran").exists()
    # It is that user who calls.
    assert moved.why_not(**SUDO) is None


@needs_root
@pytest.mark.parametrize("mode", [0o777, 0o775])
def test_a_folder_that_others_may_write_is_named_with_the_remedy(moved, mode):
    folder = moved.helper.parent
    os.chown(folder, 0, 12345)
    folder.chmod(mode)
    reason = moved.why_not()
    assert f"{folder} can be written by others" in reason
    remedy = reason[reason.index("(chmod") + 1:reason.rindex(")")]
    subprocess.run(remedy, shell=True, check=True)
    assert moved.why_not() is None


@needs_root
def test_a_link_to_what_is_somebody_elses_is_not_followed(moved, tmp_path):
    theirs = tmp_path / "theirs"
    moved.helper.rename(theirs)
    os.chown(theirs, 12345, 12345)
    moved.helper.symlink_to(theirs)
    assert f"{theirs} belongs to user 12345" in moved.why_not()


def test_no_path_of_the_build_is_compiled_in(tmp_path):
    if not shutil.which("strip"):
        pytest.skip("needs strip, to leave the names of sources out")
    subprocess.run(["strip", "-o", tmp_path / "stripped", BINARY], check=True)
    text = (tmp_path / "stripped").read_bytes()
    if b"__asan_init" in text or b"__tsan_init" in text:
        pytest.skip("a sanitizer keeps the names of sources")
    assert os.fsencode(BINARY.parent) not in text
    assert b"pktbench-dpdk" in text


@needs_root
def test_the_lab_of_somebody_else_is_not_run(tmp_path):
    program = tmp_path / "build" / "pktbench"
    script = tmp_path / "scripts" / "lab"
    for path in (program, script):
        path.parent.mkdir()
    put_program(program)
    (program.parent / "checkout").symlink_to(tmp_path)
    script.write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\n")
    script.chmod(0o755)
    os.chown(script, 12345, 12345)
    refused = call(program, "lab", "--", "list")
    assert refused.returncode == 3 and b"belongs to user 12345" in refused.stderr
    assert not (tmp_path / "ran").exists()


@needs_root
def test_commands_that_somebody_else_wrote_are_not_run(tmp_path):
    scenario = tmp_path / "external.json"
    mark = tmp_path / "ran"
    scenario.write_text(json.dumps({
        "testbed": "simulated", "traffic": {"generator": "simulated"}, "method": {"trials": 1},
        "backends": ["fake", {"name": "external", "attach": f"touch {mark}"}]}))
    os.chown(scenario, 12345, 12345)
    refused = call(BINARY, "run", scenario, "--out", tmp_path / "out")
    assert refused.returncode == 3 and b"belongs to user 12345" in refused.stderr
    assert not mark.exists() and not (tmp_path / "out").exists()
    # Without its commands there is nothing to fear.
    assert call(BINARY, "run", scenario, "--backend", "fake", "--out", tmp_path / "out").returncode == 0


@pytest.mark.parametrize("closed", [">&- 2>&-", "2>&-", "2>&- <&-", ">&- 2>&- <&-"])
def test_a_closed_stream_is_no_file_of_the_run(tmp_path, scenario, closed):
    out = tmp_path / "out"
    done = call("sh", "-c", f'exec "$0" run "$1" --out "$2" {closed}', BINARY, scenario, out)
    assert done.returncode == 0, done.stderr
    for name in ("trials.jsonl", "run.json"):
        assert (out / name).read_bytes().startswith(b"{")
    for line in (out / "trials.jsonl").read_text().splitlines():
        json.loads(line)
    json.loads((out / "run.json").read_text())


@needs_root
def test_what_sudo_made_belongs_to_who_called_it(tmp_path, scenario):
    out = tmp_path / "results" / "paced"
    done = call(BINARY, "run", scenario, "--out", out, env=SUDO, umask=0o077)
    assert done.returncode == 0, done.stderr
    for path in (out.parent, out, *out.iterdir()):
        status = path.stat()
        assert (status.st_uid, status.st_gid) == (12345, 12345), path
        assert status.st_mode & stat.S_IRWXG == 0  # as the umask says
    assert tmp_path.stat().st_uid == 0
    # Resumed by sudo, it stays that user's.
    assert call(BINARY, "run", scenario, "--resume", out, env=SUDO, umask=0o077).returncode == 0
    assert {path.stat().st_uid for path in out.iterdir()} == {12345}


def on_a_host_called(name, *command, cwd):
    """Runs pktbench in a UTS namespace in which the host has this name."""
    script = ("import socket, subprocess, sys; socket.sethostname(eval(sys.argv[1])); "
              "sys.exit(subprocess.call(sys.argv[2:]))")
    return call("unshare", "--uts", sys.executable, "-c", script, repr(name), BINARY, *command, cwd=cwd)


@needs_root
@pytest.mark.parametrize("name", [b"v\xffm", b"v\x1b[31mm", b"a/../\xe2\x80\xae", b"l1\nl2"])
def test_a_host_may_be_called_anything(tmp_path, scenario, name):
    out = tmp_path / "out"
    done = on_a_host_called(name, "run", scenario, "--out", out, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    lines = (out / "trials.jsonl").read_bytes().splitlines(keepends=True)
    (out / "trials.jsonl").write_bytes(b"".join(lines[:1]))
    again = on_a_host_called(name, "run", scenario, "--resume", out, cwd=tmp_path)
    assert again.returncode == 0, again.stderr
    other = on_a_host_called(b"other", "run", scenario, "--resume", out, cwd=tmp_path)
    assert other.returncode == 2 and b"another host" in other.stderr
    # Its default directory is one directory.
    assert on_a_host_called(name, "run", scenario, cwd=tmp_path).returncode == 0
    assert len(list((tmp_path / "results").iterdir())) == 1
    drawn = call("/usr/bin/python3", "-m", "plots", out / "run.json", cwd=SOURCE,
                 env={"PYTHONDONTWRITEBYTECODE": "1"})
    assert drawn.returncode == 0, drawn.stderr
    ElementTree.parse(out / "backends.svg")
    compared = on_a_host_called(name, "compare", out, out, cwd=tmp_path)
    texts = [done.stdout, done.stderr, again.stdout, again.stderr, drawn.stdout, drawn.stderr,
             compared.stdout, compared.stderr, *(path.read_bytes() for path in out.iterdir()
                                                 if path.suffix in (".json", ".jsonl", ".txt", ".svg"))]
    for text in texts:
        text.decode("utf-8")
        assert b"\x1b" not in text


def test_what_was_typed_is_not_obeyed_by_the_terminal(tmp_path, scenario):
    evil = b"x\x1b[2J\xff"
    for command in (["run", evil], ["run", scenario, "--trials", evil], ["rnu" + "\x1b[2J"],
                    ["run", scenario, "--out", os.fsencode(scenario) + b"/" + evil], ["doctor", evil],
                    ["compare", evil, evil], ["run", scenario, "--set", evil]):
        done = call(BINARY, *command)
        assert done.returncode in (2, 6), command
        assert b"\x1b" not in done.stdout + done.stderr, command
        (done.stdout + done.stderr).decode("utf-8")
    out = os.fsencode(tmp_path) + b"/" + evil
    done = call(BINARY, "run", scenario, "--out", out)
    assert done.returncode == 0 and b"\x1b" not in done.stdout + done.stderr
    run = json.loads(Path(os.fsdecode(out), "run.json").read_text(encoding="utf-8"))
    assert run["run"]["argv"][-1].endswith("/x\\u001b[2J\\xff")


def test_a_scenario_may_be_called_anything(tmp_path):
    folder = tmp_path / "scenarios"
    folder.mkdir()
    (Path(os.fsdecode(os.fsencode(folder) + b"/n\x1b\xff.json"))).write_text(json.dumps(SCENARIO))
    program = tmp_path / "pktbench"
    put_program(program)
    (tmp_path / "checkout").symlink_to(tmp_path)
    for options in ([], ["--json"]):
        listed = call(program, "list", *options)
        assert listed.returncode == 0, listed.stderr
        assert b"\x1b" not in listed.stdout
        assert b"n\\u001b\\xff" in listed.stdout.replace(b"\\\\", b"\\")


@needs_root
@pytest.mark.parametrize("options", [[], ["--json"]])
def test_a_device_may_be_called_anything(options):
    script = ("ip link add name \"$(printf 'e\\033[2J\\377')\" type veth peer name 'p;reboot' && "
              "exec \"$0\" doctor $@")
    done = call("unshare", "--net", "sh", "-c", script, BINARY, *options)
    assert done.returncode in (0, 3), done.stderr
    assert b"\x1b" not in done.stdout + done.stderr
    assert b"e\\u001b[2J\\xff" in done.stdout.replace(b"\\\\", b"\\")
