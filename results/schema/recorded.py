"""A recorded run without its trials, checked: what the history and the exports are made of.

Memory and most of the time go by the number of cases, however many trials each has.
"""
import copy
import functools
import itertools
import json
import statistics
from dataclasses import dataclass, field
from typing import Any, Dict, Optional, Tuple

import checked
import streamed
import validate
from streamed import WHOLE, Part

SCHEMA = "pktbench-run/1"
CASE = ("id", "backend", "label", "workload", "testbed", "testbed_label", "arrangement", "generator",
        "generator_batch", "frame_size", "frame_mix", "ip", "flows", "queues", "rate_pps", "virtual",
        "status", "reason", "limiter", "condition", "summary", "comparable", "metrics")
# Of what a method found: whether a figure is only the least that it can be.
FOUND = {"search": "goals", "back_to_back": "tests"}
REGULAR = dict.fromkeys(("name", "regular"), WHOLE)
READ = Part({
    "schema": WHOLE, "run": WHOLE, "fingerprint": WHOLE, "scenario": WHOLE,
    "environment": Part({"before": WHOLE}, others=False),
    "cases": Part({"#": Part({**dict.fromkeys(CASE, WHOLE),
                              **{key: Part({part: Part({"#": Part(REGULAR, others=False)})}, others=False)
                                 for key, part in FOUND.items()}}, others=False)})}, others=False)
# Of the environment, what is another at each look: no change of it explains anything.
FLEETING = ("load", "missing", "nics", "cpu.tsc_hz")
PORT_NAMES = ("role", "name", "mac")
# Of older runs, which have no `comparable`.
OLDER = ("testbed", "testbed_label", "arrangement", "generator", "generator_batch", "frame_size", "ip",
         "flows", "workload", "rate_pps")
OLDER_METRICS = {"mpps": ("Mpps", "higher"), "cycles_per_packet": ("cycles", "lower"),
                 "busy_cycles_per_packet": ("cycles", "lower")}


@dataclass(frozen=True)
class Metric:
    """What a method found in one case. n is 0 where it found nothing; then the rest is None."""

    name: str
    unit: str
    better: str                             # "higher" or "lower"
    n: int
    median: Optional[float]
    spread: Optional[float]                 # standard deviation of the values; None for fewer than 2
    values: Tuple[float, ...] = ()          # by round; empty for older runs, which have them in their trials
    ci95: Optional[Tuple[float, float]] = None  # of the median; None where the run does not tell
    at_least: bool = False                  # something else was the limit: a lower bound


@dataclass(frozen=True)
class Case:
    """One case with its metrics. setting: what must be equal for a comparison; ports: what drivers told."""

    id: str
    status: str
    reason: Optional[str]
    limiter: str
    condition: Optional[str]
    virtual: bool
    metrics: Tuple[Metric, ...]
    setting: Dict[str, str] = field(default_factory=dict)
    ports: Dict[str, str] = field(default_factory=dict)
    described: Dict[str, Any] = field(default_factory=dict)     # its other keys
    ns_per_packet: Optional[float] = None   # median CPU time that was charged to the DUT


@dataclass(frozen=True)
class Run:
    """A whole run. facts: its environment, a text for each dotted name; None where it could not be told."""

    path: str
    about: Dict[str, Any]
    description: Optional[str]
    facts: Dict[str, Optional[str]]
    fingerprint: Dict[str, Optional[str]]   # empty for older runs
    cases: Tuple[Case, ...]


@functools.lru_cache(maxsize=None)
def _checker():
    """Of what READ keeps."""
    schema = json.loads((validate.HERE / validate.RUN_SCHEMA).read_text(encoding="utf-8"))
    definitions = schema["definitions"] = copy.deepcopy(schema["definitions"])
    _prune(schema, READ.below)
    _prune(schema["properties"]["environment"], READ.below["environment"].below)
    _prune(definitions["case"], READ.below["cases"].below["#"].below)
    definitions["case"].pop("allOf", None)      # what one key says of another that is not read
    for key, part in FOUND.items():
        found = definitions["case"]["properties"].get(key)
        _prune(found, {part})
        _prune(found["properties"][part]["items"], REGULAR)
    return validate.Checker(schema)


def _prune(schema, keys):
    schema["properties"] = {key: value for key, value in schema["properties"].items() if key in keys}
    schema["required"] = [key for key in schema.get("required", ()) if key in keys]


def read(given):
    """The Run of a run.json or its directory. Raises checked.InputError, which names file and place."""
    path = checked.run_file(given)
    try:
        with open(path, "rb") as file:
            document = streamed.read(file, READ)
    except validate.NotJson as error:
        raise checked.InputError(f"{path}: {error}") from error
    except OSError as error:
        raise checked.InputError(f"{path}: cannot read: {error.strerror}") from error
    schema = document.get("schema") if isinstance(document, dict) else None
    if schema != SCHEMA:
        raise checked.InputError(f"{path}: /schema: is {schema!r}, this version reads {SCHEMA!r}")
    problems = _checker().problems_of_many(document)
    if problems:
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        raise checked.InputError(f"{path}: {problems[0].pointer or '/'}: {problems[0].message}{more}")
    ids = set()
    for i, case in enumerate(document["cases"]):
        if case["id"] in ids:
            raise checked.InputError(f"{path}: /cases/{i}/id: {case['id']!r} is not unique")
        ids.add(case["id"])
    return _run(path, cleaned(document))


def cleaned(value):
    """value with every text in it fit for a terminal, a file and a database: records may hold anything."""
    if isinstance(value, str):
        return checked.printable(value)
    if isinstance(value, list):
        return [cleaned(one) for one in value]
    if isinstance(value, dict):
        return {checked.printable(key): cleaned(one) for key, one in value.items()}
    return value


def _run(path, document):
    fingerprint, facts, environment = {}, {}, document["environment"]["before"]
    _flatten(document.get("fingerprint") or {}, "", fingerprint)
    _flatten({key: value for key, value in environment.items() if key not in FLEETING}, "", facts)
    for role, nics in itertools.groupby(sorted(environment["nics"], key=lambda nic: nic["role"]),
                                        key=lambda nic: nic["role"]):
        for number, nic in enumerate(nics):
            known = {key: value for key, value in nic.items() if key not in PORT_NAMES}
            _flatten(known, f"{role}_port{number or ''}", facts)
    facts = {name: value for name, value in facts.items() if name not in FLEETING}
    description = document["scenario"].get("description")
    return Run(path, document["run"], description if isinstance(description, str) else None, facts,
               fingerprint, tuple(_case(case) for case in document["cases"]))


def _flatten(value, name, into):
    if isinstance(value, dict):
        for key, one in value.items():
            _flatten(one, f"{name}.{key}" if name else key, into)
    elif isinstance(value, list):
        scalars = not any(isinstance(one, (dict, list)) for one in value)
        into[name] = " ".join(map(str, value)) if scalars else json.dumps(value, sort_keys=True)
    else:
        into[name] = value if value is None or isinstance(value, str) else json.dumps(value)


def _case(case):
    comparable = case.get("comparable") or {name: str(case.get(name)) for name in OLDER}
    summary = case["summary"] or {}
    least = _least(case)
    if "metrics" in case:
        metrics = [_metric(metric, summary, metric["name"] in least) for metric in case["metrics"]]
    else:
        metrics = [_older(name, summary[name], name in least) for name in OLDER_METRICS if summary.get(name)]
    own = ("id", "status", "reason", "limiter", "condition", "virtual", "summary", "comparable", "metrics")
    return Case(case["id"], case["status"], case["reason"], case["limiter"],
                (case.get("condition") or {}).get("words"), case["virtual"],
                tuple(metric for metric in metrics if metric.n),
                {name: value for name, value in comparable.items() if "_port." not in name},
                {name: value for name, value in comparable.items() if "_port." in name},
                {key: value for key, value in case.items() if key not in own and key not in FOUND},
                (summary.get("ns_per_packet") or {}).get("median"))


def _least(case):
    """Names of the metrics that are lower bounds."""
    names = {goal["name"] for goal in (case.get("search") or {}).get("goals", ()) if not goal["regular"]}
    if any(not test["regular"] for test in (case.get("back_to_back") or {}).get("tests", ())):
        names |= {"longest_burst", "corrected_buffer"}
    return names | ({"mpps"} if case["limiter"] in ("generator", "link") else set())


def _metric(metric, summary, least):
    rounds = sorted(metric["by_round"], key=lambda name: (len(name), name))     # "10" after "9"
    values = tuple(metric["by_round"][name] for name in rounds if metric["by_round"][name] is not None)
    known = summary.get(metric["name"]) or {}
    return Metric(metric["name"], metric["unit"], metric["better"], len(values),
                  statistics.median(values) if values else None,
                  statistics.stdev(values) if len(values) > 1 else None, values,
                  tuple(known["ci95"]) if known.get("ci95") else None, least)


def _older(name, known, least):
    unit, better = OLDER_METRICS[name]
    spread = known["cov"] * known["mean"] if None not in (known["cov"], known["mean"]) else None
    return Metric(name, unit, better, known["n"], known["median"], spread,
                  ci95=tuple(known["ci95"]) if known["ci95"] else None, at_least=least)
