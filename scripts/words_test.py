"""What scripts say of a wrong command line has the form of pktbench's own (harness/cli/words_test.py)."""
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SCHEMA = str(ROOT / "results" / "schema")
PLOTS = "/usr/bin/python3 -m plots"
REPORT = "/usr/bin/python3 plots/report.py"
VALIDATE = "results/schema/validate.py"
HISTORY = "/usr/bin/python3 -B results/history/__main__.py"
EXPORT = "/usr/bin/python3 -B results/export/__main__.py"
COMPARISONS = ("bare-drop, bare-drop-paced, xdp-bench, xdp-trafficgen, testpmd, testpmd-memory, iperf3, "
               "tcpdump")

WRONG = {
    PLOTS: "pktbench plots needs RUN; see pktbench plots --help",
    f"{PLOTS} nowhere": "nowhere: no such file",
    f"{PLOTS} scripts": "scripts: no run.json in this directory; name a directory that pktbench run made",
    f"{PLOTS} /dev/null": "/dev/null: not a regular file",
    f"{PLOTS} README.md": "README.md: not valid JSON: lexical error: invalid char in json text, near "
                          r"'# pktbench\n\npktbench puts ever'",
    f"{PLOTS} nowhere --format pgn": '--format: unknown format "pgn"; did you mean "png"?',
    f"{PLOTS} nowhere --fromat png": 'pktbench plots does not know --fromat; did you mean "--format"?',
    f"{PLOTS} nowhere --form png": 'pktbench plots does not know --form; did you mean "--format"?',
    f"{PLOTS} nowhere --out": "--out: needs a value; see pktbench plots --help",
    f"{PLOTS} nowhere --out=": "--out: must not be empty; see pktbench plots --help",
    f"{PLOTS} a b": "pktbench plots does not know b; see pktbench plots --help",
    REPORT: "pktbench report needs RUN; see pktbench report --help",
    f"{REPORT} a b": "several runs need --out DIR, where their report is to be",
    f"{REPORT} a --oot b": 'pktbench report does not know --oot; did you mean "--out"?',
    VALIDATE: "pktbench validate needs FILE; see pktbench validate --help",
    f"{VALIDATE} nowhere": "nowhere: no such file",
    f"{VALIDATE} --bogus x": "pktbench validate does not know --bogus; see pktbench validate --help",
    HISTORY: "pktbench history needs ACTION; see pktbench history --help",
    f"{HISTORY} trend --lats 3": 'pktbench history does not know --lats; did you mean "--last"?',
    f"{EXPORT} nowhere --format csv": "nowhere: no such file",
    "scripts/lab": "which command? it comes after --, as in: pktbench lab -- list; see pktbench lab --help",
    "scripts/lab --nisc e1000 -- list": 'pktbench lab does not know --nisc; did you mean "--nics"?',
    "scripts/lab --nics e100e -- list": '--nics: unknown card "e100e"; did you mean "e1000e"?',
    "scripts/lab --accel kvmm -- list": '--accel: unknown value "kvmm"; did you mean "kvm"?',
    "scripts/lab --cpus two -- list":
        '--cpus: must be an integer from 1 to 255, not "two"; see pktbench lab --help',
    "scripts/compare-others testpnd": 'WHAT: unknown comparison "testpnd"; did you mean "testpmd"?',
    "scripts/compare-others xyz": f'WHAT: unknown comparison "xyz"; valid: {COMPARISONS}',
    "scripts/compare-others --pair 3": 'scripts/compare-others does not know --pair; did you mean "--pairs"?',
    "scripts/compare-others tcpdump --pktbench /nowhere":
        "--pktbench: /nowhere: no such program; name one, or build it: scripts/bench",
    "scripts/compare-others tcpdump --pktbench /bin/true --out /dev/null":
        "--out: /dev/null: File exists; name a directory",
    "scripts/compare-others xdp-bench --pktbench /bin/true --xdp-tools /nowhere":
        "--xdp-tools: /nowhere: there is no program xdp-bench; name the folder that has it",
    "scripts/claims dpkd": 'NAME: unknown claim "dpkd"; did you mean "dpdk"?',
    "scripts/claims --quikc": 'scripts/claims does not know --quikc; did you mean "--quick"?',
    "scripts/claims --set /a=1":
        "--set: needs --out DIR; the checkout's table is of the scenarios as they are",
    "scripts/claims --pktbench /nowhere":
        "--pktbench: /nowhere: no such program; name one, or build it: scripts/bench",
    "scripts/tables --chek": 'scripts/tables does not know --chek; did you mean "--check"?',
    "scripts/tables /nowhere":
        "/nowhere: No such file or directory; name a pktbench that runs here, or build it: scripts/bench",
    "scripts/tables /bin/false": "/bin/false: it does not list what it has; name a pktbench that runs here, "
                                 "or build it: scripts/bench",
    "scripts/bench quikstart": 'quikstart: no such file or scenario; did you mean "quickstart"?',
    "scripts/leftovers check nowhere": "nowhere: no such file; scripts/leftovers snapshot makes one",
}


def called(command):
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize("line", WRONG)
def test_what_is_wrong_is_said_in_one_line(line):
    done = called(line.split())
    assert (done.returncode, done.stdout, done.stderr) == (2, "", f"pktbench: {WRONG[line]}\n")


WORDS = {"empty": "", "long": "x" * 5000, "bytes": b"\xff\x1b[2J", "lines": "a\nb"}


@pytest.mark.parametrize("program", [PLOTS, VALIDATE, HISTORY, f"{HISTORY} trend --store",
                                     f"{EXPORT} --format csv", "scripts/lab --cpus",
                                     "scripts/compare-others", "scripts/tables"])
@pytest.mark.parametrize("word", WORDS)
def test_nothing_typed_makes_more_than_a_short_line(program, word):
    done = called([*program.split(), WORDS[word]])
    assert (done.returncode, done.stdout) == (2, ""), done.stderr
    assert done.stderr.startswith("pktbench: ") and done.stderr.count("\n") == 1 and len(done.stderr) < 600
    assert done.stderr[:-1].isprintable()


def test_a_ctrl_c_ends_without_a_traceback(tmp_path):
    script = tmp_path / "waits.py"
    script.write_text(f"import sys, time; sys.path.append({SCHEMA!r}); import checked\n"
                      "def main():\n    print('begun', flush=True); time.sleep(60)\n"
                      "sys.exit(checked.run(main))\n")
    with subprocess.Popen([sys.executable, script], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          text=True) as process:
        assert process.stdout.readline() == "begun\n"
        time.sleep(0.1)
        process.send_signal(signal.SIGINT)
        assert (process.wait(timeout=30), process.stderr.read()) == (130, "")


def test_a_fault_of_ours_is_one_line_with_its_place(tmp_path):
    script = tmp_path / "broken.py"
    script.write_text(f"import sys; sys.path.append({SCHEMA!r}); import checked\n"
                      "def main():\n    return {}['key']\nsys.exit(checked.run(main))\n")
    done = called([sys.executable, script])
    said = f"pktbench: a fault of pktbench's: KeyError: 'key' ({script}, line 3)\n"
    assert (done.returncode, done.stdout, done.stderr) == (6, "", said)
