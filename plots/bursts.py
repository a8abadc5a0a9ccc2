"""The figure of back-to-back tests (RFC 9004): each case's longest burst without loss, and its buffer."""
import functools

from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from plots import caption, groups, rows, style, text
from plots.sheet import AXIS, HEAD, MARGIN, PAD, Sheet

ROW, WORDS = 0.34, 2.15                         # inches: of a case, and for what is said right of it


def figures(run):
    """The pages (rows.paged) of a run, for each set of comparable cases. Raises groups.GroupError."""
    for group in groups.split(run):
        yield from rows.paged(group.name.replace("backends", "bursts", 1), len(group.cases), rows.PAGE,
                              lambda page, cases=group.cases: caption_of(cases[page]),
                              functools.partial(_Drawing, group.cases),
                              lambda page, cases=group.cases: numbers(cases[page]))


def numbers(cases):
    """(columns, rows) of what is drawn, in frames."""
    made = []
    for case in cases:
        if tests(case):
            found = case.back_to_back
            made += [(case.id, what, found[what]) for what in ("median", "min", "max")]
            made += [(case.id, "test", test["longest"]) for test in tests(case)]
    return ("case", "what", "longest burst without loss, frames"), made


def tests(case):
    """The case's tests that found a burst without loss."""
    return [test for test in (case.back_to_back or {}).get("tests", []) if test["longest"] is not None]


def is_bound(case):
    """Whether the longest burst that was tried lost nothing, or a test did not end."""
    return not all(test["regular"] for test in (case.back_to_back or {}).get("tests", []))


def time_of(seconds):
    """'1.25 ms'."""
    for scale, unit in ((1, "s"), (1e-3, "ms")):
        if seconds >= scale:
            return f"{text.number(seconds / scale)} {unit}"
    return f"{text.number(seconds * 1e6)} µs"


def caption_of(cases):
    """The caption: what a burst is, how often, and what is a lower bound or missing."""
    number = max([len(tests(case)) for case in cases], default=0)
    brief = ("Dots are the longest bursts without loss that single tests found, the mark is the median of "
             f"{number} test{'s' * (number != 1)}{caption.virtual(cases)}. The line goes from the least to "
             "the greatest.")
    parts = [f"{caption.setting(cases[0])} · bursts as fast as the line or, without one, the generator.",
             "A test finds its burst by halving.",
             "Buffer (RFC 9004, corrected): the time of the mean burst, less what the device forwarded "
             "meanwhile at its throughput."]
    for case in cases:
        if not tests(case):
            reasons = {test["reason"] for test in (case.back_to_back or {}).get("tests", [])}
            why = "; ".join(sorted(reasons)) or f"{case.status}: {text.plain(case.reason)}"
            parts.append(f"{case.id}: {why}.")
            continue
        found, sign = case.back_to_back, "≥ " if is_bound(case) else ""
        said = (f"{case.backend}: bursts at {text.number(found['burst_pps'] / 1e6)} Mpps, throughput "
                f"{text.number(found['throughput_pps'] / 1e6)} Mpps, implied buffer "
                f"{sign}{time_of(found['implied_s'])}, standard deviation "
                + ("not known" if found["stdev"] is None else f"{text.number(found['stdev'])} frames"))
        reasons = sorted({test["reason"] for test in found["tests"] if not test["regular"]})
        parts.append(f"{said}{', a lower bound: ' + '; '.join(reasons) if reasons else ''}.")
        parts += [f"Its throughput is irregular: {reference['reason']}."
                  for reference in case.reference or () if not reference["regular"]]
    return caption.lines(brief, *parts)


class _Drawing(Sheet):
    """The figure of a page of cases; their pages have one scale."""

    def __init__(self, all_cases, page, said):
        cases = all_cases[page]
        room = min(max([text.width(case.id, style.LABEL) for case in cases], default=0), style.WIDTH / 3)
        left = MARGIN + room + PAD
        top, body = HEAD + 0.25, ROW * max(len(cases), 1)
        super().__init__(top + body + AXIS, "Longest burst without loss", cases, said)
        axes = self.panel(left, top, style.WIDTH - left - MARGIN - WORDS, body, "bursts",
                          unit="frames in the burst")
        axes.set_xscale("log")
        ends = [test["longest"] for case in all_cases for test in tests(case)]
        least, greatest = min(ends, default=1), max(ends, default=10)
        axes.set_xlim(max(least / 2, 0.5), max(greatest * 2, least * 10))
        axes.xaxis.set_major_formatter(FuncFormatter(lambda frames, _: f"{frames:,.0f}"))
        axes.xaxis.set_major_locator(LogLocator(numticks=5))
        axes.xaxis.set_minor_locator(NullLocator())
        for row, case in enumerate(cases):
            self._row(axes, row, case)
        axes.set_ylim(max(len(cases), 1) - 0.5, -0.5)
        axes.set_yticks(range(len(cases)), text.told_apart(
            [case.id for case in cases], lambda name: text.width(name, style.LABEL) <= room),
            fontsize=style.LABEL)
        self.legend(HEAD, [Line2D([], [], color=style.INK, marker="|", markersize=9, linewidth=1.1,
                                  label="median, least to greatest"),
                           Line2D([], [], color=style.GREY, marker="o", markersize=3, linewidth=0,
                                  label="one test")], 2)

    def _row(self, axes, row, case):
        """One case: its tests as dots, their median and what they span, and words."""
        found = tests(case)
        if not found:
            axes.text(1.02, row, "no burst without loss: see the caption", fontsize=style.SMALL,
                      va="center", color=style.ALARM, transform=axes.get_yaxis_transform())
            return
        color, frames = style.look(case.backend).color, case.back_to_back
        axes.plot([frames["min"], frames["max"]], [row, row], color=style.INK, linewidth=1.1,
                  gid=f"span-{row}")
        axes.plot([test["longest"] for test in found], [row] * len(found), color=color, marker="o",
                  markersize=4, markeredgecolor=style.edge(color), linewidth=0, gid=f"tests-{row}")
        axes.plot([frames["median"]], [row], color=style.INK, marker="|", markersize=13, gid=f"median-{row}")
        sign = "≥" if is_bound(case) else ""
        buffer = "" if frames["corrected_s"] is None else f"; buffer {sign}{time_of(frames['corrected_s'])}"
        axes.text(1.02, row, f"{sign}{frames['median']:,.0f} frames (n={frames['n']}){buffer}",
                  fontsize=style.SMALL, va="center", transform=axes.get_yaxis_transform())
