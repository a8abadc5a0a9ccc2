"""`pktbench report`: what it writes, that it is the same each time, and what it refuses."""
import csv
import json
import os
import pathlib
import subprocess

import pytest

from plots import fixtures, report

ROOT = pathlib.Path(__file__).resolve().parent.parent
PYTHON = "/usr/bin/python3"


def call(*arguments, **environment):
    return subprocess.run([PYTHON, "-B", "plots/report.py", *map(str, arguments)], cwd=ROOT,
                          capture_output=True,
                          text=True, env={**os.environ, **environment}, check=False)


def contents(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*"))
            if path.is_file()}


@pytest.fixture(scope="module", name="four")
def fixture_four(tmp_path_factory):
    out = tmp_path_factory.mktemp("four")
    done = call(fixtures.path("four"), "--out", out, PYTHONHASHSEED="1")
    assert (done.returncode, done.stderr) == (0, "")
    assert sorted(map(pathlib.Path, done.stdout.splitlines())) == sorted(path for path in out.rglob("*"))
    return out


def test_one_command_makes_figures_numbers_tables_and_the_page(four):
    made = {f"{name}.{kind}" for name in ("backends", "roles", "trials")
            for kind in ("svg", "pdf", "png", "csv")}
    assert set(contents(four)) == made | {"caption.txt", "tables.md", "tables.tex", "report.html"}


def test_the_same_run_gives_the_same_bytes(four, tmp_path):
    assert call(fixtures.path("four"), "--out", tmp_path, PYTHONHASHSEED="2").returncode == 0
    assert contents(tmp_path) == contents(four)


def test_the_numbers_are_in_the_file_beside_the_figure(four):
    with open(four / "backends.csv", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    run = fixtures.run("four")
    found = {(row["case"], row["measure"]): float(row["value"]) for row in rows
             if row["what"].endswith("median")
             and "trial" not in row["what"]}
    assert found == {(case.id, measure): getattr(case, measure).median for case in run.cases
                     for measure in ("mpps", "cycles_per_packet")}
    assert [row["what"] for row in rows if row["case"] == run.cases[0].id][0] == "at least median"


def test_tables_have_every_case_and_their_languages_are_heeded(four):
    markdown, latex = ((four / f"tables.{kind}").read_text(encoding="utf-8") for kind in ("md", "tex"))
    lines = [line for line in markdown.splitlines() if line.startswith("| xdp-native/drop/64B/1q/1f |")]
    assert len(lines) == 1 and "| ≥ 7.40 |" in lines[0] and "| generator |" in lines[0]
    assert "Not in the median: unaccounted 14 packets, tolerance 0" in markdown
    assert "xdp-native/drop/64B/1q/1f & ok & native & $\\geq$ 7.40" in latex
    assert latex.count("\\\\\n") == 1 + len(fixtures.run("four").cases) and "loss \\%" in latex
    assert latex.count(r"\begin{tabular}") == latex.count(r"\end{tabular}") == 1


def broken(tmp_path):
    """{what it is: (path, what is said)}"""
    whole = fixtures.path("four").read_text(encoding="utf-8")
    made = {"truncated": whole[:len(whole) // 2],
            "nan": whole.replace('"mpps": 7.', '"mpps": NaN, "x": 7.', 1),
            "version": whole.replace("pktbench-run/1", "pktbench-run/9")}
    said = {"truncated": "not valid JSON", "nan": "/cases/0/trials/0/mpps: not valid JSON",
            "version": "/schema: is 'pktbench-run/9', this version reads 'pktbench-run/1'",
            "empty": "no run.json in this directory", "huge": "larger than 536870912 bytes",
            "missing": "no such file", "comparison": "/cases/0/measures/mpps/comparison: "}
    for name, text in made.items():
        (tmp_path / f"{name}.json").write_text(text, encoding="utf-8")
    (tmp_path / "empty.json").mkdir()
    with open(tmp_path / "huge.json", "wb") as file:
        file.truncate((1 << 29) + 1)  # sparse
    comparison = fixtures.comparison()
    comparison["cases"][0]["measures"]["mpps"]["comparison"]["ratio"] = "much"
    (tmp_path / "comparison.json").write_text(json.dumps(comparison), encoding="utf-8")
    return {name: (tmp_path / f"{name}.json", words) for name, words in said.items()}


def test_what_is_broken_is_refused_with_its_place_and_the_rest_is_reported(tmp_path, capfd):
    bad = broken(tmp_path)
    words = [str(path) for path, _ in bad.values()]
    assert report.main([*words, str(fixtures.path("four")), "--out", str(tmp_path / "out")]) == 2
    printed = capfd.readouterr()
    lines = printed.err.splitlines()
    assert len(lines) == len(bad)
    for line, (path, said) in zip(lines, bad.values()):
        assert line.startswith(f"pktbench: {path}: ") and said in line, line
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert "Not in this report" in page and page.count('<figure id="run-four-') == 3
    assert (tmp_path / "out" / "four" / "backends.png").exists() and "report.html" in printed.out


def test_with_nothing_to_report_there_is_no_page(tmp_path):
    done = call(tmp_path, "--out", tmp_path / "out")
    assert (done.returncode, done.stdout) == (2, "") and not (tmp_path / "out").exists()
    assert done.stderr == (f"pktbench: {tmp_path}: no run.json in this directory; name a directory that "
                           f"pktbench "
                           "run made\n")


def test_a_histogram_that_is_none_spoils_its_own_run_only(tmp_path):
    path = tmp_path / "x.json"
    path.write_text("[]")
    done = call(path, tmp_path / "y.json", "--out", tmp_path / "out")
    assert done.returncode == 2 and done.stderr.count("\n") == 2


@pytest.mark.parametrize("words, said", [
    ((), "pktbench report needs RUN; see pktbench report --help"),
    (("a", "b"), "several runs need --out DIR, where their report is to be"),
    (("a", "--oyt", "b"), 'pktbench report does not know --oyt; did you mean "--out"?')])
def test_a_wrong_command_line_is_one_line(words, said):
    done = call(*words)
    assert (done.returncode, done.stdout, done.stderr) == (2, "", f"pktbench: {said}\n")


def test_an_out_that_cannot_be_made_is_said(tmp_path):
    (tmp_path / "file").write_text("")
    done = call(fixtures.path("four"), "--out", tmp_path / "file")
    assert done.returncode == 2
    assert done.stderr == f"pktbench: {tmp_path}/file: File exists; choose another directory with --out\n"


def test_what_others_wrote_is_text_on_the_page(tmp_path, capfd):
    document = fixtures.document("four")
    evil = "<script>alert(1)</script>"
    document["run"]["host"] = document["cases"][1]["reason"] = document["scenario"]["description"] = evil
    document["cases"][1].update(status="failed", trials=[], summary=None, limiter="unknown")
    document["run"]["argv"] = ["pktbench", "run", evil]
    assert report.main([str(fixtures.write(tmp_path, document))]) == 0, capfd.readouterr().err
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "<script>alert" not in page and page.count("&lt;script&gt;alert(1)") >= 4
    assert "pktbench run &#39;&lt;script&gt;" in page
