"""The figure of cases that differ in nothing but label and telemetry: their ratio, round by round.

A path against itself shows the noise floor: how far two equal things lie apart here, and the smallest
change that this run could have shown.
"""
import dataclasses
import functools

from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from plots import caption, rows, style, text
from plots.sheet import AXIS, HEAD, MARGIN, Sheet

GAP, LEFT, PANEL = 0.5, 0.55, 1.25          # inches between panels, before the first, of a panel's body
COLUMNS = 2
WIDTH = (style.WIDTH - COLUMNS * LEFT - MARGIN - (COLUMNS - 1) * (GAP - LEFT)) / COLUMNS
PAGE = 10                                   # panels
MEASURES = {"mpps": "Received rate", "cycles_per_packet": "Cycles per packet",
            "busy_cycles_per_packet": "Busy cycles per packet"}
LOOKS = {"mpps": style.BLUE, "cycles_per_packet": style.VERMILLION, "busy_cycles_per_packet": style.GREEN}


def figures(run):
    """The pages (rows.paged) of a run: none without such cases."""
    return rows.paged("pairs", len(run.pairs), PAGE,
                      lambda page: caption.pairs(dataclasses.replace(run, pairs=run.pairs[page])),
                      functools.partial(_Drawing, run), lambda page: numbers(run.pairs[page]))


def numbers(found):
    """(columns, rows) of what is drawn, in percent."""
    made = []
    for pair in found:
        about = (pair.base, pair.next, pair.measure)
        if pair.ratio is not None:
            low, high = pair.ci95
            made += [(*about, what, None, 100 * value) for what, value in (
                ("estimate", pair.ratio - 1), ("interval low", low - 1), ("interval high", high - 1),
                ("smallest change seen", pair.smallest_change))]
        made += [(*about, "round", number + 1, 100 * (ratio - 1))
                 for number, ratio in zip(pair.rounds, pair.ratios)]
    return ("base", "next", "measure", "what", "round", "change, %"), made


def percent(share):
    """A ratio's distance from 1 as a signed percentage."""
    return f"{100 * share:+.2f}%".replace("-", "−")


def shown(pair):
    """What a panel says: the change with its interval, or why there is none or none is judged."""
    if pair.ratio is None:
        return pair.reason
    if pair.verdict == "inconclusive":
        return f"{percent(pair.ratio - 1)}, {pair.verdict}: {pair.reason}"
    low, high = pair.ci95
    return (f"{percent(pair.ratio - 1)}  ({percent(low - 1)} to {percent(high - 1)}), "
            f"sees {100 * pair.smallest_change:.2g}%")


class _Drawing(Sheet):
    """The figure of a page of pairs: a panel for each pair and measure."""

    def __init__(self, run, page, said):
        found = run.pairs[page]
        names = text.told_apart([self._name(pair) for pair in found],
                                lambda name: len(text.wrap(name, style.LABEL, WIDTH)) <= 3)
        names = [text.wrap(name, style.LABEL, WIDTH) for name in names]
        self.head = text.height(max(map(len, names)), style.LABEL) + text.height(1, style.SMALL) + 0.05
        row = self.head + PANEL + AXIS
        top = HEAD + 0.3
        super().__init__(top + -(-len(found) // COLUMNS) * row, "The same path, round by round", run.cases,
                         said)
        self.legend(HEAD + 0.06, self._legend(), 4)
        for i, pair in enumerate(found):
            x = LEFT + (i % COLUMNS) * (WIDTH + GAP)
            self._panel(i, pair, names[i], x, top + (i // COLUMNS) * row)

    @staticmethod
    def _name(pair):
        return f"{MEASURES[pair.measure]}: {pair.next} / {pair.base}"

    @staticmethod
    def _legend():
        return [Line2D([], [], linestyle="", marker="o", markersize=3.4, markerfacecolor="white",
                       markeredgecolor=style.INK, markeredgewidth=0.6, label="ratio in one round"),
                Line2D([], [], color=style.INK, linewidth=1.1, label="estimate"),
                Patch(facecolor=style.paler(style.GREY, 0.4), label="its confidence interval"),
                Line2D([], [], color=style.ALARM, linewidth=0.8, linestyle="--",
                       label="smallest change seen")]

    def _panel(self, index, pair, name, x, y):
        self.write(x, y, "\n".join(name), style.LABEL, gid=f"name-{index}")
        said = text.wrap(shown(pair), style.SMALL, WIDTH, most=1)
        self.write(x, y + self.head - text.height(1, style.SMALL) - 0.05, said[0], style.SMALL,
                   color=style.SOFT_INK, gid=f"said-{index}")
        axes = self.panel(x, y + self.head, WIDTH, PANEL, f"pair-{index}", unit="round", grid="y")
        axes.set_ylabel("change, %", fontsize=7, labelpad=2)
        axes.tick_params(labelsize=7)
        axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
        axes.yaxis.set_major_locator(MaxNLocator(5))
        axes.axhline(0, color=style.SOFT_INK, linewidth=0.6, zorder=2)
        changes = [100 * (ratio - 1) for ratio in pair.ratios]
        ends = [0.0, *changes]
        if pair.ratio is not None:
            look = LOOKS[pair.measure]
            low, high = (100 * (end - 1) for end in pair.ci95)
            band = axes.axhspan(low, high, facecolor=style.paler(look, 0.6), zorder=1)
            band.set_gid(f"interval-{index}")
            line = axes.axhline(100 * (pair.ratio - 1), color=look, linewidth=1.1, zorder=3)
            line.set_gid(f"estimate-{index}")
            for sign in (-1, 1):
                axes.axhline(sign * 100 * pair.smallest_change, color=style.ALARM, linewidth=0.8,
                             linestyle="--", zorder=2).set_gid(f"seen-{index}")
                ends.append(sign * 100 * pair.smallest_change)
        if changes:
            dots = axes.scatter([round_ + 1 for round_ in pair.rounds], changes, s=9, linewidths=0.6,
                                edgecolors=style.INK, facecolors="white", zorder=4)
            dots.set_gid(f"ratios-{index}")
        room = 0.08 * (max(ends) - min(ends)) or 1
        axes.set_ylim(min(ends) - room, max(ends) + room)
        axes.set_xlim(0.5, max((round_ + 1 for round_ in pair.rounds), default=1) + 0.5)
