"""The figure of latency: at each load the delay that a share of the frames exceed, to the last of them;
beside it the distribution."""
import functools

from matplotlib.lines import Line2D
from matplotlib.ticker import FixedFormatter, FixedLocator, FuncFormatter, NullLocator

from plots import caption, groups, hdr, load, rows, style, text
from plots.sheet import AXIS, HEAD, INSIDE, MARGIN, Sheet

CASES = 6                                        # on a page: more lines are not told apart
BODY, GAP, NAME = 1.75, 0.5, 0.24                # inches
SHARES = (2, 10, 100, 1e3, 1e4, 1e5, 1e6, 1e7)
WORDS = ("50%", "90%", "99%", "99.9%", "99.99%", "99.999%", "1−10⁻⁶", "1−10⁻⁷")
KEYS = "histogram", "generator_histogram"
HAD = {"software": "the workload had it", "kernel": "the kernel had it", "hardware": "the port had it"}
LOOKS = {"linewidth": 1.3}, {"linewidth": 0.6, "alpha": 0.5}
DASHES = ("-", "--", "-.", (0, (1, 1)), (0, (5, 1, 1, 1, 1, 1)), (0, (8, 2)))


def figures(run):
    """The pages (rows.paged) of a run, for each set of comparable cases. Raises load.LoadError."""
    for group in groups.split(run):
        curves = [_curves(run, case) for case in group.cases]
        yield from rows.paged(group.name, len(group.cases), CASES,
                              lambda page, cases=group.cases: caption_of(cases[page]),
                              functools.partial(_Drawing, group.cases, curves),
                              lambda page, cases=group.cases, curves=curves:
                              numbers(cases[page], curves[page]))


def numbers(cases, curves):
    """(columns, rows) of what is drawn: up to each share of the frames the delay is no more than that."""
    made = [(case.id, load_, who, 1 - 1 / share, delay) for case, one in zip(cases, curves)
            for load_, pair in one.items() for who, line in zip(("workload", "generator alone"), pair)
            for share, delay in zip(*line)]
    return ("case", "load", "who", "share of the frames", "delay, µs"), made


def loads_of(case):
    """Its loads, in the order they were measured."""
    return (case.latency or {}).get("loads", [])


def curve(buckets):
    """([1 / (1 - share)], [µs]): up to each share of the frames the delay is no more than that."""
    total, seen, shares, delays = sum(n for _, n in buckets), 0, [], []
    for highest, n in buckets:
        seen += n
        shares.append(total / max(total - seen, 1))
        delays.append(max(highest, 1) / 1000)
    return shares, delays


def _curves(run, case):
    """{load: (the workload's, the generator's)}"""
    try:
        return {one["load"]: tuple(curve(hdr.decode(one[key])) for key in KEYS) for one in loads_of(case)}
    except hdr.NoHistogram as error:
        raise load.LoadError(f"{run.path}: a histogram of {case.id}: {error}") from error


def caption_of(cases):
    """The caption: what is drawn, how it was stamped, what is in it and what was lost."""
    loads = [one for case in cases for one in loads_of(case)]
    brief = (f"The delay from the time a frame was due until {_end(loads)}, by the share of the frames "
             f"that were no later{caption.virtual(cases)}. Thin: how late the generator itself handed frames "
             "on, which is in the delays.")
    said = [f"{caption.setting(cases[0])}.", "A line ends with the one frame that was the latest."]
    for stamp, one_way in sorted({(one["stamp"], one["one_way"]) for one in loads}):
        said.append(f"Stamp: {stamp}, {'one way' if one_way else 'round trip'} on one clock.")
    null = [one["null_path"]["p50_ns"] for one in loads if one["null_path"]["p50_ns"] is not None]
    if null:
        said.append(f"Stamping and recording alone: {text.number(max(null))} ns (p50, the most of all loads)."
                    " It is in the delays.")
    shares = dict.fromkeys(one["what"] for case in cases for one in getattr(case, "reference", None) or ())
    if shares:
        said.append(f"Loads in percent are of each case's PDR ({', '.join(shares)}), of frames one by one.")
    limited = [f"{case.id} at {', '.join(names)}" for case in cases
               if (names := [one["load"] for one in loads_of(case) if one.get("limiter") == "generator"])]
    if limited:
        said.append("More than half of the p99 is the generator's own lateness, so that of the way and the "
                    f"receiver the line is an upper bound: {'; '.join(limited)}.")
    said.append(_threads(cases[0]))
    for case in cases:
        if not loads_of(case):
            said.append(f"{case.id}: {case.status}: {text.plain(case.reason)}.")
        for one in loads_of(case):
            if one["lost"] or one["duplicated"] or one["reordered"]:
                said.append(f"{case.id} at {one['load']}: {one['lost']:,} of {one['count'] + one['lost']:,} "
                            f"frames lost, {one['duplicated']:,} twice, {one['reordered']:,} out of turn.")
    return caption.lines(brief, *said)


def _end(loads):
    """Where a delay ends."""
    ends = dict.fromkeys(HAD[one["stamp"]] if one["one_way"] else "it was back at the generator"
                         for one in loads)
    return " or ".join(ends) or HAD["software"]


def _threads(case):
    """Which policy the receiver's threads had, and whether CPUs slept: both decide what a wake-up takes."""
    policy = case.comparable.get("napi_policy")
    policy = f"Policy of the receiver's NAPI threads: {policy}. " if policy and policy != "none" else ""
    slept = {"poll": "CPUs were kept from sleeping.",
             "spin": "The receiver's CPU was kept from sleeping by a thread.",
             "sleep": "Idle CPUs slept."}
    return policy + slept.get(case.dut_idle, "What idle CPUs did is as the host has it.")


class _Drawing(Sheet):
    """The figure of a page of cases: for each load percentiles and distribution, all of one scale."""

    def __init__(self, all_cases, all_curves, page, said):
        cases, curves = all_cases[page], all_curves[page]
        loads = list(dict.fromkeys(one["load"] for case in cases for one in loads_of(case)))
        self.rates = {one["load"]: one["target_pps"] for case in cases for one in loads_of(case)}
        lines = -(-len(cases) // 2)
        top = HEAD + text.height(lines + 1, style.SMALL + 0.5) + 0.1
        count = max(len(loads), 1)
        super().__init__(top + count * (NAME + BODY + AXIS), "Latency by percentile", cases, said)
        drawn = [line for one in all_curves for pair in one.values() for line in pair if line[0]]
        most = max((line[0][-1] for line in drawn), default=10)
        least = min((line[1][0] for line in drawn), default=0.1)
        greatest = max((line[1][-1] for line in drawn), default=10)
        width = (INSIDE - 2 * GAP) / 2
        for i, name in enumerate(loads):
            x, y = MARGIN + GAP, top + i * (NAME + BODY + AXIS) + NAME
            self._panel(name, (x, y, width, BODY), cases, curves,
                        ((1, most * 1.5), (least / 1.5, greatest * 2)))
            self._cdf(name, (x + width + GAP, y, width, BODY), cases, curves, (least / 1.5, greatest * 2))
        self.legend(HEAD, [Line2D([], [], color=_colour(case), linestyle=DASHES[i], linewidth=1.4,
                                  label=case.id) for i, case in enumerate(cases)], 2)

    def _panel(self, name, place, cases, curves, scales):
        axes = self.panel(*place, f"latency-{name}", unit="share of the frames", grid="both")
        axes.set_xscale("log")
        axes.set_yscale("log")
        axes.set_xlim(*scales[0])
        axes.set_ylim(*scales[1])
        ticks = [i for i, share in enumerate(SHARES) if share <= scales[0][1]]
        axes.xaxis.set_major_locator(FixedLocator([SHARES[i] for i in ticks]))
        axes.xaxis.set_major_formatter(FixedFormatter([WORDS[i] for i in ticks]))
        axes.xaxis.set_minor_locator(NullLocator())
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,g}"))
        axes.tick_params(labelsize=style.SMALL)
        axes.set_ylabel("µs", fontsize=7, labelpad=1)
        x, y, *_ = place
        self.write(x, y - NAME + 0.03, f"{name}", style.LABEL, weight="bold")
        shown = []
        for i, (case, pair) in enumerate(zip(cases, curves)):
            found = [one for one in loads_of(case) if one["load"] == name]
            if not found or not pair[name][0][0]:
                continue
            for key, (shares, delays), looks in zip(KEYS, pair[name], LOOKS):
                if delays:
                    axes.plot([1, *shares], [delays[0], *delays], drawstyle="steps-pre", color=_colour(case),
                              linestyle=DASHES[i], gid=f"{key}-{name}-{i}", **looks)
            axes.plot(pair[name][0][0][-1], pair[name][0][1][-1], marker=".", markersize=4,
                      color=_colour(case))
            shown += found
        counts = f"{_range(shown, 'count')} frames each at {_range(shown, 'offered_pps')}/s" if shown else ""
        self.write(x + 0.75, y - NAME + 0.05, counts, style.SMALL, color=style.SOFT_INK, gid=f"counts-{name}")

    def _cdf(self, name, place, cases, curves, scale):
        """The same, the other way about: which share of the frames was no later."""
        axes = self.panel(*place, f"cdf-{name}", unit="delay, µs", grid="both")
        axes.set_xscale("log")
        axes.set_xlim(*scale)
        axes.set_ylim(0, 102)
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,g}"))
        axes.xaxis.set_minor_locator(NullLocator())
        axes.tick_params(labelsize=style.SMALL)
        axes.set_ylabel("frames no later, %", fontsize=7, labelpad=1)
        for i, (case, pair) in enumerate(zip(cases, curves)):
            for key, (shares, delays), looks in zip(KEYS, pair.get(name, (((), ()), ((), ()))), LOOKS):
                if delays:
                    axes.plot([delays[0], *delays], [0] + [100 * (1 - 1 / share) for share in shares[:-1]]
                              + [100], drawstyle="steps-post", color=_colour(case), linestyle=DASHES[i],
                              gid=f"cdf-{key}-{name}-{i}", **looks)


def _colour(case):
    return style.look(case.backend).color


def _range(loads, key):
    ends = list(dict.fromkeys(_short(end(one[key] for one in loads)) for end in (min, max)))
    return "–".join(ends)


def _short(value):
    """12.3 k, 4.56 M"""
    for unit, factor in (("M", 1e6), ("k", 1e3)):
        if value >= factor:
            return f"{value / factor:.3g} {unit}"
    return f"{value:.3g}"
