"""The figure of a load sweep: cycles per packet, CPU time and loss against the load, a line a case."""
import functools
import statistics

from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator, NullLocator, StrMethodFormatter

from plots import caption, groups, rows, style, text
from plots.sheet import AXIS, HEAD, MARGIN, Sheet

CASES = 6                           # lines that can be told apart
LEFT, PANEL, GAP = 0.62, 1.75, 0.22  # inches
MARKERS = "os^DvP"


def _charged(row):
    charged = row["dut_cpu"].get("charged")
    return None if charged is None else 100 * charged


def _cycles(row):
    busy = row["busy_cycles_per_packet"]
    return row["cycles_per_packet"] if busy is None else busy


def _lost(row):
    return None if row["loss_ratio"] is None else 100 * row["loss_ratio"]


PANELS = (("cycles", "cycles per packet", _cycles), ("cpu", "CPU time for the DUT, %", _charged),
          ("loss", "frames lost, %", _lost))


def figures(run):
    """The pages (rows.paged) of a run, for each set of comparable cases. Raises groups.GroupError."""
    for group in groups.split(run):
        yield from rows.paged(group.name.replace("backends", "loads", 1), len(group.cases), CASES,
                              lambda page, cases=group.cases: caption_of(run, cases[page]),
                              functools.partial(_Drawing, group.cases),
                              lambda page, cases=group.cases: numbers(cases[page]))


def numbers(cases):
    """(columns, rows) of what is drawn."""
    made = [(case.id, unit, *point) for _, unit, value in PANELS for case in cases
            for point in points(case, value)]
    made += [(case.id, "100% is at", reference["pps"] / 1e6, None, None, None) for case in cases
             for reference in case.reference or () if reference["pps"] is not None]
    return ("case", "what", "offered load, Mpps", "median", "least", "greatest"), made


def points(case, value):
    """[(offered Mpps, median, least, greatest)] of a value at each load, by load: of the ok trials."""
    found = {}
    for row in (case.sweep or {}).get("loads", []):
        if row["ok"] and value(row) is not None and row["offered_pps"] is not None:
            found.setdefault(row["load"], []).append((row["offered_pps"] / 1e6, value(row)))
    made = []
    for at in found.values():
        values = [v for _, v in at]
        made.append((statistics.median(x for x, _ in at), statistics.median(values), min(values),
                     max(values)))
    return sorted(made)


def caption_of(run, cases):
    """The caption: what was measured, how often, what 100% is, and what is left out."""
    sweeps, disturbed, left_out, references = 0, 0, [], []
    for case in cases:
        loads = (case.sweep or {}).get("loads", [])
        sweeps = max([sweeps] + [row["round"] + 1 for row in loads])
        disturbed += sum(not row["ok"] for row in loads)
        if not loads:
            left_out.append(f"{case.id}: {case.status}: {text.plain(case.reason)}.")
        for reference in case.reference or ():
            if reference["pps"] is not None:
                sign = "" if reference["regular"] else "≈ " if reference.get("rough") else "≥ "
                why = "" if reference["regular"] else f" ({reference['reason']})"
                references.append(f"{case.backend} {sign}{text.number(reference['pps'] / 1e6)} Mpps "
                                  f"({reference['what']}){why}")
    sources = sorted({trial.cycles_source for case in cases for trial in case.trials
                      if trial.cycles_source and trial.status == "ok"})
    brief = (f"Cost and loss against load: each mark is the median of {sweeps} "
             f"sweep{'s' * (sweeps != 1)}, its whisker goes from the least to the greatest of them"
             f"{caption.virtual(cases)}. A dotted line is where the case's 100% is.")
    parts = [f"{caption.setting(cases[0])}.",
             "A sweep has one window a load; every other one went from the last load to the first.",
             "Cycles per packet and CPU time are of all CPUs that worked for the device under test, 100% "
             "is one whole CPU; of a loop that spins the cycles are its busy ones and the CPU is full at any "
             "load."]
    if sources:
        parts.append("Cycles: " + " and ".join(caption.SOURCES[source] for source in sources) + ".")
    if references:
        parts.append(f"100% (dotted line): {'; '.join(references)}.")
    if disturbed:
        parts.append(f"{disturbed} windows that were not ok are left out." if disturbed > 1
                     else "1 window that was not ok is left out.")
    return caption.lines(brief, *parts, *left_out)


class _Drawing(Sheet):
    """The figure of a page of cases; their pages have one scale."""

    def __init__(self, all_cases, page, said):
        cases = all_cases[page]
        legend = 0.2 * -(-len(cases) // 3) + 0.08
        top = HEAD + legend
        super().__init__(top + len(PANELS) * PANEL + (len(PANELS) - 1) * GAP + AXIS,
                         "Cost and loss against load", cases, said)
        loads = [x for case in all_cases for _, _, value in PANELS for x, *_ in points(case, value)]
        most = max(loads, default=1)
        names = text.told_apart([case.id for case in cases],
                                lambda name: text.width(name, style.SMALL) <= 1.9)
        handles = []
        for place, case in enumerate(cases):
            color, marker = style.look(case.backend).color, MARKERS[place % len(MARKERS)]
            handles.append(Line2D([], [], color=color, marker=marker, markersize=4, linewidth=1.2,
                                  markeredgecolor=style.edge(color), label=names[place]))
        for number, (name, unit, value) in enumerate(PANELS):
            last = number == len(PANELS) - 1
            axes = self.panel(LEFT, top + number * (PANEL + GAP), style.WIDTH - LEFT - MARGIN, PANEL, name,
                              unit="offered load, Mpps (10⁶ packets/s)" if last else "", grid="both")
            axes.set_ylabel(unit, fontsize=7, labelpad=3)
            axes.tick_params(axis="y", labelsize=7)
            axes.yaxis.set_major_locator(MaxNLocator(5))
            for place, case in enumerate(cases):
                self._line(axes, place, case, points(case, value))
            ends = [end for case in all_cases for _, _, *two in points(case, value) for end in two]
            if rows.wide(ends) and min(ends) > 0:
                axes.set_yscale("log")
                axes.set_ylim(min(ends) / 1.5, max(ends) * 1.5)
                axes.yaxis.set_minor_locator(NullLocator())
                axes.yaxis.set_major_formatter(StrMethodFormatter("{x:,g}"))
            else:
                axes.set_ylim(0, (max(ends, default=0) or 1) * 1.08)
            if rows.wide(loads):
                axes.set_xscale("log")
                axes.set_xlim(min(load for load in loads if load > 0) / 1.3, most * 1.3)
                axes.xaxis.set_minor_locator(NullLocator())
                axes.xaxis.set_major_formatter(StrMethodFormatter("{x:,g}"))
            else:
                axes.set_xlim(0, most * 1.04)
            if not last:
                axes.set_xticklabels([])
        self.legend(HEAD, handles, 3)

    def _line(self, axes, place, case, found):
        """One case: medians joined, whiskers, and where its 100% is."""
        color, marker = style.look(case.backend).color, MARKERS[place % len(MARKERS)]
        x, middle, low, high = (list(column) for column in zip(*found)) if found else ([], [], [], [])
        axes.vlines(x, low, high, color=color, linewidth=1.1, gid=f"whiskers-{place}")
        axes.plot(x, middle, color=color, marker=marker, markersize=4, linewidth=1.2,
                  markeredgecolor=style.edge(color), gid=f"line-{place}", clip_on=False)
        for reference in case.reference or ():
            if reference["pps"] is not None:
                axes.axvline(reference["pps"] / 1e6, color=color, linewidth=0.9, linestyle=":",
                             gid=f"reference-{place}")
