"""JSON for continuous benchmarking: github-action-benchmark, Bencher, and Google Benchmark's compare.py."""
import json

from export import marks

PER_SECOND = {"Mpps": 1e6, "packets/s": 1.0}        # units of rates, in packets a second
TIMES = {"ns": "ns", "us": "us", "ms": "ms", "s": "s"}


def _several(runs):
    return len(runs) > 1


def _dump(value):
    return json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def github_action(runs, better):
    """customBiggerIsBetter or customSmallerIsBetter: the metrics of which more, or less, is better."""
    made = []
    for row in marks.rows(runs):
        metric = row.metric
        if metric is None or metric.better != better:
            continue
        extra = [f"median of {metric.n}", row.case.condition, f"limited by {row.case.limiter}",
                 row.case.reason]
        entry = {"name": row.name(_several(runs)), "unit": metric.unit, "value": metric.median}
        if metric.ci95:
            entry["range"] = f"{metric.ci95[0]:g} to {metric.ci95[1]:g}"
        made.append({**entry, "extra": "; ".join(filter(None, extra))})
    return _dump(made)


def bencher(runs):
    """Bencher Metric Format: by case, its metrics; marked ones under names of their own."""
    made = {}
    for row in marks.rows(runs):
        metric = row.metric
        if metric is None:
            continue
        name = f"{row.run.about['id']} {row.case.id}" if _several(runs) else row.case.id
        value = {"value": metric.median}
        if metric.ci95:
            value.update(lower_value=metric.ci95[0], upper_value=metric.ci95[1])
        made.setdefault(name, {})[metric.name + (f" ({row.mark})" if row.mark else "")] = value
    return _dump(made)


def google(runs):
    """What a benchmark of Google's prints: a repetition for each round, in time per packet; less is better.

    cpu_time, which its readers insist on, repeats real_time: a metric is one value. Costs in cycles are no
    times, and stand beside the rate of their round as counters.
    """
    made, families = [], {}
    for row in marks.rows(runs):
        metric = row.metric
        times = [] if metric is None else [_time(metric.unit,
                                                 value) for value in metric.values or (metric.median,)]
        if not times or None in times:
            continue
        name = row.name(_several(runs), "/")
        family = families.setdefault(name, len(families))
        for number, (value, unit) in enumerate(times):
            made.append({
                "name": name, "run_name": name, "family_index": family, "per_family_instance_index": 0,
                "run_type": "iteration", "repetitions": len(times), "repetition_index": number, "threads": 1,
                "iterations": 1, "real_time": value, "cpu_time": value, "time_unit": unit,
                **({"label": row.mark} if row.mark else {}), **_counters(row, number)})
    first = runs[0]
    count = first.facts.get("cpu.count")
    context = {"date": first.about["started_at"], "host_name": first.about["host"],
               "executable": f"pktbench {first.about['tool_version']}",
               **({"num_cpus": int(count)} if count else {}), "caches": [], "library_build_type": "release"}
    return _dump({"context": context, "benchmarks": made})


def _time(unit, value):
    """(time, its unit) of a value that is one, or a rate above 0; None of any other."""
    if unit in TIMES:
        return value, TIMES[unit]
    if unit in PER_SECOND and value > 0:
        return 1e9 / (value * PER_SECOND[unit]), "ns"
    return None


def _counters(row, number):
    """The rate itself, and the other metrics of the case that have as many rounds and are no times."""
    metric, found, times = row.metric, {}, {*PER_SECOND, *TIMES}
    if metric.unit in PER_SECOND and metric.values:
        found["items_per_second"] = metric.values[number] * PER_SECOND[metric.unit]
    for other in row.case.metrics:
        if other.unit not in times and len(other.values) == len(metric.values):
            found[other.name] = other.values[number]
    return found
