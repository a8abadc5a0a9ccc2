"""What was said of a run beside it: the verdicts of gate.json or comparison.json, of each case and metric."""
import os
from typing import NamedTuple, Optional, Tuple

import checked
import recorded

FILES = ("gate.json", "comparison.json")
MOVED = ("regression", "improvement")


class Judged(NamedTuple):
    """One metric of one case; metric None: why nothing of the case was compared."""

    case: str
    metric: Optional[str]
    verdict: str
    reason: Optional[str]
    before: Optional[float] = None
    after: Optional[float] = None
    ratio: Optional[float] = None
    ci95: Optional[Tuple[float, float]] = None


class Verdict(NamedTuple):
    """The whole, and its parts; verdict None: nothing lies beside the run."""

    verdict: Optional[str]
    reason: Optional[str]
    parts: Tuple[Judged, ...]

    def of(self, case, *verdicts):
        """The parts of one case that have one of these verdicts."""
        return [part for part in self.parts if part.case == case and part.verdict in verdicts]


def beside(run):
    """The Verdict of a run. Raises checked.InputError."""
    for name in FILES:
        path = os.path.join(os.path.dirname(run.path), name)
        if os.path.lexists(path):
            try:
                return _read(path)
            except (KeyError, TypeError, AttributeError, ValueError) as error:
                raise checked.InputError(f"{path}: is no comparison of pktbench's: {error}") from error
    return Verdict(None, None, ())


def _read(path):
    with open(checked.run_file(path), "rb") as file:
        document = recorded.cleaned(checked.parse(file.read()))
    schema = document["schema"] if isinstance(document, dict) else None
    if schema not in READERS:
        raise checked.InputError(f"{path}: /schema: is {schema!r}, this version reads {', '.join(READERS)}")
    return Verdict(document["verdict"], document["reason"], tuple(READERS[schema](document)))


def _comparison(document):
    for case in document["cases"]:
        if case["reason"]:
            yield Judged(case["new_id"], None, case["verdict"], case["reason"])
        for name, measure in case["measures"].items():
            found = measure["comparison"]
            if found is not None:
                yield Judged(case["new_id"], name, measure["verdict"], measure["reason"],
                             measure["base"]["median"], measure["new"]["median"], found["ratio"],
                             tuple(found["ci95"]))


READERS = {"pktbench-comparison/1": _comparison}
