"""run --restarts on the veth testbed: each block has namespaces and devices of its own, and none stays."""
import json

from runs import BRIEF, MARKS, run, validate

pytestmark = MARKS

# SO_NETNS_COOKIE (Linux 5.14): each namespace since boot has another, unlike inodes and numbers of devices.
COOKIE = "/usr/bin/python3 -c 'import socket; print(socket.socket().getsockopt(1, 71, 8).hex())'"


def test_each_block_has_devices_of_its_own(tmp_path, host_as_it_was):
    seen = tmp_path / "seen"
    scenario = tmp_path / "restarts.json"
    scenario.write_text(json.dumps({
        "traffic": {"rate": 20000}, "method": {"trials": 4},
        "backends": [{"name": "external", "attach": f"{COOKIE} >> {seen}", "counter": "link:rx_packets"}]}))
    status, _, stderr = run(tmp_path / "out", "--restarts", "2", *BRIEF, scenario=scenario)
    assert status == 0, stderr
    validate(tmp_path / "out" / "run.json", tmp_path / "out" / "trials.jsonl")
    case, = json.loads((tmp_path / "out" / "run.json").read_text())["cases"]
    assert [t["restart"] for t in case["trials"]] == [0, 0, 1, 1]
    assert all(t["unaccounted"] == 0 and t["received"]["packets"] > 0 for t in case["trials"])
    first, second, third, last = seen.read_text().split()
    assert first == second and third == last and first != third
