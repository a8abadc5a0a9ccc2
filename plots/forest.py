"""The forest plot of a comparison, as `compare --json` prints it: each change with its interval."""
import functools

from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from plots import caption, rows, style, text
from plots.sheet import AXIS, HEAD, MARGIN, PAD, Sheet

ROW, WORDS = 0.3, 2.1                       # inches of a row, for what is said right of the panel
COLORS = {"regression": style.VERMILLION, "improvement": style.GREEN, "no change": style.SOFT_INK,
          "inconclusive": style.ORANGE}
UNITS = {"mpps": "Mpps", "cycles_per_packet": "cycles/packet",
         "busy_cycles_per_packet": "busy cycles/packet"}


def figures(comparison):
    """The pages (rows.paged) of a comparison: none where nothing could be compared."""
    found = measures(comparison)
    return rows.paged("forest", len(found), rows.PAGE, lambda page: caption_of(comparison, found[page]),
                      functools.partial(_Drawing, comparison, found),
                      lambda page: numbers(found[page])) if found else ()


def measures(comparison):
    """[(case, measure, what was found)] of what was compared."""
    return [(case["new_id"], name, one) for case in comparison["cases"]
            for name, one in case["measures"].items() if one["comparison"]]


def numbers(found):
    """(columns, rows) of what is drawn, in percent."""
    return ("case", "measure", "change, %", "interval low, %", "interval high, %", "sees, %", "p adjusted",
            "pairs", "verdict"), [
        (name, measure, 100 * (one["comparison"]["ratio"] - 1),
         *(100 * (end - 1) for end in one["comparison"]["ci95"]), 100 * one["comparison"]["smallest_change"],
         one["comparison"]["p_adjusted"], one["comparison"]["pairs"], one["verdict"])
        for name, measure, one in found]


def caption_of(comparison, found):
    """The caption: what is compared, and what is not."""
    rules, virtual = comparison["rules"], ""
    left_out = [f"{case['new_id']}: {case['reason']}." for case in comparison["cases"] if case["reason"]]
    alone = [f"Only in {side}: {', '.join(one['id'] for one in comparison[key])}."
             for side, key in (("BASE", "only_in_base"), ("NEW", "only_in_new")) if comparison[key]]
    return caption.lines(
        f"NEW against BASE, each change with its 95% interval{virtual}: {comparison['verdict']}. A change "
        f"counts where its whole interval lies beyond ±{100 * rules['min_effect']:g}% and p is below "
        f"{rules['alpha']:g}.",
        *(f"{side}: {run['id']} on {run['host']}, {run['started_at']}, pktbench {run['tool_version']}."
          for side, run in (("BASE", comparison["base"]), ("NEW", comparison["new"]))),
        *(f"{name}, {UNITS[measure]}: {one['reason']}" for name, measure, one in found
          if one["verdict"] != "no change"), *left_out, *alone, *comparison["warnings"])


class _Drawing(Sheet):
    """The figure of a page of measures; their pages have one scale."""

    def __init__(self, comparison, everything, page, said):
        found = everything[page]
        names = [f"{name}  {UNITS[measure]}" for name, measure, _ in found]
        room = min(max(text.width(name, style.SMALL) for name in names), 2.6)
        left, top, body = MARGIN + room + PAD, HEAD + 0.3, ROW * len(found)
        super().__init__(top + body + AXIS, "What has changed", (), said)
        axes = self.panel(left, top, style.WIDTH - left - MARGIN - WORDS, body, "forest",
                          unit="change of NEW against BASE, %")
        axes.set_ylim(len(found) - 0.5, -0.5)
        axes.set_yticks(range(len(found)), text.told_apart(
            names, lambda name: text.width(name, style.SMALL) <= room), fontsize=style.SMALL)
        small = 100 * comparison["rules"]["min_effect"]
        axes.axvspan(-small, small, facecolor=style.BAND, zorder=0).set_gid("min-effect")
        axes.axvline(0, color=style.SOFT_INK, linewidth=0.7, zorder=1)
        ends = [abs(100 * (end - 1)) for _, _, one in everything for end in one["comparison"]["ci95"]]
        reach = 1.1 * max(ends + [2 * small, 0.1])
        axes.set_xlim(-reach, reach)
        axes.xaxis.set_major_locator(MaxNLocator(5))
        for row, (_, _, one) in enumerate(found):
            self._row(axes, row, one)
        shown = [verdict for verdict in COLORS if any(one["verdict"] == verdict for *_, one in everything)]
        self.legend(HEAD + 0.04,
                    [Line2D([], [], color=COLORS[verdict], marker="s", markersize=5, linewidth=1.4,
                            label=verdict) for verdict in shown]
                    + [Patch(facecolor=style.BAND, label=f"±{small:g}%: raises no alarm")], 5)

    @staticmethod
    def _row(axes, row, one):
        color, made = COLORS[one["verdict"]], one["comparison"]
        low, high = (100 * (end - 1) for end in made["ci95"])
        axes.plot([low, high], [row, row], color=color, linewidth=1.6, marker="|", markersize=6, zorder=2,
                  gid=f"interval-{row}")
        axes.plot([100 * (made["ratio"] - 1)], [row], color=color, marker="s", markersize=5.5, zorder=3,
                  markeredgecolor=style.edge(color) if color.startswith("#") else color, gid=f"change-{row}")
        said = (f"{100 * (made['ratio'] - 1):+.2f}% ({low:+.2f} to {high:+.2f}), n={made['pairs']}\n"
                f"{one['verdict']}, sees {100 * made['smallest_change']:.2g}%").replace("-", "−")
        axes.text(1.02, row, said, fontsize=style.SMALL, va="center", linespacing=1.15, gid=f"said-{row}",
                  transform=axes.get_yaxis_transform())
