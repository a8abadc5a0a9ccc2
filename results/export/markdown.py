"""A Markdown summary of what moved or went wrong. Nothing moved and all went well: not a word."""
from export import judged, words

WRONG = ("failed", "invalid", "interrupted", "disturbed")


def text_of(runs, verdicts):
    """The summary of runs, with the judged.Verdict of each."""
    return "\n".join(filter(None, (_run(run, verdict) for run, verdict in zip(runs, verdicts))))


def _run(run, verdict):
    moved = [part for part in verdict.parts if part.verdict in judged.MOVED and part.metric]
    wrong = [case for case in run.cases if case.status in WRONG]
    blind = [part for part in verdict.parts if part.verdict in judged.BLIND]
    if not moved and not wrong and verdict.verdict in judged.STILL:
        return ""
    counts = [f"{sum(part.verdict == kind for part in moved)} {kind}" for kind in judged.MOVED
              if any(part.verdict == kind for part in moved)]
    head = verdict.verdict or f"{len(wrong)} of {len(run.cases)} cases went wrong"
    lines = [f"### pktbench: {_cell(head)}" + (f" ({', '.join(counts)})" if counts else ""), "",
             f"Run `{_code(run.about['id'])}` on `{_code(run.about['host'])}`, pktbench "
             f"{_cell(run.about['tool_version'])}"
             + (" (virtual: says nothing about hardware)" if any(c.virtual for c in run.cases) else "") + "."]
    if verdict.reason:
        lines += ["", _cell(verdict.reason) + "."]
    if moved:
        units = {(case.id, metric.name): metric.unit for case in run.cases for metric in case.metrics}
        lines += ["", "| case | metric | before | after | change (95% CI) | verdict |",
                  "|---|---|--:|--:|--:|---|"]
        order = {kind: place for place, kind in enumerate(judged.MOVED)}
        for part in sorted(moved, key=lambda part: order[part.verdict]):
            unit = units.get((part.case, part.metric), "")
            levels = ["" if value is None else f"{words.number(value)} {unit}".strip()
                      for value in (part.before, part.after)]
            lines.append(f"| `{_code(part.case)}` | {_cell(part.metric)} | {levels[0]} | {levels[1]} | "
                         f"{words.change(part)} | {part.verdict} |")
    if wrong:
        lines += ["", "| case | status | reason |", "|---|---|---|"]
        lines += [f"| `{_code(case.id)}` | {case.status} | {_cell(case.reason or '')} |" for case in wrong]
    if blind:
        lines += ["", f"<details><summary>{len(blind)} inconclusive or incomparable</summary>", ""]
        lines += [f"- `{_code(part.case)}`{' ' + _cell(part.metric) if part.metric else ''}: "
                  f"{_cell(part.reason or '')}" for part in blind]
        lines += ["", "</details>"]
    return "\n".join(lines) + "\n"


def _cell(text):
    """Text that is neither markup nor the end of a cell."""
    for sign in "\\`*_<>|[]#":
        text = text.replace(sign, "\\" + sign)
    return " ".join(text.split())


def _code(text):
    return " ".join(text.replace("`", "'").replace("|", "\\|").split())
