"""The figure of a search: for each case and goal the throughput, and the bounds that were found."""
import functools
import statistics

from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import NullLocator, StrMethodFormatter

from plots import caption, groups, rows, style, text
from plots.sheet import AXIS, HEAD, MARGIN, PAD, Sheet

ROW = 0.3                                       # inches
LOOKS = (style.BLUE, style.VERMILLION, style.GREY)


def figures(run):
    """The pages (rows.paged) of a run, for each set of comparable cases. Raises groups.GroupError."""
    for group in groups.split(run):
        goals = max(len(goals_of(case)) for case in group.cases) or 1
        yield from rows.paged(group.name, len(group.cases), max(rows.PAGE // goals, 1),
                              lambda page, cases=group.cases: caption_of(cases[page]),
                              functools.partial(_Drawing, group.cases),
                              lambda page, cases=group.cases: numbers(cases[page]))


def numbers(cases):
    """(columns, rows) of what is drawn."""
    made = []
    for case in cases:
        for name, found in goals_of(case).items():
            rates = _rates(found, "conditional_pps")
            lower, upper = _rates(found, "lower_pps"), _rates(found, "upper_pps")
            if lower and rates:
                made.append((case.id, name, 100 * found[0]["loss_ratio"], statistics.median(rates),
                             min(lower),
                             max(upper + lower), _is_open(found), case.line_rate_mpps))
    return ("case", "goal", "loss at most, %", "median, Mpps", "least lower bound, Mpps",
            "greatest bound, Mpps", "lower bound only", "line rate, Mpps"), made


def _rates(found, key):
    return [goal[key] / 1e6 for goal in found if goal[key] is not None]


def _is_open(found):
    return not all(goal["regular"] for goal in found)


def goals_of(case):
    """The case's goals by name, each a list with one entry a search."""
    found = {}
    for goal in (case.search or {}).get("goals", []):
        found.setdefault(goal["name"], []).append(goal)
    return found


def caption_of(cases):
    """The caption: what the goals are, how many searches, and what is irregular."""
    goals, reasons, floors, searches = {}, [], [], 0
    for case in cases:
        if not goals_of(case):
            reasons.append(f"{case.id}: {case.status}: {case.reason}.")
        for name, found in goals_of(case).items():
            goals[name] = found[0]["loss_ratio"]
            searches = max(searches, len(found))
            reasons += sorted({f"{case.id}, {name}: irregular: {goal['reason']}."
                               for goal in found if not goal["regular"]})
        floor = (case.search or {}).get("floor")
        if floor and floor["lost"]:
            floors.append(f"Floor of loss of {case.id}: {100 * floor['loss_ratio']:.2g}% at "
                          f"{floor['load_pps'] / 1e6:.3f} Mpps.")
    lost = ", ".join(f"{name} (at most {100 * ratio:g}% of the frames lost)" for name, ratio in goals.items())
    brief = (f"The highest loads found, {lost}: median of {searches} search{'es' * (searches != 1)}"
             f"{caption.virtual(cases)}. Whiskers go from the least lower to the greatest upper bound of the "
             "searches; ≥: no upper bound was found.")
    return caption.lines(brief, f"{caption.setting(cases[0])}.",
                         "The median is of the conditional throughput (RFC 9971).",
                         "A dotted line is the line rate." * any(case.line_rate_mpps for case in cases),
                         *reasons, *floors)


class _Drawing(Sheet):
    """The figure of a page of cases; their pages have one scale."""

    def __init__(self, all_cases, page, said):
        cases = all_cases[page]
        shown = [(case, name, found) for case in cases for name, found in goals_of(case).items()]
        names = [f"{case.id}  {name}" for case, name, _ in shown]
        room = min(max([text.width(name, style.LABEL) for name in names], default=0), style.WIDTH / 2)
        left = MARGIN + room + PAD
        top, body = HEAD + 0.25, ROW * max(len(shown), 1)
        super().__init__(top + body + AXIS, "Throughput by loss", cases, said)
        axes = self.panel(left, top, style.WIDTH - left - MARGIN, body, "rates",
                          unit="load, Mpps (10⁶ packets/s)")
        looks = {name: LOOKS[i % len(LOOKS)] for i, name in enumerate(dict.fromkeys(n for _, n, _ in shown))}
        ends = [end for _, _, _, median, low, high, _, line in numbers(all_cases)[1]
                for end in (median, low, high, line) if end]
        for row, (case, name, found) in enumerate(shown):
            self._row(axes, row, found, looks[name], rows.wide(ends))
            if case.line_rate_mpps:
                axes.plot([case.line_rate_mpps] * 2, [row - 0.5, row + 0.5], color=style.INK, linewidth=1,
                          linestyle=":", gid=f"line-{row}")
        axes.set_ylim(max(len(shown), 1) - 0.5, -0.5)
        if rows.wide(ends):
            axes.set_xscale("log")
            least = min(end for end in ends if end > 0)
            axes.set_xlim(least / 1.5, max(ends) * (max(ends) / least) ** 0.35)
            axes.xaxis.set_minor_locator(NullLocator())
            axes.xaxis.set_major_formatter(StrMethodFormatter("{x:,g}"))
        else:
            axes.set_xlim(0, max(ends, default=1) * 1.4)
        axes.set_yticks(range(len(shown)), text.told_apart(
            names, lambda name: text.width(name, style.LABEL) <= room), fontsize=style.LABEL)
        handles = [Patch(facecolor=look, label=name) for name, look in looks.items()]
        handles.append(Line2D([], [], color=style.INK, linewidth=1.1, marker="|", markersize=5,
                              label="bounds of all searches"))
        self.legend(HEAD, handles, 4)

    def _row(self, axes, row, found, look, wide):
        """One goal of a case: the median of its searches as a bar (as a dot on a logarithmic axis), what they
        span as a whisker, and words."""
        lower, upper = _rates(found, "lower_pps"), _rates(found, "upper_pps")
        rates = _rates(found, "conditional_pps")
        if not lower or not rates:
            axes.text(0.01, row, found[-1]["reason"], fontsize=style.SMALL, va="center", color=style.ALARM,
                      transform=axes.get_yaxis_transform())
            return
        median, open_end = statistics.median(rates), _is_open(found)
        end = max(upper + lower)
        face = look if not open_end else style.paler(look, 0.6)
        if wide:
            axes.plot([median], [row], marker=">" if open_end else "o", markersize=7, markerfacecolor=face,
                      markeredgecolor=style.edge(look), linestyle="", zorder=3, gid=f"rate-{row}")
        else:
            axes.barh(row, median, height=0.62, color=face, edgecolor=style.edge(look), linewidth=0.8,
                      hatch=style.LOWER_BOUND_HATCH if open_end else None, gid=f"rate-{row}")
        axes.plot([min(lower), end], [row, row], color=style.INK, linewidth=1.1, marker="|", markersize=5,
                  gid=f"bounds-{row}")
        said = f"≥{median:.3f}" if open_end else f"{median:.3f}  ({min(lower):.3f}–{end:.3f})"
        self.beside(axes, max(end, median), row, said, style.SMALL, (5, 0))
