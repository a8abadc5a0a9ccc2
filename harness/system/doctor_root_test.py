"""pktbench doctor on ports of a network namespace: what it refuses, sets, and gives back."""
import json
import os
import subprocess
from pathlib import Path

import jsonschema
import pytest

from runs import BINARY, NEEDS_ROOT, SOURCE, attach_foreign_xdp, ip, run_in

SCHEMA = json.loads((SOURCE / "results" / "schema" / "doctor.schema.json").read_text())
NAMESPACE = "pktbench-doctor-test"
STATE = Path("/run/pktbench")

pytestmark = NEEDS_ROOT


def pktbench(*arguments):
    return run_in(NAMESPACE, BINARY, *arguments)


def doctor(*arguments):
    """(exit status, document); the document agrees with the schema."""
    result = pktbench("doctor", "--json", *arguments)
    assert result.stdout, result.stderr
    document = json.loads(result.stdout)
    jsonschema.Draft7Validator(SCHEMA).validate(document)
    return result.returncode, document


def finding(document, check):
    found = [f for f in document["findings"] if f["check"] == check]
    assert len(found) == 1, document["findings"]
    return found[0]


def mtu():
    return json.loads(ip(f"-n {NAMESPACE} -j link show pbdoc0"))[0]["mtu"]


def journals():
    kept = (".journal", ".kept")
    return sorted(p.name for p in STATE.iterdir() if p.suffix in kept) if STATE.is_dir() else []


@pytest.fixture(autouse=True)
def port():
    """A veth port, up, of MTU 9000; nothing of it or of a journal is left."""
    if journals():
        pytest.skip("a journal of another run is on this host")
    ip(f"netns add {NAMESPACE}")
    try:
        ip(f"-n {NAMESPACE} link add pbdoc0 mtu 9000 type veth peer name pbdoc1 mtu 9000")
        ip(f"-n {NAMESPACE} link set pbdoc0 up")
        ip(f"-n {NAMESPACE} link set pbdoc1 up")
        ip(f"-n {NAMESPACE} addr add 198.18.0.1/24 dev pbdoc0")
        yield
    finally:
        subprocess.run([BINARY, "restore"], check=False, timeout=60, stdout=subprocess.DEVNULL)
        ip(f"netns del {NAMESPACE}")
    assert journals() == []


def test_the_schema_is_one_and_refuses_what_is_not_in_it():
    jsonschema.Draft7Validator.check_schema(SCHEMA)
    document = doctor("pbdoc0")[1]
    document["findings"][0]["severity"] = "FATAL"
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft7Validator(SCHEMA).validate(document)


def test_a_free_port_may_be_used_and_its_mtu_is_found():
    document = doctor("pbdoc0")[1]
    assert document["port"]["interface"] == "pbdoc0"
    assert document["port"]["driver"] == "veth"
    assert document["port"]["safety"] == {"allowed": True, "reasons": [], "waived": []}
    assert finding(document, "mtu")["severity"] == "WARN"
    assert finding(document, "link")["severity"] == "INFO"
    # veth has no rings and is on no bus: unknown, with the reason.
    for check in ("ring-sizes", "pcie", "pause-frames"):
        assert finding(document, check)["unknown"], check
    assert document["applied"] is None


def test_the_kernel_is_asked_what_xdp_can_do():
    seen = finding(doctor("pbdoc0")[1], "kernel-support")
    if seen["unknown"]:
        pytest.skip(seen["seen"])
    assert seen["seen"].startswith("native XDP yes, redirect yes, ")
    assert "AF_XDP zero-copy no" in seen["seen"]


def typed(command):
    run_in(NAMESPACE, "sh", "-c", command).check_returncode()


def test_the_fixes_of_a_port_work_as_they_are_printed():
    queues = os.cpu_count() + 2
    ip(f"-n {NAMESPACE} link del pbdoc0")
    ip(f"-n {NAMESPACE} link add pb;doc mtu 9000 numrxqueues {queues} numtxqueues {queues} type veth "
       "peer name pbdoc1 mtu 9000")
    ip(f"-n {NAMESPACE} link set pbdoc1 up")
    checks = ("link", "queues", "mtu")
    for check in checks:
        found = finding(doctor("pb;doc")[1], check)
        assert found["severity"] in ("WARN", "ERROR"), found
        typed(found["fix"])
        assert finding(doctor("pb;doc")[1], check)["severity"] == "INFO", found


@pytest.mark.parametrize("mode", ["xdpgeneric", "xdpdrv"])
def test_a_program_is_taken_off_by_the_fix(mode):
    for end in ("pbdoc0", "pbdoc1"):
        ip(f"-n {NAMESPACE} link set {end} mtu 1500")
    attach_foreign_xdp(NAMESPACE, "pbdoc0", mode)
    found = finding(doctor("pbdoc0")[1], "xdp-programs")
    assert found["severity"] == "WARN"
    typed(found["fix"])
    assert finding(doctor("pbdoc0")[1], "xdp-programs")["seen"] == "none"


def test_apply_sets_reads_back_and_stays_until_restore():
    status, document = doctor("pbdoc0", "--apply")
    applied = [a for a in document["applied"] if a["device"] == "pbdoc0"]
    assert applied == [{"device": "pbdoc0", "setting": "mtu", "wanted": "1500", "before": "9000",
                        "after": "1500", "failed": None}]
    assert finding(document, "mtu")["severity"] == "INFO"
    assert mtu() == 1500
    assert journals() == ["applied.kept"]
    # A second time there is nothing left to set, and the first journal is kept.
    assert [a for a in doctor("pbdoc0", "--apply")[1]["applied"] if a["device"]] == []
    assert status == (3 if any(f["severity"] == "ERROR" for f in document["findings"]) else 0)
    # From the host's own namespace, where no such device is.
    restored = subprocess.run([BINARY, "restore"], capture_output=True, text=True, timeout=60)
    assert restored.returncode == 0, restored.stderr
    assert "pbdoc0" in restored.stdout
    assert mtu() == 9000
    assert journals() == []


def test_a_change_that_cannot_be_undone_is_taken_off_the_record_by_the_command_that_is_printed():
    STATE.mkdir(exist_ok=True)
    (STATE / "1.journal").write_text(json.dumps({"kind": "none", "target": "x", "value": "1"}) + "\n")
    try:
        said = pktbench("doctor", "--apply")
        assert said.returncode == 3 and "an ended run's change cannot be undone: " in said.stderr
        typed(said.stderr.strip().rsplit("; where the host is as you want it: ", 1)[1])
        assert journals() == []
        assert pktbench("doctor", "--apply", "pbdoc0").stderr == ""
    finally:
        (STATE / "1.journal").unlink(missing_ok=True)


def test_a_refused_port_is_left_alone():
    ip(f"-n {NAMESPACE} route add default via 198.18.0.2")
    status, document = doctor("pbdoc0", "--apply")
    assert status == 3
    reason = "pbdoc0 carries the default route (IPv4, table main)"
    assert document["port"]["safety"]["reasons"] == [reason]
    assert finding(document, "safety")["severity"] == "ERROR"
    assert document["applied"] is None
    assert mtu() == 9000
    assert journals() == []


def test_the_override_repeats_the_name():
    ip(f"-n {NAMESPACE} route add default via 198.18.0.2")
    assert doctor("pbdoc0", "--apply", "--i-know-this-is", "pbdoc1")[0] == 3
    assert mtu() == 9000
    document = doctor("pbdoc0", "--apply", "--i-know-this-is", "pbdoc0")[1]
    assert document["port"]["safety"]["allowed"]
    assert len(document["port"]["safety"]["waived"]) == 1
    assert mtu() == 1500


def test_the_host_has_a_line_per_port():
    ip(f"-n {NAMESPACE} route add default via 198.18.0.2")
    document = doctor()[1]
    allowed = {p["interface"]: p["safety"]["allowed"] for p in document["ports"]}
    # Its pair's other end would take pbdoc0 down with it.
    assert allowed["pbdoc0"] is False and allowed["pbdoc1"] is False
    assert "lo" not in allowed


def test_a_port_that_is_not_there_is_named_with_its_nearest():
    result = pktbench("doctor", "pbdco0")
    assert result.returncode == 2
    assert result.stdout == ""
    assert 'did you mean "pbdoc0"?' in result.stderr
