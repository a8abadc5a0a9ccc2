"""What a run says in a sentence, and what stands in the way of believing it, each with a remedy.

Pure functions of a loaded run. A case is called the fastest only where its interval says so.
"""
import pathlib
import re
import shlex
import statistics
from typing import NamedTuple, Tuple

from plots import groups, load, rows, searches, text

RED, AMBER = "red", "amber"
LEAST_TRIALS, WIDE = 5, 0.10            # an interval needs so many; wider than this share of the median
HEADLINES = 4                           # groups of comparable cases with a sentence of their own


class Finding(NamedTuple):
    """Something that spoils figures: of which cases, and what to do."""

    level: str
    what: str
    remedy: str
    cases: Tuple[str, ...]


REMEDIES = {
    "unsupported": "Nothing is wrong with the other cases. Leave this one out (`--backend` names those to "
                   "measure), or give it the device, driver or package that the reason names.",
    "failed": "Mend what the reason names, then measure the case again; `pktbench doctor` looks at host and "
              "ports.",
    "interrupted": "Go on where it stopped: `pktbench run --resume {directory}`",
    "disturbed": "Do not rely on it. Stop what else runs on the receiver's CPU, or choose other CPUs, and "
                 "measure "
                 "again; `pktbench doctor` says what would disturb.",
    "invalid": "Take no figure from it. Look at the reason: frames that no place counted, a window that was "
               "cut "
               "short, or a receiver that moved; mend that and measure again.",
    "trials": "Nothing, where the trials that are left have an interval. Else measure more: `--trials "
              "{trials}`",
    "few": f"Measure at least {LEAST_TRIALS} trials a case: `--trials {LEAST_TRIALS}`",
    "wide": "Measure more trials (`--trials {trials}`) on a quieter host; `pktbench doctor` says what "
            "disturbs it.",
    "generator": "The receiver can do at least this. Send from more or faster CPUs, or with xdp-live, until "
                 "the "
                 "limiter is dut.",
    "link": "The link is full: to load the receiver more, use smaller frames or a faster link.",
    "unknown": "Nothing shows what limited the rate: turn CPU accounting on (telemetry full), and leave the "
               "CPUs of "
               "generator and receiver to them alone.",
    "mode": "The mode that was asked for was not obtained. Read these figures as those of the mode named, or "
            "ask for "
            "the mode strictly.",
}


def findings(run):
    """Every Finding of a run, the worst first."""
    made, trials = [], max([len(case.trials) for case in run.cases], default=0)
    directory = shlex.quote(str(pathlib.PurePath(run.path).parent))

    def add(level, kind, what, cases):
        if cases:
            remedy = REMEDIES[kind].format(directory=directory, trials=max(2 * trials, 10))
            made.append(Finding(level, what, remedy, tuple(case.id for case in cases)))

    for status in ("invalid", "failed", "disturbed", "interrupted", "unsupported"):
        alike = {}
        for case in run.cases:
            if case.status == status:
                alike.setdefault(text.pattern(case.reason), []).append(case)
        for cases in alike.values():
            reason = text.ranges([case.reason for case in cases])
            add(AMBER if status == "unsupported" else RED, status, f"{status}: {reason}", cases)
    shown = [case for case in run.cases if case.status == "ok"]
    alike = {}
    for case in shown:
        for trial in case.rejected_trials:
            if trial.status != "ok":
                alike.setdefault(text.pattern(trial.reason), []).append((case, trial.reason))
    for found in alike.values():
        reason, = text.grouped(reason for _, reason in found)
        add(AMBER, "trials", f"trials in no median: {reason}",
            list({case.id: case for case, _ in found}.values()))
    add(AMBER, "few", f"fewer than {LEAST_TRIALS} trials: no interval",
        [case for case in shown if case.mpps and case.mpps.ci95 is None])
    add(AMBER, "wide", f"the interval is wider than {100 * WIDE:.0f}% of the median",
        [case for case in shown if case.mpps and case.mpps.ci95 and case.mpps.median
         and case.mpps.ci95[1] - case.mpps.ci95[0] > WIDE * case.mpps.median])
    if run.method == "throughput":
        at_most = [case for case in shown if case.rate_pps is None]
        for limiter in ("generator", "link", "unknown"):
            what = {"unknown": "what limited the rate is not known"}.get(
                limiter, f"a lower bound: the {limiter} was the limit")
            add(AMBER, limiter, what, [case for case in at_most if case.limiter == limiter])
    add(AMBER, "mode", "another mode than was asked for",
        [case for case in shown if other_mode(case)])
    return made


def other_mode(case):
    """Whether the mode is another one than was asked for; what was left to the backend is none."""
    if case.mode_effective in (None, case.mode_requested) or case.mode_requested in (None, case.backend):
        return False
    asked, found = case.mode_requested.split("/"), case.mode_effective.split("/")
    return len(asked) != len(found) or any(a not in (f, "auto") for a, f in zip(asked, found))


def counts(run):
    """'3 of 4 cases ok, 1 unsupported'."""
    found = {}
    for case in run.cases:
        found[case.status] = found.get(case.status, 0) + 1
    ok = found.pop("ok", 0)
    number = len(run.cases)
    return ", ".join([f"{ok} of {number} case{'s' * (number != 1)} ok"]
                     + [f"{count} {status}" for status, count in found.items()])


def level(run, found):
    """'red', 'amber' or 'green' for the whole."""
    levels = [one.level for one in found]
    if RED in levels or not any(case.status == "ok" for case in run.cases):
        return RED
    return AMBER if levels else "green"


def headlines(run):
    """What the run says, as sentences; the first is the most important one."""
    say = {"throughput": _throughput, "search": _search, "latency": _latency, "flip": _flip,
           "load-sweep": _sweep, "soak": _soak, "back-to-back": _bursts}.get(run.method)
    said = say(run) if say else []
    if not any(case.status == "ok" for case in run.cases):
        return ["No case is ok: " + counts(run).partition(", ")[2] + "."] if run.cases else ["No case."]
    return said or [f"{counts(run)[0].upper()}{counts(run)[1:]}."]


def _name(case, cases):
    """The backend, and what tells the case from others of it."""
    if sum(one.backend == case.backend for one in cases) == 1:
        return case.backend
    detail = rows.details(cases)[list(cases).index(case)]
    return case.id if detail in ("", case.id) else f"{case.backend} ({detail})"


def _throughput(run):
    together = {}
    for case in run.cases:
        if case.status == "ok" and case.mpps and case.mpps.median:
            together.setdefault(groups.setting(case), []).append(case)
    said, first = [], set()
    for cases in together.values():
        paced = all(case.rate_pps is not None for case in cases)
        sentences = _cheapest(cases) if paced else _fastest(cases)
        leads = re.match(r"(.*) is the (?:fastest|cheapest)", sentences[0])
        first.add(leads and leads[0])
        if len(together) > 1:
            where = [groups.size(cases[0])] + [cases[0].testbed_label] * bool(cases[0].testbed_label)
            where += [groups.rate(cases[0].rate_pps)] * (len({case.rate_pps for case in run.cases}) > 1)
            sentences = [f"{', '.join(where)}: {' '.join(sentences)}"]
        said += sentences
    if len(together) < 2:
        return said
    alike = first.pop() if len(first) == 1 else None
    others = len(said) - HEADLINES
    more = [f"{others} settings more are in the table of cases."] if others > 0 else []
    return [f"{alike} in all {len(together)} settings." if alike else
            f"{len(together)} settings, each judged by itself.", *said[:HEADLINES], *more]


def _fastest(cases):
    ranked = sorted(cases, key=lambda case: -case.mpps.median)
    first, name = ranked[0], _name(ranked[0], cases)
    rate = _rate(first)
    cycles = first.cycles_per_packet
    cost = [f"It takes {text.number(cycles.median)} cycles of the receiver's CPUs for each packet at that "
            f"rate."
            ] if cycles and cycles.median is not None else []
    if len(ranked) == 1:
        return [f"{name} receives {rate}.", *cost]
    second, last = ranked[1], ranked[-1]
    if (first.mpps.ci95 and second.mpps.ci95 and first.mpps.ci95[0] > second.mpps.ci95[1]
            and not rows.lower_bound(second)):
        times = text.number(first.mpps.median / last.mpps.median)
        more = [] if rows.lower_bound(last) or len(ranked) == 2 else [
            f"That is {times} times as many as {_name(last, cases)}, the slowest."]
        return [f"{name} is the fastest: {rate}, {text.number(first.mpps.median / second.mpps.median)} times "
                f"{_name(second, cases)}.", *more, *cost]
    why = (f"the second is a lower bound, limited by the {second.limiter}" if rows.lower_bound(second) else
           "their intervals overlap" if first.mpps.ci95 and second.mpps.ci95 else "there are too few trials")
    return ["Which path is the fastest cannot be told.",
            f"{name} received {rate}, {_name(second, cases)} {_rate(second)}; {why}."]


def _rate(case):
    return f"{'at least ' * rows.lower_bound(case)}{text.number(case.mpps.median)} Mpps"


def _cheapest(cases):
    ranked = sorted([case for case in cases if case.cycles_per_packet
                     and case.cycles_per_packet.median is not None],
                    key=lambda case: case.cycles_per_packet.median)
    if not ranked:
        return ["Cycles were not measured."]
    first, cycles = ranked[0], ranked[0].cycles_per_packet
    cost, at = f"{text.number(cycles.median)} cycles a packet", f"{text.number(first.mpps.median)} Mpps"
    if len(ranked) == 1:
        return [f"{_name(first, cases)} takes {cost} at {at}."]
    second, last = ranked[1].cycles_per_packet, ranked[-1]
    if rows.loads_note(ranked).startswith("Loads differ"):
        return ["The cases received different loads: their cycles cannot be compared."]
    if cycles.ci95 and second.ci95 and cycles.ci95[1] < second.ci95[0]:
        times = last.cycles_per_packet.median / cycles.median
        return [f"{_name(first, cases)} is the cheapest at {at}: {cost}.",
                f"{_name(last, cases)} takes {text.number(times)} times as many."]
    return [f"Which path is the cheapest at {at} cannot be told.",
            f"{_name(first, cases)} takes {cost}, {_name(ranked[1], cases)} {text.number(second.median)}."]


def _search(run):
    said = []
    names = dict.fromkeys(name for case in run.cases for name in searches.goals_of(case))
    for name in names:
        found = []
        for case in run.cases:
            goals = searches.goals_of(case).get(name, [])
            rates = [goal["conditional_pps"] / 1e6 for goal in goals if goal["conditional_pps"] is not None]
            if rates and case.status == "ok":
                found.append((statistics.median(rates), case, all(goal["regular"] for goal in goals)))
        if found:
            found.sort(key=lambda one: -one[0])
            said.append(f"{name}: " + ", ".join(
                f"{_name(case, run.cases)} {'' if regular else '≥ '}{text.number(rate)}"
                for rate, case, regular in found[:4]) + " Mpps.")
    return said


def _latency(run):
    said = []
    loads = dict.fromkeys(one["load"] for case in run.cases for one in (case.latency or {}).get("loads", []))
    for name in loads:
        found = [(one["ns"], case) for case in run.cases if case.status == "ok"
                 for one in (case.latency or {}).get("loads", [])
                 if one["load"] == name and one["ns"].get("p99") is not None]
        if found:
            found.sort(key=lambda one: one[0]["p99"])
            said.append(f"{'Unloaded' if name == 'unloaded' else f'At {name}'}: " + ", ".join(
                f"{_name(case, run.cases)} {_microseconds(ns['p50'])} (p50), {_microseconds(ns['p99'])} (p99)"
                for ns, case in found[:3]) + ".")
    return said


def _microseconds(value):
    return "not known" if value is None else f"{text.number(value / 1e3)} µs"


def _flip(run):
    return [f"{_name(case, run.cases)}: the stack takes {case.flip['tax_cycles']:,.0f} cycles of each packet "
            f"that "
            f"{case.flip['action']} saves." for case in run.cases
            if case.status == "ok" and case.flip and case.flip["tax_cycles"] is not None]


def _sweep(run):
    said = []
    for case in run.cases:
        loads = [one for one in (case.sweep or {}).get("loads", []) if one["ok"] and one["offered_pps"]]
        whole = [one for one in loads if one["loss_ratio"] is not None and one["loss_ratio"] <= 0.001]
        if loads and case.status == "ok":
            best = max(whole, key=lambda one: one["offered_pps"], default=None)
            most = max(one["offered_pps"] for one in loads) / 1e6
            said.append(f"{_name(case, run.cases)}: " + (
                f"no more than 0.1% lost up to {text.number(best['offered_pps'] / 1e6)} Mpps, of loads up to "
                f"{text.number(most)}." if best else f"more than 0.1% lost at every load up to "
                f"{text.number(most)} Mpps."))
    return said


def _soak(run):
    said = []
    for case in run.cases:
        found = [one for one in (case.soak or {}).get("drifts", []) if one.get("found")]
        windows = (case.soak or {}).get("windows", [])
        if windows and case.status == "ok":
            drifts = ", ".join(one["value"].replace("_", " ") for one in found)
            said.append(f"{_name(case, run.cases)}: over {text.number(windows[-1]['at_s'] / 60)} minutes "
                        + (f"a drift of {drifts}." if found else "no drift was found."))
    return said


def _bursts(run):
    return [f"{_name(case, run.cases)}: the longest burst without loss is "
            f"{'≥ ' * (not all(test['regular'] for test in case.back_to_back['tests']))}"
            f"{case.back_to_back['median']:,.0f} frames." for case in run.cases
            if case.status == "ok" and case.back_to_back and case.back_to_back.get("median") is not None]


def environment_changes(before, after):
    """[(what, before, after)] of two environments; loads and counters of the moment are not in it."""
    first, second = load.flat(before), load.flat(after or {})
    if after is None:
        return []
    return [(key, first.get(key), second.get(key)) for key in sorted({*first, *second})
            if first.get(key) != second.get(key) and not key.startswith(("load.", "missing."))]
