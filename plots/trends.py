"""The figure of a history: each series by run, the levels that it had, and where they changed.

It is drawn of what `pktbench history trend --format json` prints.
"""
import functools
import statistics
from types import SimpleNamespace

from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, MaxNLocator

from plots import caption, rows, style, text
from plots.sheet import AXIS, HEAD, MARGIN, Sheet

PAGE = 5                                    # series
LEFT, PANEL, GAP = 0.72, 1.1, 0.16          # inches
DATES = 6                                   # dates along a panel, at most
RINGS = {True: "^", False: "o"}             # of points that are not judged: lower bounds, and others


def figures(trend):
    """The pages (rows.paged) of a pktbench-trend/1: the series that changed come first."""
    series = sorted(trend["series"], key=lambda one: not one["changes"])
    return rows.paged("trend", len(series), PAGE, lambda page: caption_of(series[page]),
                      functools.partial(_Drawing, series), lambda page: numbers(series[page]))


def numbers(series):
    """(columns, rows): every run of every series."""
    keys = ("run", "started_at", "median", "spread", "judged", "at_least")
    return ("case", "metric", "unit", *keys), [
        (one["case"], one["metric"], one["unit"], *(point[key] for key in keys))
        for one in series for point in one["points"]]


def percent(change):
    """'-2.0%', or with its unit where there was nothing before."""
    if change["relative"] is None:
        return f"{text.number(change['before'])} to {text.number(change['after'])}"
    return f"{100 * change['relative']:+.1f}%".replace("-", "−")


def caption_of(series):
    """The caption: what the marks are, then each change with what changed beside it."""
    hosts = sorted({one["identity"].get("host") or "a host not known" for one in series})
    virtual = "; virtual, so no statement about hardware" if any(one["virtual"] for one in series) else ""
    brief = (f"Each case's metric, run by run, on {', '.join(text.some(hosts))}{virtual}. A mark is the "
             "median of a run with the standard deviation within it, a line a level between changes.")
    parts = ["Hollow marks are disturbed, or lower bounds (triangles), and are not judged. E-divisive with a "
             "t-test found the changes."]
    for one in series:
        for change in one["changes"]:
            parts.append(f"{one['case']}, {one['metric']}: {change['kind']} of {percent(change)} since "
                         f"{change['started_at'][:10]} (run {change['run']}); {_causes(change)}.")
    return caption.lines(brief, *parts)


def _causes(change):
    for said, found in (("changed there", change["changed"]), ("changed near there", change["changed_near"])):
        if found:
            return f"{said}: " + "; ".join(text.some(
                f"{one['name']} {_known(one['before'])} → {_known(one['after'])}" for one in found))
    return "nothing that is recorded of the environment changed there"


def _known(value):
    if not value:
        return "not known" if value is None else '""'
    return text.wrap(value, style.CAPTION, 2.0, most=1)[0]


def levels(one):
    """[(first, last, from, to)] of the lines: places among the points, and values."""
    places = {point["run"]: place for place, point in enumerate(one["points"])}
    changes, made = one["changes"], []
    judged = [point["median"] for point in one["points"] if point["judged"]]
    if not judged:
        return []
    begin, value = 0, changes[0]["before"] if changes else statistics.fmean(judged)
    for change, following in zip(changes, [*changes[1:], None]):
        at = places[change["run"]]
        if at > begin:
            made.append((begin, at - 1, value, value))
        end = places[following["run"]] - 1 if following else len(one["points"]) - 1
        drift = change["kind"] == "drift"
        made.append((at, end, change["before"] if drift else change["after"], change["after"]))
        begin, value = end + 1, change["after"]
    return made or [(0, len(one["points"]) - 1, value, value)]


class _Drawing(Sheet):
    """The figure of a page of series: a panel for each."""

    def __init__(self, all_series, page, said):
        series = all_series[page]
        names = text.told_apart([f"{one['case']}: {one['metric']}" for one in series],
                                lambda name: text.width(name, style.LABEL) <= style.WIDTH - LEFT - MARGIN)
        head = text.height(1, style.LABEL) + 0.16
        row = head + PANEL + AXIS
        top = HEAD + 0.3
        super().__init__(top + len(series) * row + (len(series) - 1) * GAP, "Run by run", [
            SimpleNamespace(virtual=one["virtual"]) for one in series], said)
        self.legend(HEAD + 0.06, self._legend(), 5)
        for number, one in enumerate(series):
            y = top + number * (row + GAP)
            self.write(LEFT, y, names[number], style.LABEL, gid=f"name-{number}")
            self._panel(number, one, y + head)

    @staticmethod
    def _legend():
        dot = {"linestyle": "", "markersize": 3.4, "markeredgewidth": 0.7, "markeredgecolor": style.INK}
        return [Line2D([], [], marker="o", markerfacecolor=style.GREY, label="median of a run", **dot),
                Line2D([], [], marker="o", markerfacecolor="white", label="disturbed", **dot),
                Line2D([], [], marker="^", markerfacecolor="white", label="lower bound", **dot),
                Line2D([], [], color=style.INK, linewidth=1.1, label="level"),
                Line2D([], [], color=style.ALARM, linewidth=0.8, linestyle="--",
                       label="change for the worse")]

    def _panel(self, number, one, y):
        points = one["points"]
        axes = self.panel(LEFT, y, style.WIDTH - LEFT - MARGIN, PANEL, f"series-{number}", unit="started",
                          grid="y")
        axes.set_ylabel(one["unit"], fontsize=7, labelpad=3)
        axes.tick_params(labelsize=7)
        axes.yaxis.set_major_locator(MaxNLocator(4))
        color = style.look(one["case"].partition("/")[0]).color
        judged = [place for place, point in enumerate(points) if point["judged"]]
        axes.errorbar(judged, [points[i]["median"] for i in judged], fmt="o", markersize=2.6, color=color,
                      yerr=[points[i]["spread"] or 0 for i in judged], elinewidth=0.6,
                      ecolor=style.paler(color, 0.4), zorder=3)[0].set_gid(f"judged-{number}")
        for least, marker in RINGS.items():
            places = [i for i, point in enumerate(points)
                      if not point["judged"] and point["at_least"] is least]
            axes.plot(places, [points[i]["median"] for i in places], linestyle="", marker=marker,
                      markersize=3.4, markerfacecolor="white", markeredgecolor=style.edge(color),
                      markeredgewidth=0.7, gid=f"{'least' if least else 'disturbed'}-{number}", zorder=3)
        for first, last, begin, end in levels(one):
            axes.plot([first - 0.4, last + 0.4], [begin, end], color=style.INK, linewidth=1.1, zorder=4,
                      gid=f"level-{number}")
        for change in one["changes"]:
            self._change(axes, number, one, change)
        ticks = list(range(0, len(points), -(-len(points) // DATES)))
        axes.xaxis.set_major_locator(FixedLocator(ticks))
        axes.set_xticklabels([points[i]["started_at"][:10] for i in ticks])
        axes.set_xlim(-1, len(points))
        self._range(axes, points)

    @staticmethod
    def _change(axes, number, one, change):
        at = next(i for i, point in enumerate(one["points"]) if point["run"] == change["run"]) - 0.5
        color = style.ALARM if change["worse"] else style.INK
        axes.axvline(at, color=color, linewidth=0.8, linestyle="--", zorder=2).set_gid(f"change-{number}")
        right = at > 0.8 * len(one["points"])
        axes.text(at, 1.02, f"{change['kind']} {percent(change)}", fontsize=style.SMALL, color=color,
                  va="bottom", ha="right" if right else "left", transform=axes.get_xaxis_transform(),
                  gid=f"said-{number}")

    @staticmethod
    def _range(axes, points):
        """What hardly changes is shown not so close that its noise fills the panel."""
        low = min(point["median"] - (point["spread"] or 0) for point in points)
        high = max(point["median"] + (point["spread"] or 0) for point in points)
        room = max(0.1 * (high - low), 0.01 * abs(high), 1e-9)
        axes.set_ylim(low - room, high + room)
