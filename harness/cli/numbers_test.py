"""No number of a command line, a scenario or a record may be NaN, infinite or beyond its bound."""
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

BINARY = os.environ["PKTBENCH_BINARY"]
SOURCE = Path(os.environ["PKTBENCH_SOURCE"])
sys.path.append(str(SOURCE / "results" / "schema"))

sys.path.append(str(SOURCE))

import sample_run  # noqa: E402
import validate  # noqa: E402
from plots import load  # noqa: E402

NONE = ("nan", "NaN", "-nan", "inf", "-inf", "infinity", "1e999", "-1e999", "9" * 5000, "1e300", "-1",
        "0x1p3", "five", "")


def pktbench(*arguments):
    return subprocess.run([BINARY, *map(str, arguments)], capture_output=True, text=True, timeout=60)


def refused(result):
    assert result.returncode == 2, (result.returncode, result.stdout, result.stderr)
    assert result.stdout == ""
    return result.stderr


@pytest.fixture(scope="module")
def scenario(tmp_path_factory):
    path = tmp_path_factory.mktemp("scenario") / "s.json"
    path.write_text(json.dumps({"testbed": "simulated", "traffic": {"generator": "simulated"},
                                "backends": ["fake"], "method": {"trials": 8}}))
    return path


def runs(tmp_path):
    """BASE, and one 25% slower, of which compare says so."""
    made = []
    for name, mpps in (("base", 5.0), ("slow", 3.75)):
        (tmp_path / name).mkdir()
        document = sample_run.run([sample_run.case(trials=sample_run.noisy_trials(mpps, n=12, noise=0.002))])
        document["run"]["id"] = name
        for trial in document["cases"][0]["trials"]:
            trial["started_at"] = f"2026-01-0{1 + len(made)}T00:00:{trial['index']:02}Z"
            trial["restart"] = trial["index"] // 3
        (tmp_path / name / "run.json").write_text(json.dumps(document))
        made.append(tmp_path / name)
    return made


@pytest.mark.parametrize("number", NONE, ids=lambda text: text[:9])
def test_no_option_takes_it(tmp_path, scenario, number):
    base, slow = runs(tmp_path)
    for option in ("--min-effect", "--must-see"):
        assert option in refused(pktbench("compare", base, slow, f"{option}={number}"))
    for option in ("--trials", "--duration"):
        assert option in refused(pktbench("run", scenario, "--out", tmp_path / "out", f"{option}={number}"))
    for place in ("/method/duration_s", "/method/trials", "/testbed/capacity_pps", "/traffic/rate",
                  "/method/tolerance_packets"):
        said = refused(pktbench("run", scenario, "--out", tmp_path / "out", "--set", f"{place}={number}"))
        assert place in said
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("token", ["NaN", "Infinity", "-Infinity", "1e999", "9" * 5000, "1e300", "-1"],
                         ids=lambda text: text[:9])
def test_no_key_of_a_scenario_takes_it(tmp_path, scenario, token):
    path = tmp_path / "s.json"
    path.write_text(scenario.read_text().replace('"trials": 8', f'"duration_s": {token}'))
    said = refused(pktbench("run", path, "--out", tmp_path / "out"))
    assert said.count("\n") == 1 and str(path) in said
    if token[-1].isdigit():
        assert "/method/duration_s: " in said


TRIAL = "/cases/0/trials/2"


@pytest.mark.parametrize("pointer", [f"{TRIAL}/mpps", f"{TRIAL}/offered/pps", f"{TRIAL}/cycles_per_packet",
                                     f"{TRIAL}/round", "/cases/0/flows", "/cases/0/rate_pps"])
@pytest.mark.parametrize("token", ["1e999", "-1e999", "9" * 5000, "1e300", "-1", "NaN", "Infinity"],
                         ids=lambda text: text[:9])
def test_every_reader_of_a_record_refuses_it_with_its_place(tmp_path, capsys, pointer, token):
    base, slow = runs(tmp_path)
    document = json.loads((slow / "run.json").read_text())
    *parents, last = [int(key) if key.isdigit() else key for key in pointer.split("/")[1:]]
    at = document
    for key in parents:
        at = at[key]
    at[last] = "NUMBER"
    path = tmp_path / "run.json"
    path.write_text(json.dumps(document).replace('"NUMBER"', token))
    said = refused(pktbench("compare", base, path))
    assert said.count("\n") == 1 and len(said) < 500 and str(path) in said
    # Of what is no JSON it tells line and column.
    assert f"{pointer}: " in said or (token[0] in "NI" and "not valid JSON" in said)
    # The figures pass over what they do not show.
    if pointer != f"{TRIAL}/offered/pps":
        with pytest.raises(load.LoadError) as error:
            load.load(path)
        assert str(error.value).startswith(f"{path}: {pointer}: ") and len(str(error.value)) < 500
    # What breaks the schema is 5.
    status = validate.main([str(path)])
    said = capsys.readouterr()
    assert f"{path}: {pointer}: " in {2: said.err, 5: said.out}[status]


def test_the_same_files_without_it_are_compared(tmp_path):
    base, slow = runs(tmp_path)
    result = pktbench("compare", base, slow)
    assert result.returncode == 1, result.stdout + result.stderr


def numbers(value, path=()):
    if isinstance(value, dict):
        for key, child in value.items():
            yield from numbers(child, path + (key,))
    elif isinstance(value, list):
        for i, child in enumerate(value[:1]):
            yield from numbers(child, path + (i,))
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        yield path


@pytest.mark.parametrize("value", [1e300, -1, 1e-300])
def test_no_number_anywhere_makes_compare_fail_or_take_what_validate_refuses(tmp_path, value):
    base, slow = runs(tmp_path)
    whole = json.loads((slow / "run.json").read_text())
    assert validate.check_run(whole) == []
    path = tmp_path / "run.json"
    for place in numbers(whole):
        document = json.loads(json.dumps(whole))
        at = document
        for key in place[:-1]:
            at = at[key]
        at[place[-1]] = value
        path.write_text(json.dumps(document))
        result = pktbench("compare", base, path)
        assert result.returncode in (0, 1, 2, 5), (place, result.stdout, result.stderr)
        if result.returncode == 2:
            assert validate.check_run(document), place


def test_resume_refuses_it_with_file_line_and_pointer(tmp_path, scenario):
    out = tmp_path / "out"
    assert pktbench("run", scenario, "--out", out).returncode == 0
    log = out / "trials.jsonl"
    lines = log.read_text().splitlines(keepends=True)
    trial = json.loads(lines[2])
    for key, token, word in (("mpps", "1e999", "too large"), ("mpps", "1e300", "0 to 1e+20"),
                             ("round", "-1", "a count"), ("index", "4294967296", "a count")):
        trial["trial"] = {**json.loads(lines[2])["trial"], key: "NUMBER"}
        log.write_text("".join([*lines[:2], json.dumps(trial).replace('"NUMBER"', token) + "\n", *lines[3:]]))
        said = refused(pktbench("run", scenario, "--resume", out))
        assert f"{log}, line 3: /trial/{key}: " in said and word in said
        validated = subprocess.run([SOURCE / "results" / "schema" / "validate.py", log], capture_output=True,
                                   text=True)
        assert f"/trial/{key}" in {2: validated.stderr, 5: validated.stdout}[validated.returncode]
    log.write_text("".join(lines))
    run = out / "run.json"
    run.write_text(run.read_text().replace('"trials": 8', '"trials": 1e999', 1))
    assert f"{run}: /scenario/method/trials: the number 1e999 is too large" in refused(
        pktbench("run", scenario, "--resume", out))
