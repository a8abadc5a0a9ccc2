"""Figures of a rate along something that cases differ in: a line for each way of receiving, with
intervals."""
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, MaxNLocator, NullLocator, StrMethodFormatter

from plots import caption, groups, rows, style, text
from plots.sheet import AXIS, HEAD, INSIDE, MARGIN, Sheet

LEFT, GAP, PANEL = 0.55, 0.55, 2.3          # inches: for a scale, between panels, a panel's height
LINES = 6                                   # lines that can be told apart
MARKERS = "os^DvP"


def together(run, what):
    """[[(way, [cases by what])]]: for each setting that is equal but for the keys named in what, its ways of
    receiving that were measured at two values or more."""
    found = {}
    for case in run.cases:
        value = getattr(case, what)
        if case.has_figure and value is not None:
            setting = tuple(one for one in groups.setting(case)
                            if not (isinstance(one, tuple) and one[0] == what))
            other = case.frame_size if what == "queues" else case.queues
            way = (case.backend, str(case.options), case.label, case.telemetry)
            found.setdefault((setting, other), {}).setdefault(way, []).append(case)
    made = []
    for ways in found.values():
        shown = [sorted(cases, key=lambda case: getattr(case, what)) for cases in ways.values()
                 if len({getattr(case, what) for case in cases}) > 1]
        if shown:
            made.append(shown)
    return made


def names(ways):
    """What tells the ways from one another."""
    first = [cases[0] for cases in ways]
    said = [f"{case.backend} {detail}" if sum(one.backend == case.backend for one in first) > 1
            else case.backend
            for case, detail in zip(first, rows.details(first))]
    return text.told_apart(said, lambda one: text.width(one, style.SMALL) <= 2)


class Along(Sheet):
    """Panels side by side, each (name, label of y, factor(case)) of the rate in Mpps; one line a way."""

    def __init__(self, title, what, unit, panels, ways, page, said):
        self.what, self.ways = what, ways
        shown = ways[page]
        labels = names(ways)[page]
        cases = [case for way in ways for case in way]
        lines = text.wrap(caption.setting(cases[0]), style.VALUE, INSIDE, most=1)
        legend = HEAD + text.height(1, style.VALUE) + 0.04
        top = legend + 0.18 * -(-(len(shown) + 2) // 3) + 0.12
        super().__init__(top + PANEL + AXIS, title, cases, said)
        self.write(MARGIN, HEAD, lines[0], style.VALUE, color=style.SOFT_INK, gid="setting")
        width = (style.WIDTH - MARGIN - len(panels) * LEFT - (len(panels) - 1) * (GAP - LEFT)) / len(panels)
        for column, (name, label, factor) in enumerate(panels):
            axes = self.panel(LEFT + column * (width + GAP), top, width, PANEL, name, unit=unit, grid="both")
            axes.set_ylabel(label, fontsize=7, labelpad=3)
            axes.tick_params(axis="y", labelsize=7)
            ends = [end * factor(case) for case in cases for end in (case.mpps.ci95 or [case.mpps.median])]
            self._scales(axes, cases, ends + self.references(axes, cases, factor))
            for place, way in enumerate(shown):
                self._line(axes, place, way, factor)
        handles = [Line2D([], [], color=style.look(way[0].backend).color, marker=MARKERS[place], markersize=4,
                          linewidth=1.2, markeredgecolor=style.edge(style.look(way[0].backend).color),
                          label=label) for place, (way, label) in enumerate(zip(shown, labels))]
        self.legend(legend, handles + self.marks(shown), 3)

    def references(self, axes, cases, factor):
        """Draws what the rates are held against; the values that are to be in the picture."""
        raise NotImplementedError

    def marks(self, ways):
        """What the legend says of them."""
        raise NotImplementedError

    def _scales(self, axes, cases, ends):
        values = sorted({getattr(case, self.what) for case in cases})
        if rows.wide(ends):
            axes.set_yscale("log")
            axes.set_ylim(min(end for end in ends if end > 0) / 1.5, max(ends) * 1.5)
            axes.yaxis.set_minor_locator(NullLocator())
            axes.yaxis.set_major_formatter(StrMethodFormatter("{x:,g}"))
        else:
            axes.set_ylim(0, max(ends) * 1.08)
            axes.yaxis.set_major_locator(MaxNLocator(5))
        room = 0.05 * (values[-1] - values[0])
        axes.set_xlim(values[0] - room, values[-1] + room)
        apart = [values[0]]
        for value in values[1:]:
            if value - apart[-1] >= 0.07 * (values[-1] - values[0]):
                apart.append(value)
        axes.xaxis.set_major_locator(FixedLocator(apart))

    def _line(self, axes, place, way, factor):
        color = style.look(way[0].backend).color
        x = [getattr(case, self.what) for case in way]
        y = [case.mpps.median * factor(case) for case in way]
        axes.plot(x, y, color=color, linewidth=1.2, gid=f"{axes.get_label()}-line-{place}")
        for number, (case, at, value) in enumerate(zip(way, x, y)):
            bound = rows.lower_bound(case)
            axes.plot([at], [value], color=color, marker="^" if bound else MARKERS[place], linestyle="",
                      markersize=6 if bound else 4.5, markeredgecolor=style.edge(color),
                      markerfacecolor="white" if bound else color, zorder=4,
                      gid=f"{axes.get_label()}-median-{place}-{number}")
            if case.mpps.ci95:
                low, high = (end * factor(case) for end in case.mpps.ci95)
                axes.errorbar([at], [value], yerr=[[value - low], [high - value]], fmt="none", zorder=3,
                              ecolor=style.edge(color), elinewidth=1, capsize=2.5)


def bound_mark(ways):
    """The legend's entry for lower bounds, where there is one."""
    if any(rows.lower_bound(case) for way in ways for case in way):
        return [Line2D([], [], linestyle="", marker="^", markersize=6, markerfacecolor="white",
                       markeredgecolor=style.INK, label="≥ lower bound (generator or link)")]
    return []
