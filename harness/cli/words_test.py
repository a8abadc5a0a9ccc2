"""Whatever is typed, what pktbench says has one form: one line, what is wrong, the nearest name, exit 2."""
import os
import re
import subprocess
from pathlib import Path

import pytest

BINARY = os.environ["PKTBENCH_BINARY"]
SOURCE = Path(os.environ["PKTBENCH_SOURCE"])
LONG = "x" * 5000


def pktbench(*arguments, **keywords):
    # A COLUMNS that the readline of Python 3.13 has set is not in os.environ, but would be inherited.
    return subprocess.run([BINARY, *arguments], capture_output=True, timeout=60,
                          **{"cwd": SOURCE, "env": dict(os.environ), **keywords})


def said(result):
    """The one line on stderr, without its prefix."""
    line = result.stderr.decode()
    assert (result.returncode, result.stdout, line.count("\n")) == (2, b"", 1), (result.returncode, line)
    assert line.startswith("pktbench: ") and len(line) < 600 and line.rstrip("\n").isprintable(), line
    # No library's sentence, and nothing of the program's inside.
    assert not re.search(r"required TEXT|subcommand|Could not convert|At Most|Run with|what\(\)", line), line
    return line[len("pktbench: "):-1]


COMMANDS = ("run, list, compare, gate, baseline, doctor, plots, report, validate, history, export, lab, "
            "watch, restore")
# Where a command line would be taken after all, /dev/null is no scenario.
WRONG = {
    # commands
    "": f"which command? {COMMANDS}; see pktbench --help",
    "rnu": 'unknown command "rnu"; did you mean "run"?',
    "Run quickstart": 'unknown command "Run"; did you mean "run"?',
    "comapre a b": 'unknown command "comapre"; did you mean "compare"?',
    "xyzzy": f'unknown command "xyzzy"; valid: {COMMANDS}',
    # options
    "--versoin": 'pktbench does not know --versoin; did you mean "--version"?',
    "--trials 3": "--trials is an option of pktbench run: it comes after the command",
    "--trials 3 run /dev/null": "--trials: options of pktbench run come after it, and before --",
    "run /dev/null -- --trials": "--trials: options of pktbench run come after it, and before --",
    "run /dev/null --tirals 3": 'pktbench run does not know --tirals; did you mean "--trials"?',
    "run /dev/null --tirals=3": 'pktbench run does not know --tirals=3; did you mean "--trials"?',
    "run /dev/null --must-see 3": "pktbench run does not know --must-see, which is an option of pktbench "
                                  "compare; see pktbench run --help",
    "compare a b --jsn": 'pktbench compare does not know --jsn; did you mean "--json"?',
    "list --jsno": 'pktbench list does not know --jsno; did you mean "--json"?',
    "doctor --aply": 'pktbench doctor does not know --aply; did you mean "--apply"?',
    "lab --nisc e1000e -- list": 'pktbench lab does not know --nisc; did you mean "--nics"?',
    "restore --all": "pktbench restore does not know --all; see pktbench restore --help",
    "run /dev/null -x": "pktbench run does not know -x; see pktbench run --help",
    # values
    "run /dev/null --trials": "--trials: needs a value; see pktbench run --help",
    "run /dev/null --trials abc": '--trials: must be a whole number below 2147483648, not "abc"',
    "run /dev/null --trials 1.5": '--trials: must be a whole number below 2147483648, not "1.5"',
    "run /dev/null --trials 3000000000":
        '--trials: must be a whole number below 2147483648, not "3000000000"',
    "run /dev/null --trials 3 --trials 4": "--trials: given 2 times; give it once",
    "run /dev/null --duration 1s": '--duration: must be a finite number, not "1s"',
    "run /dev/null --out": "--out: needs a value; see pktbench run --help",
    "run /dev/null --set": "--set: needs a value; see pktbench run --help",
    "compare a b --json=yes": "--json: takes no value; leave it out",
    "compare a b --min-effect 5%": '--min-effect: must be 0 to 50, not "5%"',
    # names
    "run quikstart": 'quikstart: no such file or scenario; did you mean "quickstart"?',
    "run quickstart --backend xdp-natve":
        '--backend xdp-natve: unknown backend "xdp-natve"; did you mean "xdp-native"?',
    "run quickstart --set /method/trails=3":
        '--set /method/trails=3: /method/trails: unknown key "trails"; did you mean "trials"?',
    "run quickstart --set /testbed=vteh":
        '--set /testbed=vteh: /testbed: unknown testbed "vteh"; did you mean "veth"?',
    "run quickstart --set /traffic/generator=xdp-life":
        '--set /traffic/generator=xdp-life: /traffic/generator: unknown generator "xdp-life"; did you mean '
        '"xdp-live"?',
    "run quickstart --set /workloads=drp":
        '--set /workloads=drp: /workloads: unknown workload "drp"; did you mean "drop"?',
    "run quickstart --set /backends/0/name=dpdk --set /backends/0/driver=net_afxdp":
        '--set /backends/0/driver=net_afxdp: /backends/0/driver: unknown driver "net_afxdp"; did you mean '
        '"net_af_xdp"?',
    "list quikstart": 'there is no "quikstart"; did you mean "quickstart"?',
    "list af-xdp": 'there is no "af-xdp"; did you mean "af_xdp"?',
    "plots a --format pgn": '--format: unknown value "pgn"; did you mean "png"?',
    "lab --nics e100e -- list": '--nics: unknown value "e100e"; did you mean "e1000e"?',
    # what is missing
    "run": "run needs a scenario, or --resume with the directory of a run",
    "compare": "pktbench compare needs BASE; see pktbench compare --help",
    "compare a": "pktbench compare needs NEW; see pktbench compare --help",
    "lab": "pktbench lab needs COMMAND; see pktbench lab --help",
    "compare a b c": "pktbench compare does not know c; see pktbench compare --help",
    "compare a b": "a: no such file",
    "run ./scenarios": "./scenarios: a directory, not a file",
    "run /dev/null": "/dev/null: not a regular file",
}


@pytest.mark.parametrize("line", WRONG, ids=lambda line: line[:40] or "nothing")
def test_what_is_wrong_is_said_in_one_line(line):
    assert said(pktbench(*line.split())) == WRONG[line]


@pytest.mark.parametrize("arguments", [
    ["run", ""], ["run", "/dev/null", "--out", ""], ["run", "/dev/null", "--backend", ""],
    ["run", "/dev/null", "--set", ""], ["run", "--resume", ""], ["run", "/dev/null", "--trials", ""],
    ["doctor", ""], ["compare", "", "b"], ["compare", "a", "b", "--base-case", ""], ["list", ""],
    ["plots", ""], ["report", ""], ["lab", "--cpus", "", "--", "list"]], ids=" ".join)
def test_an_empty_value_is_none(arguments):
    assert said(pktbench(*arguments)).endswith(": must not be empty")


@pytest.mark.parametrize("arguments", [
    [LONG], ["--" + LONG], ["run", LONG], ["run", "quickstart", "--" + LONG],
    ["run", "quickstart", "--trials", LONG], ["run", "quickstart", "--set", LONG], ["compare", LONG, "b"],
    ["list", LONG], [b"\xff\xfe"], ["run", b"\xff\xfe"], ["run", "quickstart", b"--\xff"],
    ["run", "quickstart", "--set", b"\xff"], ["run", "quickstart", "--backend", b"a\nb\x1b[2J"],
    ["list", "a\nb\x1b[31m"], ["a\tb"]], ids=lambda a: repr(a[-1])[:20])
def test_nothing_typed_makes_the_line_long_or_moves_the_cursor(arguments):
    said(pktbench(*arguments))


def test_a_directory_that_cannot_be_is_an_error_of_input(tmp_path):
    (tmp_path / "file").write_text("")
    scenario = tmp_path / "s.json"
    scenario.write_text('{"testbed": "simulated", "traffic": {"generator": "simulated"}, '
                        '"backends": ["fake"]}')
    for out in (tmp_path / "file", tmp_path / "file" / "below"):
        line = said(pktbench("run", scenario, "--out", out))
        assert "Not a directory" in line and line.endswith("; choose another directory with --out")


def test_without_an_option_list_is_short_and_with_a_name_it_is_whole():
    brief = pktbench("list").stdout.decode()
    kinds = [line for line in brief.splitlines() if line and line[0] != " "]
    assert kinds[:6] == ["backends", "workloads", "generators", "testbeds", "methods", "scenarios"]
    assert " = " not in brief and len(brief.splitlines()) < 75
    assert brief.splitlines()[-1] == "Options of one, or cases of a scenario: pktbench list NAME"
    whole = pktbench("list", "af_xdp", "quickstart").stdout.decode()
    assert "    copy_mode = \"auto\" (auto|copy|zerocopy)\n        auto: zero-copy where" in whole
    assert "    ring_size = 2048 (2 to 65536)\n" in whole
    assert "gro_flush_timeout_ns = -1 (-1 to 1000000000)\n" in pktbench("list", "nic").stdout.decode()
    assert "  cases\n    udp-recvfrom/drop/64B/1q/1f\n" in whole
    # A name of several kinds: each of them.
    memory = pktbench("list", "memory").stdout.decode()
    assert re.findall(r"^(\w+) memory$", memory, re.M) == ["generator", "testbed", "scenario"]
