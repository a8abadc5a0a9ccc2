"""The man page and a shell's completion say what --help says."""
import gzip
import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

BINARY = Path(os.environ["PKTBENCH_BINARY"])
SOURCE = Path(os.environ["PKTBENCH_SOURCE"])


def call(*arguments):
    done = subprocess.run([BINARY, *arguments], capture_output=True, text=True, timeout=60, check=True)
    assert done.stderr == ""
    return done.stdout


def commands():
    listed = call("--help").split("Subcommands:\n")[1].split("\n\n")[0]
    return re.findall(r"^  ([a-z]+) ", listed.split("Example:")[0], re.M)


def options(command):
    return set(re.findall(r"^ +(?:-\w,)?(--[a-z-]+)", call(command, "--help"), re.M))


def complete(*words):
    return call("--complete", *words).splitlines()


def test_the_man_page_has_every_command_option_example_and_status():
    page = gzip.decompress((BINARY.parent / "pktbench.1.gz").read_bytes()).decode()
    assert page == call("--man-page")
    read = page.replace("\\-", "-").replace("\\&", "").replace("\\e", "\\")
    assert {"run", "list", "compare", "plots", "report", "validate", "history", "export", "doctor", "lab",
            "watch", "restore"} <= set(commands())
    parts = dict(part.split("\n", 1) for part in read.split("\n.SS ")[1:])
    assert list(parts) == commands()
    for command, part in parts.items():
        assert f".B pktbench {command}\n" in read
        said = " ".join(part.replace("\\fB", "").replace("\\fR", "").split())
        for option in options(command) - {"--help"}:  # which stands once, above
            assert f"{option} " in said, (command, option)
        shown = call(command, "--help")
        for line in shown.split("Example:")[1].split("\n\n")[0].splitlines():
            assert line.strip() in part, line
        if "Exit status:" in shown:
            assert " ".join(shown[shown.index("Exit status:"):].split()) in said


def test_roff_has_nothing_to_complain_of():
    if not shutil.which("groff"):
        pytest.skip("needs groff")
    done = subprocess.run(["groff", "-man", "-Tutf8", "-ww"], input=call("--man-page"), capture_output=True,
                          text=True, check=True, timeout=60)
    assert done.stderr == "" and "EXAMPLE" not in done.stderr


@pytest.mark.parametrize("command", commands())
def test_every_option_is_completed(command):
    assert set(complete(command, "--")) == options(command)


def test_words_are_completed_by_what_there_is():
    entries = json.loads(call("list", "--json"))
    names = {kind: [e["name"] for e in entries if e["kind"] == kind] for kind in ("backend", "scenario")}
    assert complete("") == commands()
    assert complete("re") == ["report", "restore"]
    assert complete("run", "") == names["scenario"]
    assert complete("run", "quick") == ["quickstart"]
    assert complete("run", "quickstart", "--backend", "") == names["backend"]
    assert complete("run", "quickstart", "--backend=xdp-n") == ["--backend=xdp-native"]
    assert complete("plots", "--format", "png,s") == ["png,svg"]
    assert complete("lab", "--accel", "") == ["auto", "tcg", "kvm"]
    assert complete("lab", "--nics", "e1000e,rt") == ["e1000e,rtl8139"]
    assert complete("lab", "--nics", "e1000e", "--", "run", "memo") == ["memory"]
    assert complete("history", "") == ["import", "list", "trend", "rebuild"]
    assert complete("history", "import", "") == []  # the shell's own: files
    assert complete("export", "results/a", "--format", "j") == ["junit"]
    assert complete("compare", "results/a") == []  # the shell's own: files
    assert complete("doctor", "--json", "") == complete("doctor", "")  # a flag has no value


def test_settings_are_completed_with_their_choices():
    assert "/testbed/arrangement=" in complete("run", "quickstart", "--set", "/test")
    begun = "/testbed/arrangement="
    assert complete("run", "quickstart", "--set", f"{begun}in") == [f"{begun}inline"]
    assert "/method/trials=" in complete("run", "quickstart", "--set", "/method/")


def in_bash(line):
    """What bash would offer for the line, in which the program stands as X."""
    line = line.replace("X", str(BINARY), 1)
    script = ("source \"$1\"; COMP_LINE=$2; COMP_POINT=${#2}; COMP_WORDS=(\"${@:3}\"); "
              "compopt() { echo nospace; }; _pktbench; printf '%s\\n' \"${COMPREPLY[@]}\"")
    words = [word for word in re.split(r"(=|:)|\s", line) if word]  # as COMP_WORDBREAKS has it
    done = subprocess.run(["bash", "--norc", "-euc", script, "bash",
                           SOURCE / "scripts" / "package.d" / "completion.bash", line, *words],
                          capture_output=True, text=True, timeout=60, check=True)
    return done.stdout.split()


@pytest.mark.parametrize("line, offered", [
    ("X run quicks", ["quickstart"]), ("X res", ["restore"]),
    ("X run quickstart --set /testbed/arrangement=pu", ["pump"]),
    ("X run quickstart --set /method/tria", ["nospace", "/method/trials="]),
    ("X lab --nics e1000e,v", ["e1000e,virtio-net", "e1000e,vmxnet3"])])
def test_bash_offers_them(line, offered):
    assert in_bash(line) == offered


def test_lists_of_names_are_the_labs_own():
    text = (SOURCE / "scripts" / "lab").read_text()
    cards = re.findall(r'"([a-z0-9-]+)": "', text[text.index("NICS = {"):text.index("MAX_NICS")])
    assert sorted(complete("lab", "--generator", "")) == sorted(cards)
