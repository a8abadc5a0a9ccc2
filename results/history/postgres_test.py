"""The same index in PostgreSQL: a real server of Debian's, in a folder of its own, without a network."""
import contextlib
import json
import os
import pathlib
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import pytest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from history import history_test, made_runs  # noqa: E402

PROGRAMS = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin/postgres"))


def unprivileged():
    """How to start what root must not: PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return {}
    user = pwd.getpwnam("nobody")
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


@pytest.fixture(scope="module", name="server")
def _server():
    """The URL of a server that ends with the tests."""
    if not PROGRAMS:
        pytest.skip("PostgreSQL is not installed")
    folder = pathlib.Path(tempfile.mkdtemp(prefix="pktbench-pg-", dir="/tmp"))  # a socket's path is short
    try:
        user = unprivileged()
        if user:
            os.chown(folder, user["user"], user["group"])
        with open(folder.with_suffix(".log"), "wb") as log:
            common = {"stdout": log, "stderr": log, "stdin": subprocess.DEVNULL, "cwd": folder, **user}
            subprocess.run([PROGRAMS[-1].with_name("initdb"), "--pgdata", folder / "data", "--auth", "trust",
                            "--username", "lab", "--no-sync", "--locale", "C", "--encoding", "UTF8"],
                           check=True, timeout=120, **common)
            with subprocess.Popen([PROGRAMS[-1], "-D", folder / "data", "-k", folder,
                                   "-c", "listen_addresses=", "-c", "fsync=off"], **common) as process:
                try:
                    _wait_for(folder, process)
                    yield f"postgresql://lab@/postgres?host={folder}"
                finally:
                    process.send_signal(signal.SIGINT)  # ends sessions, and then itself
                    process.wait(60)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        with contextlib.suppress(FileNotFoundError):
            folder.with_suffix(".log").unlink()


def _wait_for(folder, process):
    end = time.monotonic() + 60
    ready = [PROGRAMS[-1].with_name("pg_isready"), "-h", folder]
    while subprocess.run(ready, stdout=subprocess.DEVNULL, check=False).returncode:
        assert process.poll() is None and time.monotonic() < end, folder.with_suffix(".log").read_text()
        time.sleep(0.1)


def counted(url):
    """Rows of each table."""
    import psycopg2
    with contextlib.closing(psycopg2.connect(url)) as connection, connection.cursor() as cursor:
        found = []
        for table in ("runs", "cases", "metrics"):
            cursor.execute(f"select count(*) from pktbench_{table}")
            found.append(cursor.fetchone()[0])
        return found


def test_the_same_commands_tell_the_same(server, tmp_path):
    history_test.stepped(tmp_path / "runs", kernel="6.1.0-2")
    assert history_test.done("import", tmp_path / "runs", "--store", server).endswith(
        ": 40 imported, 0 replaced, 0 unchanged\n")
    assert history_test.done("import", tmp_path / "runs", "--store", server).endswith(
        ": 0 imported, 0 replaced, 40 unchanged\n")
    assert counted(server) == [40, 80, 160]
    history_test.done("import", tmp_path / "runs", "--store", tmp_path / "h.db")
    stores = (server, tmp_path / "h.db")
    told = [history_test.done("trend", "--format", "json", "--store", store) for store in stores]
    assert told[0] == told[1]
    assert sum(len(one["changes"]) for one in json.loads(told[0])["series"]) == 1
    listed = [history_test.done("list", "--store", store) for store in stores]
    assert listed[0] == listed[1] and len(listed[0].splitlines()) == 41
    assert history_test.done("rebuild", "--store", server).endswith(": 40 imported\n")
    assert counted(server) == [40, 80, 160]


def test_imports_at_once_and_a_kill_leave_each_run_once_and_whole(server, tmp_path):
    for number in range(100, 160):
        made_runs.write(tmp_path / "runs", made_runs.night(number))
    words = ["/usr/bin/python3", "-B", HERE / "__main__.py", "import", tmp_path / "runs", "--store", server]
    before = counted(server)
    with subprocess.Popen(words, stdout=subprocess.DEVNULL) as killed:
        end = time.monotonic() + 60
        while counted(server)[0] < before[0] + 5 and time.monotonic() < end:
            time.sleep(0.01)
        killed.send_signal(signal.SIGKILL)
    part = counted(server)
    assert before[0] + 5 <= part[0] < before[0] + 60
    assert part == [part[0], 2 * part[0], 4 * part[0]]
    several = [subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
               for _ in range(3)]
    assert [one.communicate(timeout=200)[1] for one in several] == [""] * 3
    assert [one.returncode for one in several] == [0] * 3
    assert counted(server) == [before[0] + 60, before[1] + 120, before[2] + 240]


def test_a_server_that_is_not_there_is_said_without_the_password(tmp_path):
    made = history_test.history("list", "--store", f"postgresql://lab:geheim@/x?host={tmp_path}")
    assert made.returncode == 2 and made.stdout == ""
    assert len(made.stderr.splitlines()) == 1 and "geheim" not in made.stderr
    assert "postgresql://lab:***@/x" in made.stderr
