"""What was said of a run beside it: the verdicts of gate.json or comparison.json, of each case and metric."""
import os
from typing import NamedTuple, Optional, Tuple

import checked
import recorded

GATE, COMPARISON = "gate.json", "comparison.json"
MOVED = ("regression", "improvement")
STILL = (None, "no change", "unchanged")
BLIND = ("inconclusive", "incomparable")


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
    """The Verdict of a run; of a gate's, whose runs have folders of their own, it is one above. Raises
    checked.InputError."""
    folder = os.path.dirname(os.path.abspath(run.path))
    for name in (GATE, COMPARISON):
        path = os.path.join(folder, name)
        if os.path.lexists(path):
            return _verdict(path, _document(path))
    path = os.path.join(os.path.dirname(folder), GATE)
    if os.path.lexists(path):
        document = _document(path)
        names = [os.path.basename(str(one).rstrip("/")) for one in document.get("runs") or ()]
        if os.path.basename(folder) in names:
            return _verdict(path, document)
    return Verdict(None, None, ())


def _document(path):
    with open(checked.run_file(path), "rb") as file:
        try:
            document = recorded.cleaned(checked.parse(file.read()))
        except ValueError as error:
            raise checked.InputError(f"{path}: {error}") from error
    schema = document.get("schema") if isinstance(document, dict) else None
    if schema not in READERS:
        raise checked.InputError(f"{path}: /schema: is {schema!r}, this version reads {', '.join(READERS)}")
    return document


def _verdict(path, document):
    try:
        return Verdict(document["verdict"], document["reason"], tuple(READERS[document["schema"]](document)))
    except (KeyError, TypeError, AttributeError) as error:
        raise checked.InputError(f"{path}: is no {document['schema']}: {error}") from error


def _gate(document):
    for found in document["measures"]:
        yield Judged(found["case"], found["metric"], found["kind"], found["reason"], found["base"],
                     found["new"], found["ratio"], tuple(found["ci95"]) if found["ci95"] else None)


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


READERS = {"pktbench-gate/1": _gate, "pktbench-comparison/1": _comparison}
