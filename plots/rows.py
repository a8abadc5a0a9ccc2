"""What each row of a per-backend figure says in words, and the pages that rows make."""
import functools
from typing import Callable, NamedTuple

from plots import style, text

LABEL_MAX, LABEL_MIN = 1.75, 0.9      # inches for the names at the left
PAGE = 24                             # rows that a person takes in, and that fit a page of a report
WIDE = 30                             # largest over least, from which on an axis is logarithmic
DOTS = 100                            # more of one case are a smear


class Figure(NamedTuple):
    """What is drawn of some cases."""

    name: str               # of its files, without suffix
    draw: Callable          # gives matplotlib's Figure; somebody else may call it
    caption: str            # the first line stands under the figure, the others in caption.txt
    numbers: Callable       # gives (columns, rows) of what is drawn


def wide(values):
    """Whether values span so much that the least would be no more than a line: their axis is logarithmic,
    with marks in the place of bars, whose length would say nothing there."""
    shown = [value for value in values if value is not None and value > 0]
    return bool(shown) and max(shown) > WIDE * min(shown)


def lower_bound(case):
    """Whether something other than the device under test limited the rate."""
    return case.limiter in ("generator", "link")


def details(cases):
    """For each case the line under its name: mode, and what tells it from others of its backend."""
    queues_vary = len({case.queues for case in cases}) > 1
    said = [" · ".join(_details(case, cases, queues_vary)) for case in cases]
    rows = [(case.backend, line) for case, line in zip(cases, said)]
    return [case.id if rows.count(row) > 1 else row[1] for case, row in zip(cases, rows)]


def _details(case, cases, queues_vary):
    if case.mode_effective in (None, case.mode_requested):
        if case.mode_requested != case.backend:
            yield case.mode_requested
    else:
        yield f"{case.mode_effective}, asked for {case.mode_requested}"
    if queues_vary:
        yield f"{case.queues} queue" + "s" * (case.queues > 1)
    if case.label:
        yield case.label
    if case.telemetry != "full":
        yield "telemetry off"
    siblings = [other.options for other in cases if other.backend == case.backend]
    in_mode = (case.mode_effective or "").split("/")
    for key, value in case.options.items():
        if any(options.get(key) != value for options in siblings) and value not in in_mode:
            yield str(value) if isinstance(value, str) else f"{key} {value}"


def labels(cases):
    """(names, wrapped details, width in inches) of the column at the left."""
    said = details(cases)
    widest = max([LABEL_MIN] + [text.width(case.backend, style.LABEL) for case in cases]
                 + [text.width(line, style.SMALL) for line in said])
    inches = min(widest, LABEL_MAX)
    names = text.told_apart([case.backend for case in cases],
                            lambda name: len(text.wrap(name, style.LABEL, inches)) == 1)
    said = text.told_apart(said, lambda line: len(text.wrap(line, style.SMALL, inches)) <= 2)
    return names, ["\n".join(text.wrap(line, style.SMALL, inches)) for line in said], inches


def pages(count, most):
    """Slices of so many rows, as equal as can be, none of more than most."""
    number = -(-count // most) or 1
    size = -(-count // number) or 1
    return [slice(first, first + size) for first in range(0, count, size)]


def paged(name, count, most, said, draw, numbers):
    """The Figure of every page of so many rows, none of more than most.

    said(page) gives the caption of the rows in a slice, draw(page, its first line) what has the figure, and
    numbers(page) its (columns, rows). The only page has neither number nor word of it.
    """
    slices = pages(count, most)
    for number, page in enumerate(slices, start=1):
        end, words = "", said(page)
        if len(slices) > 1:
            end, words = f"-page-{number}", f"Page {number} of {len(slices)}. {words}"
        yield Figure(name + end, functools.partial(_drawn, draw, page, words.partition("\n")[0]), words,
                     functools.partial(numbers, page))


def _drawn(draw, page, said):
    with style.context():
        return draw(page, said).figure


def dots(trials, measure):
    """The trials to show of those that have the measure: no more than DOTS, evenly from least to largest."""
    shown = [trial for trial in trials if getattr(trial, measure) is not None]
    if len(shown) <= DOTS:
        return shown
    ranked = sorted(shown, key=lambda trial: getattr(trial, measure))
    return [ranked[round(i * (len(ranked) - 1) / (DOTS - 1))] for i in range(DOTS)]


def short_of_rounds(case):
    """'interrupted, 1 of 3': of the rounds asked for; empty where all were made, or none is known."""
    made = len({trial.round for trial in case.trials})
    if case.status in ("unsupported", "failed") or made >= (case.rounds_planned or 0):
        return ""
    return f"interrupted, {made} of {case.rounds_planned}"


def trial_counts(case):
    """n, what is not in it, and what n is too small for: 'n=4, 1 invalid, no interval'."""
    counts = [f"n={len(case.shown_trials)}" + (" disturbed" if case.status == "disturbed" else "")]
    if case.others_share is not None:
        counts.append(f"others had {100 * case.others_share:.0f}% of its CPU")
    if case.condition and case.condition.other_trials:
        counts.append(f"{case.condition.other_trials} in another condition")
    for status in ("invalid", "failed"):
        number = sum(trial.status == status for trial in case.rejected_trials)
        if number:
            counts.append(f"{number} {status}")
    if short_of_rounds(case):
        counts.append(short_of_rounds(case))
    if case.mpps.ci95 is None:
        counts.append("no interval")
    return ", ".join(counts)


def value(case, measure):
    """The two lines at the end of a bar: figure, then what it rests on."""
    if measure == "mpps":
        sign = "≥ " if lower_bound(case) else ""
        unknown = ", limit unknown" if case.limiter == "unknown" else ""
        return sign + text.number(case.mpps.median), trial_counts(case) + unknown
    load = f"at {text.number(case.mpps.median)} Mpps"
    if not case.whole_cycles:
        return text.number(case.cycles_per_packet.median), load
    whole = text.number(case.whole_cycles.median) if case.whole_cycles.median is not None else "not known"
    return f"{text.number(case.cycles_per_packet.median)} busy", f"{load}, whole CPU {whole}"


def absence(case, measure):
    """Why an ok case has no bar."""
    estimate = getattr(case, measure)
    said = estimate.reason or "no reason recorded"
    for trial in case.shown_trials:
        said = trial.missing.get(measure, said)
    return f"not measured: {said}"


def loads_note(cases):
    """Whether cycles per packet of these cases may be compared."""
    loads = [c.mpps.median for c in cases if c.has_figure and c.cycles_per_packet.median is not None]
    if len(loads) < 2:
        return ""
    if min(loads) > 0 and max(loads) / min(loads) <= 1.05:
        return f"all at about {text.number(sorted(loads)[len(loads) // 2])} Mpps"
    return "Loads differ: compare only rows with equal Mpps"
