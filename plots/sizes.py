"""The figure of the rate against the size of the frames, in Mpps and in Gbit/s, with the line-rate curve."""
import functools

from matplotlib.lines import Line2D

from plots import along, caption, rows, style

ON_WIRE = 20                # bytes of preamble and gap beside a frame with its FCS


def figures(run):
    """The pages (rows.paged) of a run, for each setting that was measured with several sizes."""
    found = along.together(run, "frame_size")
    panels = [("mpps", "received, Mpps (10⁶ packets/s)", lambda _: 1.0),
              ("gbits", "received, Gbit/s on the wire", gbits)]
    for number, ways in enumerate(found, start=1):
        yield from rows.paged("sizes" if len(found) == 1 else f"sizes-{number}", len(ways), along.LINES,
                              lambda page, ways=ways: caption_of(ways[page]),
                              functools.partial(_Drawing, "Rate by frame size", "frame_size",
                                                "frame size with FCS, bytes", panels, ways),
                              lambda page, ways=ways: numbers(ways[page]))


def gbits(case):
    """Gbit/s that 1 Mpps of a case's frames are on a wire, with preamble and gap."""
    return (case.frame_size + ON_WIRE) * 8 / 1e3


def line(cases):
    """[(size, Mpps)] of a full link; empty where there is no link."""
    known = {case.frame_size: case.line_rate_mpps for case in cases if case.line_rate_mpps}
    if not known:
        return []
    speed = max(rate * (size + ON_WIRE) for size, rate in known.items())
    least, most = min(case.frame_size for case in cases), max(case.frame_size for case in cases)
    sizes = {case.frame_size for case in cases} | {round(least + i * (most - least) / 60) for i in range(61)}
    return [(size, speed / (size + ON_WIRE)) for size in sorted(sizes)]


def numbers(ways):
    """(columns, rows) of what is drawn, and at the end the line rate's curve."""
    made = [(case.id, case.frame_size, *(value for factor in (1.0, gbits(case))
                                         for value in _values(case, factor)), rows.lower_bound(case))
            for way in ways for case in way]
    made += [("line rate", size, rate, None, None, rate * (size + ON_WIRE) * 8 / 1e3, None, None, None)
             for size, rate in line([case for way in ways for case in way])]
    return ("case", "frame size, bytes", "median, Mpps", "interval low, Mpps", "interval high, Mpps",
            "median, Gbit/s", "interval low, Gbit/s", "interval high, Gbit/s", "lower bound"), made


def _values(case, factor):
    low, high = case.mpps.ci95 or (None, None)
    return (case.mpps.median * factor, *(None if end is None else end * factor for end in (low, high)))


def caption_of(ways):
    """The caption: what is drawn, and of which cases."""
    cases = [case for way in ways for case in way]
    dotted = ("Dotted is the line rate." if line(cases) else
              "There is no line rate, because this testbed has no link of a speed.")
    return caption.lines(
        "Received rate by frame size: medians of the trials with their intervals, in packets and in bits "
        "with "
        f"preamble and gap{caption.virtual(cases)}. {dotted}",
        f"{caption.setting(cases[0])}, and other sizes.",
        *(f"{case.id}: n={len(case.shown_trials)}, limited by {case.limiter}." for case in cases))


class _Drawing(along.Along):
    """The figure of a page of ways; their pages have one scale."""

    def references(self, axes, cases, factor):
        points = line(cases)
        if not points:
            return []
        scale = [(size + ON_WIRE) * 8 / 1e3 if axes.get_label() == "gbits" else 1.0 for size, _ in points]
        rates = [rate * one for (_, rate), one in zip(points, scale)]
        axes.plot([size for size, _ in points], rates, color=style.INK, linestyle=":", linewidth=1.1,
                  zorder=1,
                  gid=f"line-rate-{axes.get_label()}")
        return rates

    def marks(self, ways):
        known = line([case for way in ways for case in way])
        return [Line2D([], [], color=style.INK, linestyle=":", linewidth=1.1, label="line rate")] * bool(
            known) + along.bound_mark(ways)
