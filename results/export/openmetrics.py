"""OpenMetrics text, as Prometheus and its textfile collector read it."""
import datetime
import re

from export import marks

STATUSES = ("ok", "disturbed", "unsupported", "failed", "invalid", "interrupted")


def text_of(runs):
    """Families of samples; what does not exist has no sample."""
    families = {}
    for run in runs:
        own = {"run": run.about["id"], "host": run.about["host"]}
        _add(families, "pktbench_run_info", "What measured.", {
            **own, "version": run.about["tool_version"], "commit": run.about["git_commit"] or ""}, 1)
        _add(families, "pktbench_run_start_timestamp_seconds", "When the run began.", own,
             _seconds(run.about["started_at"]))
        for case in run.cases:
            for status in STATUSES:
                _add(families, "pktbench_case_status", "1 for the status that the case has.",
                     {**own, "case": case.id, "status": status}, int(case.status == status))
    for row in marks.rows(runs):
        if row.metric is not None:
            _metric(families, row)
    lines = []
    for name, (said, samples) in families.items():
        lines += [f"# HELP {name} {said}", f"# TYPE {name} gauge", *samples]
    return "\n".join([*lines, "# EOF", ""])


def _metric(families, row):
    metric = row.metric
    what, _, load = metric.name.partition(" at ")
    name = "pktbench_" + re.sub(r"[^a-z0-9]+", "_", f"{what}".lower()).strip("_")
    labels = {"run": row.run.about["id"], "host": row.run.about["host"], "case": row.case.id,
              "unit": metric.unit, **({"load": load} if load else {}),
              **({"mark": row.mark} if row.mark else {})}
    said = f"{what}, {metric.better} is better"
    _add(families, name, f"Median of {said}.", labels, metric.median)
    for end, value in zip(("low", "high"), metric.ci95 or ()):
        _add(families, f"{name}_ci95_{end}", f"End of the 95% interval of the median of {said}.", labels,
             value)
    _add(families, f"{name}_values", f"Values behind the median of {said}.", labels, metric.n)


def _add(families, name, said, labels, value):
    text = ",".join(f'{key}="{_escaped(label)}"' for key, label in labels.items())
    families.setdefault(name, (_escaped(said), []))[1].append(f"{name}{{{text}}} {value!r}")


def _escaped(text):
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _seconds(time):
    return datetime.datetime.fromisoformat(time.replace("Z", "+00:00")).timestamp()
