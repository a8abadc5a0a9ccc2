"""What is printed fits its terminal, and what did not fit, was cut or was not made is said beside it."""
import fcntl
import json
import os
import pty
import re
import shlex
import signal
import struct
import subprocess
import termios
import time
from pathlib import Path

import pytest

BINARY = os.environ["PKTBENCH_BINARY"]
SOURCE = Path(os.environ["PKTBENCH_SOURCE"])
HEADS = {"mode", "Mpps", "95% CI", "ns/packet", "cycles/packet", "loss %", "limiter", "ok", "status"}


def pktbench(*arguments, columns=None, **keywords):
    environment = {k: v for k, v in os.environ.items() if k not in ("COLUMNS", "NO_COLOR")}
    if columns:
        environment["COLUMNS"] = str(columns)
    return subprocess.run([BINARY, *map(str, arguments)], capture_output=True, text=True, timeout=60,
                          env=environment, **{"cwd": SOURCE, **keywords})


def write_scenario(path, backends=("fake", {"name": "fake", "slower": 0.1}), trials=10):
    path.write_text(json.dumps({"testbed": "simulated", "traffic": {"generator": "simulated"},
                                "backends": list(backends), "method": {"trials": trials}}))
    return path


def widest(text):
    """Of the lines that could be broken: a path or a line to type stays whole."""
    return max(len(line) for line in text.splitlines()
               if not line.startswith(("run: ", "to draw it: ")) and " " in line.strip())


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    at = tmp_path_factory.mktemp("runs")
    scenario = write_scenario(at / "s.json")
    for name in "ab":
        assert pktbench("run", scenario, "--restarts", "5", "--out", name, cwd=at).returncode == 0
    return at


@pytest.mark.parametrize("columns", [40, 60, 80, 100, 120])
def test_a_table_fits_and_says_what_it_left_out(tmp_path, columns):
    scenario = write_scenario(tmp_path / "s.json", ["fake", {"name": "fake", "slower": 0.1},
                                                    {"name": "fake", "unsupported": True}], 3)
    table = pktbench("run", scenario, "--out", tmp_path / "out", columns=columns).stdout
    assert widest(table) <= columns, table
    shown = {head for head in HEADS if re.search(rf"(^|  ){re.escape(head)}(  |$)", table.splitlines()[0])}
    text = " ".join(table.split())
    named = re.search(rf"Left out to fit {columns} columns: ([^.]*)\.", text)
    assert shown | set(named[1].split(", ") if named else []) == HEADS, table
    assert not named or "In full: run.json, or COLUMNS=200 before the command." in text
    assert {"Mpps", "status"} <= shown


def test_what_the_line_below_a_narrow_table_says_to_type_shows_it_all(runs):
    narrow, wide = (pktbench("compare", "a", "b", columns=columns, cwd=runs).stdout for columns in (80, 200))
    assert widest(narrow) <= 80, narrow
    assert "Left out to fit 80 columns: p (M-W), p, A/A" in narrow
    assert "In full: --json, or COLUMNS=200" in " ".join(narrow.split())
    assert "Left out" not in wide and wide == pktbench("compare", "a", "b", cwd=runs).stdout
    for head in ("p (M-W)", "A/A", "base (95% CI)", "pairs"):
        assert head in wide


@pytest.mark.parametrize("arguments", [
    ["--help"], ["list"], ["list", "nic", "dpdk", "quickstart"], ["doctor"],
    *([c, "--help"] for c in ("run", "list", "compare", "doctor", "lab", "restore"))], ids=" ".join)
def test_help_and_lists_fit_80_columns(arguments):
    result = pktbench(*arguments, columns=80)
    assert result.returncode in (0, 3)
    lines = result.stdout.splitlines()
    # A command to type stays in one piece.
    long = [line for line in lines if len(line) > 80 and not re.match(r" +(fix: |(sudo )?pktbench )", line)]
    assert long == []


def test_labels_that_differ_only_at_their_end_are_told_apart(tmp_path):
    scenario = tmp_path / "s.json"
    backends = [{"name": "fake", "label": f"{'x' * 139}{n}"} for n in (1, 2, 3, 4)]
    write_scenario(scenario, backends, 1)
    lines = pktbench("run", scenario, "--out", tmp_path / "out", columns=60).stdout.splitlines()
    names = [line.split()[0] for line in lines[1:5]]
    assert len(set(names)) == 4 and all(name.endswith(n) for name, n in zip(names, "1234")), lines
    assert "Names are cut (…)." in "\n".join(lines)


def on_a_terminal(command, columns, **environment):
    """What it writes to a terminal of so many columns, both streams."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
    kept = {k: v for k, v in os.environ.items() if k not in ("COLUMNS", "NO_COLOR", "TERM")}
    process = subprocess.Popen(list(map(str, command)), stdout=theirs, stderr=theirs, stdin=theirs,
                               cwd=SOURCE, env=kept | environment)
    os.close(theirs)
    text = b""
    try:
        while chunk := os.read(ours, 65536):
            text += chunk
    except OSError:  # its end
        pass
    os.close(ours)
    assert process.wait(timeout=60) == 0
    return text.decode()


def test_a_terminal_gets_what_it_can_show(tmp_path):
    scenario = write_scenario(tmp_path / "s.json", trials=2)

    def shown(name, columns, **environment):
        return on_a_terminal([BINARY, "run", scenario, "--out", tmp_path / name], columns, **environment)

    full = shown("a", 200, TERM="xterm")
    assert "\033[K" in full and "\033[32m" in full and "Left out" not in full
    narrow = shown("b", 80, TERM="xterm")
    assert "Left out to fit 80 columns" in narrow
    assert max(len(re.sub(r"\033\[[0-9;]*[mK]", "", line).split("\r")[-1]) for line in
               narrow.replace("\r\n", "\n").splitlines() if "/tmp" not in line) <= 80
    assert "\033" not in shown("c", 80, TERM="dumb")
    no_colour = shown("d", 80, TERM="xterm", NO_COLOR="1")
    assert not re.search(r"\033\[\d+m", no_colour)
    assert "\033[32m" in shown("e", 80, TERM="xterm", NO_COLOR="")


def interrupt(tmp_path, name, trials=3000):
    """stdout of a run that gets a Ctrl-C after its first trials."""
    scenario = write_scenario(tmp_path / f"{name}.json", trials=trials)
    out = tmp_path / name
    process = subprocess.Popen([BINARY, "run", scenario, "--out", out], stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, text=True)
    log = out / "trials.jsonl"
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and not (log.exists() and log.read_bytes().count(b"\n") > 4):
        time.sleep(0.001)
    process.send_signal(signal.SIGINT)
    stdout, stderr = process.communicate(timeout=60)
    assert process.returncode == 130, stderr
    return out, stdout


def test_what_was_interrupted_says_how_far_it_came_wherever_the_figure_is(tmp_path):
    out, stdout = interrupt(tmp_path, "cut")
    run = json.loads((out / "run.json").read_text())
    for case in run["cases"]:
        made = len(case["trials"])
        assert 0 < made < 3000 and case["rounds_planned"] == 3000
        assert f"  {made}/{made}  interrupted, {made} of 3000\n" in stdout
        assert f"{case['id']}: interrupted, {made} of 3000" in caption(out)
    assert "\ninterrupted: so many of the rounds asked for were made" in stdout
    other = write_scenario(tmp_path / "other.json")
    assert pktbench("run", other, "--out", tmp_path / "whole").returncode == 0
    made = len(run["cases"][0]["trials"])
    compared = pktbench("compare", tmp_path / "whole", out).stdout
    assert f"NEW has {made} of the 3000 rounds that were asked for" in compared
    assert "BASE has" not in compared


def caption(out):
    done = subprocess.run(["/usr/bin/python3", "-m", "plots", out, "--format", "svg"], cwd=SOURCE, check=True,
                          stdout=subprocess.DEVNULL)
    assert done.returncode == 0
    return (out / "caption.txt").read_text(encoding="utf-8")


def test_trials_that_are_in_no_figure_are_counted_below_it(tmp_path):
    scenario = tmp_path / "s.json"
    document = {"testbed": {"name": "simulated", "foreign": 0.5, "foreign_until_s": 6},
                "traffic": {"generator": "simulated"}, "backends": ["fake"], "method": {"trials": 8}}
    scenario.write_text(json.dumps(document))
    out = tmp_path / "out"
    table = pktbench("run", scenario, "--out", out).stdout
    trials = json.loads((out / "run.json").read_text())["cases"][0]["trials"]
    bad = sum(trial["status"] != "ok" for trial in trials)
    assert 0 < bad < len(trials)
    said = "1 trial that is not ok" if bad == 1 else f"{bad} trials that are not ok"
    assert f"\nIn no figure: {said}; run.json has the reason of each.\n" in table


@pytest.mark.parametrize("out", ["results/one", "my runs/it's $HOME", "-x"])
def test_a_run_ends_with_the_line_that_draws_it(tmp_path, out):
    write_scenario(tmp_path / "s.json", trials=2)
    made = pktbench("run", "s.json", f"--out={out}", cwd=tmp_path)
    last = made.stdout.splitlines()[-1]
    assert last.startswith("to draw it: ")
    line = last.removeprefix("to draw it: ")
    assert shlex.split(line)[1] == "plots" and "sudo" not in line
    drawn = subprocess.run(["sh", "-c", line + " --format svg"], cwd=tmp_path, capture_output=True, text=True,
                           timeout=120)
    assert drawn.returncode == 0, drawn.stderr
    assert (tmp_path / out / "backends.svg").stat().st_size > 1000


def test_a_run_without_a_figure_has_no_line_that_draws(tmp_path):
    scenario = write_scenario(tmp_path / "s.json", [{"name": "fake", "unsupported": True}])
    made = pktbench("run", scenario, "--out", tmp_path / "out")
    assert made.returncode == 4 and "to draw it" not in made.stdout
