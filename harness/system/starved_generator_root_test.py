"""A paced generator that does not send what is due: starved by others, or slow by itself."""
import json
import os
import subprocess
import sys

from runs import BRIEF, MARKS, run, validate

pytestmark = MARKS

# Takes a CPU for 45 of every 57 ms, for a minute at most.
HOG = """
import os, sys, time
os.sched_setaffinity(0, {int(sys.argv[1])})
os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(80))
print("begun", flush=True)
end = time.monotonic() + 60
while time.monotonic() < end:
    busy = time.monotonic() + 0.045
    while time.monotonic() < busy:
        pass
    time.sleep(0.012)
"""


def paced(out, rate, *arguments):
    """(exit status, stdout, its case) of two trials at `rate`."""
    status, stdout, stderr = run(out, "--trials", "2", *BRIEF, "--set", "/method/duration_s=0.5",
                                 "--set", f"/traffic/rate={rate}",
                                 "--set", "/traffic/generator=packet-sendmmsg",
                                 "--backend", "xdp-native", "--set", "/method/max_repeats=1", *arguments)
    assert (out / "run.json").exists(), stderr
    validate(out / "run.json", out / "trials.jsonl")
    case, = json.loads((out / "run.json").read_text())["cases"]
    return status, stdout, case


def test_a_generator_whose_cpu_others_take_makes_trials_invalid(tmp_path):
    cpu = min(os.sched_getaffinity(0))
    hog = subprocess.Popen([sys.executable, "-c", HOG, str(cpu)], stdout=subprocess.PIPE, text=True)
    try:
        assert hog.stdout.readline() == "begun\n"
        status, _, case = paced(tmp_path / "out", 20_000, "--set", "/method/max_disturbance=0.5")
    finally:
        hog.kill()
        hog.wait()
    assert status == 5 and case["status"] == "disturbed"
    assert len(case["trials"]) == 3, "the first was to be made again, and the others were disturbed alike"
    for trial in case["trials"]:
        assert trial["status"] == "invalid" and trial["disturbed"], trial["reason"]
        assert "starved generator: others had " in trial["reason"], trial["reason"]
        assert f" of CPU {cpu}, and " in trial["reason"]
        assert " of the frames due were not sent" in trial["reason"]  # others may be named too
        assert trial["unaccounted"] == 0 and trial["offered"]["unsent"] > trial["offered"]["packets"] / 10
        assert trial["evidence"]["generator_foreign"] > 0.5 and trial["evidence"]["unsent"] > 0.1


def test_a_rate_that_the_generator_cannot_send_is_no_disturbance(tmp_path):
    status, stdout, case = paced(tmp_path / "out", 100_000_000)
    assert status == 0, stdout
    for trial in case["trials"]:
        assert trial["status"] == "ok" and not trial["disturbed"], trial["reason"]
        assert trial["evidence"]["unsent"] > 0.5
