"""The figure of a claim: each ratio that judges it with its interval, and the side on which it must lie."""
import functools
from typing import NamedTuple, Optional, Tuple

from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from plots import caption, rows, style, text
from plots.sheet import AXIS, HEAD, MARGIN, PAD, Sheet

ROW, WORDS, NAMES = 0.34, 1.7, 2.6          # inches of a row, of what is said right and left of the panel
COLORS = {"holds": style.GREEN, "does not hold": style.VERMILLION, "cannot be told here": style.GREY}
UNITS = {"mpps": "received rate", "cycles": "cycles per packet", "time": "time", "counted": "frames counted"}
OF_RUNS = "Each ratio, round by round (Hodges-Lehmann), with its 95% interval (signed-rank)"


class Ratio(NamedTuple):
    """One ratio of two cases; it must not lie below at_least, or not above at_most."""

    says: str
    measure: str
    ratio: float
    ci95: Tuple[float, float]
    pairs: int
    verdict: str
    at_least: Optional[float] = None
    at_most: Optional[float] = None


def figures(title, found, cases, how=OF_RUNS):
    """The pages (rows.paged) of a claim: none without a ratio. how: what a ratio and its interval are."""
    return rows.paged("claim", len(found), rows.PAGE, lambda page: caption_of(found[page], cases, how),
                      functools.partial(_Drawing, title, found, cases),
                      lambda page: numbers(found[page])) if found else ()


def numbers(found):
    """(columns, rows) of what is drawn."""
    return ("ratio of", "measure", "ratio", "interval low", "interval high", "pairs", "at least", "at most",
            "verdict"), [(one.says, one.measure, one.ratio, *one.ci95, one.pairs, one.at_least, one.at_most,
                          one.verdict) for one in found]


def caption_of(found, cases, how=OF_RUNS):
    """The caption: what a row is, and of what cases."""
    return caption.lines(
        f"{how}. A claim holds where the whole interval lies in the shaded part{caption.virtual(cases)}.",
        *(f"{one.says}, {UNITS[one.measure]}: {one.verdict}." for one in found))


class _Drawing(Sheet):
    """The figure of a page of ratios; their pages have one scale."""

    def __init__(self, title, everything, cases, page, said):
        found = everything[page]
        names = [[*text.wrap(one.says, style.SMALL, NAMES, most=2), UNITS[one.measure]] for one in found]
        room = max(text.width(line, style.SMALL) for name in names for line in name)
        left, top, body = MARGIN + room + PAD, HEAD + 0.3, ROW * len(found)
        title = text.wrap(title, style.TITLE, style.WIDTH - 1.9, most=1)[0]
        super().__init__(top + body + AXIS, title, cases, said)
        axes = self.panel(left, top, style.WIDTH - left - MARGIN - WORDS, body, "claim", unit="ratio")
        axes.set_ylim(len(found) - 0.5, -0.5)
        axes.set_yticks(range(len(found)), ["\n".join(name) for name in names], fontsize=style.SMALL,
                        linespacing=1.1)
        axes.set_xscale("log")
        ends = [end for one in everything for end in (*one.ci95, one.at_least or one.at_most, 1)]
        low, high = min(ends) / 1.25, max(ends) * 1.25
        axes.set_xlim(low, high)
        axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5), numticks=20))
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axes.xaxis.set_minor_formatter(NullFormatter())
        axes.axvline(1, color=style.SOFT_INK, linewidth=0.7, zorder=1)
        for row, one in enumerate(found):
            self._row(axes, row, one, (low, high))
        shown = dict.fromkeys(one.verdict for one in everything)
        marks = [Line2D([], [], color=COLORS[verdict], marker="s", markersize=5, linewidth=1.4, label=verdict)
                 for verdict in shown]
        self.legend(HEAD + 0.04, [*marks, Patch(facecolor=style.BAND, label="where the claim holds")], 4)

    @staticmethod
    def _row(axes, row, one, reach):
        color, (low, high) = COLORS[one.verdict], one.ci95
        ends = (one.at_least, reach[1]) if one.at_least is not None else (reach[0], one.at_most)
        axes.barh(row, ends[1] - ends[0], left=ends[0], height=0.8, color=style.BAND, zorder=0)[0].set_gid(
            f"bound-{row}")
        axes.plot([low, high], [row, row], color=color, linewidth=1.6, marker="|", markersize=6, zorder=2,
                  gid=f"interval-{row}")
        axes.plot([one.ratio], [row], color=color, marker="s", markersize=5.5, zorder=3,
                  markeredgecolor=style.edge(color), gid=f"ratio-{row}")
        said = f"{text.number(one.ratio)} ({text.number(low)} to {text.number(high)}), n={one.pairs}"
        axes.text(1.02, row, f"{said}\n{one.verdict}", fontsize=style.SMALL, va="center", linespacing=1.15,
                  gid=f"said-{row}", transform=axes.get_yaxis_transform())
