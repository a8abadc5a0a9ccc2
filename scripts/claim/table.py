"""What scripts/claims writes of its verdicts: Markdown between two marks, a row and a section for each claim.

A claim that was not measured this time keeps the row and the section that it has.
"""
import re

import checked
from claim import judging
from plots import text

BEGIN, END = "<!-- scripts/claims -->\n", "<!-- end -->\n"
HEAD = "| claim | ratio that decides (95% CI) | verdict |\n|---|---|---|\n"
STEPS = "| measured | ratio (95% CI) | pairs | claimed | verdict |\n|---|---|---:|---|---|"
ROW = re.compile(r"^\| \[.*?\]\(#([a-z0-9-]+)\) \|.*\n", re.M)
SECTION = re.compile(r"^### ([a-z0-9-]+)\n.*?(?=^### |\Z)", re.M | re.S)
MEASURES = {"mpps": "rate", "cycles": "cycles per packet", "time": "time", "counted": "frames counted"}


def inserted(page, made, names):
    """page with the rows and sections of `made`, {name: (row, section)}, and its own of other `names`. Raises
    checked.InputError where it lacks the marks."""
    before, begin, rest = page.partition(BEGIN)
    old, end, after = rest.partition(END)
    if not begin or not end:
        raise checked.InputError(f"the page lacks the lines {BEGIN.strip()} and {END.strip()}, between which "
                                 "the table is written")
    head, _, body = old.partition("### ")
    rows = {found[1]: found[0] for found in ROW.finditer(head)}
    sections = {found[1]: found[0] for found in SECTION.finditer(f"### {body}")}
    kept = {name: (rows[name], sections[name]) for name in names if name in rows and name in sections}
    return before + begin + whole({**kept, **made}, names) + end + after


def whole(made, names):
    """The table and the sections, in the order of names."""
    there = [made[name] for name in names if name in made]
    return HEAD + "".join(row for row, _ in there) + "\n" + "".join(section for _, section in there)


def entry(verdict, measured, figure):
    """(row, section) of a claim. measured: the sentence that says when, on what and how, None where nothing
    was; figure: the path of its picture, or None."""
    return _row(verdict), _section(verdict, measured, figure)


def _row(verdict):
    claim, one = verdict.claim, verdict.deciding
    ratio = f"{cell(one.step.says)}: {_ratio(one)}" if one and one.ratio is not None else "–"
    return f"| [{cell(claim.title)}](#{claim.name}) | {ratio} | {_said(verdict)} |\n"


def _section(verdict, measured, figure):
    claim = verdict.claim
    lines = [f"### {claim.name}", f"**{claim.title}.** {claim.claim} Where it comes from: {claim.source}",
             f"Here: {_said(verdict)}."]
    if figure:
        lines.append(f"![{claim.title}]({figure})")
    lines.append("\n".join([STEPS, *(
        f"| {cell(one.step.says)}, {MEASURES[one.step.measure]} | {_ratio(one)} | {one.pairs or '–'} | "
        f"{_bound(one.step)} | {_said(one)} |" for one in verdict.steps)]))
    if measured:
        lines.append(measured)
    lines.append(f"What would tell more: {claim.elsewhere}")
    return "\n\n".join(lines) + f"\n\n```\n{claim.command}\n```\n\n"


def _said(judged):
    """The verdict, with the reason of one that there is none."""
    because = f", because {cell(judged.because)}" if judged.because else ""
    return f"**{judged.verdict}**{because}"


def _ratio(one):
    if one.ratio is None:
        return "–"
    low, high = map(text.number, one.ci95)
    return f"{text.number(one.ratio)} ({low}–{high})"


def _bound(step):
    return f"≥ {step.at_least:g}" if step.at_least is not None else f"≤ {step.at_most:g}"


def conditions(run):
    """When a run was made, on what, and in which conditions."""
    cpu, kernel = (run.environment.get(key) or {} for key in ("cpu", "kernel"))
    trials = [len(case.trials) for case in run.cases if case.trials]
    window = run.scenario.get("method", {}).get("duration_s")
    spoilt = sum(trial.status != "ok" for case in run.cases for trial in case.trials)
    words = list(dict.fromkeys(case.condition.words for case in run.cases
                               if case.condition and case.condition.words))
    testbed = run.cases[0].testbed + (f", {run.cases[0].arrangement}" if run.cases[0].arrangement else "")
    said = [f"Measured {run.started_at[:10]} on testbed {testbed}: {cpu.get('model') or 'unknown CPU'}, "
            f"{cpu.get('count') or 'unknown number of'} CPUs, Linux {kernel.get('release') or 'unknown'}",
            f"{sum(trials)} trials of {window} s, {spoilt} of them not ok"]
    return "; ".join(said + text.some(words, 2)) + "."


def cell(said):
    """said as a cell of a table."""
    return text.plain(said).replace("|", "\\|").replace("<", "&lt;")


def summary(verdict):
    """One line for a terminal."""
    one = verdict.deciding
    ratio = f" ({one.step.says}: {_ratio(one)})" if one and one.ratio is not None else ""
    because = f": because {verdict.because}" if verdict.verdict == judging.UNTOLD else ""
    return checked.printable(f"{verdict.claim.name}: {verdict.verdict}{because}{ratio}")
