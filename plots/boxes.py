"""The figure of the trials of one run: box plots of how far they lie from their case's median."""
import functools
import statistics

from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.path import Path
from matplotlib.ticker import MaxNLocator

from plots import backends, caption, groups, rows, style, text
from plots.sheet import AXIS, HEAD, INSIDE, MARGIN, PAD, Sheet

ROW, BOX, GAP = 0.3, 0.55, 0.2              # inches a row, rows a box, inches between panels
LEAST = 5                                   # trials that a box needs
PANELS = (("mpps", "Received rate", "% from the case's median"),
          ("cycles_per_packet", "Cycles per packet", "% from the case's median"))
DOT = Path.unit_regular_polygon(16)


def figures(run):
    """The pages (rows.paged) of a run, for each set of comparable cases that have several trials."""
    for group in groups.split(run):
        cases = tuple(case for case in group.cases if case.has_figure and len(case.shown_trials) > 1)
        if cases:
            yield from rows.paged(group.name.replace("backends", "trials", 1), len(cases), rows.PAGE,
                                  lambda page, cases=cases: caption_of(cases[page]),
                                  functools.partial(_Drawing, cases),
                                  lambda page, cases=cases: numbers(cases[page]))


def changes(case, measure):
    """The dots' values in percent from the case's median, in order of the dots."""
    estimate = getattr(case, measure)
    if not estimate or not estimate.median:
        return []
    return [100 * (getattr(trial, measure) / estimate.median - 1)
            for trial in rows.dots(case.shown_trials, measure)]


def box(values):
    """(least, lower quartile, median, upper quartile, greatest), or None of too few values."""
    if len(values) < LEAST:
        return None
    low, middle, high = statistics.quantiles(values, n=4, method="inclusive")
    return min(values), low, middle, high, max(values)


def numbers(cases):
    """(columns, rows) of what is drawn, in percent."""
    made = []
    for measure, *_ in PANELS:
        for case in cases:
            values = changes(case, measure)
            made += [(case.id, measure, what, value) for what, value in zip(
                ("least", "lower quartile", "median", "upper quartile", "greatest"), box(values) or ())]
            made += [(case.id, measure, "trial", value) for value in values]
    return ("case", "measure", "what", "% from the case's median"), made


def caption_of(cases):
    """The caption: what a box is."""
    return caption.lines(
        "How far the trials lie from their case's median: boxes from quartile to quartile, whiskers to the "
        "least "
        f"and the greatest{caption.virtual(cases)}. Wide boxes want more trials or a quieter host.",
        f"{caption.setting(cases[0])}.", f"Fewer than {LEAST} trials have no box.",
        *(f"{case.id}: n={len(case.shown_trials)}, coefficient of variation of the rate "
          f"{100 * case.mpps.cov:.1f}%." for case in cases if case.mpps.cov is not None))


class _Drawing(Sheet):
    """The figure of a page of cases; their pages have one scale."""

    def __init__(self, all_cases, page, said):
        cases = all_cases[page]
        names, details, width = rows.labels(all_cases)
        left = MARGIN + width + PAD
        wide = (style.WIDTH - left - GAP - MARGIN) / 2
        legend = HEAD + text.height(1, style.VALUE) + 0.04
        top = legend + 0.18 + 0.08 + text.height(1, style.LABEL)
        body = ROW * len(cases)
        super().__init__(top + body + AXIS, "The trials of each case", cases, said)
        self.write(MARGIN, HEAD, text.wrap(caption.setting(cases[0]), style.VALUE, INSIDE, most=1)[0],
                   style.VALUE, color=style.SOFT_INK, gid="setting")
        self.legend(legend, [
            Patch(facecolor=style.paler(style.GREY, 0.6), edgecolor=style.INK, linewidth=0.8,
                  label="quartiles and median"),
            Line2D([], [], color=style.INK, linewidth=0.8, marker="|", markersize=5,
                   label="least to greatest"),
            Line2D([], [], linestyle="", marker="o", markersize=3.4, markerfacecolor="white",
                   markeredgecolor=style.INK, markeredgewidth=0.6, label="one trial")], 3)
        for column, (measure, title, unit) in enumerate(PANELS):
            x = left + column * (wide + GAP)
            self.write(x, top - text.height(1, style.LABEL) - 0.03, title, style.LABEL, weight="bold")
            axes = self.panel(x, top, wide, body, measure, unit=unit)
            axes.set_ylim(len(cases) - 0.5, -0.5)
            axes.set_yticks([])
            axes.axvline(0, color=style.SOFT_INK, linewidth=0.6, zorder=1)
            reach = max([abs(value) for case in all_cases for value in changes(case, measure)],
                        default=1) or 1
            axes.set_xlim(-1.1 * reach, 1.1 * reach)
            axes.xaxis.set_major_locator(MaxNLocator(5))
            for index, case in enumerate(cases):
                self._row(axes, index, case, measure)
        for index in range(len(cases)):
            detail = details[page][index]
            self.write(left - PAD, top + (index + 0.5) * ROW, names[page][index] + (
                f"\n{detail}" if detail and "\n" not in detail else ""), style.SMALL, ha="right", va="center",
                linespacing=1.15, gid=f"name-{index}")

    def _row(self, axes, index, case, measure):
        values, color = changes(case, measure), style.look(case.backend).color
        found = box(values)
        if found:
            least, low, middle, high, most = found
            axes.bxp([{"whislo": least, "q1": low, "med": middle, "q3": high, "whishi": most}],
                     positions=[index],
                     widths=BOX, vert=False, showfliers=False, manage_ticks=False, patch_artist=True,
                     boxprops={"facecolor": style.paler(color, 0.5), "edgecolor": style.edge(color),
                               "linewidth": 0.8, "gid": f"{measure}-box-{index}"},
                     medianprops={"color": style.INK, "linewidth": 1.3, "gid": f"{measure}-middle-{index}"},
                     whiskerprops={"color": style.edge(color), "linewidth": 0.8},
                     capprops={"color": style.edge(color), "linewidth": 0.8})
        if values:
            axes.scatter(values, [index + backends.jitter(place) * BOX * 0.7 for place in range(len(values))],
                         s=8, marker=DOT, linewidths=0.6, edgecolors=style.INK, facecolors="white", zorder=4,
                         gid=f"{measure}-dots-{index}")
        elif case.has_figure:
            axes.text(0.02, index, text.wrap(rows.absence(case, measure), style.SMALL, 2.2, most=1)[0],
                      fontsize=style.SMALL, va="center", color=style.SOFT_INK,
                      transform=axes.get_yaxis_transform())
