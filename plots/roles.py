"""The figure of where a packet's cycles go: each case's cycles per packet, stacked by kind of work."""
import functools

from matplotlib.patches import Patch, Rectangle
from matplotlib.ticker import MaxNLocator

from plots import caption, groups, load, rows, style, text
from plots.sheet import AXIS, HEAD, INSIDE, MARGIN, PAD, Sheet

ROW, BAR = 0.3, 0.6                         # inches a row, bar height in rows
VALUE = 1.25                                # inches for what is said right of the bars
# Colours that no backend family has its meaning from here: the legend names them.
KINDS = {"application": ("application (user and system calls)", style.VERMILLION),
         "vain": ("application, polls in vain", style.paler(style.VERMILLION, 0.65)),
         "napi": ("NAPI thread", style.BLUE), "softirq": ("network softirq", style.SKY),
         "rest": ("interrupts, and what was not told apart", style.GREY)}


def figures(run):
    """The pages (rows.paged) of a run, for each set of comparable cases with cycles."""
    for group in groups.split(run):
        cases = tuple(case for case in group.cases if parts(case))
        if cases:
            yield from rows.paged(group.name.replace("backends", "roles", 1), len(cases), rows.PAGE,
                                  lambda page, cases=cases, group=group: caption_of(group, cases[page]),
                                  functools.partial(_Drawing, cases),
                                  lambda page, cases=cases: numbers(cases[page]))


def total(case):
    """The summary that a stack ends at: with the polls in vain of a loop that spins."""
    return case.whole_cycles or case.cycles_per_packet


def parts(case):
    """{kind: cycles per packet}, which add up to the case's median; empty where they are not known.

    CPU time is told apart, cycles are not: each kind has its share of the time.
    """
    told = [trial for trial in case.shown_trials if trial.cpu_ns and trial.whole_cycles is not None]
    if not case.has_figure or not told or total(case).median is None:
        return {}
    shares = dict.fromkeys(KINDS, 0.0)
    for trial in told:
        charged = max(trial.ns_per_packet, sum(trial.cpu_ns))
        vain = max(trial.whole_cycles - trial.cycles_per_packet, 0.0) / trial.whole_cycles if (
            trial.whole_cycles) else 0.0
        one = {kind: time / charged for kind, time in zip(load.WORK, trial.cpu_ns)}
        vain = min(vain, one["application"])
        shares["application"] += one["application"] - vain
        shares["vain"] += vain
        shares["napi"] += one["napi"]
        shares["softirq"] += one["softirq"]
        shares["rest"] += 1 - sum(one.values())
    return {kind: total(case).median * share / len(told) for kind, share in shares.items()}


def numbers(cases):
    """(columns, rows) of what is drawn."""
    return ("case", *(said for said, _ in KINDS.values()), "all, cycles per packet", "interval low",
            "interval high", "at Mpps"), [
        (case.id, *parts(case).values(), total(case).median, *(total(case).ci95 or (None, None)),
         case.mpps.median) for case in cases]


def caption_of(group, cases):
    """The caption: what is stacked, and how it was told apart."""
    return caption.lines(
        "Where the cycles of a received packet go: the median, with its interval, split by the kinds of work "
        f"that were charged to the receiver{caption.virtual(cases)}. Cycles fall as load rises: compare "
        "rows with equal Mpps only.",
        f"{caption.setting(cases[0])}.",
        f"Cycles: {caption.SOURCES[group.cycles_source]}." if group.cycles_source else "",
        "CPU time is told apart by kind of work, cycles are split in proportion to it.")


class _Drawing(Sheet):
    """The figure of a page of cases; their pages have one scale."""

    def __init__(self, all_cases, page, said):
        cases = all_cases[page]
        names, details, width = rows.labels(all_cases)
        left = MARGIN + width + PAD
        self.relative = rows.wide(total(case).median for case in all_cases)
        kinds = [kind for kind in KINDS if any(parts(case)[kind] > 0.005 * total(case).median
                                               for case in all_cases)]
        legend = HEAD + text.height(1, style.VALUE) + 0.04
        top = legend + 0.18 * -(-len(kinds) // 3) + 0.08
        body = ROW * len(cases)
        super().__init__(top + body + AXIS, "Where a packet's cycles go", cases, said)
        self.write(MARGIN, HEAD, text.wrap(caption.setting(cases[0]), style.VALUE, INSIDE, most=1)[0],
                   style.VALUE, color=style.SOFT_INK, gid="setting")
        self.legend(legend,
                    [Patch(facecolor=KINDS[kind][1], edgecolor=style.edge(KINDS[kind][1]), linewidth=0.5,
                           label=KINDS[kind][0]) for kind in kinds], 3)
        axes = self.panel(left, top, style.WIDTH - left - MARGIN - VALUE, body, "roles",
                          unit="% of the case's cycles per packet (the cases' costs are too far apart for "
                               "one axis)"
                          if self.relative else "cycles per received packet")
        axes.set_ylim(len(cases) - 0.5, -0.5)
        axes.set_yticks([])
        ends = [(total(case).ci95 or [total(case).median])[-1] for case in all_cases]
        axes.set_xlim(0, 100 if self.relative else max(ends) * 1.04 or 1)
        axes.xaxis.set_major_locator(MaxNLocator(5))
        for index, case in enumerate(cases):
            detail = details[page][index]
            self.write(left - PAD, top + (index + 0.5) * ROW, names[page][index] + (
                f"\n{detail}" if detail and "\n" not in detail else ""), style.SMALL, ha="right", va="center",
                linespacing=1.15, gid=f"name-{index}")
            self._stack(axes, index, case)

    def _stack(self, axes, index, case):
        end, scale = 0.0, 100 / total(case).median if self.relative else 1.0
        for kind, cycles in parts(case).items():
            if cycles > 0:
                color = KINDS[kind][1]
                axes.add_patch(Rectangle((end, index - BAR / 2), cycles * scale, BAR, facecolor=color,
                                         edgecolor=style.edge(color), linewidth=0.5, zorder=2,
                                         gid=f"{kind}-{index}"))
                end += cycles * scale
        found = total(case)
        if found.ci95 and not self.relative:
            low, high = found.ci95
            axes.errorbar([found.median], [index], xerr=[[found.median - low], [high - found.median]],
                          fmt="none", ecolor=style.INK, elinewidth=1.1, capsize=3, zorder=3)
        interval = f" ({'–'.join(map(text.number, found.ci95))})" if found.ci95 else ""
        axes.text(1.015, index,
                  f"{text.number(found.median)}{interval}\nat {text.number(case.mpps.median)} Mpps",
                  fontsize=style.SMALL, va="center", transform=axes.get_yaxis_transform(), linespacing=1.15,
                  gid=f"value-{index}")
