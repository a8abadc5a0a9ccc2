"""The wall clock is set again and again while a run is on: a guest's, as nobody may set the host's."""
import datetime
import json
import os
import subprocess
import sys

import pytest

sys.path.insert(0, os.path.join(os.environ["PKTBENCH_SOURCE"], "scripts"))
import guest as lab_guest  # noqa: E402
from guest import BINARY, SOURCE  # noqa: E402

TRIALS, WINDOW_S = 3, 0.5

# Several times within each window: an hour forth, two hours back, an hour forth. Between the two halves of
# the run, a day back.
STEPS = r"""
step() { date -s "@$(($(date +%s) + $1))" >/dev/null; }
up() { sed 's/\..*//' /proc/uptime; }
began=$(date +%s) began_up=$(up)
steps() { while :; do step 3600; sleep 0.1; step -7200; sleep 0.1; step 3600; sleep 0.1; done; }
steps & steps=$!
BINARY run SHARED/clock.json --out SHARED/clock >/dev/null &
run=$!
n=0; until [ -s SHARED/clock/trials.jsonl ] || [ $n -eq 600 ]; do sleep 0.1; n=$((n + 1)); done
kill -TERM $run
wait $run; echo $?
cp SHARED/clock/run.json SHARED/clock-first.json
kill $steps
step -86400
steps & steps=$!
BINARY run SHARED/clock.json --resume SHARED/clock >/dev/null; echo $?
kill $steps
date -s "@$((began + $(up) - began_up))" >/dev/null
"""


def clock(shared):
    (shared / "clock.json").write_text(json.dumps({
        "testbed": "veth", "traffic": {"generator": "packet-sendmmsg", "rate": 1000},
        "backends": ["udp-recvmmsg"],
        "method": {"trials": TRIALS, "duration_s": WINDOW_S, "warmup_s": 0.1, "max_disturbance": 1,
                   "max_cpu_distance_change": 0}}))
    return STEPS.replace("BINARY", BINARY).replace("SHARED", str(shared))


PARTS = {"clock": clock}


@pytest.fixture(scope="module")
def shared():
    lab_guest.can_boot()
    assert lab_guest.boot().passed("clock").split() == ["130", "0"]
    return lab_guest.boot().shared


def time_of(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))


def test_every_window_is_as_long_as_planned(shared):
    case, = json.loads((shared / "clock" / "run.json").read_text())["cases"]
    ok = [trial for trial in case["trials"] if trial["status"] == "ok"]
    # The summary may be of fewer: how far the emulator's CPUs are from each other changes.
    assert case["status"] == "ok" and len(ok) >= TRIALS, case["reason"]
    for trial in ok:
        assert WINDOW_S <= trial["duration_s"] < 2 * WINDOW_S
        assert trial["received"]["packets"] == trial["offered"]["packets"] > 0


@pytest.mark.parametrize("name", ["clock-first.json", "clock/run.json"])
def test_a_run_and_its_trials_lie_between_its_start_and_its_end(shared, name):
    subprocess.run([SOURCE / "results" / "schema" / "validate.py", shared / name], check=True)
    document = json.loads((shared / name).read_text())
    began, ended = (time_of(document["run"][key]) for key in ("started_at", "finished_at"))
    assert began <= ended < began + datetime.timedelta(minutes=5)
    times = [time_of(trial["started_at"]) for trial in document["cases"][0]["trials"]]
    if document["run"]["resumed"]:
        earlier = json.loads((shared / "clock-first.json").read_text())["cases"][0]["trials"]
        assert times[:len(earlier)] == [time_of(trial["started_at"]) for trial in earlier] != []
        times = times[len(earlier):]
    assert [began, *times, ended] == sorted([began, *times, ended])
