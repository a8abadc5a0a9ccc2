"""Read run.json into small dataclasses: every case and every trial, with its status and its reason."""
import importlib.util
import pathlib
import statistics
from dataclasses import dataclass, field
from typing import Any, Dict, Optional, Tuple

SCHEMA = "pktbench-run/1"
VALIDATE = pathlib.Path(__file__).resolve().parent.parent / "results" / "schema" / "validate.py"


class LoadError(ValueError):
    """The file is no run that can be drawn; the message is one line naming file, place and problem."""


@dataclass(frozen=True)
class Trial:
    """One measured interval. None: does not exist, see missing (or reason unless status is ok)."""

    index: int
    status: str                         # ok, invalid, failed
    reason: Optional[str]
    duration_s: Optional[float]
    warmup_s: Optional[float]
    mpps: Optional[float]               # 10^6 packets/s received
    ns_per_packet: Optional[float]
    cycles_per_packet: Optional[float]
    cycles_source: Optional[str]        # pmu, tsc
    limiter: str
    missing: Dict[str, str]
    disturbed_by: Tuple[str, ...] = ()
    others: Optional[float] = None      # share of the DUT's CPU that others had, 0..1
    in_summary: bool = False


@dataclass(frozen=True)
class Condition:
    """What the trials of a case's summary were measured in."""

    words: Optional[str]
    cpu_distance_ns: Optional[float]
    other_trials: int                   # in another condition, and left out


@dataclass(frozen=True)
class Estimate:
    """Summary of one measure over the case's trials in summary, in the unit of the measure."""

    n: int
    median: Optional[float]
    mean: Optional[float]
    ci95: Optional[Tuple[float, float]]
    confidence: Optional[float]         # what ci95 covers, 0..1
    cov: Optional[float]
    reason: Optional[str]


@dataclass(frozen=True)
class Case:
    """One point of the scenario. mpps, cycles_per_packet, ns_per_packet are None without a figure."""

    id: str
    backend: str
    options: Dict[str, Any]
    label: Optional[str]                # tells apart what is otherwise the same
    telemetry: str                      # full, none
    workload: str
    testbed: str
    testbed_label: Optional[str]        # which of several
    arrangement: Optional[str]
    dut_idle: Optional[str]             # poll, spin, sleep
    generator: str
    generator_batch: Optional[int]      # frames
    generator_options: Dict[str, Any]
    frame_size: int                     # bytes, with FCS
    flows: int
    queues: int
    rate_pps: Optional[float]           # None: maximum
    mode_requested: str
    mode_effective: Optional[str]
    mode_details: Dict[str, str]
    line_rate_mpps: Optional[float]     # None: not known, or no such link
    status: str                         # ok, disturbed, unsupported, failed, invalid, interrupted
    reason: Optional[str]
    limiter: str
    virtual: bool
    trials: Tuple[Trial, ...]
    mpps: Optional[Estimate]
    cycles_per_packet: Optional[Estimate]
    ns_per_packet: Optional[Estimate]
    condition: Optional[Condition] = None  # older runs lack it, and the next
    comparable: Dict[str, str] = field(default_factory=dict)  # what a comparison asks to be equal, or says

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
    def rejected_trials(self):
        """The others: invalid and failed ones, each with its reason, and ok ones of another condition."""
        return tuple(trial for trial in self.trials if not trial.in_summary)

    @property
    def cycles_sources(self):
        """Where the cycles of the trials shown come from; more than one must not be compared."""
        return sorted({trial.cycles_source for trial in self.shown_trials if trial.cycles_source})


@dataclass(frozen=True)
class Pair:
    """Two cases that differ in nothing but label and telemetry, by round. None without enough rounds."""

    base: str
    next: str
    measure: str                        # mpps, cycles_per_packet
    rounds: Tuple[int, ...]
    ratios: Tuple[float, ...]           # next over base, one for each round
    ratio: Optional[float]              # Hodges-Lehmann
    ci95: Optional[Tuple[float, float]]
    confidence: Optional[float]
    smallest_change: Optional[float]    # relative; what this comparison could have seen
    verdict: str
    reason: str


@dataclass(frozen=True)
class Run:
    """A whole run; environment is the host before the first trial, as captured."""

    path: str
    id: str
    tool_version: str
    git_commit: Optional[str]
    host: str
    started_at: str
    finished_at: Optional[str]
    interrupted: bool
    environment: Dict[str, Any]
    scenario: Dict[str, Any]
    cases: Tuple[Case, ...] = field(default=())
    pairs: Tuple[Pair, ...] = field(default=())


def validator():
    """The module results/schema/validate.py. Raises LoadError when it, or what it needs, is not there."""
    spec = importlib.util.spec_from_file_location("pktbench_results_validate", VALIDATE)
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except OSError as error:
        raise LoadError(f"{VALIDATE}: {error.strerror}") from error
    except ImportError as error:
        raise LoadError(f"{VALIDATE}: {error}") from error
    return module


def load(path):
    """Read and check one run.json. Raises LoadError on anything that is no valid pktbench-run/1."""
    path = pathlib.Path(path)
    validate = validator()
    try:
        document = validate.parse(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise LoadError(f"{path}: {error.strerror}") from error
    except (UnicodeDecodeError, validate.NotJson) as error:
        raise LoadError(f"{path}: {error}") from error
    schema = document.get("schema") if isinstance(document, dict) else None
    if schema != SCHEMA:
        raise LoadError(f"{path}: /schema: is {schema!r}, this version reads {SCHEMA!r}")
    problems = validate.check_run(document)
    if problems:
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        raise LoadError(f"{path}: {problems[0].pointer or '/'}: {problems[0].message}{more}")
    return _run(str(path), _cleaned(document, validate.printable))


def _cleaned(value, printable):
    """value with every text in it fit for a figure and a terminal: others' records may hold anything."""
    if isinstance(value, str):
        return printable(value)
    if isinstance(value, list):
        return [_cleaned(one, printable) for one in value]
    if isinstance(value, dict):
        return {printable(key): _cleaned(one, printable) for key, one in value.items()}
    return value


def _run(path, document):
    about = document["run"]
    return Run(path=path, environment=document["environment"]["before"], scenario=document["scenario"],
               cases=tuple(_case(case) for case in document["cases"]),
               pairs=tuple(_pair(pair) for pair in document["pairs"]),
               **{key: about[key] for key in ("id", "tool_version", "git_commit", "host", "started_at",
                                              "finished_at", "interrupted")})


def _case(case):
    summary = case["summary"] or {}
    same = ("id", "backend", "label", "telemetry", "workload", "testbed", "arrangement", "generator",
            "generator_batch", "frame_size", "flows", "queues", "rate_pps", "status", "reason", "limiter",
            "virtual")
    return Case(options=case["backend_options"], testbed_label=case.get("testbed_label"),
                dut_idle=case.get("dut_idle"), generator_options=case.get("generator_options") or {},
                mode_requested=case["mode"]["requested"],
                mode_effective=case["mode"]["effective"], mode_details=case["mode"].get("details") or {},
                line_rate_mpps=_line_rate(case["trials"]),
                trials=tuple(_trial(trial) for trial in case["trials"]),
                mpps=_estimate(summary.get("mpps")),
                cycles_per_packet=_estimate(summary.get("cycles_per_packet")),
                ns_per_packet=_estimate(summary.get("ns_per_packet")),
                condition=_condition(case.get("condition")), comparable=case.get("comparable") or {},
                **{key: case[key] for key in same})


def _line_rate(trials):
    known = [trial["line_rate_pps"] for trial in trials if trial.get("line_rate_pps")]
    return min(known) / 1e6 if known else None


def _pair(pair):
    values = {key: pair[key] for key in Pair.__dataclass_fields__}
    for key in ("rounds", "ratios", "ci95"):
        values[key] = None if pair[key] is None else tuple(pair[key])
    return Pair(**values)


def _trial(trial):
    derived = ("disturbed_by", "others", "in_summary")
    evidence = trial["evidence"]
    others = [evidence.get(key) or 0 for key in ("dut_foreign", "dut_interrupts", "dut_steal")]
    return Trial(disturbed_by=tuple(trial.get("disturbed_by", ())), others=min(1.0, sum(others)),
                 in_summary=trial.get("in_summary", trial["status"] == "ok"),
                 **{key: trial[key] for key in Trial.__dataclass_fields__ if key not in derived})


def _condition(found):
    return found and Condition(**{key: found[key] for key in Condition.__dataclass_fields__})


def _estimate(found):
    if found is None:
        return None
    values = {key: found[key] for key in Estimate.__dataclass_fields__}
    values["ci95"] = None if found["ci95"] is None else tuple(found["ci95"])
    return Estimate(**values)
