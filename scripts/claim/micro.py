"""Measures a claim by pktbench-micro (Google Benchmark), and judges it by what that wrote.

All benchmarks are repeated in one random order. A ratio is the median over repetitions, one benchmark's
against the other's of the same number; its interval is the median's by order statistics.
"""
import contextlib
import json
import os
import platform
import re
import statistics
from pathlib import Path
from typing import Dict, NamedTuple

from claim import entries, judging, measuring
from claim.judging import UNTOLD, Judged
from order_statistic import order_statistic_interval
import checked

FILE = "micro.json"
REPETITIONS = {False: 40, True: 15}     # True: quick
FEWEST = 6                              # with which the interval covers 95%
# Two CPUs that contend do so only while both are at it: of 100 parts of the time.
AT_ONCE = 95
WORDS = {"time": "time", "counted": "count of frames"}
NS = {"ns": 1, "us": 1e3, "ms": 1e6, "s": 1e9}
HOW = ("Each ratio is the median over repetitions of two benchmarks, with its 95% interval (order statistics "
       "and what the kernel rounds away of a time)")


class Untold(Exception):
    """Why a step has no ratio."""


class Micro(NamedTuple):
    """What pktbench-micro wrote: of each benchmark its repetitions, by their number."""

    context: dict
    benchmarks: Dict[str, Dict[int, dict]]


def run(program, claim, out, seconds, quick):
    """Measures into out. Returns whether its time was enough; if not, nothing is kept. Raises
    measuring.Failed, measuring.Interrupted."""
    made, log = out / f"{FILE}.part", out / "micro.log"
    made.unlink(missing_ok=True)
    names = "|".join(map(re.escape, entries.compared(claim)))
    command = [str(program), f"--benchmark_filter=^({names})$",
               f"--benchmark_repetitions={REPETITIONS[quick]}", "--benchmark_enable_random_interleaving=true",
               "--benchmark_min_time=0.1", f"--benchmark_out={made}", "--benchmark_out_format=json",
               f"--benchmark_context=cpu={_plain(_cpu())},kernel={_plain(platform.release())}"]
    with log.open("w", encoding="utf-8") as said:
        status, in_time = measuring.ended(claim.name, command, seconds, stdout=said, stderr=said,
                                          preexec_fn=_before_others)
    if not in_time and status:
        return False
    if status or not made.exists() or not made.stat().st_size:
        raise measuring.Failed(6, f"{claim.name}: {program.name} ended with {status} and measured nothing: "
                                  f"{log}")
    os.replace(made, out / FILE)
    return True


def load(file):
    """The Micro of a file. Raises checked.InputError."""
    try:
        found = json.loads(file.read_text(encoding="utf-8"))  # Google's has NaN
        made = Micro(found["context"], {})
        for one in found["benchmarks"]:
            if one["run_type"] == "iteration":
                made.benchmarks.setdefault(one["run_name"], {})[one["repetition_index"]] = one
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise checked.InputError(f"{file}: not what pktbench-micro writes: {error}") from error
    return made


def judge(claim, found):
    """The Verdict on a claim."""
    return judging.decided(claim, tuple(_step(step, found) for step in claim.steps))


def conditions(found):
    """When it was measured, on what, and beside what."""
    context = found.context
    kernel, cpu = (context.get(key) or f"unknown {key}" for key in ("kernel", "cpu"))
    repetitions = max((len(one) for one in found.benchmarks.values()), default=0)
    load_average = (context.get("load_avg") or [None])[0]
    said = (f"Measured {str(context.get('date'))[:10]} by pktbench-micro: {cpu}, "
            f"{context.get('num_cpus')} CPUs, Linux {kernel}; {repetitions} repetitions in random order")
    # A benchmark that has just begun is no load yet.
    if load_average is not None and load_average >= 0.5:
        said += f"; others used this machine (load average {load_average:.1f} when it began)"
    return said + "."


def _step(step, found):
    try:
        pairs = _pairs(step, found)
    except Untold as why:
        return Judged(step, UNTOLD, str(why))
    ratios, lows, highs = zip(*(_ratio(base, made) for base, made in pairs))
    ci95 = order_statistic_interval(lows)[0][0], order_statistic_interval(highs)[0][1]
    verdict = judging.of_interval(ci95, step)
    return Judged(step, verdict, judging.INSIDE if verdict == UNTOLD else None, statistics.median(ratios),
                  ci95, len(pairs))


def _ratio(base, made):
    """The ratio of two (value, what it may be short of), and the ends between which it lies."""
    return made[0] / base[0], made[0] / (base[0] + base[1]), (made[0] + made[1]) / base[0]


def _pairs(step, found):
    """[((value, what it may be short of) of base, of next)] of the repetitions that both have. Raises
    Untold."""
    base, made = (_values(name, step.measure, found) for name in (step.base, step.next))
    pairs = [(base[index], made[index]) for index in sorted(base.keys() & made.keys())]
    if len(pairs) < FEWEST:
        raise Untold(f"an interval needs {FEWEST} repetitions, there are {len(pairs)}")
    return pairs


def _values(name, measure, found):
    repetitions = found.benchmarks.get(name)
    if not repetitions:
        raise Untold(f"pktbench-micro has no benchmark {name}")
    for one in repetitions.values():
        if one.get("error_occurred"):
            raise Untold(f"{name}: {one.get('error_message') or 'failed'}")
    kept = {index: one for index, one in repetitions.items() if _at_once(name, one)}
    if len(kept) < FEWEST:
        have, spoilt = len(repetitions), len(repetitions) - len(kept)
        raise Untold(f"an interval needs {FEWEST} repetitions, {name} has {have}" if have < FEWEST else
                     f"others had the CPUs of {name}, which are to run at once, in {spoilt} of {have} "
                     "repetitions")
    values = {index: _value(name, one, measure) for index, one in kept.items()}
    if min(values.values())[0] <= 0:
        raise Untold(f"{name} has a repetition without any {WORDS[measure]}")
    return values


def _at_once(name, one):
    """Whether all its CPUs were at it all the time; one is."""
    if one.get("threads", 1) == 1:
        return True
    if "at_once" not in one:
        raise Untold(f"this kernel does not tell whether others had the CPUs of {name}")
    return one["at_once"] >= AT_ONCE


def _value(name, one, measure):
    """(Value, what it may be short of). The time is what a benchmark tells itself, which is the kernel's of a
    BPF program; else that of its CPU, which others do not lengthen."""
    try:
        if measure == "counted":
            return 100 - one["lost"], 0
        time = one["real_time" if "/manual_time" in name else "cpu_time"]
        return time * NS[one["time_unit"]], one.get("resolution", 0)
    except KeyError as missing:
        raise Untold(f"{name} does not tell its {WORDS[measure]} (no {missing})") from missing


def _before_others():
    """Others wait while it measures, where that is allowed: at real-time priority."""
    with contextlib.suppress(PermissionError):
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))


def _cpu():
    """The model of this machine's."""
    found = re.search(r"^model name\s*: (.*)$", Path("/proc/cpuinfo").read_text(encoding="utf-8"), re.M)
    return found[1] if found else "unknown CPU"


def _plain(text):
    """text as a value of --benchmark_context, where commas and equals signs part them."""
    return re.sub("[,=]", " ", text)
