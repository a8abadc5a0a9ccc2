"""The figure of a soak: rate, loss, cost and pktbench's own memory over time, with each one's drift."""
import functools
import statistics

from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from plots import caption, groups, rows, style, text
from plots.sheet import AXIS, HEAD, MARGIN, Sheet

CASES = 3                           # lines that can be told apart
LEFT, PANEL, GAP = 0.72, 1.25, 0.3  # inches
MARKERS = "os^"
HOUR = 3600
# Key of a window, unit, what the record's value is divided by, whether the drift is said in percent.
PANELS = (("received_pps", "received, Mpps", 1e6, True), ("loss_ratio", "frames lost, %", 0.01, False),
          ("cycles_per_packet", "cycles per packet", 1, True),
          ("rss_bytes", "memory of pktbench, MB", 1e6, False))


def figures(run):
    """The pages (rows.paged) of a run, for each set of comparable cases. Raises groups.GroupError."""
    for group in groups.split(run):
        yield from rows.paged(group.name.replace("backends", "soak", 1), len(group.cases), CASES,
                              lambda page, cases=group.cases: caption_of(cases[page]),
                              functools.partial(_Drawing, group.cases),
                              lambda page, cases=group.cases: numbers(cases[page]))


def numbers(cases):
    """(columns, rows) of what is drawn, then the drifts."""
    made = [(case.id, "window", w["at_s"], w["counts"],
             *(None if w[key] is None else w[key] / divisor for key, _, divisor, _ in PANELS))
            for case in cases for w in windows(case)]
    for case in cases:
        found = [drift(case, key) for key, *_ in PANELS]
        if any(found):
            made.append((case.id, "drift, 1/h", None, None, *(
                one and one["per_hour"] / divisor for one, (_, _, divisor, _) in zip(found, PANELS))))
    return ("case", "what", "s since the first window began", "ok",
            *(label for _, label, _, _ in PANELS)), made


def windows(case):
    """The case's windows, in order."""
    return (case.soak or {}).get("windows", [])


def drift(case, key):
    """How a value goes with time, or None."""
    found = [one for one in (case.soak or {}).get("drifts", []) if one["value"] == key]
    return found[0] if found and found[0]["per_hour"] is not None else None


def drift_words(found, divisor, relative, unit):
    """'drift −1.2 ±0.4 %/h (n=120), not 0'."""
    if found is None:
        return "drift: too few windows"
    scale, unit = (100 / found["mean"], "%") if relative and found["mean"] else (1 / divisor, unit)
    reach = (found["high"] - found["low"]) / 2
    slope = f"{found['per_hour'] * scale:+.2g}".replace("-", "−")
    return (f"drift {slope} ±{reach * scale:.2g} {unit}/h (n={found['n']}), "
            + ("not 0" if found["found"] else "0 is possible"))


def caption_of(cases):
    """The caption: load, windows, what the lines are, what grew, what is left out."""
    brief = (f"One load over time, a mark a window{caption.virtual(cases)}. Dashed is the least-squares "
             f"line; "
             "its slope is the drift, with half its 99% interval.")
    parts = [f"{caption.setting(cases[0])}."]
    for case in cases:
        made = windows(case)
        if not made:
            parts.append(f"{case.id}: {case.status}: {text.plain(case.reason)}.")
            continue
        offered = [w["offered_pps"] for w in made if w["counts"] and w["offered_pps"] is not None]
        load = f"offered {text.number(statistics.median(offered) / 1e6)} Mpps" if offered else "no load"
        lengths = [round(trial.duration_s, 1) for trial in case.trials[-len(made):] if trial.duration_s]
        bad = sum(not w["counts"] for w in made)
        span = text.number(max(lengths, default=0))
        parts.append(f"{case.backend}: {load}, {len(made)} windows of {span} s"
                     + (f", {bad} of them not ok (crosses, left out of the drift)" if bad else "") + ".")
        for reference in case.reference or ():
            if reference["pps"] is not None:
                sign = "" if reference["regular"] else "≥ "
                parts.append(f"Its 100% is {sign}{text.number(reference['pps'] / 1e6)} Mpps "
                             f"({reference['what']}).")
        worst = [w for w in made if w["trial"] == case.soak["worst_trial"]]
        if worst and worst[0]["loss_ratio"] is not None:
            parts.append(f"Worst window (ring): {text.number(100 * worst[0]['loss_ratio'])}% lost, "
                         f"{text.number(worst[0]['at_s'] / 60)} min after the start.")
        fds = [w["open_fds"] for w in made if w["open_fds"] is not None]
        if fds:
            parts.append(f"Open file descriptors of pktbench: {min(fds)} to {max(fds)}.")
    parts.append("The interval of a drift heeds that neighbouring windows are alike.")
    return caption.lines(brief, *parts)


class _Drawing(Sheet):
    """The figure of a page of cases; their pages have one scale of time."""

    def __init__(self, all_cases, page, said):
        cases = all_cases[page]
        top = HEAD + 0.4
        super().__init__(top + len(PANELS) * PANEL + (len(PANELS) - 1) * GAP + AXIS, "One load over time",
                         cases, said)
        seconds = max([w["at_s"] for case in all_cases for w in windows(case)], default=1)
        unit, scale = ("hours", HOUR) if seconds > 2 * HOUR else ("minutes", 60)
        names = text.told_apart([case.id for case in cases], lambda name: text.width(name, style.SMALL) <= 2)
        for number, (key, label, divisor, relative) in enumerate(PANELS):
            last = number == len(PANELS) - 1
            axes = self.panel(LEFT, top + number * (PANEL + GAP), style.WIDTH - LEFT - MARGIN, PANEL, key,
                              unit=f"{unit} since the first window began" if last else "", grid="both")
            axes.set_ylabel(label, fontsize=7, labelpad=3)
            axes.yaxis.set_major_locator(MaxNLocator(4))
            axes.tick_params(axis="y", labelsize=7)
            axes.set_xlim(0, seconds / scale * 1.02)
            words = []
            for place, case in enumerate(cases):
                self._line(axes, place, case, key, divisor, scale)
                if windows(case):
                    said = drift_words(drift(case, key), divisor, relative, label.rpartition(", ")[2])
                    words.append(f"{case.backend}: {said}" if len(cases) > 1 else said)
            self._range(axes, cases, key, divisor)
            axes.text(1, 1.02, "   ".join(words), fontsize=style.SMALL, ha="right", va="bottom",
                      transform=axes.transAxes, gid=f"drift-{key}")
            if not last:
                axes.set_xticklabels([])
        self.legend(HEAD, [Line2D([], [], color=style.look(case.backend).color, marker=MARKERS[place],
                                  markersize=3.5, linewidth=0, label=names[place])
                           for place, case in enumerate(cases)], 3)

    @staticmethod
    def _range(axes, cases, key, divisor):
        """Loss from 0; what hardly changes not so close that its noise fills the panel."""
        shown = [w[key] / divisor for case in cases for w in windows(case)
                 if w[key] is not None and (w["counts"] or key == "rss_bytes")]
        if not shown:
            return
        low, high = min(shown), max(shown)
        room = max(high - low, 0.02 * abs(high), 1e-9) * 0.15
        axes.set_ylim(0 if key == "loss_ratio" else low - room, high + room)

    @staticmethod
    def _line(axes, place, case, key, divisor, scale):
        """One case: its windows, those that are not ok as crosses, the worst in a ring, and the drift."""
        color = style.look(case.backend).color
        told = [w for w in windows(case) if w[key] is not None]
        good = [w for w in told if w["counts"] or key == "rss_bytes"]
        x, y = [w["at_s"] / scale for w in good], [w[key] / divisor for w in good]
        axes.plot(x, y, color=color, marker=MARKERS[place], markersize=2.5, linewidth=0, gid=f"{key}-{place}")
        bad = [w["at_s"] / scale for w in windows(case) if not w["counts"]]
        axes.plot(bad, [0.02] * len(bad), color=style.ALARM, marker="x", markersize=4, linewidth=0,
                  transform=axes.get_xaxis_transform(), gid=f"bad-{key}-{place}", clip_on=False)
        for w in good:
            if w["trial"] == case.soak["worst_trial"] and key == "loss_ratio":
                axes.plot([w["at_s"] / scale], [w[key] / divisor], marker="o", markersize=7, color="none",
                          markeredgecolor=style.INK, gid=f"worst-{place}")
        found = drift(case, key)
        if found and x:
            middle = sum(x) / len(x)
            ends = (x[0], x[-1])
            axes.plot(ends, [(found["mean"] + found["per_hour"] * (end - middle) * scale / HOUR) / divisor
                             for end in ends], color=style.edge(color), linewidth=1.2, linestyle="--",
                      gid=f"slope-{key}-{place}")
