"""The forest plot of a comparison, as `compare --json` prints it or `gate` writes it: each change with its
interval."""
import functools
from typing import NamedTuple, Optional, Tuple

from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from plots import caption, rows, style, text
from plots.sheet import AXIS, HEAD, MARGIN, PAD, Sheet

ROW, WORDS = 0.3, 2.1                       # inches of a row, for what is said right of the panel
COLORS = {"regression": style.VERMILLION, "improvement": style.GREEN, "no change": style.SOFT_INK,
          "unchanged": style.SOFT_INK, "inconclusive": style.ORANGE}
STILL = ("no change", "unchanged")
OTHER = style.PURPLE                        # of every other verdict
UNITS = {"mpps": "Mpps", "cycles_per_packet": "cycles/packet",
         "busy_cycles_per_packet": "busy cycles/packet"}


class Change(NamedTuple):
    """One measure of one case, NEW against BASE; ratio None: it was not compared."""

    case: str
    measure: str                    # in words
    verdict: str
    reason: Optional[str]
    ratio: Optional[float] = None
    ci95: Optional[Tuple[float, float]] = None
    sees: Optional[float] = None    # the smallest change that would have been seen, relative
    p: Optional[float] = None       # adjusted
    basis: str = ""                 # what it rests on


def figures(document):
    """The pages (rows.paged) of a comparison: none where nothing could be compared."""
    found = [one for one in changes(document) if one.ratio is not None]
    return rows.paged("forest", len(found), rows.PAGE, lambda page: caption_of(document, found[page]),
                      functools.partial(_Drawing, document, found),
                      lambda page: numbers(found[page])) if found else ()


def changes(document):
    """Every Change of what `compare --json` printed or `gate` wrote, those without a ratio as well."""
    return list((_of_gate if "measures" in document else _of_comparison)(document))


def _of_comparison(document):
    for case in document["cases"]:
        if case["reason"]:
            yield Change(case["new_id"], "", case["verdict"], case["reason"])
        for name, one in case["measures"].items():
            made, words = one["comparison"], UNITS.get(name, name)
            if made:
                basis = (f"n={made['pairs']}" if "pairs" in made else
                         f"{made['base_draws']}+{made['new_draws']} {made['unit']}s")
                yield Change(case["new_id"], words, one["verdict"], one["reason"], made["ratio"],
                             tuple(made["ci95"]), made["smallest_change"], made["p_adjusted"], basis)


def _of_gate(document):
    for one in document["measures"]:
        words = UNITS.get(one["metric"], one["metric"] or "")
        yield Change(one["case"], words, one["kind"], one["reason"], one["ratio"],
                     one["ci95"] and tuple(one["ci95"]), one["smallest_change"], one["p_adjusted"],
                     f"{one['base_runs']}+{one['new_runs']} runs")


def numbers(found):
    """(columns, rows) of what is drawn, in percent."""
    return ("case", "measure", "change, %", "interval low, %", "interval high, %", "sees, %", "p adjusted",
            "of", "verdict"), [
        (one.case, one.measure, 100 * (one.ratio - 1), *(100 * (end - 1) for end in one.ci95),
         None if one.sees is None else 100 * one.sees, one.p, one.basis, one.verdict) for one in found]


def sides(document):
    """[(name, what it is)] of what was compared."""
    if "measures" in document:
        baseline, turns = document["baseline"], document["in_turn"]
        if turns:
            return [("BASE", turns["base_command"]), ("NEW", turns["new_command"])]
        return [("BASE", f"{baseline['path']}, since {baseline['since'] or 'its first run'}" if baseline
                 else "no baseline"), ("NEW", f"{document['scenario']} on {document['host']}, "
                                              f"{document['started_at']}")]
    return [(name, f"{run['id']} on {run['host']}, {run['started_at'][:10]}, pktbench {run['tool_version']}")
            for name, run in (("BASE", document["base"]), ("NEW", document["new"]))]


def caption_of(document, found):
    """The caption: what is compared, and what is not."""
    rules = document["rules"]
    left_out = [f"{one.case}: {one.reason}." for one in changes(document) if one.ratio is None and one.reason]
    alone = [f"Only in {side}: {', '.join(one['id'] for one in document[key])}."
             for side, key in (("BASE", "only_in_base"), ("NEW", "only_in_new")) if document.get(key)]
    return caption.lines(
        f"NEW against BASE, each change with its 95% interval: {document['verdict']}. A change counts where "
        f"its whole interval lies beyond ±{100 * rules['min_effect']:g}% and p is below {rules['alpha']:g}.",
        *(f"{name}: {what}." for name, what in sides(document)),
        *(f"{one.case}, {one.measure}: {one.verdict}: {one.reason}" for one in found
          if one.reason and one.verdict not in STILL), *left_out, *alone, *document.get("warnings", ()))


class _Drawing(Sheet):
    """The figure of a page of measures; their pages have one scale."""

    def __init__(self, document, everything, page, said):
        found = everything[page]
        names = [f"{one.case}  {one.measure}" for one in found]
        room = min(max(text.width(name, style.SMALL) for name in names), 2.6)
        left, top, body = MARGIN + room + PAD, HEAD + 0.3, ROW * len(found)
        super().__init__(top + body + AXIS, "What has changed", (), said)
        axes = self.panel(left, top, style.WIDTH - left - MARGIN - WORDS, body, "forest",
                          unit="change of NEW against BASE, %")
        axes.set_ylim(len(found) - 0.5, -0.5)
        axes.set_yticks(range(len(found)), text.told_apart(
            names, lambda name: text.width(name, style.SMALL) <= room), fontsize=style.SMALL)
        small = 100 * document["rules"]["min_effect"]
        axes.axvspan(-small, small, facecolor=style.BAND, zorder=0).set_gid("min-effect")
        axes.axvline(0, color=style.SOFT_INK, linewidth=0.7, zorder=1)
        ends = [abs(100 * (end - 1)) for one in everything for end in one.ci95]
        reach = 1.1 * max(ends + [2 * small, 0.1])
        axes.set_xlim(-reach, reach)
        axes.xaxis.set_major_locator(MaxNLocator(5))
        for row, one in enumerate(found):
            self._row(axes, row, one)
        shown = dict.fromkeys(one.verdict for one in everything)
        self.legend(HEAD + 0.04,
                    [Line2D([], [], color=COLORS.get(verdict, OTHER), marker="s", markersize=5, linewidth=1.4,
                            label=verdict) for verdict in shown]
                    + [Patch(facecolor=style.BAND, label=f"±{small:g}%: raises no alarm")], 5)

    @staticmethod
    def _row(axes, row, one):
        color = COLORS.get(one.verdict, OTHER)
        low, high = (100 * (end - 1) for end in one.ci95)
        axes.plot([low, high], [row, row], color=color, linewidth=1.6, marker="|", markersize=6, zorder=2,
                  gid=f"interval-{row}")
        axes.plot([100 * (one.ratio - 1)], [row], color=color, marker="s", markersize=5.5, zorder=3,
                  markeredgecolor=style.edge(color), gid=f"change-{row}")
        sees = "" if one.sees is None else f", sees {100 * one.sees:.2g}%"
        said = (f"{100 * (one.ratio - 1):+.2f}% ({low:+.2f} to {high:+.2f}), {one.basis}\n"
                f"{one.verdict}{sees}").replace("-", "−")
        axes.text(1.02, row, said, fontsize=style.SMALL, va="center", linespacing=1.15, gid=f"said-{row}",
                  transform=axes.get_yaxis_transform())
