"""What Apache Otava reads: a CSV for each series, and an otava.yaml that names them all.

A series has a file of its own, since Otava takes no empty cell: a run without the value has no line.
"""
import csv
import io
import json
import re
from typing import List, NamedTuple, Tuple

from export import files, marks


class Series(NamedTuple):
    """Values of one metric by run, oldest first: (time, run, commit, value)."""

    name: str
    metric: str
    better: str
    rows: List[Tuple[str, str, str, float]]


def of_runs(runs):
    """Series of the metrics of runs, by case; what is marked is left to series of its own."""
    made = {}
    for row in marks.rows(sorted(runs, key=lambda run: (run.about["started_at"], run.about["id"]))):
        if row.metric is None:
            continue
        about, metric = row.run.about, row.metric
        key = (about["host"], row.name(False), metric.unit)
        one = made.setdefault(key, Series(f"{about['host']} {key[1]}", metric.name, metric.better, []))
        one.rows.append((about["started_at"], about["id"], about["git_commit"] or "", metric.median))
    return list(made.values())


def of_series(found):
    """Of the history's series: their judged points."""
    made = []
    for one in found:
        name = f"{one.identity.get('host') or ''} {one.case}: {one.metric}".strip()
        same = sum(other.name == name or other.name.startswith(f"{name} #") for other in made)
        made.append(Series(name + f" #{same + 1}" * bool(same), one.metric, one.better,
                           [(point.started_at, point.run_id, point.git_commit or "", point.median)
                            for point in one.judged]))
    return [one for one in made if one.rows]


def write(folder, found):
    """Writes them; returns the paths. Raises checked.InputError where the folder cannot be."""
    tests, texts = {}, {}
    for one in found:
        file = re.sub(r"[^A-Za-z0-9_.]+", "-", one.name).strip("-.")
        while f"{file}.csv" in texts:
            file += "-"
        texts[f"{file}.csv"] = _csv(one)
        tests[file] = {"type": "csv", "file": str(folder / f"{file}.csv"), "time_column": "time",
                       "attributes": ["run", "commit"],
                       "metrics": {one.metric: {"column": "value",
                                                "direction": 1 if one.better == "higher" else -1}},
                       "csv_options": {"delimiter": ",", "quote_char": '"'}}
    texts["otava.yaml"] = json.dumps({"tests": tests}, indent=2) + "\n"     # JSON is YAML
    return [files.put(folder, name, text) for name, text in texts.items()]


def _csv(one):
    made = io.StringIO()
    table = csv.writer(made, lineterminator="\n")
    table.writerow(("time", "run", "commit", "value"))
    table.writerows(one.rows)
    return made.getvalue()
