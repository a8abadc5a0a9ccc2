"""The figure of cases that differ in nothing but label and telemetry: their ratio, round by round.

A path against itself shows the noise floor: how far two equal things lie apart here, and the smallest
change that this run could have shown.
"""
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from plots import caption, style, text

MARGIN, GAP, LEFT = 0.1, 0.5, 0.55          # inches
PANEL, FOOT = 1.25, 0.42                    # inches of a panel's body, and of its ticks and name
COLUMNS = 2
MEASURES = {"mpps": "Received rate", "cycles_per_packet": "Cycles per packet"}
LOOKS = {"mpps": style.BLUE, "cycles_per_packet": style.VERMILLION}


def figures(run):
    """[(name, Figure, caption)] of a run: none without such cases."""
    if not run.pairs:
        return []
    said = caption.pairs(run)
    return [("pairs", draw(run, said), said)]


def draw(run, said):
    """The figure of all pairs, with its caption said wrapped under it. Artists are named by gid for tests."""
    with style.context():
        return _Drawing(run, said).figure


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


class _Drawing:
    """One figure, laid out in inches from the top: a panel for each pair and measure."""

    def __init__(self, run, said):
        self.pairs = run.pairs
        self.width = (style.WIDTH - COLUMNS * LEFT - MARGIN - (COLUMNS - 1) * (GAP - LEFT)) / COLUMNS
        names = text.told_apart([self._name(pair) for pair in self.pairs],
                                lambda name: len(text.wrap(name, style.LABEL, self.width)) <= 3)
        names = [text.wrap(name, style.LABEL, self.width) for name in names]
        self.head = text.height(max(map(len, names)), style.LABEL) + text.height(1, style.SMALL) + 0.05
        lines = text.wrap(said, style.CAPTION, style.WIDTH - 2 * MARGIN)
        rows = -(-len(self.pairs) // COLUMNS)
        row = self.head + PANEL + FOOT
        top = MARGIN + text.height(1, style.TITLE) + 0.3
        self.height = top + rows * row + text.height(len(lines), style.CAPTION) + MARGIN
        self.figure = Figure(figsize=(style.WIDTH, self.height))
        FigureCanvasAgg(self.figure)
        virtual = any(case.virtual for case in run.cases)
        title = "The same path, round by round" + (" (virtual testbed)" if virtual else "")
        self._write(MARGIN, MARGIN, title, style.TITLE, weight="bold", gid="title")
        self.figure.legend(handles=self._legend(), loc="upper left", ncol=4, frameon=False, borderaxespad=0,
                           fontsize=style.SMALL + 0.5, handlelength=1.8, columnspacing=1.6, borderpad=0.1,
                           bbox_to_anchor=(MARGIN / style.WIDTH,
                                           1 - (MARGIN + text.height(1, style.TITLE) + 0.06) / self.height))
        for i, pair in enumerate(self.pairs):
            x = LEFT + (i % COLUMNS) * (self.width + GAP)
            self._panel(i, pair, names[i], x, top + (i // COLUMNS) * row)
        self._write(MARGIN, top + rows * row, "\n".join(lines), style.CAPTION, gid="caption",
                    color=style.SOFT_INK)

    def _write(self, x, y, said, size, **options):
        options = {"va": "top", "ha": "left", "linespacing": 1.3, "parse_math": False, **options}
        return self.figure.text(x / style.WIDTH, 1 - y / self.height, said, fontsize=size, **options)

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
        self._write(x, y, "\n".join(name), style.LABEL, gid=f"name-{index}")
        said = text.wrap(shown(pair), style.SMALL, self.width, most=1)
        self._write(x, y + self.head - text.height(1, style.SMALL) - 0.05, said[0], style.SMALL,
                    color=style.SOFT_INK, gid=f"said-{index}")
        axes = self.figure.add_axes((x / style.WIDTH, 1 - (y + self.head + PANEL) / self.height,
                                     self.width / style.WIDTH, PANEL / self.height), label=f"pair-{index}")
        for side in ("top", "right"):
            axes.spines[side].set_visible(False)
        axes.grid(axis="y", color=style.GRID, linewidth=0.6)
        axes.set_axisbelow(True)
        axes.set_xlabel("round", fontsize=7, labelpad=2)
        axes.set_ylabel("change, %", fontsize=7, labelpad=2)
        axes.tick_params(length=2.5, pad=2, labelsize=7)
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
