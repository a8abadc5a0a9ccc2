"""The figure of a flip: rate and cost of each case round the moment at which its program was turned."""
import functools

from matplotlib.lines import Line2D

from plots import caption, rows, style
from plots.sheet import AXIS, HEAD, MARGIN, Sheet

LEFT, PANEL, GAP = 0.62, 0.95, 0.14           # inches: room for an axis' name, a panel, between two
PAGE = 8                                      # lines that a person tells apart
DASHES = ("-", "--", ":", "-.")               # of cases with one backend


def figures(run):
    """The pages (rows.paged) of a run: none without a case that was turned."""
    cases = [case for case in run.cases if case.flip]
    return rows.paged("flip", len(cases), PAGE, lambda page: caption_of(run, cases[page]),
                      functools.partial(_Drawing, cases), lambda page: numbers(cases[page])) if cases else ()


def numbers(cases):
    """(columns, rows) of what is drawn."""
    made = [(case.id, x, *(value(sample) for _, _, value in PANELS)) for case in cases
            for x, sample in series(case)]
    return ("case", "ms since the change", *(unit for _, unit, _ in PANELS)), made


def series(case):
    """[(ms since the change of a stretch's middle, what was sampled)]"""
    return [(s["at_ms"] - s["length_ms"] / 2 - case.flip["flipped_at_ms"], s) for s in case.flip["series"]]


def _cycles(sample):
    none = not sample["packets"] or sample["cycles"] is None
    return None if none else sample["cycles"] / sample["packets"]


PANELS = (("rate", "kpps", lambda s: s["packets"] / s["length_ms"]),
          ("cpu", "DUT's CPU, %", lambda s: 100 * s["dut_cpu"]), ("cycles", "cycles/packet", _cycles))


def caption_of(run, cases):
    """The caption: what was turned, what came of it, and what watching it cost."""
    actions = ", ".join(sorted({case.flip["action"] for case in cases}))
    brief = ("One program passes each frame on to the stack until a variable turns it, at 0 ms, to "
             f"{actions}{caption.virtual(cases)}. Lines are means over the trials, stretch by stretch.")
    said = [f"{caption.setting(cases[0])}."]
    for case in cases:
        flip, n = case.flip, len(case.shown_trials)
        if case.status == "disturbed":
            said.append(f"{case.id}: none of its trials was undisturbed: do not rely on it.")
        if flip["tax_cycles"] is None:
            said.append(f"{case.id}: no tax: {flip.get('tax_reason')}.")
            continue
        said.append(f"{case.id}: {flip['cycles_pass']:,.0f} cycles a packet before, "
                    f"{flip['cycles_drop']:,.0f} after, tax of the stack {flip['tax_cycles']:,.0f} (medians, "
                    f"n={n}), seen within {flip['visible_after_ms']:.0f} ms.")
    sources = sorted({source for case in cases for source in case.cycles_sources})
    said.append("Cycles: " + " and ".join(caption.SOURCES[source] for source in sources) + "."
                if sources else "Cycles: not measured.")
    said.append("Where no socket takes a datagram the stack's way ends there: a tax of a receiver is more.")
    said.append(f"Sampling took {100 * max(case.flip['sampler_cpu'] for case in cases):.2f}% of a CPU of the "
                "generator's.")
    said += [f"{case.id}: {case.status}: {case.reason}." for case in run.cases if not case.flip]
    return caption.lines(brief, *said)


class _Drawing(Sheet):
    """Three panels over one another: packets, the DUT's CPU, and cycles a packet."""

    def __init__(self, all_cases, page, said):
        cases = all_cases[page]
        top = HEAD + 0.12 + 0.17 * -(-len(cases) // 2)
        super().__init__(top + 3 * PANEL + 2 * GAP + AXIS, "A program turned in mid-run", cases, said)
        self._styles = self._lines(all_cases)
        for i, (name, unit, value) in enumerate(PANELS):
            last = i == len(PANELS) - 1
            axes = self.panel(MARGIN + LEFT, top + i * (PANEL + GAP), style.WIDTH - 2 * MARGIN - LEFT, PANEL,
                              name, unit="ms since the change" if last else "", grid="both")
            axes.set_ylabel(unit, fontsize=7)
            axes.tick_params(axis="y", labelsize=7)
            if not last:
                axes.set_xticklabels([])
            for case in cases:
                self._case(axes, name, case, value)
            axes.axvline(0, color=style.INK, linewidth=0.9, linestyle=":", gid=f"change-{name}")
            axes.set_ylim(bottom=0)
        self.legend(HEAD, [Line2D([], [], label=case.id, **self._styles[case.id]) for case in cases], 2)

    @staticmethod
    def _lines(cases):
        """How the line of each case looks: the colour of its backend, and dashes where that has several."""
        seen, made = {}, {}
        for case in cases:
            number = seen[case.backend] = seen.get(case.backend, -1) + 1
            made[case.id] = {"color": style.look(case.backend).color, "linewidth": 1.1,
                             "linestyle": DASHES[number % len(DASHES)]}
        return made

    def _case(self, axes, name, case, value):
        shown = [(x, value(sample)) for x, sample in series(case) if value(sample) is not None]
        axes.plot([x for x, _ in shown], [y for _, y in shown], gid=f"{name}-{case.id}",
                  **self._styles[case.id])
