"""The claims: each is scenarios/claims/NAME.json, the scenario that measures it, and NAME.toml, which says
what is claimed and by which ratios of cases it is judged. One without a scenario is measured by
build/pktbench-micro, and judged by ratios of its benchmarks."""
import json
import tomllib
from typing import NamedTuple, Optional, Tuple

from claim import ROOT
import checked

FOLDER = ROOT / "scenarios" / "claims"
# Of a scenario; True: of pktbench-micro.
MEASURES = {False: ("mpps", "cycles"), True: ("time", "counted")}
LARGEST = 1 << 20


class Step(NamedTuple):
    """One ratio, next / base, and where it must lie for the claim to hold; one of the two bounds is None."""

    says: str
    # "mpps", or "cycles": per packet, busy ones where a loop spins. Of benchmarks "time", or "counted": the
    # frames that are in a counter.
    measure: str
    base: str                           # ids of cases, or names of benchmarks
    next: str
    at_least: Optional[float] = None
    at_most: Optional[float] = None
    not_on_veth: Optional[str] = None   # why what a veth shows of it is no answer


class Claim(NamedTuple):
    """What is claimed, by whom, and what would tell more than a veth does."""

    name: str
    title: str
    claim: str
    source: str
    elsewhere: str                      # which hardware would tell
    command: str                        # what to type there
    steps: Tuple[Step, ...]
    figure: str = "claim"               # which figure stands beside it: of the ratios, or one of its run
    not_on_veth: Optional[str] = None
    micro: bool = False                 # measured by pktbench-micro


def scenario(name):
    """The file with what is measured."""
    return FOLDER / f"{name}.json"


def names():
    """Of every claim."""
    return sorted(path.stem for path in FOLDER.glob("*.toml"))


def cases(name):
    """How many the scenario has, or benchmarks: what its time is shared out by."""
    if not scenario(name).exists():
        return len(compared(read(name)))
    found = json.loads(scenario(name).read_text(encoding="utf-8"))
    if "cases" in found:
        return len(_several(found["cases"]))
    traffic, count = found.get("traffic", {}), 1
    for one in (*(found.get(key, "") for key in ("backends", "workloads", "queues", "testbed")),
                *(traffic.get(key, "") for key in ("frame_size", "flows", "rate", "ip"))):
        count *= len(_several(one))
    return count


def compared(claim):
    """The cases, or the benchmarks, that its steps name."""
    return sorted({one for step in claim.steps for one in (step.base, step.next)})


def read(name):
    """The Claim of that name. Raises checked.InputError."""
    path = FOLDER / f"{name}.toml"
    try:
        text = path.read_text(encoding="utf-8")
        found = tomllib.loads(text)
    except (OSError, ValueError) as error:
        raise checked.InputError(f"{path}: {getattr(error, 'strerror', None) or error}") from error
    steps = found.pop("step", [])
    if not isinstance(steps, list) or not steps:
        raise checked.InputError(f"{path}: /step: a claim has at least one step: [[step]]")
    made = tuple(_made(Step, step, f"{path}: /step/{i}") for i, step in enumerate(steps))
    claim = _made(Claim, found, str(path), name=name, steps=made)
    if claim.micro == scenario(name).exists():
        raise checked.InputError(f"{path}: is measured by {name}.json or by pktbench-micro (micro = true)")
    measures = MEASURES[claim.micro]
    for i, step in enumerate(made):
        if step.measure not in measures:
            raise checked.InputError(f"{path}: /step/{i}/measure: unknown measure "
                                     f"{checked.in_quotes(step.measure)}"
                                     + checked.suggestion(step.measure, measures))
        if (step.at_least is None) == (step.at_most is None):
            raise checked.InputError(f"{path}: /step/{i}: has one bound: at_least or at_most")
    return claim


def _made(kind, found, place, **known):
    """A Claim or Step of what a file has. Raises checked.InputError for a key that is unknown or missing, and
    for a value of another type."""
    given, names = dict(known), [key for key in kind._fields if key not in known]
    for key, value in found.items():
        if key not in names:
            raise checked.InputError(f"{place}: unknown key {checked.in_quotes(key)}"
                                     + checked.suggestion(key, names))
        wanted, fits = KINDS.get(key, ("a text", lambda text: isinstance(text, str) and text.strip()))
        if not fits(value):
            raise checked.InputError(f"{place}: /{key}: must be {wanted}")
        given[key] = " ".join(value.split()) if isinstance(value, str) else value
    missing = [key for key in names if key not in given and key not in kind._field_defaults]
    if missing:
        raise checked.InputError(f"{place}: {missing[0]} is missing")
    return kind(**given)


def _is_positive(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool) and value > 0


KINDS = {"at_least": ("a number above 0", _is_positive), "at_most": ("a number above 0", _is_positive),
         "micro": ("true", lambda value: value is True)}


def _several(value):
    return value if isinstance(value, list) else [value]
