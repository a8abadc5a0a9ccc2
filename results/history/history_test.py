"""The index from outside: what goes in, what stands a kill, what a trend tells of it, what is refused."""
import json
import pathlib
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import time

import pytest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from history import made_runs  # noqa: E402
import large_run  # noqa: E402


def history(*words, cwd=None):
    """pktbench history."""
    return subprocess.run(["/usr/bin/python3", "-B", HERE / "__main__.py", *map(str, words)], cwd=cwd,
                          capture_output=True, text=True, timeout=900, check=False)


def done(*words, cwd=None):
    """What it prints where nothing is wrong."""
    made = history(*words, cwd=cwd)
    assert (made.returncode, made.stderr) == (0, "")
    return made.stdout


def rows(path, table):
    connection = sqlite3.connect(path)
    try:
        return connection.execute(f"select * from {table}").fetchall()
    finally:
        connection.close()


def stepped(folder, count=40, at=25, share=0.95, **changed):
    """Runs that get slower at one of them, when something else changed too."""
    source = random.Random(1)
    for number in range(count):
        after = number >= at
        made_runs.write(folder, made_runs.night(
            number, 5.0 * (share if after else 1) * (1 + 0.005 * source.gauss(0, 1)),
            **(changed if after else {})))


def test_a_run_is_taken_in_once_however_often_it_is_named(tmp_path):
    for number in range(3):
        made_runs.write(tmp_path / "runs", made_runs.night(number))
    index = tmp_path / "h.db"
    first = done("import", tmp_path / "runs", "--store", index)
    assert first == f"{index}: 3 imported, 0 replaced, 0 unchanged\n"
    one = next((tmp_path / "runs").iterdir())
    made_runs.write(tmp_path / "runs" / "gate", made_runs.night(7))
    below = done("import", tmp_path / "runs", "--store", tmp_path / "other.db")
    assert ": 4 imported" in below
    shutil.rmtree(tmp_path / "runs" / "gate")
    again = done("import", tmp_path / "runs", one, one / "run.json", "--store", index)
    assert again == f"{index}: 0 imported, 0 replaced, 5 unchanged\n"
    assert [len(rows(index, f"pktbench_{table}")) for table in ("runs", "cases", "metrics")] == [3, 6, 12]


def test_a_run_that_went_on_takes_its_own_place(tmp_path):
    document = made_runs.night(0, 5.0)
    made_runs.write(tmp_path / "runs", document)
    done("import", tmp_path / "runs", "--store", tmp_path / "h.db")
    document["cases"][0]["metrics"][0]["by_round"]["5"] = 6.0
    document["cases"].pop()
    made_runs.write(tmp_path / "runs", document)
    assert "0 imported, 1 replaced" in done("import", tmp_path / "runs", "--store", tmp_path / "h.db")
    assert len(rows(tmp_path / "h.db", "pktbench_cases")) == 1
    found = {row[2]: row[5:7] for row in rows(tmp_path / "h.db", "pktbench_metrics")}
    assert found["mpps"] == (6, 5.0) and found["cycles_per_packet"] == (5, 500.0)


def test_the_index_is_in_results_where_nothing_else_is_said(tmp_path):
    made_runs.write(tmp_path / "results", made_runs.night(0))
    assert done("import", "results", cwd=tmp_path).startswith("results/history.db: 1 imported")
    head, line = done("list", cwd=tmp_path).splitlines()
    assert head.split() == ["started", "host", "run", "cases", "ok"]
    assert line.split() == ["2026-01-01T02:00:00Z", "lab1", "20260101T020000Z-lab1-nightly", "2", "2"]


def test_an_import_that_is_killed_has_whole_runs_and_goes_on(tmp_path):
    count, index = 150, tmp_path / "h.db"
    for number in range(count):
        made_runs.write(tmp_path / "runs", made_runs.night(number))
    seen = 0
    for _ in range(3):
        with subprocess.Popen(["/usr/bin/python3", "-B", HERE / "__main__.py", "import", tmp_path / "runs",
                               "--store", index], stdout=subprocess.DEVNULL) as process:
            enough, limit = seen + 10, time.monotonic() + 60
            while seen < enough and time.monotonic() < limit:
                time.sleep(0.01)
                try:
                    seen = len(rows(index, "pktbench_runs"))
                except sqlite3.OperationalError:    # there is none yet
                    continue
            process.send_signal(signal.SIGKILL)
        assert rows(index, "pktbench_history") and sqlite3.connect(index).execute(
            "pragma integrity_check").fetchone() == ("ok",)
        runs = [row[0] for row in rows(index, "pktbench_runs")]
        assert enough <= len(runs) < count, "killed too late or too early to show anything"
        assert sorted(row[0] for row in rows(index, "pktbench_cases")) == sorted(2 * runs)
        assert sorted(row[0] for row in rows(index, "pktbench_metrics")) == sorted(4 * runs)
        seen = len(runs)
    assert f"{count - seen} imported, 0 replaced, {seen} unchanged" in done(
        "import", tmp_path / "runs", "--store", index)
    assert len(rows(index, "pktbench_metrics")) == 4 * count


def test_a_rebuilt_index_is_the_same_and_a_lost_run_stops_it(tmp_path):
    for number in range(4):
        made_runs.write(tmp_path / "runs", made_runs.night(number))
    index = tmp_path / "h.db"
    done("import", tmp_path / "runs", "--store", index)
    before = done("trend", "--store", index, "--format", "json")
    connection = sqlite3.connect(index)
    connection.execute("update pktbench_metrics set median = 7")
    connection.commit()
    connection.close()
    assert done("trend", "--store", index, "--format", "json") != before
    assert done("rebuild", "--store", index) == f"{index}: 4 imported\n"
    assert done("trend", "--store", index, "--format", "json") == before
    lost = sorted((tmp_path / "runs").iterdir())[2] / "run.json"
    lost.unlink()
    refused = history("rebuild", "--store", index)
    assert refused.returncode == 2 and str(lost) in refused.stderr
    assert done("trend", "--store", index, "--format", "json") == before
    assert done("rebuild", tmp_path / "runs", "--store", index) == f"{index}: 3 imported\n"


def test_a_step_is_told_with_the_run_and_what_changed_there(tmp_path):
    stepped(tmp_path / "runs", kernel="6.1.0-2")
    done("import", tmp_path / "runs", "--store", tmp_path / "h.db")
    said = " ".join(done("trend", "--store", tmp_path / "h.db").split())
    assert f"{made_runs.XDP}: mpps (higher is better)" in said
    assert "worse: step from " in said and "since run 20260126T020000Z-lab1-nightly" in said
    assert "changed there: kernel.release 6.1.0-1 -> 6.1.0-2" in said
    assert said.endswith("3 series of 40 runs without a change")
    document = json.loads(done("trend", "--store", tmp_path / "h.db", "--format", "json", "--metric", "mpps"))
    assert document["schema"] == "pktbench-trend/1"
    assert [one["case"] for one in document["series"]] == [made_runs.UDP, made_runs.XDP]
    change, = document["series"][1]["changes"]
    assert change["run"] == "20260126T020000Z-lab1-nightly" and change["worse"]
    assert change["relative"] == pytest.approx(-0.05, abs=0.01)
    assert [(one["name"], one["before"], one["after"]) for one in change["changed"]] == [
        ("kernel.release", "6.1.0-1", "6.1.0-2")]


def test_a_trend_is_drawn(tmp_path):
    stepped(tmp_path / "runs")
    done("import", tmp_path / "runs", "--store", tmp_path / "h.db")
    lines = done("trend", "--store", tmp_path / "h.db", "--out", tmp_path / "new" / "figures").splitlines()
    names = ("trend.png", "trend.svg", "trend.pdf", "trend.csv", "caption.txt")
    made = [tmp_path / "new" / "figures" / name for name in names]
    assert lines[-5:] == list(map(str, made)) and lines[0].startswith(made_runs.XDP)
    assert all(path.stat().st_size > 100 for path in made)
    assert "since 2026-01-26" in made[-1].read_text()


def test_what_may_not_vary_makes_series_of_their_own(tmp_path):
    stepped(tmp_path / "runs", kernel="6.1.0-2")
    done("import", tmp_path / "runs", "--store", tmp_path / "h.db")
    apart = json.loads(done("trend", "--store", tmp_path / "h.db", "--format", "json", "--case",
                            made_runs.XDP, "--metric", "mpps", "--varies", "firmware,settings"))["series"]
    assert [(one["identity"]["kernel"], len(one["points"]), one["changes"]) for one in apart] == [
        ("6.1.0-1", 25, []), ("6.1.0-2", 15, [])]


def test_hosts_are_apart_and_what_is_no_good_value_is_left_out(tmp_path):
    for number in range(12):
        made_runs.write(tmp_path / "runs", made_runs.night(number))
        made_runs.write(tmp_path / "runs", made_runs.night(number, 9.0, host="lab2"))
    for number, (status, limiter) in enumerate((("ok", "generator"), ("disturbed", "dut")), start=12):
        bad = made_runs.night(number, 4.0)
        bad["cases"][0].update(status=status, limiter=limiter, reason=None if status == "ok" else "made up")
        made_runs.write(tmp_path / "runs", bad)
    done("import", tmp_path / "runs", "--store", tmp_path / "h.db")
    found = json.loads(done("trend", "--store", tmp_path / "h.db", "--format", "json", "--case",
                            made_runs.XDP, "--metric", "mpps"))["series"]
    assert [(one["identity"]["host"], len(one["points"])) for one in found] == [("lab1", 14), ("lab2", 12)]
    assert [point["judged"] for point in found[0]["points"]] == [True] * 12 + [False, False]
    assert [point["at_least"] for point in found[0]["points"]][-2:] == [True, False]
    alone = json.loads(done("trend", "--store", tmp_path / "h.db", "--format", "json", "--host", "lab2",
                            "--last", "5"))["series"]
    assert {(len(one["points"]), one["older_runs"]) for one in alone} == {(5, 7)}


def broken(folder):
    """Files that are no runs, by name, with what is said of each."""
    good = json.dumps(made_runs.night(0))
    texts = {"truncated": (good[:3000], ": not valid JSON: parse error: premature EOF"),
             "version": (good.replace("pktbench-run/1", "pktbench-run/9"),
                         "/schema: is 'pktbench-run/9', this version reads 'pktbench-run/1'"),
             "nan": (good.replace('"by_round": {"0": 5.0', '"by_round": {"0": NaN'),
                     "/cases/0/metrics/0/by_round/0: "),
             "word": (good.replace('"by_round": {"0": 5.0', '"by_round": {"0": "fast"'),
                      "/cases/0/metrics/0/by_round/0: "),
             "twice": (good.replace("udp-recvmmsg/drop/64B/1q/1f", "xdp-native/drop/64B/1q/1f"),
                       "/cases/1/id: "),
             "list": ("[]", "/schema: is None"), "nothing": ("", "the file is empty")}
    for name, (text, said) in texts.items():
        (folder / name).mkdir(parents=True)
        (folder / name / "run.json").write_text(text)
        yield folder / name, f"{folder / name}/run.json: ", said
    (folder / "empty").mkdir()
    yield folder / "empty", f"{folder / 'empty'}: ", "no run.json in this directory"
    yield folder / "none", f"{folder / 'none'}: ", "no such file"


def test_bad_files_are_named_with_the_place_and_the_others_are_taken_in(tmp_path):
    bad = list(broken(tmp_path / "bad"))
    good = made_runs.write(tmp_path, made_runs.night(1))
    made = history("import", *(path for path, _, _ in bad), good, "--store", tmp_path / "h.db")
    assert made.returncode == 2
    assert made.stdout == f"{tmp_path / 'h.db'}: 1 imported, 0 replaced, 0 unchanged, {len(bad)} not read\n"
    lines = made.stderr.splitlines()
    assert len(lines) == len(bad)
    for _, name, said in bad:
        line, = [line for line in lines if line.startswith(f"pktbench: {name}")]
        assert said in line


@pytest.mark.parametrize("words, said", [
    (("import",), "import needs RUN"), (("lst",), 'unknown action "lst"; did you mean "list"?'),
    (("list", "results"), "list takes no RUN"),
    (("trend", "--last", "0"), "--last: must be an integer from 1"),
    (("trend", "--format", "otava"), "--format otava needs --out"),
    (("trend", "--format", "json", "--out", "x"), "--format json is for stdout"),
    (("trend", "--store", "no.db"), "no.db: no such file; make it with pktbench history import"),
    (("list", "--store", "."), "pktbench: .: a directory; name the file of the index"),
    (("list", "--store", "x" * 300), "xxx: File name too long"),
    (("list", "--store", "mysql://x/y"), "--store: a file (SQLite) or postgresql://..., not mysql://"),
    (("list", "--store", "text"), "text: file is not a database"),
    (("list", "--store", "other.db"), "other.db: no index of pktbench's is there"),
    (("list", "--store", "later.db"), "later.db: the index is of version 9, this pktbench has 1"),
    (("import", "x", "--store", "text/h.db"), "choose another --store")])
def test_what_cannot_be_is_one_line_and_status_2(tmp_path, words, said):
    (tmp_path / "text").write_text("This is no database, however long it is. " * 100)
    for name, statements in (("other.db", ["create table mine (x)"]), ("later.db", [
            "create table pktbench_history (name text primary key, value text not null)",
            "insert into pktbench_history values ('version', '9')"])):
        connection = sqlite3.connect(tmp_path / name)
        for statement in statements:
            connection.execute(statement)
        connection.commit()
        connection.close()
    made = history(*words, cwd=tmp_path)
    assert (made.returncode, made.stdout, len(made.stderr.splitlines())) == (2, "", 1), made.stderr
    assert said in made.stderr


def test_no_such_case_is_said(tmp_path):
    made_runs.write(tmp_path, made_runs.night(0))
    done("import", tmp_path, "--store", tmp_path / "h.db")
    made = history("trend", "--store", tmp_path / "h.db", "--case", "xdp")
    assert made.returncode == 2 and "no values of such a case" in made.stderr


# What a process has used at most, told by itself: for its parent that counts from before it was started.
PEAK = """import runpy, sys
sys.argv = sys.argv[1:]
try:
    runpy.run_path(sys.argv[0], run_name="__main__")
finally:
    with open("/proc/self/status") as status:
        print(next(line.split()[1] for line in status if line.startswith("VmHWM")), file=sys.stderr)
"""


def peak(program, *words):
    """In kB."""
    made = subprocess.run(["/usr/bin/python3", "-B", "-c", PEAK, program, *map(str, words)], timeout=250,
                          capture_output=True, text=True, check=True)
    return int(made.stderr)


def test_memory_does_not_go_by_the_size_of_a_run(tmp_path):
    peaks, sizes = [], []
    for trials in (50, 1000):
        path = tmp_path / f"{trials}.json"
        sizes.append(large_run.write(path, 4, trials))
        peaks.append((peak(HERE / "__main__.py", "import", path, "--store", tmp_path / f"{trials}.db"),
                      peak(HERE.parent / "export" / "__main__.py", path, "--format", "csv")))
    print(f"{sizes} bytes: {peaks} kB")
    assert sizes[1] > 15 * sizes[0] > 7e6
    assert all(large < 1.1 * small for small, large in zip(*peaks))
