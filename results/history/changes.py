"""When did a series change? Steps by E-divisive, and drift, each with its significance.

E-divisive is of Matteson and James (arXiv:1306.4933); a t-test in place of its permutations, windows, and a
weaker threshold first, so that one change does not hide another, are of Fleming et al. (Hunter, now Apache
Otava, arXiv:2301.03034). What they lack is drift: a slope looks like a stair of steps to them.
"""
from typing import NamedTuple, Optional

import numpy
from scipy import special

LEAST = 3               # runs on either side of a change: a spike of one or two nights is none
WINDOW = 50             # runs that are split at once
WEAK = 10               # the weaker threshold is so many times ALPHA
ALPHA = 1e-4            # of one split: changes_test.py counts the false alarms that it makes in a series
DRIFT_LEAST = 8         # runs of a drift


class Change(NamedTuple):
    """From which value of the series on it is another one."""

    at: int                     # index of its first run
    kind: str                   # "step" or "drift"
    before: float               # level before it
    after: float                # level after it; of a drift, where it has come to
    p: float                    # of the difference (step) or the slope (drift), without a correction
    per_run: Optional[float]    # slope of a drift; None for a step


def changes(values):
    """The Changes of a series, in order. Neither NaN nor infinity may be in it."""
    values = numpy.asarray(values, dtype=float)
    if values.size and not numpy.isfinite(values).all():
        raise ValueError("a series holds finite values only")
    if values.size < 2 * LEAST:
        return []
    points = _significant(values, _candidates(values))
    return _as_drifts(values, points)


def _candidates(values):
    """Indices that split some window, by the weaker threshold."""
    found = set()
    begin = 0
    while True:
        _split(values, begin, min(begin + WINDOW, values.size), found)
        if begin + WINDOW >= values.size:
            return sorted(found)
        begin += WINDOW // 2


def _split(values, begin, end, found):
    """Splits the part again and again where both sides differ most."""
    waiting = [(begin, end)]
    while waiting:
        first, last = waiting.pop()
        best = _divided(values[first:last])
        if best is None:
            continue
        split, until = first + best[0], first + best[1]
        if _p(values[first:split], values[split:until]) < ALPHA * WEAK:
            found.add(split)
            waiting += [(first, split), (split, last)]


def _divided(values):
    """(split, end): the two neighbouring parts [0, split) and [split, end) that differ most in distribution,
    by the energy statistic; None where there are too few values."""
    n = values.size
    if n < 2 * LEAST:
        return None
    sums = numpy.zeros((n + 1, n + 1))      # of the distances, over every rectangle from the corner on
    numpy.cumsum(numpy.cumsum(numpy.abs(values[:, None] - values[None, :]), axis=0), axis=1, out=sums[1:, 1:])
    split, end = numpy.meshgrid(numpy.arange(LEAST, n - LEAST + 1), numpy.arange(2 * LEAST, n + 1),
                                indexing="ij")
    left, right = split, numpy.maximum(end - split, 1)
    own = sums.diagonal()
    between = sums[split, end] - own[split]
    beyond = (own[end] - 2 * sums[split, end] + own[split]) / 2
    energy = (2 * between / (left * right) - own[split] / 2 / special.binom(left, 2)
              - beyond / numpy.maximum(special.binom(right, 2), 1))
    score = numpy.where(end - split >= LEAST, left * right / (left + right) * energy, -numpy.inf)
    best = numpy.unravel_index(score.argmax(), score.shape)
    return (int(split[best]), int(end[best])) if score[best] > 0 else None


def _p(left, right):
    """Of Student's t-test that both have one mean."""
    freedom = left.size + right.size - 2
    apart = abs(left.mean() - right.mean())
    square = (left.size * left.var() + right.size * right.var()) / freedom * (1 / left.size + 1 / right.size)
    if square <= (1e-14 * abs(left.mean())) ** 2:       # no noise at all: a fixed value, or a whole number
        return 0.0 if apart > 1e-12 * abs(left.mean()) else 1.0
    return float(2 * special.stdtr(freedom, -apart / numpy.sqrt(square)))


def _p_of_trend(values):
    """Of Mann and Kendall's test that there is none: how many pairs rise and how many fall, by the normal
    distribution. With ties its variance is smaller."""
    n = values.size
    rising = numpy.sign(values[None, :] - values[:, None])[numpy.triu_indices(n, 1)].sum()
    ties = numpy.unique(values, return_counts=True)[1]
    variance = (n * (n - 1) * (2 * n + 5) - (ties * (ties - 1) * (2 * ties + 5)).sum()) / 18
    return float(special.erfc(abs(rising) / numpy.sqrt(2 * variance))) if variance else 1.0


def _significant(values, points):
    """The points whose neighbouring parts differ by ALPHA: the least significant one goes until all do."""
    points = list(points)
    while points:
        ends = [0, *points, values.size]
        found = [_p(values[a:b], values[b:c]) for a, b, c in zip(ends, ends[1:], ends[2:])]
        worst = int(numpy.argmax(found))
        if found[worst] < ALPHA:
            break
        del points[worst]
    return points


def _as_drifts(values, points):
    """The steps as Changes; those that a slope describes better are one drift; so is a slope without one."""
    ends = [0, *points, values.size]
    levels = [values[a:b].mean() for a, b in zip(ends, ends[1:])]
    found, told, i = [], set(), 1
    while i < len(ends) - 1:
        last = i                        # steps i to last go one way
        while last + 2 < len(ends) and (levels[last + 1] > levels[last]) == (levels[i] > levels[i - 1]):
            last += 1
        drift = _drift(values, ends[i - 1], ends[last + 1], levels[i - 1:last + 1], ends[i:last + 1])
        found += [drift] if drift else [_step(values, ends, levels, n) for n in range(i, last + 1)]
        told |= set(ends[i - 1:last + 1]) if drift else set()   # parts that the drift goes through
        i = last + 1
    for begin, end in zip(ends, ends[1:]):
        own = values[begin:end]
        if end - begin >= DRIFT_LEAST and begin not in told:
            if _p_of_trend(own) < ALPHA:
                found.append(_hinged(values, begin, end)[1])
    return sorted(found)


def _step(values, ends, levels, n):
    left, right = values[ends[n - 1]:ends[n]], values[ends[n]:ends[n + 1]]
    return Change(int(ends[n]), "step", float(levels[n - 1]), float(levels[n]), _p(left, right), None)


def _drift(values, begin, end, levels, steps):
    """The drift that describes values[begin:end] better than these steps, by BIC; None where none does."""
    if end - begin < 2 * LEAST:
        return None
    stairs = numpy.repeat(levels, numpy.diff([begin, *steps, end]))
    rest = float(((values[begin:end] - stairs) ** 2).sum())
    sloped, drift = _hinged(values, begin, end)
    n, tiny = end - begin, numpy.finfo(float).tiny
    gain = n * numpy.log(max(rest, tiny) / max(sloped, tiny))
    more = 2 * len(steps) - 2       # parameters of the stairs, beyond the slope's: level, slope and place
    return drift if gain + more * numpy.log(n) > 0 and end - drift.at >= DRIFT_LEAST else None


def _hinged(values, begin, end):
    """(sum of squares left over, Change) of the best line that is level at first and then slopes."""
    own = values[begin:end]
    n = own.size
    bends = numpy.arange(0, n - min(DRIFT_LEAST, n - 2) + 1)
    ramps = numpy.maximum(numpy.arange(n)[None, :] - bends[:, None], 0).astype(float)
    ramps -= ramps.mean(axis=1, keepdims=True)
    rest = own - own.mean()
    along, size = ramps @ rest, (ramps ** 2).sum(axis=1)
    best = int((along ** 2 / size).argmax())
    slope = along[best] / size[best]
    left = float(max(0.0, (rest ** 2).sum() - slope * along[best]))
    before = own.mean() - slope * numpy.maximum(numpy.arange(n) - bends[best], 0).mean()
    p = 0.0 if left == 0 else float(
        2 * special.stdtr(n - 2, -abs(slope) / numpy.sqrt(left / (n - 2) / size[best])))
    after = before + slope * (n - 1 - bends[best])
    # A bend is the last run of the level: the next one is the first that is off.
    return left, Change(int(begin + bends[best] + 1 if bends[best] else begin), "drift", float(before),
                        float(after), p, float(slope))
