"""The figure of the rate against the number of RX queues: a line a way of receiving, the ideal dashed."""
import functools

from matplotlib.lines import Line2D

from plots import along, caption, rows, style


def figures(run):
    """The pages (rows.paged) of a run, for each setting that was measured with several numbers of queues."""
    found = along.together(run, "queues")
    for number, ways in enumerate(found, start=1):
        yield from rows.paged("scaling" if len(found) == 1 else f"scaling-{number}", len(ways), along.LINES,
                              lambda page, ways=ways: caption_of(ways[page]),
                              functools.partial(_Drawing, "Rate by number of queues", "queues", "RX queues",
                                                [("mpps", "received, Mpps (10⁶ packets/s)", lambda _: 1.0)],
                                                ways),
                              lambda page, ways=ways: numbers(ways[page]))


def ideal(way):
    """[(queues, Mpps)]: as many times the rate with the fewest queues as there are more of them."""
    first = way[0]
    return [(case.queues, first.mpps.median * case.queues / first.queues) for case in way]


def numbers(ways):
    """(columns, rows) of what is drawn."""
    return ("case", "queues", "median, Mpps", "interval low, Mpps", "interval high, Mpps", "ideal, Mpps",
            "lower bound"), [
        (case.id, case.queues, case.mpps.median, *(case.mpps.ci95 or (None, None)), best,
         rows.lower_bound(case)) for way in ways for case, (_, best) in zip(way, ideal(way))]


def caption_of(ways):
    """The caption: what is drawn, and of which cases."""
    cases = [case for way in ways for case in way]
    return caption.lines(
        "Received rate by number of RX queues: medians of the trials with their intervals"
        f"{caption.virtual(cases)}. Dashed: the rate with the fewest queues, times their number.",
        f"{caption.setting(cases[0])}.",
        *(f"{case.id}: n={len(case.shown_trials)}, limited by {case.limiter}." for case in cases))


class _Drawing(along.Along):
    """The figure of a page of ways; their pages have one scale."""

    def references(self, axes, cases, factor):
        ends = []
        for place, way in enumerate(self.ways):
            points = ideal(way)
            axes.plot(*zip(*points), color=style.look(way[0].backend).color, linestyle=(0, (4, 3)),
                      linewidth=0.9,
                      zorder=1, gid=f"ideal-{place}")
            ends += [rate for _, rate in points]
        return ends

    def marks(self, ways):
        return [Line2D([], [], color=style.SOFT_INK, linestyle=(0, (4, 3)), linewidth=0.9,
                       label="ideal: as many times as queues"), *along.bound_mark(ways)]
