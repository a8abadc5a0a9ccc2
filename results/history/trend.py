"""What the index tells of time: series of one metric each, where they change, and what else changed there."""
import re
from dataclasses import dataclass, field
from typing import Dict, List, NamedTuple, Optional, Tuple

from history import changes
from history.store import Point

NEAR = 2            # runs around a change in which a cause may lie: a change point is that sure of its place


class Difference(NamedTuple):
    """What of the environment is another one in a run than in the one before it; None: could not be told."""

    run_id: str
    name: str
    before: Optional[str]
    after: Optional[str]


class Found(NamedTuple):
    """A change, by the run that it began at."""

    change: changes.Change      # `at` counts the judged points
    first: Point
    last_before: Point          # of a drift from the first run on, that one
    worse: bool
    there: Tuple[Difference, ...]       # at the run itself
    near: Tuple[Difference, ...]        # at runs near it

    @property
    def relative(self):
        """The change in parts of what was before; None where that is 0."""
        before, after = self.change.before, self.change.after
        return (after - before) / abs(before) if before else None


@dataclass
class Series:
    """One metric of one case over the runs of one identity, oldest first."""

    case: str
    metric: str
    unit: str
    better: str
    identity: Dict[str, Optional[str]]
    points: List[Point]
    older: int = 0              # points before those, which are not looked at
    found: List[Found] = field(default_factory=list)

    @property
    def judged(self):
        """The points that count: the others are disturbed or lower bounds."""
        return [point for point in self.points if point.counts]


def series(store, varies, last, case=None, metric=None, host=None):
    """Every Series of a store, judged, by case and metric. varies: keys of the fingerprint that may differ
    within one; last: its runs that are looked at."""
    found, keys, texts = {}, {}, _Texts(store)
    for point in store.points(case, metric, host):
        raw = (point.host, point.case, point.metric, point.unit, point.setting, point.virtual,
               point.condition, point.facts, point.fingerprint)
        key = keys.get(raw)
        if key is None:
            key = keys[raw] = _key(point, texts, varies)
        if key not in found:
            found[key] = Series(point.case, point.metric, point.unit, point.better, dict(key[-1]), [])
        if len(found[key].points) < last:
            found[key].points.append(point)
        else:
            found[key].older += 1
    made = sorted(found.values(),
                  key=lambda one: (one.case, one.metric, sorted(map(str, one.identity.items()))))
    for one in made:
        one.points.reverse()
        one.found = _judge(one, texts)
    return made


class _Texts:
    """Texts of a store, each fetched once."""

    def __init__(self, store):
        self._store, self._known = store, {}

    def __getitem__(self, one):
        if one not in self._known:
            self._known.update(self._store.texts([one]))
        return self._known[one]


def _key(point, texts, varies):
    """What the points of a series have in common."""
    own = texts[point.fingerprint] or {"host": point.host, "cpu": texts[point.facts].get("cpu.model")}
    identity = {name: value for name, value in own.items() if name.partition(".")[0] not in varies}
    condition = re.sub(r"[0-9.]+", "#", point.condition or "")      # its words, not its figures
    identity.update(condition=condition) if condition else None
    return (point.case, point.metric, point.unit, point.setting, point.virtual,
            tuple(sorted(identity.items())))


def _judge(one, texts):
    judged = one.judged
    found = changes.changes([point.median for point in judged])
    return [_explained(change, judged, one.better, texts) for change in found]


def _explained(change, judged, better, texts):
    there, near = [], []
    for i in range(max(1, change.at - NEAR), min(len(judged), change.at + NEAR + 1)):
        different = differences(judged[i - 1], judged[i], texts)
        (there if i == change.at else near).extend(different)
    worse = (change.after < change.before) == (better == "higher")
    return Found(change, judged[change.at], judged[max(0, change.at - 1)], worse, tuple(there), tuple(near))


def differences(before, after, texts):
    """What of the environment differs between two points."""
    old, new = ({**texts[p.facts], **texts[p.ports], "pktbench.version": p.tool_version,
                 "pktbench.commit": p.git_commit} for p in (before, after))
    return [Difference(after.run_id, name, old.get(name), new.get(name)) for name in sorted({*old, *new})
            if old.get(name) != new.get(name)]
