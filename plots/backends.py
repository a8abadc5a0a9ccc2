"""The figure of a run: Mpps and cycles per packet of every backend, side by side, one row a case."""
import functools
import math

from matplotlib.lines import Line2D
from matplotlib.patches import Patch, Rectangle
from matplotlib.path import Path
from matplotlib.ticker import FixedLocator, MaxNLocator, NullLocator, StrMethodFormatter

from plots import caption, groups, rows, style, text
from plots.sheet import AXIS, HEAD, INSIDE, MARGIN, PAD, Sheet

GAP, ROW, BAR = 0.2, 0.36, 0.62          # inches between panels, inches a row, bar height in rows
PANELS = (("mpps", "Received rate", "Mpps (10⁶ packets/s)"),
          ("cycles_per_packet", "Cycles per packet", "cycles per received packet"))
REASON_LINES = 2
WORDS = 0.66                             # of a panel, what stands at a bar's end at most
CUT = " … (in full in caption.txt)"
DOT = Path.unit_regular_polygon(16)      # matplotlib takes a hundred times as long to measure curves


def figures(run):
    """The pages (rows.paged) of a run, for each set of comparable cases. Raises groups.GroupError.

    The caption is the paragraph under the figure, then a line for every case that has no figure.
    """
    for group in groups.split(run):
        def said(page, group=group):
            shown = group._replace(cases=group.cases[page])
            return "\n".join([caption.backends(run, shown)] + caption.not_measured(shown))

        labels = rows.labels(group.cases)
        draw = functools.partial(_Drawing, group, labels, _reach(group.cases, _width(labels)))
        yield from rows.paged(group.name, len(group.cases), rows.PAGE, said, draw,
                              lambda page, cases=group.cases: numbers(cases[page]))


def numbers(cases):
    """(columns, rows) of what is drawn: each median, end of an interval and dot."""
    made = []
    for measure, _, unit in PANELS:
        for case in cases:
            if not _has_bar(case, measure):
                continue
            estimate = getattr(case, measure)
            bound = "at least " * (measure == "mpps" and rows.lower_bound(case))
            made.append((case.id, measure, unit, bound + "median", estimate.median))
            made += [(case.id, measure, unit, end, value) for end, value in
                     zip(("interval low", "interval high"), estimate.ci95 or ())]
            for what, trials in (("trial", case.shown_trials), ("trial not in the median",
                                                                case.rejected_trials)):
                made += [(case.id, measure, unit, what, getattr(trial, measure))
                         for trial in rows.dots(trials, measure)]
    return ("case", "measure", "unit", "what", "value"), made


def _width(labels):
    """Inches of a panel beside the names at the left."""
    return (style.WIDTH - MARGIN - labels[2] - PAD - GAP - MARGIN) / 2


def _reach(cases, width):
    """For each measure where its bars end and their least dot is, in its unit, and how long what is said at
    their ends is; and each median."""
    return {measure: [(_end(case, measure), min(_values(case, measure)), _label_width(case, measure, width),
                       getattr(case, measure).median)
                      for case in cases if _has_bar(case, measure)] for measure, _, _ in PANELS}


class _Drawing(Sheet):
    """The figure of a page of a group; its pages have one scale. labels and reach are the group's."""

    def __init__(self, group, labels, reach, page, said):
        self.group, self.reach, self.cases = group, reach, group.cases[page]
        self.wide = {measure: rows.wide(median for *_, median in found) for measure, found in reach.items()}
        names, details, names_width = labels
        self.left = MARGIN + names_width + PAD
        self.width = _width(labels)
        setting = text.wrap(caption.setting(self.cases[0]), style.VALUE, INSIDE)
        self.note = rows.loads_note(self.cases)
        handles = self._legend_handles()
        legend = HEAD + text.height(len(setting), style.VALUE) + 0.04
        self.titles = legend + 0.17 * -(-len(handles) // 3) + 0.08
        self.top = (self.titles + text.height(1, style.LABEL) + text.height(bool(self.note), style.SMALL)
                    + 0.05)
        self.body = ROW * len(self.cases)
        super().__init__(self.top + self.body + AXIS + 0.06, "Receive rate and CPU cost by backend",
                         self.cases, said)
        self.write(MARGIN, HEAD, "\n".join(setting), style.VALUE, color=style.SOFT_INK, gid="setting")
        self.legend(legend, handles, 3)
        for column, (measure, title, unit) in enumerate(PANELS):
            self._panel(column, measure, title, unit)
        for index, case in enumerate(self.cases):
            self._label(index, case, names[page][index], details[page][index])
            if not case.has_figure:
                self._reason(index, case)

    def _legend_handles(self):
        ok = [case for case in self.cases if case.has_figure]
        if not ok:
            return []
        edge = style.edge(style.GREY)
        made = []
        if not all(self.wide.values()):
            made.append(Patch(facecolor=style.GREY, edgecolor=edge, label="median of the trials"))
        if any(self.wide.values()):
            made.append(Line2D([], [], linestyle="", marker="D", markersize=5.5, markerfacecolor=style.GREY,
                               markeredgecolor=edge, label="median (logarithmic axis)"))
        covered = {round(100 * e.confidence) for case in ok
                   for e in (case.mpps, case.cycles_per_packet) if e.confidence}
        if covered:
            span = "–".join(str(c) for c in sorted({min(covered), max(covered)}))
            made.append(Line2D([], [], color=style.INK, linewidth=1.1, marker="|", markersize=5,
                               label=f"confidence interval ({span}%) of the median"))
        made.append(Line2D([], [], linestyle="", marker="o", markersize=3.4, markerfacecolor="white",
                           markeredgecolor=style.INK, markeredgewidth=0.6, label="one trial"))
        if any(t.mpps is not None for case in ok for t in case.rejected_trials):
            made.append(Line2D([], [], linestyle="", marker="X", markersize=5, markerfacecolor="none",
                               markeredgecolor=style.ALARM, markeredgewidth=0.8,
                               label="one trial not in the median"))
        limits = sorted({case.limiter for case in ok if rows.lower_bound(case)})
        if limits:
            words = f"≥ lower bound, limited by the {' or the '.join(limits)}"
            pale = style.paler(style.GREY, 0.6)
            made.append(Line2D([], [], linestyle="", marker=">", markersize=6.5, markerfacecolor=pale,
                               markeredgecolor=edge, label=words) if self.wide["mpps"] else
                        Patch(facecolor=pale, edgecolor=edge, hatch=style.LOWER_BOUND_HATCH, linestyle="--",
                              label=words))
        if any(case.status == "disturbed" for case in ok):
            made.append(Patch(facecolor=style.paler(style.GREY, 0.6), edgecolor=style.ALARM, linestyle=":",
                              label="disturbed"))
        return made

    def _panel(self, column, measure, title, unit):
        x = self.left + column * (self.width + GAP)
        axes = self.panel(x, self.top, self.width, self.body, measure, unit=unit)
        source = self.group.cycles_source
        if measure == "cycles_per_packet" and source:
            title += f" ({source.upper()})"
        self.write(x, self.titles, title, style.LABEL, weight="bold")
        if measure == "cycles_per_packet" and self.note:
            self.write(x, self.titles + text.height(1, style.LABEL), self.note, style.SMALL,
                       color=style.ALARM, gid="loads-note")
        axes.set_ylim(len(self.cases) - 0.5, -0.5)
        axes.set_yticks([])
        for index, case in enumerate(self.cases):
            if _has_bar(case, measure):
                self._median(axes, index, case, measure)
            elif case.has_figure:
                said = text.wrap(rows.absence(case, measure), style.SMALL, self.width - 2 * PAD,
                                 most=REASON_LINES)
                self.write(x + PAD, self.top + (index + 0.5) * ROW, "\n".join(said), style.SMALL,
                           color=style.SOFT_INK,
                           va="center", gid=f"{measure}-absent-{index}")
        # What all rows have alike is drawn at once: a figure takes its time by the number of its artists.
        self._intervals(axes, measure)
        self._dots(axes, measure, "shown", marker=DOT, s=9, edgecolors=style.INK, facecolors="white")
        self._dots(axes, measure, "rejected", marker="X", s=24, edgecolors=style.ALARM, facecolors="none")
        if self.wide[measure]:
            self._logarithmic(axes, measure)
            return
        limit = max((end * self.width / (self.width - said) for end, _, said, _ in self.reach[measure]),
                    default=0)
        axes.set_xlim(0, limit or 1)
        ticks = MaxNLocator(4, steps=[1, 2, 2.5, 5, 10]).tick_values(0, limit) if limit else []
        axes.xaxis.set_major_locator(FixedLocator([tick for tick in ticks if 0 <= tick <= 0.93 * limit]))
        axes.xaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}" if limit > 100 else "{x:g}"))

    def _logarithmic(self, axes, measure):
        """The axis from the least to where what is said of each has room."""
        low = min(least for _, least, *_ in self.reach[measure] if least > 0) / 1.3
        high = max(low * (end / low) ** (self.width / (self.width - said))
                   for end, _, said, _ in self.reach[measure])
        axes.set_xscale("log")
        axes.set_xlim(low, high)
        most = max(end for end, *_ in self.reach[measure])  # right of it there are words only
        decades = range(math.ceil(math.log10(low)), math.ceil(math.log10(most)) + 1)
        axes.xaxis.set_major_locator(FixedLocator([10.0 ** decade for decade in decades
                                                   if 10.0 ** decade < 0.9 * high]))
        axes.xaxis.set_minor_locator(NullLocator())
        axes.xaxis.set_major_formatter(StrMethodFormatter("{x:,g}"))

    def _median(self, axes, index, case, measure):
        look = style.look(case.backend)
        options = {"facecolor": look.color, "hatch": look.hatch, "edgecolor": style.edge(look.color)}
        if rows.lower_bound(case) and measure == "mpps":
            options.update(facecolor=style.paler(look.color, 0.6), hatch=style.LOWER_BOUND_HATCH,
                           linestyle="--")
        if case.status == "disturbed":
            options.update(facecolor=style.paler(look.color, 0.6), edgecolor=style.ALARM, linestyle=":")
        median, gid = getattr(case, measure).median, f"{measure}-median-{index}"
        if self.wide[measure]:
            bound = rows.lower_bound(case) and measure == "mpps"
            axes.plot([median], [index], marker=">" if bound else "D", markersize=8 if bound else 6.5,
                      markerfacecolor=options["facecolor"], markeredgecolor=options["edgecolor"],
                      linestyle="",
                      markeredgewidth=0.8, zorder=3.5, gid=gid)
        else:
            axes.add_patch(Rectangle((0, index - BAR / 2), median, BAR, linewidth=0.7, zorder=2, gid=gid,
                                     **options))
        first, second = _labels(case, measure, self.width)
        end = _end(case, measure)
        away = PAD * 72 + (4 if self.wide[measure] else 0)  # beside a mark, not a bar's end
        self.beside(axes, end, index, first, style.VALUE, (away, -1), va="bottom", weight="bold",
                    gid=f"{measure}-value-{index}")
        self.beside(axes, end, index, second, style.SMALL, (away, -1.5), va="top",
                    color=style.SOFT_INK, gid=f"{measure}-basis-{index}")

    def _intervals(self, axes, measure):
        shown = [(index, *estimate.ci95, estimate.median) for index, estimate in (
            (index, getattr(case, measure)) for index, case in enumerate(self.cases)
            if _has_bar(case, measure)) if estimate.ci95]
        if shown:
            at, low, high, middle = map(list, zip(*shown))
            errors = [[m - end for m, end in zip(middle, low)], [end - m for m, end in zip(middle, high)]]
            drawn = axes.errorbar(middle, at, xerr=errors, fmt="none", ecolor=style.INK, elinewidth=1.1,
                                  capsize=3, capthick=1.1, zorder=3)
            drawn[2][0].set_gid(f"{measure}-intervals")

    def _dots(self, axes, measure, kind, **look):
        shown = [(getattr(trial, measure), index + jitter(trial.index) * BAR * 0.8)
                 for index, case in enumerate(self.cases) if _has_bar(case, measure)
                 for trial in rows.dots(getattr(case, f"{kind}_trials"), measure)]
        if shown:
            dots = axes.scatter(*zip(*shown), linewidths=0.6, zorder=4, clip_on=False, **look)
            dots.set_gid(f"{measure}-{kind}")

    def _label(self, index, case, name, detail):
        middle = self.top + (index + 0.5) * ROW
        x = self.left - PAD
        lines = detail.count("\n") + 1 if detail else 0
        y = middle - (text.height(1, style.LABEL) + text.height(lines, style.SMALL)) / 2
        changed = case.mode_effective not in (None, case.mode_requested)
        self.write(x, y, name, style.LABEL, ha="right", gid=f"name-{index}")
        if detail:
            self.write(x, y + text.height(1, style.LABEL), detail, style.SMALL, ha="right",
                       color=style.ALARM if changed else style.SOFT_INK, gid=f"detail-{index}")

    def _reason(self, index, case):
        """A grey band over both panels with the status and the reason: nothing that looks like a zero."""
        full = 2 * self.width + GAP
        y = self.top + index * ROW
        self.figure.add_artist(Rectangle(
            (self.left / style.WIDTH, 1 - (y + ROW - 0.02) / self.height), full / style.WIDTH,
            (ROW - 0.04) / self.height, transform=self.figure.transFigure, facecolor=style.BAND,
            zorder=1))
        lines = text.wrap(f"{case.status}: {case.reason}", style.SMALL, full - 2 * PAD,
                          most=REASON_LINES, cut=CUT)
        self.write(self.left + PAD, y + ROW / 2, "\n".join(lines), style.SMALL, va="center", zorder=2,
                   color=style.SOFT_INK, gid=f"reason-{index}")


def _has_bar(case, measure):
    return case.has_figure and getattr(case, measure).median is not None


def _end(case, measure):
    """The largest value of a row with a bar."""
    return max(_values(case, measure))


def _values(case, measure):
    """All that is drawn of a row."""
    estimate = getattr(case, measure)
    shown = [getattr(trial, measure) for trial in case.trials]
    return [estimate.median, *(estimate.ci95 or ()), *(value for value in shown if value is not None)]


def _labels(case, measure, width):
    """The two lines at the end of a bar; the second is cut where it would leave the bar no room."""
    first, second = rows.value(case, measure)
    return first, text.wrap(second, style.SMALL, WORDS * width, most=1)[0]


def _label_width(case, measure, width):
    """Inches that they need."""
    first, second = _labels(case, measure, width)
    return max(text.width(first, style.VALUE, "bold"), text.width(second, style.SMALL)) + 3 * PAD


def jitter(index):
    """Place of a trial within its bar, -0.5 to 0.5: spread by the golden ratio, the same each time."""
    return (0.5 + index * 0.6180339887) % 1 - 0.5
