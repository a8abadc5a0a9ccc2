"""Each claim has a scenario that pktbench takes, with the cases that its steps name; and what is wrong with
an entry is said with its place."""
import os
import pathlib
import shlex
import subprocess

import pytest

from claim import entries, options
import checked

# Whoever calls: without a right to measure anything.
POWERLESS = ("setpriv", "--bounding-set=-all", "--inh-caps=-all") if os.geteuid() == 0 else ()
STEP = {"says": "a against b", "measure": "mpps", "base": "a", "next": "b", "at_least": 1.0}
CLAIM = {key: f"some {key}" for key in ("title", "claim", "source", "elsewhere", "command")}


def refused(scenario, *cases, values=()):
    """The exit status and stderr of a run that may not measure: 3 where there is nothing else against it."""
    words = [word for option, found in (("--case", cases), ("--set", values)) for one in found
             for word in (option, one)]
    done = subprocess.run([*POWERLESS, os.environ["PKTBENCH_BINARY"], "run", scenario, *words],
                          capture_output=True, text=True, timeout=60, check=False)
    return done.returncode, done.stderr


SCENARIOS = [name for name in entries.names() if not entries.read(name).micro]
MICRO = sorted({*entries.names()} - {*SCENARIOS})


@pytest.mark.parametrize("name", SCENARIOS)
def test_pktbench_takes_the_scenario_and_has_every_case_of_a_step(name):
    claim = entries.read(name)
    cases = entries.compared(claim)
    status, said = refused(entries.scenario(name), *cases)
    assert status == 3 and "CAP_NET_ADMIN" in said, said
    assert len(cases) <= entries.cases(name)


@pytest.mark.parametrize("name", SCENARIOS)
def test_the_command_for_other_hardware_can_be_typed(name, monkeypatch):
    claim = entries.read(name)
    sudo, script, *words = shlex.split(claim.command)
    assert (sudo, script, words[0]) == ("sudo", "scripts/claims", name)
    monkeypatch.setattr("sys.argv", [script, *words])
    asked = options.parse()
    status, said = refused(entries.scenario(name), *entries.compared(claim), values=asked.set)
    assert status == 3 and "CAP_NET_ADMIN" in said, said
    assert any("eth1" in value for value in asked.set)


@pytest.mark.parametrize("name", MICRO)
def test_pktbench_micro_has_every_benchmark_of_a_step_and_its_command_can_be_typed(name, monkeypatch):
    claim = entries.read(name)
    sudo, script, *words = shlex.split(claim.command)
    assert (sudo, script, words[0]) == ("sudo", "scripts/claims", name)
    monkeypatch.setattr("sys.argv", [script, *words])
    assert options.parse().micro and entries.cases(name) == len(entries.compared(claim)) > 3
    program = pathlib.Path(os.environ["PKTBENCH_BINARY"]).with_name("pktbench-micro")
    if not program.exists():
        pytest.skip("pktbench-micro is not built")
    listed = subprocess.run([program, "--benchmark_list_tests=true"], capture_output=True, text=True,
                            timeout=60, check=True).stdout.splitlines()
    assert set(entries.compared(claim)) <= set(listed)


def test_a_case_or_a_scenario_that_is_not_there_is_seen():
    assert refused(entries.scenario("dpdk"), "xdp-native/dorp/64B/1q/1f")[0] == 2
    assert refused(entries.scenario("none"))[0] == 2


def test_every_scenario_is_a_claim_and_the_other_way_round():
    assert SCENARIOS == sorted(path.stem for path in entries.FOLDER.glob("*.json")) != []
    assert MICRO == ["counting", "parsing"]


def test_cases_are_counted():
    assert {name: entries.cases(name) for name in ("dpdk", "verdicts", "kernel-tax")} == {
        "dpdk": 12, "verdicts": 5, "kernel-tax": 4}


def toml(values):
    """Of texts and numbers, and of steps."""
    lines = [f"{key} = {value!r}" for key, value in values.items() if key != "step"]
    for step in values.get("step", []):
        lines += ["[[step]]", *(f"{key} = {value!r}" for key, value in step.items())]
    return "\n".join(lines)


@pytest.fixture(name="read")
def fixture_read(tmp_path, monkeypatch):
    monkeypatch.setattr(entries, "FOLDER", tmp_path)

    def read(text, scenario=True):
        (tmp_path / "mine.toml").write_text(text)
        if scenario:
            (tmp_path / "mine.json").touch()
        return entries.read("mine")
    return read


def test_a_whole_entry_is_read(read):
    claim = read(toml({**CLAIM, "step": [STEP]}).replace("'some claim'", '"""two\n  lines"""'))
    assert (claim.claim, claim.figure, claim.steps) == ("two lines", "claim", (entries.Step(**STEP),))


@pytest.mark.parametrize("entry, said", [
    ({**CLAIM}, "/step: a claim has at least one step: [[step]]"),
    ({**CLAIM, "titel": "x", "step": [STEP]}, 'unknown key "titel"; did you mean "title"?'),
    ({**CLAIM, "name": "x", "step": [STEP]}, 'unknown key "name"; valid: title, claim, source, elsewhere, '
     'command, figure, not_on_veth, micro'),
    ({"title": "x", "step": [STEP]}, "claim is missing"),
    ({**CLAIM, "title": " ", "step": [STEP]}, "/title: must be a text"),
    ({**CLAIM, "step": [{**STEP, "measure": "cycels"}]},
     '/step/0/measure: unknown measure "cycels"; did you mean "cycles"?'),
    ({**CLAIM, "step": [STEP, {**STEP, "at_most": 2}]}, "/step/1: has one bound: at_least or at_most"),
    ({**CLAIM, "step": [{**STEP, "at_least": 0}]}, "/step/0: /at_least: must be a number above 0"),
    ({**CLAIM, "step": [{**STEP, "measure": "time"}]},
     '/step/0/measure: unknown measure "time"; valid: mpps, cycles'),
    ({**CLAIM, "micro": "yes", "step": [STEP]}, "/micro: must be true"),
    ({**CLAIM, "step": [{**STEP, "base": 3}]}, "/step/0: /base: must be a text")])
def test_what_is_wrong_is_said_with_its_place(read, entry, said):
    with pytest.raises(checked.InputError) as error:
        read(toml(entry))
    assert str(error.value).endswith(f"mine.toml: {said}")


def test_a_claim_is_measured_by_a_scenario_or_by_benchmarks(read):
    micro = "micro = true\n" + toml({**CLAIM, "step": [{**STEP, "measure": "time"}]})
    assert read(micro, scenario=False).micro and entries.cases("mine") == 2
    for text, scenario in ((micro, True), (toml({**CLAIM, "step": [STEP]}), False)):
        (entries.FOLDER / "mine.json").unlink(missing_ok=True)
        with pytest.raises(checked.InputError, match="is measured by mine.json or by pktbench-micro "):
            read(text, scenario)


def test_what_is_no_toml(read):
    with pytest.raises(checked.InputError, match="mine.toml: Invalid value"):
        read("title = ")
