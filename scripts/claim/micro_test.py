"""What is said of a claim by made-up results of pktbench-micro, and how it is started."""
import json
import os
import subprocess

import pytest

from claim import judging, measuring, micro
from claim.made_up import claim, step
import checked

BASE, NEXT = "count/plain", "count/own"
KERNEL, TWO = "xdp/parse/iterations:5/manual_time", "count/own/manual_time/threads:2"
BOUND = {"measure": "time", "base": BASE, "next": NEXT}


def repetitions(name, values, **more):
    """Of a name as Google Benchmark writes them, each of another time on the clock than on its CPU."""
    return [{"run_name": name, "run_type": "iteration", "repetition_index": index, "threads": 1,
             "time_unit": "ns", "real_time": 99 * value, "cpu_time": value, **more}
            for index, value in enumerate(values)]


def told_by_kernel(name, values, **more):
    return [{**one, "real_time": one["cpu_time"], "cpu_time": 7.0}
            for one in repetitions(name, values, **more)]


def judged(directory, claimed, *benchmarks, **context):
    file = directory / micro.FILE
    file.write_text(json.dumps({"context": context,
                                "benchmarks": [one for many in benchmarks for one in many]}))
    return micro.judge(claimed, micro.load(file))


NOISE = [1.0, 1.02, 0.98, 1.01, 0.99, 1.0, 1.03, 0.97, 1.0, 1.01]


@pytest.mark.parametrize("factor, bound, verdict", [
    (1.2, {"at_least": 1.1}, judging.HOLDS), (1.2, {"at_least": 1.3}, judging.FAILS),
    (1.0, {"at_least": 1.0}, judging.UNTOLD), (0.5, {"at_most": 0.6}, judging.HOLDS),
    (0.5, {"at_most": 0.4}, judging.FAILS), (1.0, {"at_most": 1.0}, judging.UNTOLD)])
def test_a_claim_is_judged_by_the_whole_interval(tmp_path, factor, bound, verdict):
    found = judged(tmp_path, claim(step(**BOUND, **bound)), repetitions(BASE, [2.0] * 10),
                   repetitions(NEXT, [2 * factor * noise for noise in NOISE]))
    (one,) = found.steps
    assert (found.verdict, found.deciding, one.pairs) == (verdict, one, 10)
    # By order statistics: of ten the second and the ninth.
    assert one.ci95 == pytest.approx((0.98 * factor, 1.02 * factor)) and one.ratio == pytest.approx(factor)
    assert one.because == (judging.INSIDE if verdict == judging.UNTOLD else None)


def test_repetitions_are_paired_by_their_number(tmp_path):
    values = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0]
    found = judged(tmp_path, claim(step(**BOUND, at_most=2.1)), repetitions(BASE, values),
                   repetitions(NEXT, [2 * value for value in values])[::-1])
    assert found.steps[0].ci95 == (2.0, 2.0) and found.verdict == judging.HOLDS


def test_what_the_kernel_rounds_away_is_in_the_interval(tmp_path):
    """Both times are told in whole ns: 4 and 6 may be anything from 6 / 5 to 7 / 4."""
    found = judged(tmp_path, claim(step(measure="time", base=KERNEL, next=f"2/{KERNEL}", at_most=1.7)),
                   told_by_kernel(KERNEL, [4.0] * 6, resolution=1),
                   told_by_kernel(f"2/{KERNEL}", [6.0] * 6, resolution=1))
    assert (found.steps[0].ratio, found.steps[0].ci95) == (1.5, (1.2, 1.75))
    assert found.verdict == judging.UNTOLD


def test_units_may_differ(tmp_path):
    found = judged(tmp_path, claim(step(**BOUND, at_least=1.0)), repetitions(BASE, [500.0] * 6),
                   repetitions(NEXT, [1.0] * 6, time_unit="us"))
    assert found.steps[0].ratio == 2.0


@pytest.mark.parametrize("lost, verdict", [([0.0] * 6, judging.HOLDS), ([0.5] * 6, judging.FAILS),
                                           ([0.0, 0.0, 0.0, 0.0, 0.0, 0.5], judging.UNTOLD)])
def test_frames_that_were_counted(tmp_path, lost, verdict):
    made = [{**one, "lost": share} for one, share in zip(repetitions(NEXT, [1.0] * 6), lost)]
    found = judged(tmp_path, claim(step(**{**BOUND, "measure": "counted"}, at_least=1.0)),
                   repetitions(BASE, [1.0] * 6, lost=0.0), made)
    assert (found.verdict, found.steps[0].ci95) == (verdict, (1 - max(lost) / 100, 1 - min(lost) / 100))


@pytest.mark.parametrize("changes, said", [
    ({"run_name": "other"}, f"pktbench-micro has no benchmark {NEXT}"),
    ({"error_occurred": True, "error_message": "needs root"}, f"{NEXT}: needs root"),
    ({"repetition_index": 3}, f"an interval needs 6 repetitions, {NEXT} has 1"),
    ({"cpu_time": 0.0}, f"{NEXT} has a repetition without any time"),
    ({"time_unit": "years"}, f"{NEXT} does not tell its time (no 'years')")])
def test_what_was_not_measured_says_why(tmp_path, changes, said):
    found = judged(tmp_path, claim(step(**BOUND, at_least=1.0)), repetitions(BASE, NOISE),
                   [{**one, **changes} for one in repetitions(NEXT, NOISE)])
    assert (found.verdict, found.because, found.steps[0].ratio) == (judging.UNTOLD, said, None)


def test_a_count_that_is_not_told(tmp_path):
    found = judged(tmp_path, claim(step(**{**BOUND, "measure": "counted"}, at_least=1.0)),
                   repetitions(BASE, NOISE), repetitions(NEXT, NOISE))
    assert found.because == f"{BASE} does not tell its count of frames (no 'lost')"


def of_two_cpus(tmp_path, *at_once):
    made = told_by_kernel(TWO, [2.0] * len(at_once), threads=2)
    for one, share in zip(made, at_once):
        one.update({} if share is None else {"at_once": share})
    return judged(tmp_path, claim(step(measure="time", base=BASE, next=TWO, at_least=1.5)),
                  repetitions(BASE, [1.0] * len(at_once)), made)


def test_cpus_contend_only_while_they_run_at_once(tmp_path):
    assert of_two_cpus(tmp_path, *[99.0] * 6, 50.0).steps[0].pairs == 6
    assert of_two_cpus(tmp_path, *[99.0] * 6).verdict == judging.HOLDS
    found = of_two_cpus(tmp_path, *[99.0] * 5, 90.0, 50.0)
    assert (found.verdict, found.steps[0].ratio) == (judging.UNTOLD, None)
    assert found.because == f"others had the CPUs of {TWO}, which are to run at once, in 2 of 7 repetitions"
    assert "does not tell whether others had" in of_two_cpus(tmp_path, *[None] * 6).because


def test_when_and_beside_what_it_was_measured(tmp_path):
    context = {"date": "2026-01-02T03:04:05+00:00", "num_cpus": 2, "cpu": "Example", "kernel": "6.1"}
    measured = ("Measured 2026-01-02 by pktbench-micro: Example, 2 CPUs, Linux 6.1; 10 repetitions in random "
                "order")
    for average, end in ((0.2, ""), (7.63, "; others used this machine (load average 7.6 when it began)")):
        judged(tmp_path, claim(step(**BOUND, at_least=1.0)), repetitions(BASE, NOISE), load_avg=[average],
               **context)
        assert micro.conditions(micro.load(tmp_path / micro.FILE)) == f"{measured}{end}."


@pytest.mark.parametrize("text", ["{", "[]", '{"context": {}}', '{"context": {}, "benchmarks": [{}]}'])
def test_what_is_no_result_is_named(tmp_path, text):
    (tmp_path / micro.FILE).write_text(text)
    with pytest.raises(checked.InputError, match="micro.json: not what pktbench-micro writes: "):
        micro.load(tmp_path / micro.FILE)


PROGRAM = """#!/usr/bin/python3
import json, os, pathlib, sys, time
given = dict(word[2:].partition("=")[::2] for word in sys.argv[1:])
made = pathlib.Path(given["benchmark_out"])
(made.parent / "given.json").write_text(json.dumps({**given, "scheduler": os.sched_getscheduler(0)}))
"""
# Whoever calls may put it before others.
FIFO = subprocess.run(["chrt", "-f", "1", "true"], capture_output=True, check=False).returncode == 0


@pytest.fixture(name="run")
def fixture_run(tmp_path):
    """run(what it does, seconds) of a made-up pktbench-micro."""
    def run(does, seconds=60):
        program = tmp_path / "pktbench-micro"
        program.write_text(PROGRAM + does)
        program.chmod(0o755)
        return micro.run(program, claim(step(**BOUND, at_least=1.0)), tmp_path, seconds, quick=True)
    return run


def test_the_benchmarks_of_its_steps_are_repeated_in_random_order(run, tmp_path):
    assert run('made.write_text("{}")') and (tmp_path / micro.FILE).read_text() == "{}"
    given = json.loads((tmp_path / "given.json").read_text())
    assert given["benchmark_filter"] == f"^({NEXT}|{BASE})$"
    assert given["scheduler"] == (os.SCHED_FIFO if FIFO else os.SCHED_OTHER)
    assert given["benchmark_enable_random_interleaving"] == "true"
    assert int(given["benchmark_repetitions"]) == micro.REPETITIONS[True] >= micro.FEWEST
    assert [word.split("=")[0] for word in given["benchmark_context"].split(",")] == ["cpu", "kernel"]


def test_what_takes_too_long_or_fails_leaves_nothing(run, tmp_path, capsys):
    assert not run('made.write_text("{"); time.sleep(60)', seconds=1)
    assert capsys.readouterr().err == "pktbench: made-up: ended after 1 s, its share of the time\n"
    for does in ("sys.exit(1)", 'made.write_text("")', ""):
        with pytest.raises(measuring.Failed, match="measured nothing") as failed:
            run(does)
        assert failed.value.status == 6
    assert not (tmp_path / micro.FILE).exists()
