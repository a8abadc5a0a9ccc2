"""A backend that is a folder and nothing else (toy/): the parser, the list, the account, the figure."""
import json
import subprocess
import sys
from pathlib import Path

from runs import BINARY, SOURCE, validate

TOY = Path(BINARY).with_name("pktbench-toy")
SKIP = {"name": "toy", "skip": 4}


def called(*command):
    return subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=60, cwd=SOURCE)


def listed(binary):
    entries = json.loads(called(binary, "list", "--json").stdout)
    return {entry["name"]: entry for entry in entries if entry["kind"] == "backend"}


def run(tmp_path, backends, binary=TOY):
    scenario = tmp_path / "toy.json"
    scenario.write_text(json.dumps({
        "testbed": {"name": "simulated", "capacity_pps": 1e6, "noise": 0},
        "traffic": {"generator": "simulated"}, "backends": backends,
        "method": {"trials": 2, "duration_s": 0.1}}))
    return called(binary, "run", scenario, "--out", tmp_path / "out")


def test_it_is_listed_where_it_is_linked_and_only_there():
    with_toy, without = listed(TOY), listed(BINARY)
    assert set(with_toy) - set(without) == {"toy"} and set(without) < set(with_toy)
    assert with_toy["toy"]["available"] and with_toy["toy"]["options"]["skip"]["max"] == 1000
    assert list(with_toy) == sorted(with_toy)


def test_its_name_and_options_are_checked_as_those_of_the_others(tmp_path):
    for backend, said in ((["toi"], 'unknown backend "toi"; did you mean "toy"?'),
                          ([{**SKIP, "skip": 1001}], "/backends/0/skip: must be 0 to 1000, not 1001"),
                          ([{"name": "toy", "skipp": 1}], "skip")):
        refused = run(tmp_path, backend)
        assert refused.returncode == 2 and said in refused.stderr, refused.stderr
    assert run(tmp_path, ["toy"], BINARY).returncode == 2


def test_its_frames_are_accounted_for_and_it_has_a_figure_of_its_own_look(tmp_path):
    done = run(tmp_path, ["fake", SKIP])
    assert done.returncode == 0, done.stderr
    assert "toy" in done.stdout
    out = tmp_path / "out"
    validate(out / "run.json")
    fake, toy = json.loads((out / "run.json").read_text())["cases"]
    assert toy["mode"]["effective"] == "toy"
    for trial in toy["trials"]:
        assert trial["unaccounted"] == 0
        whole = trial["received"]["packets"] + trial["drops"]["toy_skipped"]
        assert abs(trial["received"]["packets"] - 0.75 * whole) <= 1
    assert abs(toy["summary"]["mpps"]["median"] / fake["summary"]["mpps"]["median"] - 0.75) < 0.01

    drawn = called(sys.executable, "-m", "plots", out / "run.json", "--format", "svg")
    assert drawn.returncode == 0, drawn.stderr
    figure = (out / "backends.svg").read_text()
    assert ">toy</text>" in figure and "#009e73" in figure  # as plots/style.py has it for this name
