"""Numbers, JSON and stdout are checked, each in one place."""
import argparse
import json
import os
import pathlib
import signal
import subprocess
import sys

import pytest

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(HERE))

import checked  # noqa: E402

NONE = ("nan", "-nan", "inf", "-inf", "Infinity", "1e999", "9" * 5000, "1e300", "-1", "11", "x", "")


@pytest.mark.parametrize("text", NONE, ids=lambda text: text[:9])
def test_an_option_takes_no_number_beyond_its_bounds(text):
    for kind in (checked.number(0, 10), checked.integer(0, 10)):
        with pytest.raises(argparse.ArgumentTypeError, match="must be an? .* from 0 to 10, not") as error:
            kind(text)
        assert len(str(error.value)) < 120


def test_a_number_inside_is_taken():
    assert [checked.number(0, 10)(text) for text in ("0", "0.5", "1e1")] == [0, 0.5, 10]
    assert checked.integer(1, 64)("64") == 64
    with pytest.raises(argparse.ArgumentTypeError):
        checked.integer(1, 64)("1.5")


@pytest.mark.parametrize("token, word", [
    ("1e999", "the number 1e999 is too large"), ("-1e999", "too large"), ("9" * 5000, "is too large"),
    ("NaN", "NaN is not JSON"), ("Infinity", "Infinity is not JSON"), ("-Infinity", "not JSON"),
    ('{"x": 1, "x": 2}', "'x' appears twice"), ('"\\ud800"', "half of a surrogate pair")],
    ids=lambda text: text[:9])
def test_what_is_refused_is_named_by_its_pointer(token, word):
    with pytest.raises(checked.NotJson, match=word) as error:
        checked.parse(f'{{"a": [1, {{"b/c": {token}}}]}}')
    assert error.value.placed and str(error.value).startswith("/a/1/b~1c") and len(str(error.value)) < 120


def test_the_first_place_in_the_document_is_named():
    with pytest.raises(checked.NotJson, match="^/a/0: "):
        checked.parse('{"a": [NaN], "b": 1e999}')


def test_depth_has_a_limit():
    assert checked.parse("[" * 32 + "]" * 32)
    for depth in (33, 900, 100_000):
        with pytest.raises(checked.NotJson, match="nested"):
            checked.parse("[" * depth + "]" * depth)


def test_what_is_json_is_read_as_it_is():
    value = {"a": [1, 2.5, 2**64, 1e300, -0.0, None, True, "\u2028\x00 ü 😀"], "b": {}, "c": []}
    assert checked.parse(json.dumps(value)) == value
    assert checked.parse("1e-999") == 0


PROGRAMS = {
    "validate.py": (["results/schema/validate.py", "scenarios/memory.json"], 5),
    "validate.py --help": (["results/schema/validate.py", "--help"], 0),
    "plots --help": (["/usr/bin/python3", "-m", "plots", "--help"], 0),
    "compare-others --help": (["scripts/compare-others", "--help"], 0),
    "lab --help": (["scripts/lab", "--help"], 0),
    "check_layers.py": (["scripts/check_layers.py"], 0),
    "check_files.py --help": (["scripts/check_files.py", "--help"], 0),
    "test_report.py --help": (["scripts/test_report.py", "--help"], 0),
}


def program(command, **keywords):
    command = [str(ROOT / command[0]) if "/" in command[0] else command[0], *command[1:]]
    return subprocess.run(command, cwd=ROOT, stderr=subprocess.PIPE, text=True, timeout=60, check=False,
                          **keywords)


@pytest.mark.parametrize("name", [name for name in PROGRAMS if name != "check_layers.py"])
def test_a_result_that_cannot_be_written_is_status_6_and_one_sentence(name):
    command, _ = PROGRAMS[name]
    with open("/dev/full", "w", encoding="utf-8") as full:
        done = program(command, stdout=full)
    said = "pktbench: the result cannot be written to stdout: No space left on device\n"
    assert (done.returncode, done.stderr) == (6, said)


@pytest.mark.parametrize("name", [name for name in PROGRAMS if name != "check_layers.py"])
def test_a_reader_that_has_gone_away_ends_it_quietly(name):
    read, write = os.pipe()
    os.close(read)
    try:
        done = program(PROGRAMS[name][0], stdout=write)
    finally:
        os.close(write)
    assert (done.returncode, done.stderr) == (-signal.SIGPIPE, "")


@pytest.mark.parametrize("name", PROGRAMS)
def test_the_status_is_the_programs_own(name):
    command, status = PROGRAMS[name]
    done = program(command, stdout=subprocess.PIPE)
    assert (done.returncode, done.stderr) == (status, "")


def test_an_error_of_its_own_is_none_of_stdout(tmp_path):
    script = tmp_path / "a.py"
    script.write_text(f"import sys; sys.path.append({str(HERE)!r}); import checked\n"
                      "def main():\n    print('\\ud800', flush=True); open('/nowhere/x')\n"
                      "sys.exit(checked.run(main))\n")
    done = program(["/usr/bin/python3", str(script)], stdout=subprocess.PIPE)
    assert (done.returncode, done.stdout) == (6, "\\ud800\n")
    assert done.stderr == "pktbench: /nowhere/x: No such file or directory\n"


def test_without_a_stdout_it_says_so():
    done = program(["/bin/sh", "-c", f"{HERE}/validate.py {HERE}/run.schema.json >&-"],
                   stdout=subprocess.PIPE)
    assert (done.returncode, done.stderr) == (6, "pktbench: stdout is closed; the result needs it\n")
