"""CSV: a line for each metric of each case, and for each case without one."""
import csv
import io

from export import marks

COLUMNS = ("run", "started_at", "host", "tool_version", "git_commit", "case", "backend", "workload",
           "testbed",
           "frame_size", "flows", "queues", "rate_pps", "virtual", "status", "reason", "limiter", "condition",
           "metric", "unit", "better", "n", "median", "ci95_low", "ci95_high", "spread", "at_least")


def csv_of(runs):
    """The table; what does not exist is empty."""
    made = io.StringIO()
    table = csv.DictWriter(made, COLUMNS, lineterminator="\n")
    table.writeheader()
    for run, case, metric in marks.rows(runs):
        row = {"run": run.about["id"], "case": case.id,
               **{key: run.about[key] for key in ("started_at", "host", "tool_version", "git_commit")},
               **{key: case.described.get(key) for key in COLUMNS if key in case.described},
               **{key: getattr(case, key) for key in ("virtual", "status", "reason", "limiter", "condition")}}
        if metric is not None:
            low, high = metric.ci95 or (None, None)
            row.update(metric=metric.name, ci95_low=low, ci95_high=high,
                       **{key: getattr(metric, key)
                          for key in ("unit", "better", "n", "median", "spread", "at_least")})
        table.writerow({key: _cell(value) for key, value in row.items()})
    return made.getvalue()


def _cell(value):
    if isinstance(value, bool):
        return "true" if value else "false"
    return value
