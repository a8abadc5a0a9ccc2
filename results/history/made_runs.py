"""Made-up runs of many nights, for tests: no figure in them was measured."""
import copy
import datetime
import functools
import json
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
for place in (HERE.parent, HERE.parent / "schema", HERE.parent.parent / "scripts", HERE.parent.parent):
    if str(place) not in sys.path:
        sys.path.append(str(place))

import sample_run  # noqa: E402

FIRST = datetime.datetime(2026, 1, 1, 2)
XDP, UDP = "xdp-native/drop/64B/1q/1f", "udp-recvmmsg/drop/64B/1q/1f"


@functools.lru_cache(maxsize=None)
def _blank():
    return sample_run.run([sample_run.case("xdp-native", sample_run.noisy_trials(5.0)),
                           sample_run.case("udp-recvmmsg", sample_run.noisy_trials(0.3, 7000.0))])


def night(number, mpps=5.0, kernel="6.1.0-1", host="lab1", **about):
    """The run of a night: two cases, of which the first has mpps, exactly so in each trial's metric."""
    made = copy.deepcopy(_blank())
    at = FIRST + datetime.timedelta(days=number)
    started = at.strftime("%Y-%m-%dT%H:%M:%SZ")
    finished = (at + datetime.timedelta(minutes=9)).strftime("%Y-%m-%dT%H:%M:%SZ")
    made["run"].update({"id": f"{at:%Y%m%dT%H%M%SZ}-{host}-nightly", "host": host, "started_at": started,
                        "finished_at": finished, **about})
    for when in ("before", "after"):
        made["environment"][when]["kernel"]["release"] = kernel
    made["fingerprint"] = {
        "host": host, "cpu": "Example CPU, 2 online", "microcode": "0x1", "kernel": kernel, "nic": None,
        "driver": "veth", "firmware": None, "settings": "governor=performance", "scenario": "made-up",
        "testbed": "veth", "virtual": True}
    for case, rate, cycles in zip(made["cases"], (mpps, 0.3), (500.0, 7000.0)):
        case["comparable"] = {"testbed": "veth", "frame_size": "64", "method": "throughput",
                              "dut_port.driver": "veth"}
        case["metrics"] = [metric("mpps", "Mpps", "higher", [rate] * 5),
                           metric("cycles_per_packet", "cycles", "lower", [cycles] * 5)]
    return made


def metric(name, unit, better, values):
    """As a method has it."""
    return {"name": name, "unit": unit, "better": better,
            "by_round": {str(number): value for number, value in enumerate(values)}}


def write(folder, document):
    """Writes a run into a folder of its own; returns the path of its run.json."""
    path = pathlib.Path(folder) / document["run"]["id"] / "run.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document), encoding="utf-8")
    return path
