"""The tables of a run: every case, and what its method found, as cells that LaTeX, Markdown and HTML are made
of."""
import statistics
from typing import Any, List, NamedTuple, Optional, Tuple

from plots import latencies, rows, text, verdict

LATEX = str.maketrans({"\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_",
                       "{": r"\{", "}": r"\}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}",
                       "≥": r"$\geq$", "–": "--", "µ": r"$\mu$", "−": "$-$", "×": r"$\times$",
                       "·": r"$\cdot$",
                       "→": r"$\rightarrow$", "…": r"\ldots{}", "⁶": r"$^6$"})
PERCENTILES = ("min", "p50", "p90", "p99", "p99.9", "p99.99", "max")


class Cell(NamedTuple):
    """What a cell says, and what it sorts by: a number, or None for its text."""

    said: str
    value: Optional[float] = None
    mark: str = ""                      # a class for the page, such as the status


class Table(NamedTuple):
    """A table with a name; numeric columns stand at the right."""

    name: str
    title: str
    columns: Tuple[Tuple[str, bool], ...]       # (head, numeric)
    rows: List[List[Cell]]


def number(value, scale=1.0, digits=text.number):
    """A cell with a number, or a dash."""
    return Cell("–") if value is None else Cell(digits(value * scale), value * scale)


def of(run):
    """Every table of a run: the cases, then what the method found, then the latency by percentile."""
    made = [cases(run)]
    if run.method == "latency":
        made.append(_latency(run))
    return made


def cases(run):
    """Each case with its figures, its limiter, condition, validity and reason."""
    rates = any(case.mpps for case in run.cases)
    columns = [("case", False), ("status", False), ("mode", False)]
    if rates:
        columns += [("Mpps", True), ("95% CI", False), ("ns/packet", True), ("cycles/packet", True),
                    ("loss %", True)]
    columns += [("limiter", False), ("trials ok", True), ("condition", False), ("reason", False)]
    return Table("cases", "Cases", tuple(columns), [_case(case, rates) for case in run.cases])


def _case(case, rates):
    changed = case.mode_effective not in (None, case.mode_requested)
    mode = case.mode_effective or case.mode_requested or ""
    short = rows.short_of_rounds(case)
    status = ", ".join(dict.fromkeys([case.status, *short.split(", ")])) if short else case.status
    made = [Cell(case.id), Cell(status, mark=case.status),
            Cell(f"{mode}, asked for {case.mode_requested}" if changed else mode,
                 mark="changed" if verdict.other_mode(case) else "")]
    if rates:
        made += _rates(case)
    ok = sum(trial.status == "ok" for trial in case.trials)
    words = case.condition.words if case.condition and case.condition.words else "–"
    if case.condition and case.condition.other_trials:
        words += f"; {case.condition.other_trials} trials in another condition left out"
    why = [text.plain(case.reason)] if case.reason else []
    rejected = [trial.reason for trial in case.rejected_trials if trial.status != "ok"]
    if case.status == "ok" and rejected:
        why.append("Not in the median: " + "; ".join(text.some(text.grouped(rejected))))
    return made + [Cell(case.limiter, mark=f"limit-{case.limiter}"), Cell(f"{ok}/{len(case.trials)}", ok),
                   Cell(words), Cell(". ".join(why) or "–")]


def _rates(case):
    if not case.has_figure:
        return [Cell("–")] * 5
    bound = "≥ " * rows.lower_bound(case)
    lost = [trial.loss_ratio for trial in case.shown_trials if trial.loss_ratio is not None]
    cycles = number(case.cycles_per_packet and case.cycles_per_packet.median)
    if case.whole_cycles and cycles.value is not None:
        cycles = cycles._replace(said=f"{cycles.said} busy")
    interval = "–".join(map(text.number, case.mpps.ci95)) if case.mpps.ci95 else "–"
    return [Cell(bound + text.number(case.mpps.median), case.mpps.median), Cell(interval),
            number(case.ns_per_packet and case.ns_per_packet.median), cycles,
            number(statistics.median(lost) if lost else None, 100)]


def _latency(run):
    columns = (("case", False), ("load", False), ("offered pps", True), ("frames", True), ("lost", True),
               *((f"{name} µs", True) for name in PERCENTILES))
    return Table("latency", "Latency by percentile", columns, [
        [Cell(case.id), Cell(one["load"]), number(one["offered_pps"]),
         Cell(f"{one['count']:,}", one["count"]),
         Cell(f"{one['lost']:,}", one["lost"]), *(number(one["ns"].get(name), 1e-3) for name in PERCENTILES)]
        for case in run.cases for one in latencies.loads_of(case)])


def of_numbers(figure):
    """The numbers of a Figure as a table."""
    columns, found = figure.numbers()
    numeric = [any(isinstance(row[place], (int, float)) for row in found) for place in range(len(columns))]
    return Table(figure.name, figure.name, tuple(zip(columns, numeric)), [[_plain(value) for value in row]
                                                                          for row in found])


def _plain(value: Any):
    if isinstance(value, bool):
        return Cell("yes" if value else "no")
    if value is None:
        return Cell("–")
    return Cell(f"{value:,.6g}" if isinstance(value, float) else str(value),
                value if isinstance(value, (int, float)) else None)


def markdown(table):
    """A table in GitHub's Markdown."""
    def line(cells):
        return "| " + " | ".join(text.plain(cell).replace("\\", "\\\\").replace("|", "\\|").replace("<",
                                                                                                    "&lt;")
                                 for cell in cells) + " |\n"
    return (line(name for name, _ in table.columns)
            + "|" + "|".join("---:" if numeric else "---" for _, numeric in table.columns) + "|\n"
            + "".join(line(cell.said for cell in row) for row in table.rows))


def latex(table):
    """A tabular of LaTeX, which needs no package."""
    def line(cells):
        return " & ".join(text.plain(cell).translate(LATEX) for cell in cells) + " \\\\\n"
    return ("\\begin{tabular}{" + "".join("r" if numeric else "l" for _, numeric in table.columns)
            + "}\n\\hline\n"
            + line(name for name, _ in table.columns) + "\\hline\n"
            + "".join(line(cell.said for cell in row) for row in table.rows) + "\\hline\n\\end{tabular}\n")
