"""Whether a claim holds, by the run of its cases: pure functions of a loaded run and of what
`pktbench compare` said.

A ratio's interval is compare's (Hodges-Lehmann, round by round). A step holds where the whole interval keeps
the bound, does not hold where the whole of it lies beyond, and cannot be told where the bound is inside.
Neither can what compare would not judge, nor what was disturbed, unsupported, stopped or not measured.
"""
import re
import statistics
from typing import NamedTuple, Optional, Tuple

from claim.entries import Claim, Step

INSIDE = "the bound is inside the interval: it takes more trials, or a quieter machine"
HOLDS, FAILS, UNTOLD = "holds", "does not hold", "cannot be told here"
# Cycles are per frame received: where more than this was lost, the two cases did unlike amounts of work.
MOST_LOST = 0.05
MEASURES = {"mpps": ("mpps",), "cycles": ("busy_cycles_per_packet", "cycles_per_packet")}


class Judged(NamedTuple):
    """What came of a step, and of UNTOLD why. Ratio and interval are there where they were measured, whatever
    the verdict."""

    step: Step
    verdict: str
    because: Optional[str] = None
    ratio: Optional[float] = None
    ci95: Optional[Tuple[float, float]] = None
    pairs: Optional[int] = None


class Verdict(NamedTuple):
    """What came of a claim, and the step that decides it; None where the testbed does."""

    claim: Claim
    verdict: str
    because: Optional[str]
    steps: Tuple[Judged, ...]
    deciding: Optional[Judged]


def judge(claim, run, compare):
    """The Verdict on a claim. compare(step) gives `pktbench compare --json` of the run's two cases."""
    if run.interrupted:
        return untold(claim, "the run was stopped before its end")
    on_veth = any(case.testbed == "veth" for case in run.cases)
    steps = tuple(_step(step, run, compare, on_veth) for step in claim.steps)
    if on_veth and claim.not_on_veth:
        steps = tuple(one if one.verdict == UNTOLD else one._replace(verdict=UNTOLD) for one in steps)
        return Verdict(claim, UNTOLD, claim.not_on_veth, steps, None)
    return decided(claim, steps)


def decided(claim, steps):
    """The Verdict by steps that are judged: each must hold, and the worst decides."""
    for verdict in (FAILS, UNTOLD):
        for one in steps:
            if one.verdict == verdict:
                return Verdict(claim, verdict, one.because, steps, one)
    return Verdict(claim, HOLDS, None, steps, min(steps, key=_margin))


def untold(claim, because):
    """The Verdict on a claim without a whole run; the reason is that of all its steps."""
    return Verdict(claim, UNTOLD, because, tuple(Judged(step, UNTOLD) for step in claim.steps), None)


def min_effect(step):
    """What compare is to call a change, in percent: one beyond the bound, so that `inconclusive` says what is
    wrong with the comparison, and not that a ratio lies near 1."""
    return min(50.0, round(100 * abs((step.at_least or step.at_most) - 1), 6))


def _step(step, run, compare, on_veth):
    why = _cannot_be_compared(step, run)
    if why:
        return Judged(step, UNTOLD, step.not_on_veth if on_veth and step.not_on_veth else why)
    measures = compare(step)["cases"][0]
    found = next((measures["measures"][name] for name in MEASURES[step.measure]
                  if measures["measures"].get(name, {}).get("comparison")), None)
    if not found:
        return Judged(step, UNTOLD, _in_words(step, _reason(step, measures)))
    ratio = found["comparison"]
    made = Judged(step, UNTOLD, None, ratio["ratio"], tuple(ratio["ci95"]), ratio["pairs"])
    if on_veth and step.not_on_veth:
        return made._replace(because=step.not_on_veth)
    # Of a load that was not alike, or a rate that is only a bound.
    if found["verdict"] == "inconclusive":
        return made._replace(because=_in_words(step, found["reason"]))
    lost = _lost(step, run) if step.measure == "cycles" else None
    if lost:
        return made._replace(because=lost)
    verdict = of_interval(made.ci95, step)
    return made._replace(verdict=verdict, because=INSIDE if verdict == UNTOLD else None)


def of_interval(ci95, step):
    """HOLDS, FAILS or UNTOLD: where the interval of a ratio lies to the bound."""
    low, high = ci95
    if step.at_least is not None:
        return HOLDS if low >= step.at_least else FAILS if high < step.at_least else UNTOLD
    return HOLDS if high <= step.at_most else FAILS if low > step.at_most else UNTOLD


def _cannot_be_compared(step, run):
    cases = {case.id: case for case in run.cases}
    for name in (step.base, step.next):
        if name not in cases:
            return f"the run has no case {name}"
        case = cases[name]
        if case.others_share is not None:
            return f"others had {100 * case.others_share:.0f}% of the CPU of {name}, so that it is disturbed"
        if case.status != "ok":
            return f"{name} is {case.status}: {case.reason or 'no reason recorded'}"
    return None


def _reason(step, measures):
    """Why the measure has no ratio."""
    found = [measures["measures"].get(name, {}).get("reason") for name in MEASURES[step.measure]]
    return measures["reason"] or next(filter(None, found), "it was not compared")


def _in_words(step, reason):
    """compare's sentence, with the cases in the place of its sides."""
    return re.sub(r"\b(BASE|NEW)\b", lambda side: step.base if side[0] == "BASE" else step.next, reason)


def _lost(step, run):
    for case in run.cases:
        if case.id in (step.base, step.next):
            lost = statistics.median([trial.loss_ratio or 0 for trial in case.shown_trials] or [0])
            if lost > MOST_LOST:
                return f"{case.id} lost {100 * lost:.0f}% of the frames: the two did not do the same work"
    return None


def _margin(one):
    """By how much the worse end of the interval keeps the bound, as a factor."""
    low, high = one.ci95
    return low / one.step.at_least if one.step.at_least is not None else one.step.at_most / high
