"""The page of a report: one file of HTML that asks nothing of anybody, made of runs and comparisons."""
import base64
import json
import pathlib
import re
import shlex

import jinja2
from markupsafe import Markup, escape

from plots import drawing, forest, load, style, tables, text, verdict

FOLDER = pathlib.Path(__file__).resolve().parent / "page"
SECTIONS = (("todo", "What to do"), ("figures", "Figures"), ("cases", "Cases"),
            ("environment", "Environment"),
            ("repeat", "Repeat"))
ROWS = 120                              # of a figure's numbers that the page shows; the file has all
CSV_BYTES = 200_000                     # of numbers that the page carries to be saved from it
# What a figure's colours are called in report.css, which has others for a dark screen.
COLORS = {"#ffffff": "paper", style.INK: "ink", style.SOFT_INK: "soft", style.GRID: "grid",
          style.BAND: "band",
          style.ALARM: "alarm", style.BLACK: "black", style.BLUE.lower(): "blue", "#003f62": "blue-edge",
          "#005740": "green-edge"}
UNWANTED = re.compile(r"<metadata>.*?</metadata>|<title>.*?</title>|<!--.*?-->", re.DOTALL)


def inline(svg, prefix, alternative):
    """matplotlib's SVG as an element of a page: ids of its own, colours that follow the page's, and the
    alternative text."""
    svg = UNWANTED.sub("", svg[svg.index("<svg"):])
    used = set(re.findall(r'(?:url\(#|href="#)([^)"]+)', svg))
    svg = re.sub(r' id="([^"]*)"', lambda one: f' id="{prefix}-{one[1]}"' if one[1] in used else "", svg)
    svg = re.sub(r'(url\(#|href="#)', rf"\g<1>{prefix}-", svg)
    for color, name in COLORS.items():
        svg = svg.replace(color, f"var(--fig-{name}, {color})")
    svg = svg.replace("'DejaVu Sans'", "'DejaVu Sans', Verdana, sans-serif")
    head, body = svg.split(">", 1)
    view = re.search(r'viewBox="[^"]*"', head)[0]
    return Markup(f'<svg {view} role="img" aria-label="{escape(alternative)}" '
                  f'xmlns="http://www.w3.org/2000/svg" '
                  f'xmlns:xlink="http://www.w3.org/1999/xlink">{body}')


def alternative(title, brief, table):
    """What a figure says to those who do not see it: title, caption, and the first of its numbers."""
    heads = [head for head, _ in table.columns]
    said = ["; ".join(f"{head} {cell.said}" for head, cell in zip(heads, row) if cell.said != "–")
            for row in table.rows[:8]]
    more = " The table below it has all numbers." if len(table.rows) > 8 else ""
    return f"{title}. {brief} {'. '.join(said)}.{more}"


def figure(made, inner, prefix, folder):
    """What the page shows of a Figure whose SVG is in the directory inner."""
    brief, *more = made.caption.split("\n")
    table = tables.of_numbers(made)
    shown = table._replace(rows=table.rows[:ROWS])
    title = (inner / f"{made.name}.txt").read_text(encoding="utf-8")
    csv = drawing.csv_text(*made.numbers()).encode()
    anchor = f"{prefix}-{made.name}"
    return {"name": made.name, "anchor": anchor, "title": title, "brief": brief, "more": more, "table": shown,
            "left_out": len(table.rows) - len(shown.rows), "file": folder + made.name,
            "csv": "data:text/csv;base64," + base64.b64encode(csv).decode() if len(csv) < CSV_BYTES else None,
            "svg": inline((inner / f"{made.name}.svg").read_text(encoding="utf-8"), anchor,
                          alternative(title, brief, shown))}


def run_section(run, name, made, inner, folder):
    """What the page says of a run."""
    found, said = verdict.findings(run), verdict.headlines(run)
    changes = verdict.environment_changes(run.environment, run.environment_after)
    anchor = "run-" + re.sub(r"[^A-Za-z0-9_-]", "-", name)
    host = run.environment["cpu"]["model"] or "CPU not known"
    trials = [trial for case in run.cases for trial in case.trials]
    testbeds = dict.fromkeys(case.testbed_label or case.testbed + (
        f" ({case.arrangement})" if case.arrangement else "") for case in run.cases)
    return {
        "name": name, "anchor": anchor, "id": run.id, "headline": said[0], "lines": said[1:],
        "level": verdict.level(run, found), "findings": found,
        "kicker": f"{run.scenario.get('name') or run.scenario.get('description') or run.method} · {run.host} "
                  f"· "
                  f"{run.started_at[:10]}",
        "virtual": any(case.virtual for case in run.cases),
        "facts": [("Cases ok", f"{sum(case.status == 'ok' for case in run.cases)} of {len(run.cases)}"),
                  ("Trials ok", f"{sum(trial.status == 'ok' for trial in trials)} of {len(trials)}"),
                  ("Method", run.method), ("Testbed", ", ".join(testbeds)), ("CPU", host),
                  ("Kernel", run.environment["kernel"]["release"] or "not known"),
                  ("State", "interrupted" if run.interrupted else "finished" if run.finished_at
                   else "not finished")],
        "figures": [figure(one, inner, anchor, folder) for one in made], "tables": tables.of(run),
        "changes": changes, "has_after": run.environment_after is not None,
        "no_after": (run.missing or {}).get("environment.after", "the run has not ended"),
        "environment": sorted(load.flat(run.environment).items()),
        "command": shlex.join(run.argv), "version": run.tool_version, "commit": run.git_commit,
        "started": run.started_at, "finished": run.finished_at,
        "scenario": json.dumps(run.scenario, indent=2, ensure_ascii=False)}


def comparison_section(found, file, made, inner, folder):
    """What the page says of a comparison, or of a gate's verdict."""
    levels, worse = {"regression": verdict.RED, "incomparable": verdict.RED}, []
    changes = forest.changes(found)
    for one in changes:
        if one.verdict in (*forest.STILL, "improvement") and not (one.ratio is None and one.reason):
            continue
        remedy = ("Measure both sides alike, or do not compare them." if one.ratio is None else
                  "Measure both states again, in turn, to be sure; then look at what changed between them."
                  if one.verdict == "regression" else "Measure more trials or runs" + (
                      f": this comparison sees changes of {100 * one.sees:.2g}%." if one.sees else "."))
        where = f" in {one.measure}" if one.measure else ""
        worse.append(verdict.Finding(levels.get(one.verdict, verdict.AMBER) if one.ratio is not None
                                     else verdict.AMBER, f"{one.verdict}{where}: {one.reason}", remedy,
                                     (one.case,)))
    worse.sort(key=lambda one: one.level != verdict.RED)
    calm = (*forest.STILL, "improvement")
    return {"file": file, "level": "green" if found["verdict"] in calm else
            levels.get(found["verdict"], verdict.AMBER), "reason": found["reason"], "findings": worse,
            "headline": _compared(found["verdict"], [one for one in changes if one.ratio is not None]),
            "sides": forest.sides(found),
            "figures": [figure(one, inner, "comparison", folder) for one in made]}


def _compared(verdict_, measures):
    """The verdict on everything in a sentence, with how many of the measures have it."""
    alike = sum(one.verdict == verdict_ for one in measures)
    number = f"{len(measures)} compared measure{'s' * (len(measures) != 1)}"
    if verdict_ in forest.STILL:
        return f"No change in {number}."
    return f"{verdict_[0].upper()}{verdict_[1:]}: {alike} of {number}."


def between(environments):
    """The table of what differs between the environments of several runs: [(name, environment)]."""
    found = [load.flat(environment) for _, environment in environments]
    keys = [key for key in sorted(set().union(*found)) if not key.startswith(("load.", "missing."))
            and len({one.get(key) for one in found}) > 1]
    return tables.Table("between", "Between runs",
                        (("what", False), *((name, False) for name, _ in environments)),
                        [[tables.Cell(key), *(tables.Cell(text.plain(one.get(key, "–"))) for one in found)]
                         for key in keys])


def _code(said):
    """Text whose words in backticks are commands."""
    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(said))))


def _breakable(said):
    """A case's id, which may be broken after each slash."""
    return Markup("/<wbr>".join(str(escape(part)) for part in said.split("/")))


def render(**what):
    """The page, as text."""
    environment = jinja2.Environment(loader=jinja2.FileSystemLoader(FOLDER), autoescape=True,
                                     trim_blocks=True,
                                     lstrip_blocks=True, undefined=jinja2.StrictUndefined,
                                     keep_trailing_newline=True)
    environment.filters.update(code=_code, breakable=_breakable)
    ours = {kind: Markup((FOLDER / f"report.{kind}").read_text(encoding="utf-8")) for kind in ("css", "js")}
    return environment.get_template("report.html").render(sections=SECTIONS, **ours, **what)
