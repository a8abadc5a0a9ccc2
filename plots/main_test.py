"""The command line: what it writes, prints and refuses."""
import json
import os
import pathlib
import shutil
import signal
import subprocess
import xml.etree.ElementTree as ElementTree

import pytest

from plots import __main__, fixtures, style

ROOT = pathlib.Path(__file__).resolve().parent.parent
PYTHON = "/usr/bin/python3"


def call(*arguments, cwd=ROOT, entry=("-m", "plots"), **environment):
    return subprocess.run([PYTHON, *entry, *map(str, arguments)], cwd=cwd, capture_output=True, text=True,
                          env={**os.environ, **environment}, check=False)


def test_writes_beside_the_run_and_prints_what_it_wrote(tmp_path):
    shutil.copy(fixtures.path("four"), tmp_path / "run.json")
    done = call(tmp_path / "run.json")
    names = [f"{name}.{kind}" for name in ("backends", "roles", "trials")
             for kind in ("png", "svg", "pdf", "csv")] + ["caption.txt"]
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [str(tmp_path / name) for name in names]
    assert (tmp_path / "backends.png").read_bytes().startswith(b"\x89PNG")
    assert (tmp_path / "backends.pdf").read_bytes().startswith(b"%PDF")
    assert "no statement about hardware" in (tmp_path / "caption.txt").read_text(encoding="utf-8")


def test_runs_by_path_from_anywhere(tmp_path):
    out = tmp_path / "new" / "figures"
    done = call(fixtures.path("several"), "--out", out, "--format", "svg", cwd=tmp_path,
                entry=(ROOT / "plots" / "__main__.py",))
    assert (done.returncode, done.stderr) == (0, "")
    groups = ("1518B", "64B-pmu", "64B-tsc")
    assert {p.name for p in out.iterdir()} == {"caption.txt", "support.svg", "support.csv", "sizes.svg",
                                               "sizes.csv"} | {
        f"{figure}-{group}.{kind}" for figure in ("backends", "roles", "trials") for group in groups
        for kind in ("svg", "csv")}
    assert (out / "caption.txt").read_text(encoding="utf-8").count("backends-64B-pmu: ") == 1


def test_svg_is_well_formed_and_holds_its_text_as_text(tmp_path):
    assert call(fixtures.path("twenty"), "--out", tmp_path, "--format", "svg").returncode == 0
    root = ElementTree.parse(tmp_path / "backends.svg").getroot()
    texts = {"".join(node.itertext()) for node in root.iter("{http://www.w3.org/2000/svg}text")}
    assert {"xdp-native", "≥ 14.9", "failed: EAL: no free 2048 kB hugepages on socket 0"} <= texts
    assert "invalid: every trial invalid: costs $5 & <unaccounted> packets: 9, 9, 9; tolerance $0" in texts


def test_a_method_without_figures_is_said(tmp_path):
    document = json.loads(fixtures.path("four").read_text(encoding="utf-8"))
    document["scenario"]["method"] = {"name": "juggle"}
    (tmp_path / "run.json").write_text(json.dumps(document), encoding="utf-8")
    done = call(tmp_path / "run.json")
    assert done.returncode == 2
    assert "/scenario/method/name: no figures for 'juggle'; there are for throughput" in done.stderr


def test_two_runs_write_the_same_bytes_on_however_many_cpus(tmp_path):
    written, cpus = [], os.sched_getaffinity(0)
    for seed, allowed in (("1", cpus), ("2", {min(cpus)})):
        os.sched_setaffinity(0, allowed)
        try:
            done = call(fixtures.path("several"), "--out", tmp_path / seed, PYTHONHASHSEED=seed)
        finally:
            os.sched_setaffinity(0, cpus)
        assert done.returncode == 0
        written.append({path.name: path.read_bytes() for path in (tmp_path / seed).iterdir()})
    assert len(written[0]) == 4 * 11 + 1
    assert written[0] == written[1]


@pytest.mark.parametrize("content, said", [
    (None, "no such file"), ("{", "not valid JSON"), ("", "the file is empty"),
    ('{"schema": "pktbench-run/9"}', "'pktbench-run/9'"),
    ('{"schema": NaN}', "/schema: not valid JSON: lexical error: invalid char in json text, near"),
    ('{"cases": [{"mpps": 1e999}]}', "/cases/0/mpps: a number is too large, near"),
    ('{"cases": [{"mpps": ' + "9" * 5000 + "}]}", "/cases/0/mpps: a number is too large, near"),
    ('{"schema": "pktbench-run/1"}', "required")],
    ids=lambda text: str(text)[:40])
def test_bad_input_is_one_line_and_exit_2(tmp_path, content, said):
    path = tmp_path / "run.json"
    if content is not None:
        path.write_text(content, encoding="utf-8")
    done = call(path)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1 and said in done.stderr and str(path) in done.stderr


def test_unknown_format_is_exit_2(tmp_path):
    done = call(fixtures.path("four"), "--out", tmp_path, "--format", "png,gif")
    said = 'pktbench: --format: unknown format "gif"; valid: png, svg, pdf\n'
    assert (done.returncode, done.stdout, done.stderr) == (2, "", said)


def test_output_that_cannot_be_written_is_one_line(tmp_path):
    (tmp_path / "file").write_text("")
    done = call(fixtures.path("four"), "--out", tmp_path / "file")
    assert done.returncode == 2
    assert done.stderr == f"pktbench: {tmp_path}/file: File exists; choose another directory with --out\n"


def test_a_run_is_named_by_its_directory_too(tmp_path):
    fixtures.write(tmp_path, fixtures.document("four"))
    done = call(tmp_path, "--format", "svg")
    assert done.returncode == 0 and f"{tmp_path}/backends.svg\n" in done.stdout
    (tmp_path / "run.json").unlink()
    done = call(tmp_path)
    assert (done.returncode, done.stderr) == (
        2, f"pktbench: {tmp_path}: no run.json in this directory; name a directory that pktbench run made\n")


def test_figures_that_cannot_be_written_are_status_6_and_one_line_and_leave_no_half(tmp_path):
    line = f"ulimit -f 1; exec {PYTHON} -m plots {fixtures.path('several')} --format svg --out {tmp_path}"
    done = subprocess.run(["/bin/sh", "-c", line], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (6, "")
    assert done.stderr == f"pktbench: {tmp_path}/sizes.svg: File too large\n"  # of all, the first
    assert not list(tmp_path.iterdir())


def test_a_process_that_is_killed_as_it_draws_is_said_and_is_status_6(tmp_path, monkeypatch, capfd):
    monkeypatch.setattr(style, "save", lambda *_: os.kill(os.getpid(), signal.SIGKILL))
    assert __main__.main([str(fixtures.path("four")), "--out", str(tmp_path)]) == 6
    assert capfd.readouterr() == ("", "pktbench: a process that drew was ended by signal 9\n")
    assert not list(tmp_path.iterdir())


def test_paths_that_cannot_be_printed_are_status_6_and_the_figures_are_there(tmp_path):
    with open("/dev/full", "w", encoding="utf-8") as full:
        command = [PYTHON, "-m", "plots", fixtures.path("four"), "--format", "svg", "--out", tmp_path]
        done = subprocess.run(command, cwd=ROOT, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 6
    assert done.stderr == "pktbench: the result cannot be written to stdout: No space left on device\n"
    assert {path.name for path in tmp_path.iterdir()} >= {"backends.svg", "backends.csv", "caption.txt"}


NAMES = {"escape": "v\x1b[31mm", "no XML": "v\uffff\x00m", "reordered": "\u202evm"}


@pytest.mark.parametrize("name", NAMES)
def test_names_in_somebody_elses_record_are_cleaned(tmp_path, name):
    document = fixtures.document("four")
    document["run"]["host"] = document["cases"][0]["label"] = NAMES[name]
    document["environment"]["before"]["cpu"]["model"] = NAMES[name]
    document["cases"][0]["mode"]["details"] = {NAMES[name]: NAMES[name]}
    done = call(fixtures.write(tmp_path, document), "--format", "svg")
    assert done.returncode == 0, done.stderr
    ElementTree.parse(tmp_path / "backends.svg")
    said = (tmp_path / "caption.txt").read_text(encoding="utf-8")
    assert said.replace("\n", "").isprintable() and "host: " in said


def test_a_fault_in_somebody_elses_record_is_one_clean_line(tmp_path):
    done = call(fixtures.write(tmp_path, {"schema": "pktbench-run/1\x1b[2J"}))
    assert done.returncode == 2 and done.stderr.count("\n") == 1 and "\x1b" not in done.stderr
    checked = subprocess.run([ROOT / "results/schema/validate.py", tmp_path / "run.json"],
                             capture_output=True, text=True, check=False)
    assert checked.returncode == 5 and "\x1b" not in checked.stdout and checked.stderr == ""


def test_a_path_may_be_no_utf8(tmp_path):
    out = os.fsencode(tmp_path) + b"/n\xff"
    done = subprocess.run([PYTHON, "-m", "plots", fixtures.path("four"), "--format", "svg", "--out", out],
                          cwd=ROOT, capture_output=True, check=False, env={**os.environ, "LC_ALL": "C.UTF-8"})
    assert (done.returncode, done.stderr) == (0, b"")
    paths = done.stdout.splitlines()
    assert (paths[0], paths[-1]) == (out + b"/backends.svg", out + b"/caption.txt")


@pytest.mark.skipif(os.geteuid() != 0, reason="giving files to another user needs root")
def test_under_sudo_the_figures_belong_to_who_called_it(tmp_path):
    roots = tmp_path / "roots"
    roots.write_text("roots")
    out = tmp_path / "new" / "out"
    out.mkdir(parents=True)
    (out / "caption.txt").symlink_to(roots)
    for made in (out, out / "newer"):
        done = call(fixtures.path("four"), "--out", made, "--format", "svg", SUDO_UID="12345",
                    SUDO_GID="12345")
        assert done.returncode == 0, done.stderr
    assert {path.stat().st_uid for path in out.rglob("*")} == {12345}
    assert (roots.read_text(), roots.stat().st_uid) == ("roots", 0)
