#!/usr/bin/python3 -B
"""Check run.json and trials.jsonl against the schema and against what a schema cannot say.

Usage: pktbench validate RUN|trials.jsonl ...

Prints one line per problem: file, JSON pointer, what is wrong. What cannot be read, or is no JSON, is told on
stderr. Exit: 0 all valid, 2 unreadable or not JSON, 3 a package is missing, 5 violations, 6 stdout took no
more.
"""
import copy
import functools
import io
import json
import math
import pathlib
import statistics
import sys
from typing import NamedTuple

HERE = pathlib.Path(__file__).resolve().parent
sys.path.append(str(HERE))  # where plots load this file by its path

import checked  # noqa: E402
from checked import NotJson, pointer, printable  # noqa: E402

try:
    import fastjsonschema
    import jsonschema
    import streamed
    from fastjsonschema import draft04, draft06
except ImportError as missing:
    if __name__ != "__main__":
        raise
    sys.exit(checked.no_module(missing))

RUN_SCHEMA = "run.schema.json"
TRIAL_SCHEMA = "trial-line.schema.json"
MEASURES = ("mpps", "cycles_per_packet", "ns_per_packet")
# Methods whose loads are shares of one that they look for.
BY_SHARES = ("back-to-back", "load-sweep", "latency", "soak")
RELATIVE_TOLERANCE = 1e-6
# What is kept of a trial that has been checked: its case is held against it.
KEPT = ("index", "round", "status", "conserved", "in_summary", "offered", "unaccounted", "returned",
        "bpf_run_time", *MEASURES)
# 1.0 is no count, as for pktbench's own reader.
draft06.CodeGeneratorDraft06.generate_type = draft04.CodeGeneratorDraft04.generate_type


class Problem(NamedTuple):
    """A violation: the JSON pointer it is at ('' is the whole document) and one sentence."""

    pointer: str
    message: str


class Checker:
    """Of values, against a schema."""

    def __init__(self, schema):
        types = jsonschema.Draft7Validator.TYPE_CHECKER.redefine(
            "integer", lambda _, value: isinstance(value, int) and not isinstance(value, bool))
        self._schema = schema
        self._checker = jsonschema.validators.extend(jsonschema.Draft7Validator, type_checker=types)(schema)

    @functools.cached_property
    def _passes(self):
        return fastjsonschema.compile(copy.deepcopy(self._schema))  # which changes what it is given

    def problems(self, value, path=()):
        """What the schema does not allow, in words that are known everywhere."""
        return [Problem(pointer(*path, *error.absolute_path), _shorten(error.message))
                for error in self._checker.iter_errors(value)]

    def problems_of_many(self, value, path=()):
        """The same, sooner where there are none."""
        try:
            self._passes(value)
            return []
        except fastjsonschema.JsonSchemaException:
            return self.problems(value, path)


@functools.lru_cache(maxsize=None)
def _checkers(keys=None):
    """Of a run without what its trials hold, of a trial, and of a line of trials.jsonl. keys: the only ones
    that are read of a trial.
    """
    run, line = (json.loads((HERE / file).read_text(encoding="utf-8")) for file in (RUN_SCHEMA, TRIAL_SCHEMA))
    trial = copy.deepcopy(run["definitions"])
    if keys is not None:
        trial["trial"]["required"] = [key for key in trial["trial"]["required"] if key in keys]
    for one in line["properties"].values():
        if "$ref" in one:
            one["$ref"] = "#" + one["$ref"].partition("#")[2]
    run["definitions"]["trial"] = {"type": "object"}
    return (Checker(run), Checker({"$ref": "#/definitions/trial", "definitions": trial}),
            Checker({**line, "definitions": trial}))


def _shorten(text, limit=160):
    return text if len(text) <= limit else f"{text[:limit // 2]} … {text[-limit // 2:]}"


def check_run(document):
    """Problems of a run that is already there as a value."""
    return read(io.BytesIO(json.dumps(document).encode()))[1]


def read(file, keys=None, kept=None):
    """A run, read as a stream, and its Problems: each trial is checked as soon as it is read.

    keys: Parts, what is read of a trial; then nothing of bpf_run_time is, and what is said is of no more than
    that. None: everything is checked, and of a trial KEPT is kept. kept(trial): with keys, what stays of one
    that is sound. Raises NotJson.
    """
    run, one, _ = _checkers(keys and frozenset(keys))
    problems = []

    def made(trial, path):
        found = one.problems_of_many(trial, path)
        problems.extend(found)
        if keys is not None or found:
            return kept(trial) if kept and not found else trial
        return {**{key: trial[key] for key in KEPT if key in trial},
                "problems": list(_trial_problems(trial, tuple(path)))}

    trials = streamed.Part({"#": streamed.Part(keys or {}, others=keys is None, made=made)})
    bpf = streamed.Part({"trials": trials}) if keys is None else None
    case = streamed.Part({"trials": trials, "bpf_run_time": bpf})
    document = streamed.read(file, streamed.Part({"cases": streamed.Part({"#": case})}))
    problems = run.problems(document) + problems
    return document, problems or _document_problems(document, whole=keys is None)


def _document_problems(document, whole):
    """What a schema cannot say; whole: of each trial as well."""
    problems = list(_run_problems(document))
    tolerance = document["scenario"].get("method", {}).get("tolerance_packets", 0)
    testbeds = document["scenario"].get("testbed", {})
    testbeds = testbeds if isinstance(testbeds, list) else [testbeds]
    unnamed = {testbed.get("label"): testbed.get("unnamed_loss", 0)
               for testbed in testbeds if isinstance(testbed, dict)}
    seen = set()
    for i, case in enumerate(document["cases"]):
        if case["id"] in seen:
            problems.append(Problem(pointer("cases", i, "id"), f"case id {case['id']!r} is not unique"))
        seen.add(case["id"])
        if whole:
            lost = unnamed.get(case.get("testbed_label"), 0)
            for at, trial in _trials(case, ("cases", i)):
                problems += trial["problems"]
                problems += _tolerance_problems(trial, at, tolerance, lost)
        problems += _case_problems(case, ("cases", i))
    for i, port in enumerate(document.get("ports", [])):
        facts = {key: value for key, value in port.items() if key not in ("settings", "testbed_label")}
        problems += _null_problems(facts, ("ports", i), port["missing"])
    cases = {case["id"]: case for case in document["cases"]}
    for i, pair in enumerate(document["pairs"]):
        problems += _pair_problems(pair, cases, ("pairs", i))
    return problems


def check_trial_lines(lines):
    """(line number, Problem) for every problem of a trials.jsonl; the tolerance is the scenario's and not
    checked here. Raises NotJson naming the line.
    """
    _, _, checker = _checkers()
    seen = set()
    for number, line in enumerate(lines, start=1):
        try:
            document = checked.parse(line)
        except NotJson as error:
            raise NotJson(f"line {number}: {error}", placed=error.placed) from error
        problems = checker.problems_of_many(document) or list(_trial_problems(document["trial"], ("trial",)))
        if not problems:
            key = (document["case"], document["trial"]["index"])
            if key in seen:
                problems = [Problem("/trial/index", f"trial {key[1]} of case {key[0]!r} appears twice")]
            seen.add(key)
        yield from ((number, problem) for problem in problems)


def _run_problems(document):
    run, environment = document["run"], document["environment"]
    yield from _null_problems(run, ("run",), run["missing"], skip=("finished_at",))
    unfinished = run["finished_at"] is None
    explained = unfinished or _has_reason(run["missing"], ("environment", "after"))
    if environment["after"] is None and not explained:
        yield Problem("/environment/after", "null in a finished run without a reason in run.missing")
    if not unfinished and run["finished_at"][:19] < run["started_at"][:19]:
        yield Problem("/run/finished_at", "is before started_at")
    for when in ("before", "after"):
        if environment[when] is not None:
            yield from _null_problems(environment[when], ("environment", when), environment[when]["missing"])


def _trials(case, path):
    """Each trial of a case, with its path."""
    bpf = case.get("bpf_run_time")
    lists = (("trials",), case["trials"]), (("bpf_run_time", "trials"), bpf["trials"] if bpf else ())
    for at, trials in lists:
        for i, trial in enumerate(trials):
            yield path + at + (i,), trial


def _case_problems(case, path):
    seen = set()
    bpf = case.get("bpf_run_time")
    for at, trial in _trials(case, path):
        if trial["index"] in seen:
            yield Problem(pointer(*at, "index"), f"{trial['index']} is not unique in its case")
        seen.add(trial["index"])
    good = [trial for trial in case["trials"] if trial["status"] == "ok"]
    shown = [trial for trial in case["trials"] if trial.get("in_summary", trial["status"] == "ok")]
    if case["status"] == "ok" and not good:
        yield Problem(pointer(*path, "status"), "ok without an ok trial")
    if case["status"] == "disturbed" and (good or not shown):
        yield Problem(pointer(*path, "status"), "disturbed is a case that has disturbed trials and no ok one")
    for i, trial in enumerate(case["trials"]):
        stands = trial.get("conserved") if case["status"] == "disturbed" else trial["status"] == "ok"
        if trial.get("in_summary") and not stands:
            yield Problem(pointer(*path, "trials", i, "in_summary"), "this trial stands for nothing")
    # Trials that look for the load of which others are shares measure none yet.
    looked = case["status"] == "interrupted" and case.get("comparable", {}).get("method") in BY_SHARES
    if case["status"] in ("unsupported", "interrupted") and good and not (looked and not case["metrics"]):
        yield Problem(pointer(*path, "status"), f"{case['status']} although it has {len(good)} ok trials")
    if case["summary"] is not None:
        for name in MEASURES:
            values = [trial[name] for trial in shown if trial[name] is not None]
            yield from _estimate_problems(case["summary"][name], values, path + ("summary", name))
    if bpf:
        yield from _bpf_problems(bpf, path + ("bpf_run_time",))


def _bpf_problems(bpf, path):
    if (bpf["ns_per_run"] is None) != (bpf["reason"] is not None):
        yield Problem(pointer(*path, "reason"), "is null exactly when ns_per_run is not")
    values = []
    for i, trial in enumerate(bpf["trials"]):
        time = trial["bpf_run_time"]
        value = time["ns"] / time["runs"] if time["runs"] and time["ns"] is not None else None
        if not _same(time["ns_per_run"], value):
            yield Problem(pointer(*path, "trials", i, "bpf_run_time", "ns_per_run"),
                          f"is {time['ns_per_run']}, but ns / runs is {value}")
        if trial["status"] == "ok" and value is not None:
            values.append(value)
    if bpf["ns_per_run"] is not None:
        yield from _estimate_problems(bpf["ns_per_run"], values, path + ("ns_per_run",))
    elif values:
        yield Problem(pointer(*path, "ns_per_run"), f"is null, but {len(values)} ok trials have a value")


def _pair_problems(pair, cases, path):
    values = []
    for side in ("base", "next"):
        if pair[side] not in cases:
            yield Problem(pointer(*path, side), f"no case has the id {pair[side]!r}")
            return
        values.append({trial["round"]: trial[pair["measure"]] for trial in cases[pair[side]]["trials"]
                       if trial["status"] == "ok" and trial[pair["measure"]] is not None})
    base, other = values
    # A round in which the two sides were in unequal conditions is left out.
    if not set(pair["rounds"]) <= base.keys() & other.keys() or pair["rounds"] != sorted(set(pair["rounds"])):
        yield Problem(pointer(*path, "rounds"), "are not of those in which both have an ok trial")
    elif len(pair["ratios"]) != len(pair["rounds"]) or not all(
            base[n] and _same(ratio, other[n] / base[n]) for n, ratio in zip(pair["rounds"], pair["ratios"])):
        yield Problem(pointer(*path, "ratios"), "are not next over base of these rounds")
    known = [pair[key] is None for key in ("ratio", "ci95", "confidence", "smallest_change")]
    if any(known) != all(known):
        yield Problem(pointer(*path), "ratio, ci95, confidence and smallest_change are null only together")
    elif pair["ratio"] is not None and not pair["ci95"][0] <= pair["ratio"] <= pair["ci95"][1]:
        yield Problem(pointer(*path, "ci95"), "does not enclose the ratio")


def _estimate_problems(estimate, values, path):
    if estimate["n"] != len(values):
        yield Problem(pointer(*path, "n"), f"is {estimate['n']}, but {len(values)} trials have a value")
        return
    expected = {"median": statistics.median(values) if values else None,
                "mean": statistics.fmean(values) if values else None}
    if len(values) > 1 and expected["mean"] > 0 and estimate["cov"] is not None:
        expected["cov"] = statistics.stdev(values) / expected["mean"]
    for key, value in expected.items():
        if not _same(estimate[key], value):
            yield Problem(pointer(*path, key), f"is {estimate[key]}, recomputed from its trials: {value}")
    interval, confidence = estimate["ci95"], estimate["confidence"]
    if (interval is None) != (confidence is None):
        yield Problem(pointer(*path, "confidence"), "ci95 and confidence are null only together")
    elif interval is not None and not values:
        yield Problem(pointer(*path, "ci95"), "an interval without a trial")
    elif interval is not None:
        if not min(values) <= interval[0] <= expected["median"] <= interval[1] <= max(values):
            yield Problem(pointer(*path, "ci95"), "does not enclose the median inside its trials' range")
        if confidence > 1 - 0.5 ** (len(values) - 1) + RELATIVE_TOLERANCE:
            yield Problem(pointer(*path, "confidence"), f"{confidence} is out of reach at n = {len(values)}")


def _trial_problems(trial, path):
    offered, received, returned = trial["offered"], trial["received"], trial.get("returned")
    if None not in (offered["packets"], received["packets"], trial["unaccounted"]):
        rest = offered["packets"] - received["packets"] - sum(trial["drops"].values())
        if rest != trial["unaccounted"]:
            yield Problem(pointer(*path, "unaccounted"),
                          f"is {trial['unaccounted']}, but offered - received - drops = {rest}")
    if returned:
        rest = (returned["sent_back"] - returned["packets"] - returned["strays"]
                - sum(returned["drops"].values()))
        if rest != returned["unaccounted"]:
            yield Problem(pointer(*path, "returned", "unaccounted"), f"is {returned['unaccounted']}, but "
                          f"sent_back - packets - strays - drops = {rest}")
    if trial["status"] == "ok":
        yield from _null_problems(trial, path, trial["missing"], skip=("reason", "offered.target_pps"))
    if (trial["cycles_source"] is None) != (trial["cycles_per_packet"] is None):
        yield Problem(pointer(*path, "cycles_source"), "and cycles_per_packet are null only together")
    if None not in (trial["mpps"], received["pps"]) and not _same(trial["mpps"], received["pps"] / 1e6):
        yield Problem(pointer(*path, "mpps"), f"is {trial['mpps']}, but received.pps is {received['pps']}")


def _tolerance_problems(trial, path, tolerance, unnamed):
    """Frames that an ok trial cannot account for, beyond what its scenario allows."""
    if trial["status"] != "ok":
        return
    packets, returned = trial["offered"]["packets"], trial.get("returned")
    if not -tolerance <= trial["unaccounted"] <= max(tolerance, int(unnamed * packets)):
        yield Problem(pointer(*path, "unaccounted"),
                      f"{trial['unaccounted']} of {packets} in an ok trial, tolerance {tolerance}")
    if returned and abs(returned["unaccounted"]) > tolerance:
        yield Problem(pointer(*path, "returned", "unaccounted"), f"{returned['unaccounted']} of "
                      f"{returned['sent_back']} in an ok trial, tolerance {tolerance}")


def _same(a, b):
    if a is None or b is None:
        return a is b
    return math.isclose(a, b, rel_tol=RELATIVE_TOLERANCE, abs_tol=1e-12)


def _null_problems(value, path, missing, skip=()):
    for keys in _nulls(value):
        if ".".join(map(str, keys)) not in skip and not _has_reason(missing, keys):
            yield Problem(pointer(*path, *keys), "null without a reason in missing")


def _nulls(value, keys=()):
    if value is None:
        yield keys
    elif isinstance(value, dict):
        for key, child in value.items():
            if keys + (key,) not in (("missing",), ("evidence",)):
                yield from _nulls(child, keys + (key,))
    elif isinstance(value, list):
        for i, child in enumerate(value):
            yield from _nulls(child, keys + (i,))


def _has_reason(missing, keys):
    names = [key for key in keys if not isinstance(key, int)]
    return any(".".join(map(str, form[:end])) in missing
               for form in (keys, names) for end in range(1, len(form) + 1))


def check_file(path):
    """Yields 'file: pointer: message' of one file. Raises OSError, UnicodeDecodeError, NotJson."""
    if pathlib.Path(path).suffix == ".jsonl":
        # A line may hold what else Python takes for the end of one.
        with open(path, encoding="utf-8", newline="\n") as lines:
            for number, problem in check_trial_lines(lines):
                yield f"{path}:{number}: {problem.pointer or '/'}: {problem.message}"
    else:
        with open(path, "rb") as file:
            for problem in read(file)[1]:
                yield f"{path}: {problem.pointer or '/'}: {problem.message}"


def main(argv=None):
    """Run the command line; returns the exit code."""
    parser = checked.Parser(prog="pktbench validate", description="Validate pktbench results.",
                            epilog="example: pktbench validate results/paced")
    parser.add_argument("files", nargs="+", metavar="FILE", help="run.json or its directory, or trials.jsonl")
    unreadable = violated = False
    for name in parser.parse_args(argv).files:
        try:
            for line in check_file(checked.run_file(name)):
                violated = True
                print(printable(line))
        except checked.InputError as error:
            checked.say(error)
            unreadable = True
        except UnicodeDecodeError as error:
            checked.say(f"{name}: byte {error.start}: not valid UTF-8")
            unreadable = True
        except NotJson as error:
            checked.say(f"{name}: {error}")
            unreadable = True
    return 2 if unreadable else 5 if violated else 0


if __name__ == "__main__":
    sys.exit(checked.run(main))
