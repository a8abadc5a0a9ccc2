"""Which cases may stand in one figure: those that differ only in the backend, its options and queues."""
from typing import NamedTuple, Optional, Tuple

from plots import load, text

# What a file is named by where it varies; of older runs, too, what must be equal in one figure.
FIELDS = ("testbed", "testbed_label", "arrangement", "generator", "generator_batch", "frame_size",
          "ip", "flows", "workload", "rate_pps")

UNITS = {"frame_size": "B", "ip": "ip", "flows": "f", "generator_batch": "batch"}


class GroupError(ValueError):
    """The run cannot be drawn honestly; the message says why."""


class Group(NamedTuple):
    """Cases of one figure, in the order of the scenario."""

    name: str                           # of the file, without suffix
    cases: Tuple[load.Case, ...]
    cycles_source: Optional[str]        # of every case that has cycles; None when none has
    other_sources: Tuple[str, ...]      # of cases left to figures of their own


def rate(rate_pps):
    """Offered rate as words."""
    return "maximum rate" if rate_pps is None else f"{text.number(rate_pps / 1e6)} Mpps offered"


def size(case):
    """Size of the frames in a word, and their IP version where it is not the usual one."""
    return (case.frame_mix or f"{case.frame_size} B") + (" IPv6" if case.ip == 6 else "")


def frames(case):
    """The frames in words."""
    mix = {"imix": "IMIX (7:4:1 of 64, 594 and 1518 B)"}.get(case.frame_mix, case.frame_mix)
    return (mix or f"{case.frame_size} B") + " frames (with FCS)" + (", IPv6" if case.ip == 6 else "")


def setting(case, own=("testbed_label", "workload")):
    """What must be equal in one figure: own and what is recorded as comparable, but for the ports' state."""
    recorded = [(name, value) for name, value in case.comparable.items() if "_port." not in name]
    older = [(name, str(getattr(case, name))) for name in FIELDS if name not in ("testbed_label", "workload")]
    return tuple(getattr(case, name) for name in own) + tuple(sorted(recorded or older))


def split(run):
    """The figures of a run. Raises GroupError without cases, or when one case mixes cycles sources."""
    together = {}
    for case in run.cases:
        if len(case.cycles_sources) > 1:
            mixed = " and ".join(case.cycles_sources)
            raise GroupError(f"case {case.id} mixes cycles from {mixed}: they cannot be compared")
        together.setdefault(setting(case), []).append(case)
    if not together:
        raise GroupError("the run has no case")
    varying = [name for name in FIELDS if len({getattr(case, name) for case in run.cases}) > 1]
    groups = []
    for cases in together.values():
        sources = list(dict.fromkeys(source for case in cases for source in case.cycles_sources))
        for source in sources or [None]:
            first = source == (sources or [None])[0]
            mine = tuple(case for case in cases
                         if case.cycles_sources == [source] or (first and not case.cycles_sources))
            name = ["backends"] + [_slug(key, getattr(cases[0], key)) for key in varying]
            name += [source] * (len(sources) > 1)
            name += [str(len(groups) + 1)] * ("-".join(name) in {group.name for group in groups})
            groups.append(Group("-".join(name), mine, source, tuple(s for s in sources if s != source)))
    return groups


def _slug(name, value):
    if name == "rate_pps":
        value = "max" if value is None else f"{value:.0f}pps"
    elif name == "frame_size" and value is None:
        value = "mix"
    elif name in UNITS:
        value = f"{value or 'no'}{UNITS[name]}"
    return "".join(c if c.isalnum() or c in "_." else "-" for c in str(value or "no-" + name))
