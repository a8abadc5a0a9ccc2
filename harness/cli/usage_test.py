"""What a user sees: usage, bad input, exit statuses. Needs no privileges and changes nothing."""
import json
import os
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest

BINARY = os.environ["PKTBENCH_BINARY"]
SOURCE = Path(os.environ["PKTBENCH_SOURCE"])
QUICKSTART = SOURCE / "scenarios" / "quickstart.json"


def pktbench(*arguments, prefix=(), **keywords):
    return subprocess.run([*prefix, BINARY, *map(str, arguments)], capture_output=True, text=True,
                          timeout=60, **keywords)


def namespaces():
    return sorted(os.listdir("/run/netns")) if os.path.isdir("/run/netns") else []


def refused(result, status, *words):
    """One line on stderr that holds every word, nothing on stdout."""
    assert result.returncode == status, result.stderr
    assert result.stdout == ""
    assert len(result.stderr.strip().splitlines()) == 1, result.stderr
    for word in words:
        assert word in result.stderr


def write(tmp_path, text):
    path = tmp_path / "scenario.json"
    path.write_text(text)
    return path


def quickstart(tmp_path, change):
    document = json.loads(QUICKSTART.read_text())
    change(document)
    return write(tmp_path, json.dumps(document))


BAD_SCENARIOS = {
    "unknown key": (lambda d: d.update(trafic={}), "/trafic", "traffic"),
    "wrong type": (lambda d: d["method"].update(trials="five"), "/method/trials"),
    "unknown backend": (lambda d: d["backends"].append("xdp-natve"), "/backends/", "xdp-native"),
    "zero frame size": (lambda d: d["traffic"].update(frame_size=0), "/traffic/frame_size", "64"),
    "zero trials": (lambda d: d["method"].update(trials=0), "/method/trials"),
    "unknown generator": (lambda d: d["traffic"].update(generator="xdp-life"),
                          "/traffic/generator", "xdp-live"),
}


@pytest.mark.parametrize("name", BAD_SCENARIOS)
def test_a_bad_scenario_is_one_line_with_file_pointer_and_nearest_name(tmp_path, name):
    change, *words = BAD_SCENARIOS[name]
    path = quickstart(tmp_path, change)
    before = namespaces()
    refused(pktbench("run", path, "--out", tmp_path / "out"), 2, str(path), *words)
    assert namespaces() == before
    assert not (tmp_path / "out").exists()


def test_a_name_is_one_of_those_that_came_with_the_program(tmp_path):
    (tmp_path / "scenarios").mkdir()
    for name in ("quickstart", "mine"):
        (tmp_path / "scenarios" / f"{name}.json").write_text("{}")
    slip = pktbench("run", "quickstrat", cwd=tmp_path)
    refused(slip, 2, 'quickstrat: no such file or scenario; did you mean "quickstart"?')
    refused(pktbench("run", "mine", cwd=tmp_path), 2,
            "mine: no such file or scenario; valid: back-to-back, every-path")
    listed = json.loads(pktbench("list", "--json", cwd=tmp_path).stdout)
    assert [e["available"] for e in listed if e["name"] in ("quickstart", "mine")] == [True]
    refused(pktbench("run", "scenarios/mine.json", cwd=tmp_path), 2, "scenarios/mine.json: ")


def test_a_missing_file(tmp_path):
    refused(pktbench("run", tmp_path / "no.json"), 2, "no.json")


def test_truncated_json(tmp_path):
    path = write(tmp_path, QUICKSTART.read_text()[:40])
    refused(pktbench("run", path), 2, str(path))


def test_a_hundred_megabytes_of_brackets(tmp_path):
    path = tmp_path / "deep.json"
    path.write_bytes(b"[" * 100_000_000)
    refused(pktbench("run", path), 2, str(path))


def test_set_with_an_unknown_pointer():
    refused(pktbench("run", QUICKSTART, "--set", "/method/trails=3"), 2, "trials")


@pytest.mark.parametrize("value, pointer", [("[9,65536]", "/filter/udp_ports/1"),
                                            ("dns", "/filter/udp_ports"),
                                            ("[]", "/filter/udp_ports")])
def test_a_port_that_is_none_is_named_by_its_pointer(value, pointer):
    refused(pktbench("run", QUICKSTART, "--set", '/workloads=["filter"]',
                     "--set", f"/filter/udp_ports={value}"), 2, f"{pointer}: ")


def test_ports_without_a_filter_are_refused():
    refused(pktbench("run", QUICKSTART, "--set", "/filter/udp_ports=[9]"), 2, "/filter: none of")


@pytest.mark.parametrize("arguments", [["run"], ["rum"], ["run", QUICKSTART, "--trails", "3"], [],
                                       ["run", QUICKSTART, "--trials", "many"]])
def test_bad_usage_is_status_2(arguments):
    result = pktbench(*arguments)
    assert result.returncode == 2
    assert result.stderr and not result.stdout


@pytest.mark.parametrize("arguments, unknown", [
    (["run", "quickstart", "--bogus"], "--bogus"), (["run", "quickstart", "other"], "other"),
    (["lab", "--bogus", "--", "run", "quickstart", "--out", "x"], "--bogus")])
def test_what_a_command_does_not_know_is_named(arguments, unknown):
    command = f"pktbench {arguments[0]}"
    refused(pktbench(*arguments), 2, f"{command} does not know {unknown}; see {command} --help")


@pytest.mark.parametrize("command", ["run", "list", "compare", "gate", "baseline", "plots", "report",
                                     "validate", "history", "export", "doctor", "lab", "watch",
                                     "restore"])
def test_help_has_an_example(command):
    result = pktbench(command, "--help")
    assert result.returncode == 0
    assert "Example:" in result.stdout
    assert f"pktbench {command}" in result.stdout.split("Example:")[1]


def test_version():
    result = pktbench("--version")
    assert result.returncode == 0
    assert result.stdout.startswith("pktbench 0.")


def test_list_names_everything_with_a_reason_for_each_gap():
    result = pktbench("list", "--json", cwd=SOURCE)
    assert result.returncode == 0
    entries = json.loads(result.stdout)
    names = {(e["kind"], e["name"]) for e in entries}
    for backend in ("udp-recvfrom", "udp-recvmmsg", "xdp-native", "xdp-generic", "fake"):
        assert ("backend", backend) in names
    for generator in ("xdp-live", "packet-sendmmsg", "udp-sendmmsg"):
        assert ("generator", generator) in names
    assert {("testbed", "veth"), ("scenario", "quickstart")} <= names
    workloads = {name for kind, name in names if kind == "workload"}
    assert {"drop", "pass"} <= workloads
    for entry in entries:
        assert set(entry.get("workloads", [])) <= workloads, entry
        assert entry["available"] == (entry["reason"] is None)
        assert entry["available"] or entry["reason"]
        # What we ship must parse with what this build has.
        assert entry["kind"] != "scenario" or (entry["available"] and entry["summary"]), entry
    assert len([e for e in entries if e["kind"] == "scenario"]) >= 4


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to give it up")
def test_without_privileges_the_missing_capability_is_named(tmp_path):
    tmp_path.chmod(0o777)
    nobody = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--bounding-set=-all",
              "--inh-caps=-all")
    result = pktbench("run", QUICKSTART, "--out", tmp_path / "out", prefix=nobody)
    refused(result, 3, "CAP_NET_ADMIN", "root")
    assert not (tmp_path / "out").exists()


def simulated(tmp_path, backends, **method):
    return write(tmp_path, json.dumps({
        "testbed": "simulated", "traffic": {"generator": "simulated"}, "backends": backends,
        "method": {"trials": 5, **method}}))


def validate(*files):
    script = SOURCE / "results" / "schema" / "validate.py"
    result = subprocess.run([sys.executable, script, *files], capture_output=True, text=True)
    assert result.returncode == 0, result.stdout + result.stderr


def test_a_simulated_run_needs_no_privileges_and_validates(tmp_path):
    path = simulated(tmp_path, ["fake", {"name": "fake", "unsupported": True}])
    out = tmp_path / "out"
    result = pktbench("run", path, "--out", out)
    assert result.returncode == 0, result.stderr
    assert result.stdout.splitlines()[-2] == f"run: {out}/run.json"
    validate(out / "run.json", out / "trials.jsonl")
    run = json.loads((out / "run.json").read_text())
    assert [c["status"] for c in run["cases"]] == ["ok", "unsupported"]
    assert len((out / "trials.jsonl").read_text().splitlines()) == 5


@pytest.mark.parametrize("options, status", [({"unsupported": True}, 4), ({"lose_one_in": 1000}, 5),
                                             ({"fail": True}, 6)])
def test_the_exit_status_says_what_became_of_the_cases(tmp_path, options, status):
    path = simulated(tmp_path, [{"name": "fake", **options}])
    out = tmp_path / "out"
    result = pktbench("run", path, "--out", out)
    assert result.returncode == status, result.stderr
    validate(out / "run.json")


def test_a_directory_with_results_is_not_written_over(tmp_path):
    path = simulated(tmp_path, ["fake"])
    assert pktbench("run", path, "--out", tmp_path / "out").returncode == 0
    before = (tmp_path / "out" / "run.json").read_bytes()
    refused(pktbench("run", path, "--out", tmp_path / "out"), 2, str(tmp_path / "out"))
    assert (tmp_path / "out" / "run.json").read_bytes() == before


def test_resume_makes_only_the_missing_trials(tmp_path):
    path = simulated(tmp_path, ["fake"])
    out = tmp_path / "out"
    assert pktbench("run", path, "--out", out).returncode == 0
    lines = (out / "trials.jsonl").read_text().splitlines(keepends=True)
    (out / "trials.jsonl").write_text("".join(lines[:3]) + lines[3][:20])
    result = pktbench("run", path, "--resume", out)
    assert result.returncode == 0, result.stderr
    validate(out / "run.json", out / "trials.jsonl")
    run = json.loads((out / "run.json").read_text())
    assert run["run"]["resumed"] is True
    assert len(run["cases"][0]["trials"]) == 5
    assert (out / "trials.jsonl").read_text().splitlines(keepends=True)[:3] == lines[:3]


def order_of(out):
    lines = [json.loads(line) for line in (out / "trials.jsonl").read_text().splitlines()]
    return [(line["case"], line["trial"]["round"], line["trial"]["order"]) for line in lines]


THREE = ["fake", {"name": "fake", "lose_one_in": 10**9}, {"name": "fake", "repeat_one_in": 10**9}]


def test_the_order_is_drawn_recorded_and_can_be_repeated(tmp_path):
    path = simulated(tmp_path, THREE)
    seeds = []
    for name in ("a", "b"):
        assert pktbench("run", path, "--trials", 9, "--out", tmp_path / name).returncode == 0
        run = json.loads((tmp_path / name / "run.json").read_text())
        seeds.append(run["scenario"]["method"]["seed"])
        assert seeds[-1] > 0
    assert seeds[0] != seeds[1] and order_of(tmp_path / "a") != order_of(tmp_path / "b")
    again = pktbench("run", path, "--trials", 9, "--set", f"/method/seed={seeds[0]}", "--out", tmp_path / "c")
    assert again.returncode == 0
    assert order_of(tmp_path / "c") == order_of(tmp_path / "a")


def test_resume_goes_on_in_the_order_that_was_drawn(tmp_path):
    path = simulated(tmp_path, THREE)
    out = tmp_path / "out"
    assert pktbench("run", path, "--out", out).returncode == 0
    whole = order_of(out)
    lines = (out / "trials.jsonl").read_text().splitlines(keepends=True)
    (out / "trials.jsonl").write_text("".join(lines[:4]))
    result = pktbench("run", path, "--resume", out)
    assert result.returncode == 0, result.stderr
    assert order_of(out) == whole
    refused(pktbench("run", path, "--set", "/method/seed=1", "--resume", out), 2, "another scenario")


def test_resume_with_another_scenario_is_refused(tmp_path):
    path = simulated(tmp_path, ["fake"])
    assert pktbench("run", path, "--out", tmp_path / "out").returncode == 0
    refused(pktbench("run", path, "--trials", 7, "--resume", tmp_path / "out"), 2, "scenario")


def test_restore_without_anything_to_restore(tmp_path):
    if os.path.isdir("/run/pktbench") and any(p.endswith(".journal") for p in os.listdir("/run/pktbench")):
        pytest.skip("a journal of another run is on this host")
    result = pktbench("restore")
    assert result.returncode == 0
    assert result.stdout == "nothing to restore\n"


def test_doctor_names_the_nearest_port():
    refused(pktbench("doctor", "lo0"), 2, "lo0")


def test_doctor_prints_json_by_the_schema_and_changes_nothing():
    result = pktbench("doctor", "--json")
    assert result.returncode in (0, 3), result.stderr
    schema = json.loads((SOURCE / "results" / "schema" / "doctor.schema.json").read_text())
    document = json.loads(result.stdout)
    jsonschema.Draft7Validator(schema).validate(document)
    errors = [f for f in document["findings"] if f["severity"] == "ERROR"]
    assert result.returncode == (3 if errors else 0)
    assert len({f["check"] for f in document["findings"]}) >= 10
    assert document["applied"] is None


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to give it up")
def test_doctor_apply_needs_privileges():
    nobody = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--bounding-set=-all",
              "--inh-caps=-all")
    refused(pktbench("doctor", "--apply", prefix=nobody), 3, "CAP_NET_ADMIN", "root")
