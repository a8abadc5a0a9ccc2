"""The figure of a run: Mpps and cycles per packet of every backend, side by side, one row a case."""
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, Rectangle
from matplotlib.path import Path
from matplotlib.ticker import FixedLocator, MaxNLocator, StrMethodFormatter

from plots import caption, groups, rows, style, text

MARGIN, GAP, PAD = 0.1, 0.2, 0.06        # inches
ROW, AXIS, BAR = 0.36, 0.42, 0.62        # inches a row, inches for ticks and name, bar height in rows
PANELS = (("mpps", "Received rate", "Mpps (10⁶ packets/s)"),
          ("cycles_per_packet", "Cycles per packet", "cycles per received packet"))
REASON_LINES = 2
CUT = " … (in full in caption.txt)"
DOT = Path.unit_regular_polygon(16)      # matplotlib takes a hundred times as long to measure curves


def figures(run):
    """(name, Figure, caption) of a run, one for each set of comparable cases or, where these are many, page.
    Raises groups.GroupError.

    The caption is the paragraph under the figure, then a line for every case that has no figure.
    """
    for group in groups.split(run):
        pages = rows.pages(len(group.cases), rows.PAGE)
        labels = rows.labels(group.cases)
        for number, page in enumerate(pages, start=1):
            shown = group._replace(cases=group.cases[page])
            end, said = rows.on_page(number, len(pages), caption.backends(run, shown))
            lines = "\n".join([said] + caption.not_measured(shown))
            yield group.name + end, draw(group, labels, said, page), lines


def draw(group, labels, said, page):
    """The figure of a page of a group, with its caption said wrapped under it; the pages have one scale.

    Artists are named by gid for tests. labels: as rows.labels() has them of the whole group.
    """
    with style.context():
        return _Drawing(group, labels, said, page).figure


class _Drawing:
    """One figure, laid out in inches from the top."""

    def __init__(self, group, labels, said, page):
        self.group, self.cases = group, group.cases[page]
        names, details, names_width = labels
        self.names, self.details = names[page], details[page]
        self.left = MARGIN + names_width + PAD
        self.panel = (style.WIDTH - self.left - GAP - MARGIN) / 2
        self.caption = text.wrap(said, style.CAPTION, style.WIDTH - 2 * MARGIN)
        self.setting = text.wrap(caption.setting(self.cases[0]), style.VALUE, style.WIDTH - 2 * MARGIN)
        self.note = rows.loads_note(self.cases)
        handles = self._legend_handles()
        legend_rows = -(-len(handles) // 3)
        self.body = ROW * len(self.cases)
        head = (MARGIN + text.height(1, style.TITLE) + text.height(len(self.setting), style.VALUE)
                + 0.06 + 0.17 * legend_rows + 0.06)
        self.titles = text.height(1, style.LABEL) + text.height(bool(self.note), style.SMALL) + 0.05
        foot = AXIS + 0.06 + text.height(len(self.caption), style.CAPTION) + MARGIN
        self.top = head + self.titles
        self.height = self.top + self.body + foot
        self.figure = Figure(figsize=(style.WIDTH, self.height))
        FigureCanvasAgg(self.figure)
        self._head(handles)
        for column, (measure, title, unit) in enumerate(PANELS):
            self._panel(column, measure, title, unit)
        for index, case in enumerate(self.cases):
            self._label(index)
            if not case.has_figure:
                self._reason(index, case)
        self._write(MARGIN, self.top + self.body + AXIS + 0.06, "\n".join(self.caption), style.CAPTION,
                    gid="caption", color=style.SOFT_INK)

    def _write(self, x, y, said, size, **options):
        """Text with its upper left corner x, y inches from the figure's."""
        options = {"va": "top", "ha": "left", "linespacing": 1.3, "parse_math": False, **options}
        return self.figure.text(x / style.WIDTH, 1 - y / self.height, said, fontsize=size, **options)

    def _head(self, handles):
        virtual = any(case.virtual for case in self.cases)
        title = "Receive rate and CPU cost by backend" + (" (virtual testbed)" if virtual else "")
        y = MARGIN
        self._write(MARGIN, y, title, style.TITLE, weight="bold", gid="title")
        y += text.height(1, style.TITLE)
        self._write(MARGIN, y, "\n".join(self.setting), style.VALUE, color=style.SOFT_INK, gid="setting")
        y += text.height(len(self.setting), style.VALUE) + 0.04
        if handles:
            self.figure.legend(handles=handles, loc="upper left", ncol=3, frameon=False, borderaxespad=0,
                               fontsize=style.SMALL + 0.5, handlelength=1.8, columnspacing=1.6, borderpad=0.1,
                               bbox_to_anchor=(MARGIN / style.WIDTH, 1 - y / self.height))

    def _legend_handles(self):
        ok = [case for case in self.cases if case.has_figure]
        if not ok:
            return []
        edge = style.edge(style.GREY)
        made = [Patch(facecolor=style.GREY, edgecolor=edge, label="median of the trials")]
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
            made.append(Patch(facecolor=style.paler(style.GREY, 0.6), edgecolor=edge,
                              hatch=style.LOWER_BOUND_HATCH, linestyle="--",
                              label=f"≥ lower bound, limited by the {' or the '.join(limits)}"))
        if any(case.status == "disturbed" for case in ok):
            made.append(Patch(facecolor=style.paler(style.GREY, 0.6), edgecolor=style.ALARM, linestyle=":",
                              label="disturbed"))
        return made

    def _panel(self, column, measure, title, unit):
        x = self.left + column * (self.panel + GAP)
        axes = self.figure.add_axes((x / style.WIDTH, 1 - (self.top + self.body) / self.height,
                                     self.panel / style.WIDTH, self.body / self.height), label=measure)
        axes.set_gid(measure)
        source = self.group.cycles_source
        if measure == "cycles_per_packet" and source:
            title += f" ({source.upper()})"
        y = self.top - self.titles
        self._write(x, y, title, style.LABEL, weight="bold")
        if measure == "cycles_per_packet" and self.note:
            self._write(x, y + text.height(1, style.LABEL), self.note, style.SMALL, style="italic",
                        color=style.ALARM, gid="loads-note")
        axes.set_ylim(len(self.cases) - 0.5, -0.5)
        axes.set_yticks([])
        for side in ("top", "right"):
            axes.spines[side].set_visible(False)
        axes.grid(axis="x", color=style.GRID, linewidth=0.6)
        axes.set_axisbelow(True)
        axes.set_xlabel(unit, fontsize=7, labelpad=2)
        axes.tick_params(axis="x", length=2.5, pad=2)
        for index, case in enumerate(self.cases):
            self._row(axes, index, case, measure)
        limit = max((_end(case, measure) * self.panel / (self.panel - _label_width(case, measure))
                     for case in self.group.cases if _has_bar(case, measure)), default=0)
        axes.set_xlim(0, limit or 1)
        ticks = MaxNLocator(4, steps=[1, 2, 2.5, 5, 10]).tick_values(0, limit) if limit else []
        axes.xaxis.set_major_locator(FixedLocator([tick for tick in ticks if 0 <= tick <= 0.93 * limit]))
        axes.xaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}" if limit > 100 else "{x:g}"))

    def _row(self, axes, index, case, measure):
        if not case.has_figure:
            return
        estimate = getattr(case, measure)
        if estimate.median is None:
            said = text.wrap(rows.absence(case, measure), style.SMALL, self.panel - 2 * PAD,
                             most=REASON_LINES)
            axes.annotate("\n".join(said), (0, index), xytext=(PAD * 72, 0), textcoords="offset points",
                          va="center", fontsize=style.SMALL, style="italic", color=style.SOFT_INK,
                          parse_math=False, gid=f"{measure}-absent-{index}")
            return
        self._bar(axes, index, case, measure, estimate.median)
        if estimate.ci95:
            self._interval(axes, index, measure, estimate)
        self._dots(axes, index, measure, case)
        first, second = rows.value(case, measure)
        shared = {"xy": (_end(case, measure), index), "textcoords": "offset points",
                  "bbox": {"facecolor": "white", "edgecolor": "none", "pad": 0.2}}
        axes.annotate(first, xytext=(PAD * 72, -1), va="bottom", fontsize=style.VALUE, weight="bold",
                      zorder=6, gid=f"{measure}-value-{index}", **shared)
        axes.annotate(second, xytext=(PAD * 72, -1.5), va="top", fontsize=style.SMALL, color=style.SOFT_INK,
                      zorder=5, gid=f"{measure}-basis-{index}", **shared)

    @staticmethod
    def _bar(axes, index, case, measure, median):
        look = style.look(case.backend)
        options = {"color": look.color, "hatch": look.hatch, "edgecolor": style.edge(look.color)}
        if rows.lower_bound(case) and measure == "mpps":
            options.update(color=style.paler(look.color, 0.6), hatch=style.LOWER_BOUND_HATCH, linestyle="--")
        if case.status == "disturbed":
            options.update(color=style.paler(look.color, 0.6), edgecolor=style.ALARM, linestyle=":")
        color = options.pop("color")
        bar = axes.barh(index, median, BAR, facecolor=color, linewidth=0.7, zorder=2, **options)
        bar[0].set_gid(f"{measure}-median-{index}")

    @staticmethod
    def _interval(axes, index, measure, estimate):
        low, high = estimate.ci95
        drawn = axes.errorbar(
            [estimate.median], [index], xerr=[[estimate.median - low], [high - estimate.median]], fmt="none",
            ecolor=style.INK, elinewidth=1.1, capsize=3, capthick=1.1, zorder=3)
        drawn[2][0].set_gid(f"{measure}-interval-{index}")

    @staticmethod
    def _dots(axes, index, measure, case):
        marks = (("shown", case.shown_trials,
                  {"marker": DOT, "s": 9, "edgecolors": style.INK, "facecolors": "white"}),
                 ("rejected", case.rejected_trials,
                  {"marker": "X", "s": 24, "edgecolors": style.ALARM, "facecolors": "none"}))
        for name, trials, look in marks:
            shown = rows.dots(trials, measure)
            values = [getattr(trial, measure) for trial in shown]
            heights = [index + jitter(trial.index) * BAR * 0.8 for trial in shown]
            if shown:
                dots = axes.scatter(values, heights, linewidths=0.6, zorder=4, clip_on=False, **look)
                dots.set_gid(f"{measure}-{name}-{index}")

    def _label(self, index):
        middle = self.top + (index + 0.5) * ROW
        x = self.left - PAD
        detail = self.details[index]
        lines = detail.count("\n") + 1 if detail else 0
        y = middle - (text.height(1, style.LABEL) + text.height(lines, style.SMALL)) / 2
        case = self.cases[index]
        changed = case.mode_effective not in (None, case.mode_requested)
        self._write(x, y, self.names[index], style.LABEL, ha="right", gid=f"name-{index}")
        if detail:
            self._write(x, y + text.height(1, style.LABEL), detail, style.SMALL, ha="right",
                        color=style.ALARM if changed else style.SOFT_INK, gid=f"detail-{index}")

    def _reason(self, index, case):
        """A grey band over both panels with the status and the reason: nothing that looks like a zero."""
        full = 2 * self.panel + GAP
        y = self.top + index * ROW
        self.figure.add_artist(Rectangle(
            (self.left / style.WIDTH, 1 - (y + ROW - 0.02) / self.height), full / style.WIDTH,
            (ROW - 0.04) / self.height, transform=self.figure.transFigure, facecolor=style.BAND,
            zorder=1))
        lines = text.wrap(f"{case.status}: {case.reason}", style.SMALL, full - 2 * PAD,
                          most=REASON_LINES, cut=CUT)
        self._write(self.left + PAD, y + ROW / 2, "\n".join(lines), style.SMALL, va="center", zorder=2,
                    color=style.SOFT_INK, gid=f"reason-{index}")


def _has_bar(case, measure):
    return case.has_figure and getattr(case, measure).median is not None


def _end(case, measure):
    """The largest value of a row with a bar."""
    estimate = getattr(case, measure)
    shown = [getattr(trial, measure) for trial in case.trials]
    return max([estimate.median, *(estimate.ci95 or ()), *(value for value in shown if value is not None)])


def _label_width(case, measure):
    """Inches that the two lines at the end of a bar need."""
    first, second = rows.value(case, measure)
    return max(text.width(first, style.VALUE, "bold"), text.width(second, style.SMALL)) + 2 * PAD


def jitter(index):
    """Place of a trial within its bar, -0.5 to 0.5: spread by the golden ratio, the same each time."""
    return (0.5 + index * 0.6180339887) % 1 - 0.5
