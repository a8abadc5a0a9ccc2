"""Makes the trials of a comparison in turn and says what came of it."""
import json
import statistics
import subprocess
from pathlib import Path

import checked

from .model import UNITS, Failed

# A program of its own may keep a frame that is no test frame: iperf3's client sends a few.
STRAYS = 20
# What a cache line takes from one CPU to the other and back; the same words as a run's table has
# (harness/measure/conditions.*), and the same distance is within a factor of two.
NEAR_NS = 150
FAR_NS = 300
SAME_DISTANCE = 2


def distance_ns(trial):
    """How far the CPUs were apart; None where nobody has looked."""
    return (trial.get("condition") or {}).get("cpu_distance_ns")


def best_of(trials):
    """An ok trial; else a disturbed one whose frames are all accounted for; None: there is neither."""
    ok = [t for t in trials if t["status"] == "ok" and not t["disturbed"]]
    disturbed = [t for t in trials if t["disturbed"] and t["conserved"]]
    return (ok + disturbed + [None])[0]


def measure(side, rate, options, folder, number):
    """One trial of one side. Disturbed ones are made again by pktbench itself, three times at most."""
    if callable(side.backend):
        return side.backend(side, options)
    veth = side.testbed == "veth"
    scenario = {
        "name": "compare-others",
        # As the other programs find a machine: a CPU that may sleep.
        "testbed": {"name": "veth", "arrangement": side.arrangement,
                    "dut_idle": "sleep"} if veth else side.testbed,
        "traffic": {"generator": {"name": "xdp-live"} | dict(side.generator) if veth else side.testbed,
                    "rate": rate if rate == "max" else float(rate)},
        "backends": [side.backend],
        "method": {"trials": 1, "duration_s": options.duration, "tolerance_packets": STRAYS,
                   "max_disturbance": options.max_disturbance,
                   # The distance is a condition of the pair.
                   "max_cpu_distance_change": 0}}
    path = folder / f"{number:03}.json"
    path.write_text(json.dumps(scenario))
    out = Path(options.out or folder) / f"{number:03}"
    ran = subprocess.run([options.pktbench, "run", path, "--out", out], capture_output=True, text=True)
    document = out / "run.json"
    try:
        cases = checked.parse(document.read_text())["cases"] if document.exists() else []
    except checked.NotJson as error:
        raise Failed(side, 5, f"{document}: {error}") from error
    case = cases[0] if cases else {"trials": []}
    trial = best_of(case["trials"])
    if not trial:
        said = ran.stderr.strip()
        raise Failed(side, ran.returncode or 5, case.get("reason") or said.rpartition("pktbench: ")[2],
                     said + "\n")
    return {"mpps": trial["mpps"], "offered_mpps": (trial["offered"]["pps"] or 0) / 1e6,
            "cycles_per_packet": trial["cycles_per_packet"], "cpu_distance_ns": distance_ns(trial),
            "disturbed": trial["disturbed"]}


def values(trials, metric):
    return [trial[metric] for trial in trials if trial.get(metric) is not None]


def spread(values):
    return f"median {statistics.median(values):.4g} ({min(values):.4g} to {max(values):.4g})"


def distances(pairs):
    return [t["cpu_distance_ns"] for pair in pairs for t in pair if t.get("cpu_distance_ns") is not None]


def by_condition(pairs):
    """The pairs of each condition (first those of which nobody knows, then the one of which there are most),
    and how many there are whose two sides had different ones. Where one side does not know, the other's
    holds."""
    def alike(some):
        return max(distances(some)) <= SAME_DISTANCE * min(distances(some))

    unknown = [pair for pair in pairs if not distances([pair])]
    left = sorted((pair for pair in pairs if distances([pair]) and alike([pair])),
                  key=lambda pair: min(distances([pair])))
    groups, mixed = [unknown] if unknown else [], len(pairs) - len(unknown) - len(left)
    while left:
        _, first, last = max((last - first, -first, last) for first in range(len(left))
                             for last in range(first + 1, len(left) + 1) if alike(left[first:last]))
        groups.append(left[-first:last])
        left[-first:last] = []
    return groups, mixed


def condition_of(pairs):
    """near, far, or apart (between them); None: nobody has looked."""
    read = distances(pairs)
    middle = statistics.median(read) if read else None
    return middle and ("near" if middle < NEAR_NS else "far" if middle > FAR_NS else "apart")


def in_words(pairs):
    read = distances(pairs)
    if not read:
        return "distance of the CPUs not known"
    where = {"near": "near each other", "far": "far apart", "apart": "apart"}[condition_of(pairs)]
    return f"CPUs {where}: {statistics.median(read):.0f} ns ({min(read):.0f} to {max(read):.0f})"


def has_figures(pair, metric):
    """Whether the two trials of a pair have a ratio."""
    return all((trial.get(metric) or 0) > 0 for trial in pair)


def judge(comparison, pairs):
    """Prints the ratios of one comparison; False where every pair misses its target, None where no pair
    could be compared."""
    at = "overload" if comparison.rate == "max" else f"{comparison.rate} pps"
    print(f"\n{comparison.ours.name} against {comparison.other.name}, {at}, {len(pairs)} pairs")
    for side, trials in zip((comparison.ours, comparison.other), zip(*pairs)):
        # What a program offers is the generator's, but where it is what is compared.
        shown = [m for m in UNITS if trials[0].get(m) is not None and
                 (m != "offered_mpps" or comparison.metric == m)]
        print(f"  {side.name}: {'; '.join(f'{UNITS[m]} {spread(values(trials, m))}' for m in shown)}")
    clean = [pair for pair in pairs if not any(trial.get("disturbed") for trial in pair)]
    if len(clean) < len(pairs):
        print(f"  disturbed by others: {len(pairs) - len(clean)} of {len(pairs)} pairs; the ratio is of "
              f"{'the others' if clean else 'these'}")
    figures = [pair for pair in clean or pairs if has_figures(pair, comparison.metric)]
    without = len(clean or pairs) - len(figures)
    groups, mixed = by_condition(figures)
    reached = False
    for alike in groups:
        condition = condition_of(alike)
        ratios = [a[comparison.metric] / b[comparison.metric] for a, b in alike]
        met = [comparison.met(ratio, condition) for ratio in ratios]
        if comparison.met(statistics.median(ratios), condition):
            verdict = "met"
        else:
            verdict = "not told apart from it" if any(met) else "MISSED"
        reached = reached or any(met)
        print(f"  {in_words(alike)}; {len(alike)} pairs")
        print(f"  ratio of {UNITS[comparison.metric]}: {spread(ratios)}; target "
              f"{'>=' if comparison.at_least else '<='} {comparison.target_at(condition)}: {verdict}")
    if mixed:
        print(f"  {mixed} pairs left out: the distance of the CPUs changed between their two trials")
    if without:
        print(f"  {without} pairs left out: a trial has no {UNITS[comparison.metric]}")
    if not groups:
        print("  not compared: no pair is left")
    print(end="", flush=True)
    return reached if groups else None


def compare(group, options, folder, number):
    """Comparisons with the same other side and rate: in each round each of ours once, and the other once.
    Returns a verdict for each that could be compared."""
    other, rate = group[0].other, group[0].rate
    pairs = [[] for _ in group]
    for _ in range(options.pairs):
        ours = [measure(c.ours, rate, options, folder, next(number)) for c in group]
        theirs = measure(other, rate, options, folder, next(number))
        for made, trial in zip(pairs, ours):
            made.append((trial, theirs))
    verdicts = [judge(comparison, made) for comparison, made in zip(group, pairs)]
    return [verdict for verdict in verdicts if verdict is not None]
