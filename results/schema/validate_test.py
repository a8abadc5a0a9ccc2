"""A valid run passes; each way of breaking it is reported at the place that is broken."""
import copy
import json
import pathlib
import subprocess
import sys

import jsonschema
import pytest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

import checked  # noqa: E402
import sample_run  # noqa: E402
import validate  # noqa: E402

TRIAL = "/cases/0/trials/0"
MPPS = "/cases/0/summary/mpps"
REMOVE = object()


def change(document, pointer, value):
    """A copy of document with the value at pointer replaced, added or removed."""
    made = copy.deepcopy(document)
    *parents, last = [part.replace("~1", "/") for part in pointer.split("/")[1:]]
    at = made
    for key in parents:
        at = at[int(key)] if isinstance(at, list) else at[key]
    last = int(last) if isinstance(at, list) else last
    if value is REMOVE:
        del at[last]
    else:
        at[last] = value
    return made


@pytest.fixture(scope="module")
def valid():
    return sample_run.run()


def pointers(document):
    return [problem.pointer for problem in validate.check_run(document)]


def test_valid_run_has_no_problem(valid):
    assert validate.check_run(valid) == []


def test_the_schema_stands_alone(valid):
    schema = json.loads((HERE / "run.schema.json").read_text())
    jsonschema.validate(valid, schema, cls=jsonschema.Draft7Validator)
    jsonschema.Draft7Validator.check_schema(schema)


def with_bpf_run_time():
    """A run whose first case has three trials with BPF statistics."""
    taken = [dict(sample_run.trial(10 + i), bpf_run_time={"runs": 10, "ns": ns, "ns_per_run": ns / 10})
             for i, ns in enumerate((300, 500, 400))]
    case = sample_run.case(bpf_run_time={"ns_per_run": sample_run.estimate([30.0, 50.0, 40.0]),
                                         "reason": None, "trials": taken})
    return sample_run.run([case])


@pytest.mark.parametrize("where, value, problem", [
    ("ns_per_run/median", 41.0, "ns_per_run/median"),
    ("ns_per_run", None, "reason"),
    ("reason", "there is a value", "reason"),
    ("trials/0/bpf_run_time/ns_per_run", 31.0, "trials/0/bpf_run_time/ns_per_run"),
    ("trials/1/bpf_run_time", REMOVE, "trials/1"),
    ("trials/2/unaccounted", 7, "trials/2/unaccounted"),
    ("trials/2/index", 0, "trials/2/index"),
])
def test_trials_with_bpf_statistics_are_checked_too(where, value, problem):
    document, at = with_bpf_run_time(), "/cases/0/bpf_run_time/"
    assert pointers(document) == []
    assert at + problem in pointers(change(document, at + where, value))


def test_a_trial_with_bpf_statistics_is_none_of_the_ordinary_ones(valid):
    mixed = change(valid, TRIAL + "/bpf_run_time", {"runs": 1, "ns": 1, "ns_per_run": 1.0})
    assert pointers(mixed) == [TRIAL]


BREAKS = [
    ("/schema", "pktbench-run/2", "/schema"),
    ("/cases", REMOVE, ""),
    ("/run/host", REMOVE, "/run"),
    ("/run/argv", [], "/run/argv"),
    ("/run/started_at", "yesterday", "/run/started_at"),
    ("/run/finished_at", "2025-01-01T00:00:00Z", "/run/finished_at"),
    ("/run/git_commit", None, "/run/git_commit"),
    ("/environment/after", None, "/environment/after"),
    ("/environment/before/cpu/model", None, "/environment/before/cpu/model"),
    ("/environment/before/cpu/tsc_hz", 0, "/environment/before/cpu/tsc_hz"),
    ("/environment/before/kernel", REMOVE, "/environment/before"),
    ("/environment/before/missing", {"cpu.governor": "no cpufreq"}, "/environment/before/nics/0/firmware"),
    ("/environment/before/nics/1/role", "receiver", "/environment/before/nics/1/role"),
    ("/cases/0/frame_size", 60, "/cases/0/frame_size"),
    ("/cases/0/rate_pps", 0, "/cases/0/rate_pps"),
    ("/cases/0/arrangement", None, "/cases/0/arrangement"),
    ("/cases/0/virtual", False, "/cases/0/virtual"),
    ("/cases/0/mode/effective", None, "/cases/0/mode/effective"),
    ("/cases/0/status", "skipped", "/cases/0/status"),
    ("/cases/0/reason", "an ok case gives no reason", "/cases/0/reason"),
    ("/cases/0/summary", None, "/cases/0/summary"),
    ("/cases/0/limiter", "nic", "/cases/0/limiter"),
    ("/cases/0/trials", [], "/cases/0/trials"),
    ("/cases/1/id", "xdp-native/drop/64B/1q/1f", "/cases/1/id"),
    ("/cases/1/reason", None, "/cases/1/reason"),
    ("/cases/1/reason", "", "/cases/1/reason"),
    (MPPS + "/n", 4, MPPS + "/n"),
    (MPPS + "/median", 4.2, MPPS + "/median"),
    (MPPS + "/mean", 4.2, MPPS + "/mean"),
    (MPPS + "/cov", 0.5, MPPS + "/cov"),
    (MPPS + "/cov", None, MPPS + "/reason"),
    (MPPS + "/ci95", [9.0, 9.5], MPPS + "/ci95"),
    (MPPS + "/ci95", [1.0], MPPS + "/ci95"),
    (MPPS + "/confidence", 0.95, MPPS + "/confidence"),
    (TRIAL + "/offered/packets", 1, TRIAL + "/unaccounted"),
    (TRIAL + "/received/packets", None, TRIAL + "/received/packets"),
    (TRIAL + "/received/pps", 1.0, TRIAL + "/mpps"),
    (TRIAL + "/drops/socket_buffer", 7, TRIAL + "/unaccounted"),
    (TRIAL + "/drops/socket_buffer", -7, TRIAL + "/drops/socket_buffer"),
    (TRIAL + "/offered/unsent", -3, TRIAL + "/offered/unsent"),
    (TRIAL + "/status", "unsupported", TRIAL + "/status"),
    (TRIAL + "/status", "invalid", TRIAL + "/reason"),
    (TRIAL + "/reason", "fine", TRIAL + "/reason"),
    (TRIAL + "/index", 1, "/cases/0/trials/1/index"),
    (TRIAL + "/mpps", None, TRIAL + "/mpps"),
    (TRIAL + "/mpps", "5", TRIAL + "/mpps"),
    (TRIAL + "/loss_ratio", 1.5, TRIAL + "/loss_ratio"),
    (TRIAL + "/drain_s", None, TRIAL + "/drain_s"),
    (TRIAL + "/cycles_source", None, TRIAL + "/cycles_source"),
    (TRIAL + "/cycles_source", "perf", TRIAL + "/cycles_source"),
    (TRIAL + "/cpus/0/role", "host", TRIAL + "/cpus/0/role"),
    (TRIAL + "/cpus/0/softirq", 1.2, TRIAL + "/cpus/0/softirq"),
    (TRIAL + "/cpus/0/softirq", None, TRIAL + "/cpus/0/softirq"),
]


@pytest.mark.parametrize("where, value, expected", BREAKS, ids=[f"{b[0]}={b[1]!r:.20}" for b in BREAKS])
def test_a_break_is_reported_where_it_is(valid, where, value, expected):
    assert expected in pointers(change(valid, where, value))


@pytest.mark.parametrize("where, value", [
    ("/environment/before/added_later", {"x": 1}),
    ("/cases/0/trials/0/added_later", 1),
    ("/cases/0/rate_pps", 1e6),
    ("/run/finished_at", None),
])
def test_what_the_contract_allows_passes(valid, where, value):
    assert pointers(change(valid, where, value)) == []


def test_every_required_key_of_a_trial_is_required(valid):
    for key in valid["cases"][0]["trials"][0]:
        assert "/cases/0/trials/0" in pointers(change(valid, f"{TRIAL}/{key}", REMOVE)), key


def test_unfinished_run_may_lack_the_environment_after(valid):
    unfinished = change(change(valid, "/run/finished_at", None), "/environment/after", None)
    assert pointers(unfinished) == []


def test_a_null_with_a_reason_passes(valid):
    document = change(valid, "/run/git_commit", None)
    assert pointers(change(document, "/run/missing", {"git_commit": "built from a tarball"})) == []


@pytest.mark.parametrize("tolerance, expected", [(0, [TRIAL + "/unaccounted"]), (5000, [])])
def test_unaccounted_is_held_against_the_scenario(tolerance, expected):
    for unaccounted in (-5000, 5000):
        document = sample_run.run([sample_run.case(trials=[sample_run.trial(unaccounted=unaccounted)])])
        document["scenario"]["method"]["tolerance_packets"] = tolerance
        assert pointers(document) == expected


RETURNED = {"sent_back": 100, "packets": 90, "strays": 1, "drops": {"veth_return_ring_full": 9},
            "unaccounted": 0}


@pytest.mark.parametrize("key, value, expected", [
    (None, None, []),
    ("packets", 89, [TRIAL + "/returned/unaccounted"]),
    ("drops", {}, [TRIAL + "/returned/unaccounted"]),
    ("drops", {"veth_return_ring_full": -9}, [TRIAL + "/returned/drops/veth_return_ring_full"]),
    ("strays", None, [TRIAL + "/returned/strays"]),
    ("sent_back", REMOVE, [TRIAL + "/returned"]),
])
def test_frames_sent_back_are_conserved_as_well(valid, key, value, expected):
    document = change(valid, TRIAL + "/returned", RETURNED)
    if key is not None:
        document = change(document, f"{TRIAL}/returned/{key}", value)
    assert pointers(document) == expected


@pytest.mark.parametrize("tolerance, expected", [(1, [TRIAL + "/returned/unaccounted"]), (2, [])])
def test_unaccounted_frames_that_were_sent_back_are_held_against_the_scenario(valid, tolerance, expected):
    document = change(valid, TRIAL + "/returned", {**RETURNED, "packets": 88, "unaccounted": 2})
    document["scenario"]["method"]["tolerance_packets"] = tolerance
    assert pointers(document) == expected


def test_invalid_trials_are_never_averaged_in():
    trials = sample_run.noisy_trials(5.0)
    trials[2].update(status="invalid", reason="unaccounted packets")
    document = sample_run.run([sample_run.case(trials=trials)])
    assert pointers(document) == []
    averaged = sample_run.estimate([trial["mpps"] for trial in trials])
    assert pointers(change(document, MPPS, averaged)) == [MPPS + "/n"]


def test_ok_case_needs_an_ok_trial():
    bad = sample_run.trial(status="invalid", reason="unaccounted packets")
    made = sample_run.case(trials=[bad])
    empty = sample_run.estimate([])
    made["summary"] = {name: empty for name in validate.MEASURES}
    assert pointers(sample_run.run([made])) == ["/cases/0/status"]


@pytest.mark.parametrize("status", ["unsupported", "interrupted"])
def test_a_case_that_has_ok_trials_was_neither_unsupported_nor_unstarted(status):
    made = sample_run.case(status=status, reason="said so", trials=sample_run.noisy_trials(5.0))
    assert pointers(sample_run.run([made])) == ["/cases/0/status"]


def test_trials_that_look_for_the_load_of_which_others_are_shares_are_no_load_that_was_measured():
    made = sample_run.case(status="interrupted", reason="said so", metrics=[],
                           trials=sample_run.noisy_trials(5.0))
    for method, problems in (("load-sweep", []), ("throughput", ["/cases/0/status"])):
        made["comparable"] = {"method": method}
        assert pointers(sample_run.run([made])) == problems
    made["comparable"]["method"] = "load-sweep"
    made["metrics"] = [{"name": "cycles", "unit": "cycles", "better": "lower", "by_round": {"0": 1.0}}]
    assert pointers(sample_run.run([made])) == ["/cases/0/status"]


def test_an_interval_has_its_confidence(valid):
    document = change(change(valid, MPPS + "/confidence", None), MPPS + "/reason", "not computed")
    assert pointers(document) == [MPPS + "/confidence"]


@pytest.mark.parametrize("n, confidence", [(4, None), (5, 0.9375), (6, 0.96875), (9, 0.9609375)])
def test_coverage_of_the_interval(n, confidence):
    assert sample_run.estimate(list(range(1, n + 1)))["confidence"] == confidence


def line(**changes):
    return {"schema": "pktbench-trial/1", "case": "a", "mode": sample_run.case()["mode"],
            "trial": sample_run.trial(), **changes}


def lines_of(*lines):
    """(line number, pointer) of every problem."""
    return [(number, problem.pointer) for number, problem in validate.check_trial_lines(lines)]


def test_trial_lines():
    good = json.dumps(line())
    other = json.dumps(line(trial=sample_run.trial(index=1)))
    assert lines_of(good, other) == []
    broken = json.dumps(line(trial={**sample_run.trial(index=2), "unaccounted": 1}))
    assert lines_of(good, broken, good) == [(2, "/trial/unaccounted"), (3, "/trial/index")]
    assert lines_of(json.dumps(line(mode={}))) == [(1, "/mode")] * 3
    with pytest.raises(validate.NotJson, match="line 2"):
        lines_of(good, '{"schema": "pktbench-tr')


@pytest.mark.parametrize("pointer, value", [
    (TRIAL + "/mpps", 1e300), (TRIAL + "/mpps", -1), (TRIAL + "/round", -1), (TRIAL + "/round", 2**31),
    (TRIAL + "/offered/packets", 1e6), (TRIAL + "/evidence/x", -1e300), (MPPS + "/ci95/1", 1e300),
    ("/cases/0/flows", 2**31),
    ("/scenario/method/tolerance_packets", 1e13), ("/environment/before/cpu/tsc_hz", 1e300)])
def test_a_number_beyond_its_bound_is_refused(valid, pointer, value):
    assert pointer in pointers(change(valid, pointer, value))


@pytest.mark.parametrize("pointer, value", [(TRIAL + "/offered/packets", 2**64),
                                            (TRIAL + "/unaccounted", 2**63)])
def test_an_integer_beyond_64_bits_is_none_to_read(valid, pointer, value):
    with pytest.raises(validate.NotJson, match=f"{pointer}: a number is too large"):
        validate.check_run(change(valid, pointer, value))


def test_a_pair_whose_base_is_0_is_told_and_no_crash():
    document = change(with_a_pair(), "/cases/0/trials/0/mpps", 0)
    assert "/pairs/0/ratios" in pointers(document)


def test_a_line_ends_where_the_file_says_so(tmp_path):
    odd = line(trial=sample_run.trial(status="failed", reason="a\u2028b\x85c"))
    (tmp_path / "trials.jsonl").write_text(json.dumps(odd, ensure_ascii=False) + "\n", encoding="utf-8")
    assert not list(validate.check_file(tmp_path / "trials.jsonl"))


@pytest.mark.parametrize("text, code, said", [
    (json.dumps(sample_run.run()), 0, ""),
    (json.dumps(change(sample_run.run(), "/cases/0/queues", 0)), 5, "run.json: /cases/0/queues: 0 is"),
], ids=["valid", "violation"])
def test_command_line(tmp_path, text, code, said):
    path = tmp_path / "run.json"
    path.write_text(text)
    done = subprocess.run([HERE / "validate.py", path], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (code, "")
    assert said in done.stdout and done.stdout.count("\n") == bool(code)


def test_command_line_names_an_unreadable_file(tmp_path):
    (tmp_path / "empty.json").write_text("")
    (tmp_path / "half.json").write_text("{")
    for suffix in ("json", "jsonl"):
        (tmp_path / f"bytes.{suffix}").write_bytes(b"{\xff")
    for name, said in (("absent.json", "no such file"), ("empty.json", "the file is empty"),
                       ("half.json", "not valid JSON: parse error: premature EOF, near"),
                       ("bytes.json", "not valid JSON: lexical error: invalid "),
                       ("bytes.jsonl", "byte 1: not valid UTF-8"),
                       ("", "no run.json in this directory; name a directory that pktbench run made")):
        path = tmp_path / name
        done = subprocess.run([HERE / "validate.py", path], capture_output=True, text=True, check=False)
        assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
        assert done.stderr.startswith(f"pktbench: {path}: {said}")


@pytest.mark.parametrize("program", ["results/schema/validate.py", "plots/__main__.py"])
@pytest.mark.parametrize("name", ["run.json", "trials.jsonl"])
def test_a_file_beyond_the_bound_is_refused_unread(tmp_path, program, name):
    with open(tmp_path / name, "wb") as file:
        file.truncate(checked.MAX_BYTES + 1)
    done = subprocess.run(["/usr/bin/python3", HERE.parents[1] / program, tmp_path / name],
                          capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (f"pktbench: {tmp_path / name}: larger than 536870912 bytes; measure in several "
                           "runs of fewer cases or trials\n")


def with_a_pair():
    """A run of one path against itself, in 20 rounds."""
    cases = [sample_run.case(trials=sample_run.noisy_trials(5.0, n=20, seed=seed), label=label, id=label)
             for seed, label in enumerate(("a1", "a2"))]
    return sample_run.run(cases, pairs=[sample_run.pair(*cases)])


@pytest.mark.parametrize("where, value, expected", [
    ("/pairs/0/base", "a3", "/pairs/0/base"),
    ("/pairs/0/rounds/19", 20, "/pairs/0/rounds"),
    ("/pairs/0/ratios/3", 1.5, "/pairs/0/ratios"),
    ("/pairs/0/ratios/3", REMOVE, "/pairs/0/ratios"),
    ("/cases/1/trials/0/round", 7, "/pairs/0/rounds"),
    ("/pairs/0/ci95", [1.5, 1.6], "/pairs/0/ci95"),
    ("/pairs/0/ci95", None, "/pairs/0"),
    ("/pairs/0/verdict", "maybe", "/pairs/0/verdict"),
    ("/pairs", REMOVE, ""),
])
def test_pairs_are_recomputed_from_the_trials(where, value, expected):
    whole = with_a_pair()
    assert pointers(whole) == []
    assert pointers(change(whole, where, value)) == [expected]
