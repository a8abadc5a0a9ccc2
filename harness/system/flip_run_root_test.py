"""The method `flip` on real frames: nothing is lost by turning a program, and what was seen of it is kept."""
import json

from runs import BRIEF, MARKS, run, validate

pytestmark = MARKS


def flipped(out, *arguments):
    """(exit status, stdout, its cases) of short trials."""
    # BRIEF begins with a duration that is too short for a flip.
    status, stdout, stderr = run(out, "--trials", "2", "--duration", "0.6", *BRIEF[2:], *arguments,
                                 scenario="flip")
    assert (out / "run.json").exists(), stderr
    validate(out / "run.json")
    return status, stdout, json.loads((out / "run.json").read_text())["cases"]


def test_each_frame_is_passed_on_or_dropped_and_the_change_is_seen(tmp_path):
    status, stdout, cases = flipped(tmp_path / "out", "--set", "/traffic/rate=50000")
    assert status in (0, 5), stdout      # others may be at work here
    assert {case["backend"] for case in cases} == {"xdp-native", "xdp-generic"}
    seen = []
    for case in cases:
        for trial in case["trials"]:
            if not trial["conserved"]:
                assert trial["status"] != "ok"
                continue
            details, flip = trial["received"]["details"], trial["flip"]
            assert details["passed"] + details["turned"] == trial["received"]["packets"]
            assert details["passed"] > 0 and details["turned"] > 0
            series = flip["series"]
            before = [s for s in series if s["at_ms"] <= flip["flipped_at_ms"]]
            assert before and not any(s["turned"] for s in before), "the new action before the change"
            assert sum(s["turned"] for s in series) <= details["turned"]
            assert sum(s["packets"] for s in series) <= trial["received"]["packets"]
            assert flip["visible_after_ms"] is not None
            seen.append((case["backend"], flip["visible_after_ms"], flip["sampler_cpu"], flip["tax_cycles"]))
        assert case["flip"]["action"] == "drop"
    assert seen
    for backend, visible, sampler, tax in seen:
        print(f"{backend}: seen after {visible:.1f} ms, sampling {100 * sampler:.2f}% of a CPU, tax {tax}")


def test_what_cannot_be_turned_is_unsupported_with_the_reason(tmp_path):
    status, _, cases = flipped(tmp_path / "socket", "--set", "/backends=[\"udp-recvmmsg\"]")
    assert status == 4
    assert "no program whose action could be turned" in cases[0]["reason"]
    status, _, cases = flipped(tmp_path / "drop", "--set", "/workloads=[\"drop\"]", "--backend", "xdp-native")
    assert status == 4
    assert "workload drop cannot be turned" in cases[0]["reason"]


def test_without_cpu_accounting_there_is_nothing_to_see(tmp_path):
    backend = json.dumps([{"name": "xdp-native", "telemetry": "none"}])
    status, _, cases = flipped(tmp_path / "out", "--set", f"/backends={backend}")
    assert status == 4 and "a flip is read by CPU time" in cases[0]["reason"]
