"""A run of a claim with a made-up pktbench: its time, how it is ended, and what its exit status means."""
import json
import shlex
import time
from types import SimpleNamespace

import pytest

from claim import entries, measuring

# Says what it was given, and ends as it is told to.
PROGRAM = """#!/usr/bin/python3
import json, pathlib, signal, sys, time
words = sys.argv[1:]
out = pathlib.Path(words[words.index("--out" if "--out" in words else "--resume") + 1])
out.mkdir(exist_ok=True)
(out / "given.json").write_text(json.dumps(words))
def end(*_):
    (out / "run.json").write_text("{}")
    sys.exit(130)
signal.signal(signal.SIGINT, end)
"""
ASKED = SimpleNamespace(resume=False, quick=False, set=[])


@pytest.fixture(name="made")
def fixture_made(tmp_path):
    """run(what it does, asked) and what it was given."""
    program, out = tmp_path / "pktbench", tmp_path / "out"

    def run(does, seconds=60, asked=ASKED):
        program.write_text(PROGRAM + does)
        program.chmod(0o755)
        return measuring.run(str(program), "dpdk", out, seconds, asked)

    run.out = out
    run.given = lambda: json.loads((out / "given.json").read_text())
    return run


ENDS = '(out / "run.json").write_text("{}"); sys.exit(%d)'


@pytest.mark.parametrize("status", [0, 4, 5, 6])
def test_a_run_is_made_as_the_scenario_says(made, status):
    assert made(ENDS % status)
    assert made.given() == ["run", str(entries.scenario("dpdk")), "--out", str(made.out)]


def test_quick_and_set_are_passed_on(made):
    made(ENDS % 0, asked=SimpleNamespace(resume=False, quick=True, set=["/a=1", "/b=2"]))
    assert made.given()[4:] == [*measuring.QUICK, "--set", "/a=1", "--set", "/b=2"]


def test_only_where_it_is_asked_for_a_run_goes_on(made):
    made.out.mkdir()
    (made.out / "trials.jsonl").touch()
    made(ENDS % 0)
    assert "--resume" not in made.given()
    made(ENDS % 0, asked=SimpleNamespace(resume=True, quick=True, set=[]))
    assert made.given() == ["run", "--resume", str(made.out)]


def test_a_run_that_takes_too_long_is_told_to_end(made, capsys):
    started = time.monotonic()
    assert not made("time.sleep(60)", seconds=1)
    assert time.monotonic() - started < 30 and (made.out / "run.json").exists()
    assert capsys.readouterr().err == "pktbench: dpdk: ended after 1 s, its share of the time\n"


@pytest.mark.parametrize("does, status", [("sys.exit(2)", 2), ("sys.exit(3)", 3), ("sys.exit(6)", 6),
                                          ("", 6)])
def test_a_run_that_was_none_is_no_verdict(made, does, status):
    with pytest.raises(measuring.Failed) as failed:
        made(does)
    assert failed.value.status == status


def test_a_run_that_ends_by_itself_as_its_time_does_is_whole(made):
    assert made("signal.signal(signal.SIGINT, lambda *_: None); time.sleep(2); " + ENDS % 0, seconds=1)


def test_a_run_that_somebody_else_ended_ends_all(made):
    with pytest.raises(measuring.Interrupted):
        made("end()")


def test_what_one_claim_leaves_is_the_next_ones():
    now = [0.0]
    shares = measuring.Shares(170, ["dpdk", "verdicts"], lambda: now[0])  # 12 and 5 cases
    assert shares.take("dpdk") == pytest.approx(120)
    now[0] = 20
    assert shares.take("verdicts") == pytest.approx(150)
    late = measuring.Shares(10, ["dpdk"], lambda: now[0])
    now[0] = 90
    assert late.take("dpdk") == 0


def test_a_comparison_that_fails_says_why(tmp_path):
    program = tmp_path / "pktbench"
    program.write_text(f"#!/bin/sh\necho {shlex.quote('pktbench: no such case')} >&2; exit 2\n")
    program.chmod(0o755)
    with pytest.raises(measuring.Failed, match="^no such case$") as failed:
        measuring.comparer(str(program), tmp_path)(entries.read("dpdk").steps[0])
    assert failed.value.status == 2
