"""Each form is read by its own reader where Debian has one, else held against its description."""
import csv
import io
import json
import pathlib
import random
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ElementTree

import jsonschema
import pytest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from history import history_test, made_runs  # noqa: E402
import sample_run  # noqa: E402

FORMATS = ("markdown", "junit", "github-action-benchmark", "bencher", "google-benchmark", "csv",
           "openmetrics")
COMPARE = pathlib.Path("/usr/share/benchmark/compare.py")
ODD = 'made up: <b>"&\u2028 | `x` \\ \x1b[31m'


def export(*words, cwd=None):
    """pktbench export."""
    return subprocess.run(["/usr/bin/python3", "-B", HERE / "__main__.py", *map(str, words)], cwd=cwd,
                          capture_output=True, text=True, encoding="utf-8", timeout=120, check=False)


def exported(*words, cwd=None):
    """What it prints where nothing is wrong."""
    made = export(*words, cwd=cwd)
    assert (made.returncode, made.stderr) == (0, "")
    return made.stdout


def mixed(number=0, **changes):
    """A run with a case of each kind."""
    made = made_runs.night(number, **changes)
    bound = made["cases"][1]
    bound["limiter"] = "generator"
    disturbed = sample_run.case("af_xdp", [sample_run.disturbed(i, 2.0) for i in range(5)], "disturbed", ODD,
                                metrics=[made_runs.metric("mpps", "Mpps", "higher", [2.0, 2.1, 1.9])])
    made["cases"] += [
        disturbed,
        sample_run.case("xdp-offload", status="unsupported", reason="veth has no offload",
                        mode=("offload", None)),
        sample_run.case("dpdk", status="failed", reason="the helper died", mode=("dpdk", None)),
        sample_run.case("packet-mmap", status="invalid", reason="3 frames were not accounted for",
                        metrics=[made_runs.metric("mpps", "Mpps", "higher", [])])]
    made["cases"][-1]["trials"] = []
    return made


@pytest.fixture(scope="module", name="run")
def _run(tmp_path_factory):
    return made_runs.write(tmp_path_factory.mktemp("runs"), mixed()).parent


def comparison(verdict, ratio, case=made_runs.XDP):
    """What compare --json prints of two runs of one case."""
    summary = {"n": 10, "median": 5.0, "ci95": [4.9, 5.1], "confidence": 0.95}
    measure = {"verdict": verdict, "reason": "made up", "warnings": [], "base": summary,
               "new": {**summary, "median": 5.0 * ratio}, "comparison": {
                   "pairs": 10, "ratio": ratio, "ci95": [ratio - 0.003, ratio + 0.003], "confidence": 0.95,
                   "p": 0.002, "p_adjusted": 0.002, "smallest_change": 0.01,
                   "mann_whitney": {"u": 1, "p": 0.01, "p_adjusted": 0.01, "exact": True},
                   "median_ratio": {"median": ratio}, "noise_floor": {
                       "against": None, "pairs": None, "ratio": None, "ci95": None, "reason": "made up"}}}
    side = {"path": "x", "id": "x", "host": "lab1", "started_at": "2026-01-01T02:00:00Z",
            "tool_version": "0.1.0", "git_commit": None}
    inconclusive = verdict == "inconclusive"
    made = {"schema": "pktbench-comparison/1", "verdict": verdict,
            "reason": "too few" if inconclusive else None,
            "exit_status": 5 if inconclusive else int(verdict == "regression"), "base": side, "new": side,
            "interleaved": False,
            "rules": {"min_effect": 0.004, "alpha": 0.01, "must_see": 0.1, "min_pairs": 8},
            "warnings": [], "only_in_base": [], "only_in_new": [], "unsupported": [],
            "cases": [{"base_id": case, "new_id": case, "verdict": verdict, "reason": None, "warnings": [],
                       "excluded_trials": {"base": 0, "new": 0}, "unpaired_rounds": 0,
                       "measures": {"mpps": measure}}]}
    schema = json.loads((HERE.parent / "schema" / "comparison.schema.json").read_text())
    jsonschema.Draft7Validator(schema).validate(made)
    return made


def with_verdict(folder, *arguments, run=None):
    """A run and what was said of it beside."""
    path = made_runs.write(folder, run or made_runs.night(0)).parent
    (path / "comparison.json").write_text(json.dumps(comparison(*arguments)))
    return path


@pytest.mark.parametrize("form", FORMATS)
def test_the_same_runs_make_the_same_bytes(run, form, tmp_path):
    printed = exported(run, "--format", form)
    assert exported(run / "run.json", "--format", form) == printed
    out = tmp_path / "new" / "file"
    assert exported(run, "--format", form, "--out", out) == f"{out}\n"
    assert out.read_text(encoding="utf-8") == printed
    assert "NaN" not in printed and "\x1b" not in printed


def test_junitparser_reads_statuses_reasons_and_regressions(tmp_path):
    import junitparser
    path = with_verdict(tmp_path, "regression", 0.95, run=mixed())
    exported(path, "--format", "junit", "--out", tmp_path / "junit.xml")
    suite, = junitparser.JUnitXml.fromfile(str(tmp_path / "junit.xml"))
    assert (suite.tests, suite.failures, suite.errors, suite.skipped, suite.hostname) == (6, 3, 1, 1, "lab1")
    found = {test.name: [(type(one).__name__, one.type,
                          one.message) for one in test.result] for test in suite}
    (kind, what, said), = found[made_runs.XDP]
    assert (kind, what) == ("Failure", "regression") and "mpps -5.00% (-5.30% to -4.70%)" in said
    assert found[made_runs.UDP] == []
    assert found["xdp-offload/drop/64B/1q/1f"] == [("Skipped", None, "veth has no offload")]
    assert found["dpdk/drop/64B/1q/1f"] == [("Error", "failed", "the helper died")]
    assert found["packet-mmap/drop/64B/1q/1f"] == [("Failure", "invalid", "3 frames were not accounted for")]
    (kind, what, said), = found["af_xdp/drop/64B/1q/1f"]
    assert (kind, what) == ("Failure", "disturbed") and '<b>"&' in said and "\x1b" not in said
    root = ElementTree.parse(tmp_path / "junit.xml").getroot()
    known = {one.get("name"): one.get("value") for one in root.iterfind(".//testcase[2]//property")}
    assert known["mpps"].startswith("≥ 0.3 Mpps") and known["limiter"] == "generator"


def test_promtool_reads_openmetrics(run, tmp_path):
    if not shutil.which("promtool"):
        pytest.skip("promtool is not installed")
    text = exported(run, "--format", "openmetrics")
    done = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, text=True,
                          timeout=60,
                          check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert text.endswith("\n# EOF\n")
    lines = [line for line in text.splitlines() if line.startswith("pktbench_mpps{")]
    assert len(lines) == 3      # of six cases three have none
    assert [line.rpartition(" ")[2] for line in lines] == ["5.0", "0.3", "2.0"]
    assert ['mark="at least"' in line for line in lines] == [False, True, False]
    assert ['mark="disturbed"' in line for line in lines] == [False, False, True]
    names = [line.split()[2] for line in text.splitlines() if line.startswith("# TYPE ")]
    assert len(names) == len(set(names))
    bad = subprocess.run(["promtool", "check", "metrics"], input=text.replace("} 5.0", "} five"),
                         capture_output=True, text=True, timeout=60, check=False)
    assert bad.returncode != 0


def test_loads_of_a_method_are_labels_of_one_family(tmp_path):
    document = made_runs.night(0)
    document["cases"] = document["cases"][:1]
    document["cases"][0]["metrics"] = [made_runs.metric(f"p99 at {load}", "ns", "lower", [1200.0])
                                       for load in ("50%", "unloaded")]
    text = exported(made_runs.write(tmp_path, document), "--format", "openmetrics")
    assert text.count("# TYPE pktbench_p99 gauge") == 1
    assert 'load="50%"} 1200.0' in text and 'load="unloaded"} 1200.0' in text


def held(name, text):
    """A document that its schema allows."""
    document = json.loads(text, parse_constant=lambda token: pytest.fail(token))
    schema = json.loads((HERE / "testdata" / f"{name}.schema.json").read_text())
    jsonschema.Draft7Validator(schema).validate(document)
    return document


def test_github_action_benchmark_takes_what_is_better_higher(run):
    made = held("github-action-benchmark", exported(run, "--format", "github-action-benchmark"))
    assert [(one["name"], one["value"], one["unit"]) for one in made] == [
        (f"{made_runs.XDP}: mpps", 5.0, "Mpps"), (f"{made_runs.UDP}: mpps (at least)", 0.3, "Mpps"),
        ("af_xdp/drop/64B/1q/1f: mpps (disturbed)", 2.0, "Mpps")]
    lower = held("github-action-benchmark",
                 exported(run, "--format", "github-action-benchmark", "--better", "lower"))
    assert [(one["name"], one["value"]) for one in lower] == [
        (f"{made_runs.XDP}: cycles_per_packet", 500.0), (f"{made_runs.UDP}: cycles_per_packet", 7000.0)]


def test_bencher_takes_values_with_their_bounds(run):
    made = held("bencher", exported(run, "--format", "bencher"))
    assert list(made) == [made_runs.XDP, made_runs.UDP, "af_xdp/drop/64B/1q/1f"]
    assert made[made_runs.XDP]["mpps"]["value"] == 5.0
    assert sorted(made[made_runs.XDP]["mpps"]) == ["lower_value", "upper_value", "value"]
    assert "mpps" not in made[made_runs.UDP] and made[made_runs.UDP]["mpps (at least)"]["value"] == 0.3


def google(tmp_path, number, mpps):
    """A file with ten repetitions that scatter by 0.2%."""
    source, document = random.Random(number), made_runs.night(number)
    document["cases"][0]["metrics"][0] = made_runs.metric(
        "mpps", "Mpps", "higher", [mpps * (1 + 0.002 * source.gauss(0, 1)) for _ in range(10)])
    out = tmp_path / f"{number}.json"
    exported(made_runs.write(tmp_path, document), "--format", "google-benchmark", "--out", out)
    return out


def test_compare_py_of_google_benchmark_sees_a_change(tmp_path):
    if not COMPARE.exists():
        pytest.skip("libbenchmark-tools is not installed")
    before, after = google(tmp_path, 0, 5.0), google(tmp_path, 1, 4.0)
    done = subprocess.run(["/usr/bin/python3", "-B", COMPARE, "--no-color", "-d", tmp_path / "said.json",
                           "benchmarks", before, after], capture_output=True, text=True, timeout=100,
                          check=False)
    assert done.returncode == 0, done.stderr
    assert f"{made_runs.XDP}/mpps_pvalue" in done.stdout
    said = {one["name"]: one for one in json.loads((tmp_path / "said.json").read_text())}
    changed = [one["time"] for one in said[f"{made_runs.XDP}/mpps"]["measurements"]]
    assert len(changed) == 10 and all(0.23 < change < 0.27 for change in changed)    # a fifth less a second
    assert said[f"{made_runs.XDP}/mpps"]["utest"]["time_pvalue"] < 0.001
    assert [one["time"] for one in said[f"{made_runs.UDP}/mpps"]["measurements"]] == [0.0] * 5


def test_google_benchmark_has_times_only_and_cycles_beside_them(run):
    made = json.loads(exported(run, "--format", "google-benchmark"))["benchmarks"]
    first = made[0]
    assert [first[key] for key in ("real_time", "time_unit", "items_per_second", "cycles_per_packet")] == [
        200.0, "ns", 5e6, 500.0]
    assert [one["name"] for one in made if one["repetition_index"] == 0] == [
        f"{made_runs.XDP}/mpps", f"{made_runs.UDP}/mpps (at least)", "af_xdp/drop/64B/1q/1f/mpps (disturbed)"]


def test_csv_has_a_line_for_each_metric_and_empty_cells_for_what_is_not_there(run):
    lines = list(csv.DictReader(io.StringIO(exported(run, "--format", "csv"))))
    assert len(lines) == 8
    assert [(one["case"], one["metric"], one["median"], one["at_least"]) for one in lines[:3]] == [
        (made_runs.XDP, "mpps", "5.0", "false"), (made_runs.XDP, "cycles_per_packet", "500.0", "false"),
        (made_runs.UDP, "mpps", "0.3", "true")]
    failed = next(one for one in lines if one["status"] == "failed")
    assert {failed[key] for key in ("metric", "unit", "n", "median", "ci95_low", "spread")} == {""}
    assert failed["reason"] == "the helper died" and failed["rate_pps"] == ""


def test_markdown_is_silent_unless_something_moved(tmp_path):
    quiet = with_verdict(tmp_path / "a", "no change", 1.001)
    assert exported(quiet, "--format", "markdown") == ""
    assert exported(made_runs.write(tmp_path / "b", made_runs.night(0)), "--format", "markdown") == ""
    slower = exported(with_verdict(tmp_path / "c", "regression", 0.95), "--format", "markdown")
    assert slower.startswith("### pktbench: regression (1 regression)\n")
    assert (f"| `{made_runs.XDP}` | mpps | 5 Mpps | 4.75 Mpps | -5.00% (-5.30% to -4.70%) | regression |"
            in slower)
    faster = exported(with_verdict(tmp_path / "d", "improvement", 1.05), "--format", "markdown")
    assert "| +5.00% (+4.70% to +5.30%) | improvement |" in faster
    blind = exported(with_verdict(tmp_path / "e", "inconclusive", 0.99), "--format", "markdown")
    assert "<details><summary>1 inconclusive or incomparable</summary>" in blind and "too few" in blind


def gate(verdict, run, **measure):
    """What a gate writes beside the folders of its runs."""
    known = {"case": made_runs.XDP, "metric": "mpps", "unit": "Mpps", "better": "higher", "kind": verdict,
             "field": None, "reason": "made up", "suspect": True, "base_runs": 10, "new_runs": 3, "base": 5.1,
             "new": 5.0, "ratio": 0.98, "ci95": [0.975, 0.985], "p": 1e-4, "p_adjusted": 2e-4,
             "spread": 0.003,
             "smallest_change": 0.01, **measure}
    made = {"schema": "pktbench-gate/1", "verdict": verdict, "reason": None,
            "exit_status": {"regression": 1, "unchanged": 0}.get(verdict, 5), "scenario": "nightly",
            "host": "lab1", "started_at": None, "virtual": True, "baseline": None, "in_turn": None,
            "varied": [],
            "runs": [f"results/gate/{run}"], "budget_s": 60, "accepted": None, "rules": {
                "min_effect": 0.004, "alpha": 0.002, "suspect_alpha": 0.1, "must_see": 0.05, "history": 10,
                "least_history": 5, "looks": [3]}, "measures": [known]}
    schema = json.loads((HERE.parent / "schema" / "gate.schema.json").read_text())
    jsonschema.Draft7Validator(schema).validate(made)
    return made


def test_the_verdict_of_a_gate_is_that_of_its_runs(tmp_path):
    path = made_runs.write(tmp_path, made_runs.night(0)).parent
    other = made_runs.write(tmp_path, made_runs.night(1)).parent
    (tmp_path / "gate.json").write_text(json.dumps(gate("regression", path.name)))
    said = exported(path, "--format", "markdown")
    assert "| mpps | 5.1 Mpps | 5 Mpps | -2.00% (-2.50% to -1.50%) | regression |" in said
    assert '<failure type="regression"' in exported(path, "--format", "junit")
    assert exported(other, "--format", "markdown") == ""    # not one of them
    nothing = {"metric": None, "base": None, "new": None, "ratio": None, "ci95": None}
    (tmp_path / "gate.json").write_text(json.dumps(gate("incomparable", path.name, **nothing)))
    assert f"- `{made_runs.XDP}`: made up" in exported(path, "--format", "markdown")
    (tmp_path / "gate.json").write_text(json.dumps(gate("unchanged", path.name)))
    assert exported(path, "--format", "markdown") == ""


def test_markdown_names_cases_that_went_wrong_and_stays_a_table(run):
    said = exported(run, "--format", "markdown")
    assert said.startswith("### pktbench: 3 of 6 cases went wrong\n")
    rows = [line for line in said.splitlines() if line.startswith("| `")]
    assert len(rows) == 3 and "veth has no offload" not in said
    assert all(line.replace("\\|", "").count("|") == 4 for line in rows)
    assert "\\<b\\>" in rows[0]


def test_otava_gets_a_file_for_each_series_without_an_empty_cell(tmp_path):
    for number in range(3):
        made_runs.write(tmp_path / "runs", mixed(number) if number == 1 else made_runs.night(number))
    printed = exported(*sorted((tmp_path / "runs").iterdir()), "--format", "otava", "--out",
                       tmp_path / "otava")
    tests = json.loads((tmp_path / "otava" / "otava.yaml").read_text())["tests"]
    assert printed.splitlines() == [*(test["file"] for test in tests.values()),
                                    str(tmp_path / "otava/otava.yaml")]
    by_length = {}
    for test in tests.values():
        assert (test["type"], test["time_column"], test["attributes"]) == ("csv", "time", ["run", "commit"])
        (name, metric), = test["metrics"].items()
        assert metric == {"column": "value", "direction": 1 if name == "mpps" else -1}
        with open(test["file"], newline="", encoding="utf-8") as file:
            head, *lines = csv.reader(file, delimiter=test["csv_options"]["delimiter"])
        assert head == ["time", "run", "commit", "value"]
        assert all(float(line[3]) > 0 for line in lines) and lines == sorted(lines)
        by_length.setdefault(len(lines), []).append(name)
    # The lower bound and the disturbed one are series of their own.
    assert {count: sorted(names) for count, names in by_length.items()} == {
        3: ["cycles_per_packet", "cycles_per_packet", "mpps"], 2: ["mpps"], 1: ["mpps", "mpps"]}
    history_test.done("import", tmp_path / "runs", "--store", tmp_path / "h.db")
    of_index = history_test.done("trend", "--store", tmp_path / "h.db", "--format", "otava", "--out",
                                 tmp_path / "o")
    assert len(of_index.splitlines()) == 1 + 4


def test_several_runs_keep_their_names_apart(tmp_path):
    paths = [made_runs.write(tmp_path, made_runs.night(number)) for number in range(2)]
    made = held("bencher", exported(*paths, "--format", "bencher"))
    assert list(made)[::2] == [f"2026010{n}T020000Z-lab1-nightly {made_runs.XDP}" for n in (1, 2)]
    twice = export(*paths, paths[0], "--format", "csv")
    assert twice.returncode == 2 and "is named twice" in twice.stderr


@pytest.mark.parametrize("form", ["junit", "csv"])
def test_bad_files_are_named_with_the_place_and_the_others_are_done(tmp_path, form):
    bad = list(history_test.broken(tmp_path / "bad"))
    good = made_runs.write(tmp_path, made_runs.night(1))
    alone = exported(good, "--format", form)
    made = export(*(path for path, _, _ in bad), good, "--format", form)
    assert (made.returncode, made.stdout) == (2, alone)
    for _, name, said in bad:
        line, = [line for line in made.stderr.splitlines() if line.startswith(f"pktbench: {name}")]
        assert said in line


@pytest.mark.parametrize("text, said", [
    ('{"schema": "pktbench-comparison/7"}', "/schema: is 'pktbench-comparison/7', this version reads"),
    ('{"schema": "pktbench-comparison/1"}', "is no pktbench-comparison/1: 'verdict'"),
    ("[", "not valid JSON"),
    ('{"schema": "pktbench-comparison/1", "verdict": NaN}', "/verdict: NaN is not JSON")])
def test_a_verdict_that_cannot_be_read_is_no_silence(tmp_path, text, said):
    path = made_runs.write(tmp_path, made_runs.night(0)).parent
    (path / "comparison.json").write_text(text)
    made = export(path, "--format", "markdown")
    assert made.returncode == 2 and f"{path}/comparison.json: " in made.stderr and said in made.stderr
    assert exported(path, "--format", "csv")


@pytest.mark.parametrize("words, said", [
    (("x",), "pktbench export needs --format"), (("--format", "csv"), "needs RUN"),
    (("x", "--format", "cvs"), 'unknown format "cvs"; did you mean "csv"?'),
    (("x", "--format", "otava"), "--format otava needs --out")])
def test_usage(words, said):
    made = export(*words)
    assert (made.returncode, made.stdout) == (2, "") and said in made.stderr
