"""The support matrix: which way of receiving works where, in the mode that was read back."""
import functools

from matplotlib.patches import Rectangle

from plots import caption, nics, rows, style, text
from plots.sheet import MARGIN, PAD, HEAD, Sheet

CELL, TOP = 0.3, 0.32                       # inches of a row, of the columns' names


def figures(run):
    """The pages (rows.paged) of a run whose cases did not all work; those of several NICs have a matrix in
    nics."""
    labels = list(dict.fromkeys(case.testbed_label for case in run.cases))
    workloads = list(dict.fromkeys(case.workload for case in run.cases))
    if len(labels) > 1 or all(case.has_figure for case in run.cases):
        return ()
    return of([(workload, [case for case in run.cases if case.workload == workload])
               for workload in workloads])


def of(columns):
    """The pages of a matrix with a column for each (name, cases)."""
    table = _table([cases for _, cases in columns])
    heads = [name for name, _ in columns]
    return rows.paged("support", len(table), rows.PAGE, lambda page: caption_of(heads, table[page]),
                      functools.partial(_Drawing, heads, table), lambda page: numbers(heads, table[page]))


def _table(columns):
    """A row for each way of receiving: its first case in each column, the one that works before others."""
    found = {}
    for place, cases in enumerate(columns):
        for case in cases:
            row = found.setdefault((case.backend, str(case.options), case.label), [None] * len(columns))
            if row[place] is None or (case.has_figure and not row[place].has_figure):
                row[place] = case
    return list(found.values())


def numbers(heads, table):
    """(columns, rows) of what is drawn, with each reason."""
    return ("backend", "column", "result", "reason"), [
        (case.backend, head, nics.ability(case), text.plain(case.reason) if case.reason else None)
        for row in table for head, case in zip(heads, row) if case is not None]


def caption_of(heads, table):
    """The caption: what a cell says, and why what does not work does not."""
    cases = [case for row in table for case in row if case is not None]
    reasons = [f"{case.backend} ({head}): {case.status}: {text.plain(case.reason)}" for row in table
               for head, case in zip(heads, row) if case is not None and not case.has_figure]
    return caption.lines("Which way of receiving worked, in the mode that the kernel or the driver told; "
                         "grey did "
                         f"not{caption.virtual(cases)}. Why not is in caption.txt and in the table of cases.",
                         *reasons)


class _Drawing(Sheet):
    """The figure of a page of rows."""

    def __init__(self, heads, whole, page, said):
        table = whole[page]
        first = [next(filter(None, row)) for row in whole]
        names, details, width = rows.labels(first)
        left, top = MARGIN + width + PAD, HEAD + TOP
        column = (style.WIDTH - left - MARGIN) / len(heads)
        super().__init__(top + CELL * len(table) + 0.1, "What works here",
                         [case for row in table for case in row if case is not None], said)
        axes = self.axes(left, top, style.WIDTH - left - MARGIN, CELL * len(table), "matrix")
        axes.set_xlim(0, len(heads))
        axes.set_ylim(len(table), 0)
        axes.axis("off")
        for place, head in enumerate(heads):
            self.write(left + column * (place + 0.5), top - 0.04,
                       text.wrap(head, style.SMALL, column - PAD, most=1)[0], style.SMALL, ha="center",
                       va="bottom", weight="bold")
        for index, row in enumerate(table):
            detail = details[page][index]
            self.write(left - PAD, top + (index + 0.5) * CELL, names[page][index] + (
                f"\n{detail}" if detail and "\n" not in detail else ""), style.SMALL, ha="right", va="center",
                linespacing=1.15, gid=f"row-{index}")
            for place, case in enumerate(row):
                self._cell(axes, index, place, case, column)

    @staticmethod
    def _cell(axes, index, place, case, width):
        good = case is not None and case.has_figure
        said = "not measured" if case is None else nics.ability(case)
        if case is not None and not good and case.reason and width > 2.5:
            said += f": {text.plain(case.reason)}"
        axes.add_patch(Rectangle((place + 0.01, index + 0.07), 0.98, 0.86, zorder=1,
                                 facecolor=style.paler(style.GREEN, 0.75) if good else style.BAND))
        axes.text(place + 0.5, index + 0.5, text.wrap(said, style.SMALL, width - 4 * PAD, most=1)[0],
                  ha="center", va="center", fontsize=style.SMALL, color=style.INK if good else style.SOFT_INK,
                  gid=f"can-{index}-{place}")
