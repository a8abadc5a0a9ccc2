"""Read run.json into small dataclasses: every case and every trial, with its status and its reason.

Their keys are those of results/schema/run.schema.json; results/README.md says what each means.
"""
import functools
import itertools
import json
import pathlib
import statistics
import sys
from dataclasses import dataclass, field, make_dataclass
from typing import Any, Dict, Optional, Tuple

CHECKS = pathlib.Path(__file__).resolve().parent.parent / "results" / "schema"
sys.path.append(str(CHECKS))

import validate  # noqa: E402

SCHEMA = "pktbench-run/1"
# What of a trial is shown or checked here; the rest is passed over, and is validate.py's to check.
DRAWN = ("index", "round", "status", "reason", "conserved", "in_summary", "disturbed_by", "warmup_s",
         "duration_s", "mpps", "ns_per_packet", "cycles_per_packet", "busy_cycles_per_packet",
         "cycles_source", "line_rate_pps", "loss_ratio", "missing")
WORK = ("application", "napi", "softirq")           # kinds of CPU time that the DUT is charged
OTHERS = ("dut_foreign", "dut_interrupts", "dut_steal")     # of its evidence


class LoadError(ValueError):
    """The file is no run that can be drawn; the message is one line naming file, place and problem."""


@functools.lru_cache(maxsize=None)
def _properties(*path):
    """What the schema says of the keys of one object; nothing where it is not there, as load() then says."""
    try:
        found = json.loads((CHECKS / "run.schema.json").read_text(encoding="utf-8"))["definitions"]
    except OSError:
        return {}
    for key in path:
        found = found[key]["properties"]
    return found


def _described(*path):
    """A frozen dataclass of one object's keys in the schema: None is null, or older runs lack it."""
    return make_dataclass("Described", [(key, Any, None) for key in _properties(*path)], frozen=True)


@dataclass(frozen=True, slots=True)
class Trial(make_dataclass("Drawn", [(key, Any, None) for key in DRAWN], frozen=True, slots=True)):
    """One measured interval. None: does not exist, see missing (or reason unless status is ok)."""

    others: Optional[float] = None      # share of the DUT's CPU that others had, 0..1
    per_queue: Optional[Tuple[int, ...]] = None  # frames that each RX queue received
    whole_cycles: Optional[float] = None         # cycles_per_packet with a spinning loop's polls in vain
    cpu_ns: Optional[Tuple[float, ...]] = None   # of each kind of WORK for the DUT, per received packet


class Condition(_described("case", "condition")):
    """What the trials of a case's summary were measured in."""


class Estimate(_described("estimate")):
    """Summary of one measure over the case's trials in summary, in the unit of the measure."""


@dataclass(frozen=True)
class Case(_described("case")):
    """One point of the scenario. mpps, cycles_per_packet, ns_per_packet are None without a figure.

    Where a loop spins cycles_per_packet, here and of its trials, is busy cycles. Else whole_cycles is None.
    """

    options: Dict[str, Any] = field(default_factory=dict)
    mode_requested: str = ""
    mode_effective: Optional[str] = None
    mode_details: Dict[str, str] = field(default_factory=dict)
    line_rate_mpps: Optional[float] = None  # None: not known, or no such link
    mpps: Optional[Estimate] = None
    cycles_per_packet: Optional[Estimate] = None
    ns_per_packet: Optional[Estimate] = None
    whole_cycles: Optional[Estimate] = None

    @property
    def shown_trials(self):
        """The trials behind the summary."""
        return tuple(trial for trial in self.trials if trial.in_summary)

    @property
    def has_figure(self):
        """Whether there is a summary to draw; that of a disturbed case says so wherever it stands."""
        return self.status in ("ok", "disturbed") and self.mpps is not None

    @property
    def others_share(self):
        """Median share of the DUT's CPU that others had in a disturbed case; None: it was not that."""
        shares = [trial.others for trial in self.shown_trials if "cpu" in trial.disturbed_by]
        return statistics.median(shares) if shares else None

    @property
    def per_queue(self):
        """Frames that each RX queue received in the trials shown; None where one does not tell."""
        told = [trial.per_queue for trial in self.shown_trials]
        if not told or None in told:
            return None
        return tuple(map(sum, itertools.zip_longest(*told, fillvalue=0)))

    @property
    def rejected_trials(self):
        """The others: invalid and failed ones, each with its reason, and ok ones of another condition."""
        return tuple(trial for trial in self.trials if not trial.in_summary)

    @property
    def cycles_sources(self):
        """Where the cycles of the trials shown come from; more than one must not be compared."""
        return sorted({trial.cycles_source for trial in self.shown_trials if trial.cycles_source})


class Pair(_described("pair")):
    """Two cases that differ in nothing but label and telemetry, by round. None without enough rounds."""


@dataclass(frozen=True)
class Run(_described("run")):
    """A whole run; environment is the host before the first trial, environment_after after the last one."""

    path: str = ""
    environment: Dict[str, Any] = field(default_factory=dict)
    environment_after: Optional[Dict[str, Any]] = None
    scenario: Dict[str, Any] = field(default_factory=dict)
    cases: Tuple[Case, ...] = ()
    pairs: Tuple[Pair, ...] = ()

    @property
    def method(self):
        """The name of the method that measured it; older runs had one."""
        return self.scenario.get("method", {}).get("name", "throughput")


def load(path):
    """Read and check one run.json. Raises LoadError on anything that is no valid pktbench-run/1."""
    path = pathlib.Path(path)
    try:
        with path.open("rb") as file:
            whole, part = validate.streamed.WHOLE, validate.streamed.Part
            evidence = part(dict.fromkeys(OTHERS, whole), others=False)
            missing = part(dict.fromkeys(validate.MEASURES, whole), others=False)
            keys = {**dict.fromkeys(DRAWN, whole), "missing": missing, "evidence": evidence,
                    "received": whole, "cpus": whole}
            document, problems = validate.read(file, keys, _summed)
    except OSError as error:
        raise LoadError(f"{error.filename or path}: {error.strerror}") from error
    except validate.NotJson as error:
        raise LoadError(f"{path}: {error}") from error
    schema = document.get("schema") if isinstance(document, dict) else None
    if schema != SCHEMA:
        raise LoadError(f"{path}: /schema: is {schema!r}, this version reads {SCHEMA!r}")
    if problems:
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        raise LoadError(f"{path}: {problems[0].pointer or '/'}: {problems[0].message}{more}")
    # One after the other, so that the record and what is made of it are never there twice.
    for case in document["cases"]:
        for i, trial in enumerate(case["trials"]):
            case["trials"][i] = _trial(cleaned(trial, validate.printable))
    return _run(str(path), cleaned(document, validate.printable))


def flat(value, path=""):
    """{dotted path: text} of an environment's leaves; ports by role, and of CPU flags only how many."""
    if isinstance(value, dict):
        found = {}
        for key, one in value.items():
            found.update(flat(one, f"{path}.{key}" if path else key))
        return found
    if isinstance(value, list) and any(isinstance(one, dict) for one in value):
        found = {}
        for place, one in enumerate(value):
            found.update(flat(one, f"{path}.{one.get('role', place) if isinstance(one, dict) else place}"))
        return found
    if isinstance(value, list):
        return {path: f"{len(value)} flags" if path.endswith("flags") else ", ".join(map(str, value))}
    return {path: "not known" if value is None else str(value)}


def cleaned(value, printable):
    """value with every text in it fit for a figure and a terminal: others' records may hold anything."""
    if isinstance(value, str):
        return printable(value)
    if isinstance(value, list):
        return [cleaned(one, printable) for one in value]
    if isinstance(value, dict):
        return {printable(key): cleaned(one, printable) for key, one in value.items()}
    return value


def _made(kind, found, **derived):
    """A kind with its keys from the JSON object found and what is derived from them; None for None."""
    if found is None:
        return None
    same = {key: value for key, value in found.items() if key in kind.__dataclass_fields__}
    return kind(**{**same, **derived})


def _run(path, document):
    return _made(Run, document["run"], path=path, environment=document["environment"]["before"],
                 environment_after=document["environment"]["after"],
                 scenario=document["scenario"], cases=tuple(_case(case) for case in document["cases"]),
                 pairs=tuple(_made(Pair, pair) for pair in document["pairs"]))


def _case(case):
    summary = dict(case["summary"] or {})
    busy = summary.pop("busy_cycles_per_packet", None)
    if busy and busy["n"]:
        summary["whole_cycles"], summary["cycles_per_packet"] = summary["cycles_per_packet"], busy
    mode = case["mode"]
    return _made(Case, case, options=case["backend_options"], line_rate_mpps=_line_rate(case["trials"]),
                 generator_options=case.get("generator_options") or {}, mode_requested=mode["requested"],
                 mode_effective=mode["effective"], mode_details=mode.get("details") or {},
                 comparable=case.get("comparable") or {},
                 trials=tuple(case["trials"]),
                 condition=_made(Condition, case.get("condition")),
                 **{measure: _made(Estimate, summary.get(measure))
                    for measure in ("mpps", "cycles_per_packet", "ns_per_packet", "whole_cycles")})


def _line_rate(trials):
    known = [trial.line_rate_pps for trial in trials if trial.line_rate_pps]
    return min(known) / 1e6 if known else None


def _summed(trial):
    """Without the classes of every CPU, which would be most of what is kept."""
    trial["cpu_ns"] = _cpu_ns(trial)
    del trial["cpus"]
    return trial


def _trial(trial):
    whole = trial["cycles_per_packet"]
    others = [trial["evidence"].get(key) or 0 for key in OTHERS]
    queues = trial["received"].get("per_queue")
    busy = trial.get("busy_cycles_per_packet")
    if busy is not None:
        trial = {**trial, "cycles_per_packet": busy}
    return _made(Trial, trial, disturbed_by=trial.get("disturbed_by", ()), others=min(1.0, sum(others)),
                 in_summary=trial.get("in_summary", trial["status"] == "ok"),
                 per_queue=None if queues is None else tuple(queues), whole_cycles=whole)


def _cpu_ns(trial):
    """CPU time for the DUT per received packet, in ns of each kind of WORK; None where it was not counted."""
    rate, cpus = trial["received"]["pps"], trial["cpus"]
    if not rate or trial["ns_per_packet"] is None:
        return None
    made = dict.fromkeys(WORK, 0.0)
    elsewhere = 0.0
    for cpu in cpus:
        for kind in WORK:
            time = cpu["classes"].get(kind, 0) * 1e9 / rate
            # On other CPUs softirqs are the sender's as well.
            if kind == "softirq" and cpu["role"] != "dut":
                elsewhere += time
            else:
                made[kind] += time
    if sum(made.values()) + elsewhere <= 1.02 * trial["ns_per_packet"]:  # charged: NAPI runs there
        made["softirq"] += elsewhere
    return tuple(made.values())
