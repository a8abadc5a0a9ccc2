"""What `cmake --install` has put into a prefix works for another user, in another directory, when the
sources and the build are gone."""
import json
import os
import re
import stat

import installed
import pytest

USER = installed.NOBODY if os.geteuid() == 0 else ()
SIMULATED = {"testbed": "simulated", "traffic": {"generator": "simulated"}, "backends": ["fake"],
             "method": {"trials": 10, "duration_s": 0.01}}


@pytest.fixture(name="pktbench", scope="module")
def fixture_pktbench():
    yield from installed.make()


def passed(done):
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_list_has_every_scenario_and_finds_the_helper(pktbench):
    entries = json.loads(passed(pktbench("list", "--json", launcher=USER)))
    brought = {path.stem for path in (installed.SOURCE / "scenarios").glob("*.json")}
    assert {e["name"] for e in entries if e["kind"] == "scenario" and e["available"]} == brought
    reason, = [e["reason"] for e in entries if e["name"] == "dpdk"]
    assert "pktbench-dpdk" not in (reason or "")


def test_a_scenario_is_run_by_its_name_and_asks_for_root(pktbench):
    done = pktbench("run", "quickstart", launcher=USER)
    assert (done.returncode, "CAP_NET_ADMIN" in done.stderr) == (3, True), done.stderr


def test_a_file_that_lies_about_is_not_taken_for_what_was_installed(pktbench):
    lure = pktbench.work / "scenarios"
    lure.mkdir()
    (lure / "quickstart.json").write_text("{}")
    (pktbench.prefix / "scenarios").mkdir()
    (pktbench.prefix / "scenarios" / "memory.json").write_text("{}")
    assert "CAP_NET_ADMIN" in pktbench("run", "quickstart", launcher=USER).stderr
    names = [e["name"] for e in json.loads(passed(pktbench("list", "--json"))) if not e["available"]]
    assert not {"quickstart", "memory"} & set(names)


def test_from_a_run_to_its_figures(pktbench):
    (pktbench.work / "mine.json").write_text(json.dumps(SIMULATED))
    for name in ("before", "after"):
        passed(pktbench("run", "mine.json", "--out", f"results/{name}", launcher=USER))
    compared = pktbench("compare", "results/before", "results/after", launcher=USER)
    assert compared.returncode in (0, 1, 5) and "fake" in compared.stdout
    assert passed(pktbench("validate", "results/before/run.json", "results/after/trials.jsonl",
                           launcher=USER)) == ""
    drawn = pktbench("plots", "results/before", "--format", "svg", launcher=USER, MPLCONFIGDIR="/tmp")
    assert {"results/before/backends.svg", "results/before/backends.csv",
            "results/before/caption.txt"} < set(passed(drawn).split())
    assert (pktbench.work / "results" / "before" / "backends.svg").stat().st_size > 1000
    imported = passed(pktbench("history", "import", "results", launcher=USER))
    assert imported == "results/history.db: 2 imported, 0 replaced, 0 unchanged\n"
    figure = passed(pktbench("history", "trend", "--out", "trend", launcher=USER, MPLCONFIGDIR="/tmp"))
    assert "series of 2 runs without a change" in figure and "trend/trend.svg" in figure
    exported = passed(pktbench("export", "results/before", "results/after", "--format", "csv", launcher=USER))
    assert exported.startswith("run,started_at,") and exported.count("fake") >= 2
    made = pktbench("report", "results/before", "results/after", "--out", "results/report", launcher=USER,
                    MPLCONFIGDIR="/tmp")
    assert "results/report/report.html" in passed(made).split()
    assert "<svg" in (pktbench.work / "results" / "report" / "report.html").read_text(encoding="utf-8")


def test_faults_of_what_python_reads_keep_their_status(pktbench):
    (pktbench.work / "broken.json").write_text("{")
    assert pktbench("validate", "broken.json", launcher=USER).returncode == 2
    assert pktbench("plots", "broken.json", launcher=USER).returncode == 2


def test_the_lab_starts_its_own_script(pktbench):
    done = pktbench("lab", "--cpus", "0", "--", "list", launcher=USER)
    assert done.returncode == 2 and "pktbench: --cpus: must be " in done.stderr


def test_where_nothing_can_be_written_the_remedy_is_named(pktbench):
    done = pktbench("lab", "--cache", "/nowhere", "--", "run", "quickstart", "--out", "/proc/x",
                    launcher=USER)
    if "missing packages" in done.stderr:
        pytest.skip(done.stderr)
    assert done.returncode == 3 and "choose a directory that you may write with --out" in done.stderr


def test_what_is_missing_is_named_with_its_place(pktbench):
    data = pktbench.prefix / "share" / "pktbench"
    away = data.rename(pktbench.prefix / "share" / "away")
    try:
        listed = pktbench("list", launcher=USER)
        assert listed.returncode == 0 and f"neither in {data} nor in" in listed.stderr
        for words in (["run", "quickstart"], ["plots", "."], ["report", "."],
                      ["validate", "x"], ["history", "list"],
                      ["export", "x", "--format", "csv"], ["lab", "list"]):
            done = pktbench(*words, launcher=USER)
            assert done.returncode == 3 and f"neither in {data} nor in" in done.stderr, done.stderr
    finally:
        away.rename(data)


def test_everybody_may_read_it_whatever_the_umask_was(pktbench):
    for path in pktbench.prefix.rglob("*"):
        mode = path.stat().st_mode
        assert mode & 0o022 == 0 and mode & 0o444 == 0o444, path
        executable = path.is_dir() or path.parent.name == "bin" or path.name == "pktbench-dpdk" or (
            path.is_file() and path.read_bytes()[:2] == b"#!")
        assert bool(mode & stat.S_IXOTH) == executable, path


def test_no_file_of_it_names_the_sources_or_is_for_tests(pktbench):
    texts = [path for path in pktbench.prefix.rglob("*") if path.suffix in (".py", ".json", ".md", "")
             and path.is_file() and path.parent.name not in ("bin",) and path.name != "pktbench-dpdk"]
    assert len(texts) > 30
    sources = re.compile(rb"(?<![\w./-])" + re.escape(os.fsencode(installed.SOURCE)) + rb"\b")
    for path in texts:
        assert not sources.search(path.read_bytes()), path
        assert not re.search(r"_test\.|testdata|fixtures", path.name)


def test_the_readmes_pages_are_beside_it(pktbench):
    page, = pktbench.prefix.glob("share/doc/*/README.md")
    links = re.findall(r"\]\(([^)#:]+\.md)\)", page.read_text(encoding="utf-8"))
    assert len(links) > 5
    for link in links:
        assert (page.parent / link).is_file(), link
