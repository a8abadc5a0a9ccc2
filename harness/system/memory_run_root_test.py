"""Whole runs without a device: conserved to the frame, and refused with the reason elsewhere."""
import json
import os

import pytest

from memory_runs import MEMORY, needs_dpdk, run, trials_of

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs root: DPDK and CPU accounting")


def listed(tmp_path, testbed, generator, backends, workload="drop", **more):
    path = tmp_path / "scenario.json"
    path.write_text(json.dumps({"testbed": testbed, "traffic": {"generator": generator},
                                "backends": backends, "workloads": [workload], **more}))
    return path


def test_every_driver_conserves_every_frame(tmp_path):
    result, cases = run(tmp_path / "out", MEMORY)
    needs_dpdk(cases)
    assert [c["backend_options"]["driver"] for c in cases] == ["net_virtio_user", "net_ring",
                                                               "net_null"]
    for case in cases:
        assert case["virtual"] is True and case["arrangement"] is None
        assert case["mode"]["details"]["device"] == "none; virtual"
    for trial in trials_of(result, cases):
        assert trial["received"]["bytes"] == 60 * trial["received"]["packets"]
        # Null where all was received after the window.
        assert trial["mpps"] == 0 or trial["cycles_per_packet"] > 0
    assert "Testbed: memory; virtual" in result.stdout


def drivers(*names):
    return [{"name": "dpdk", "driver": name} for name in names]


def test_what_is_sent_back_comes_back(tmp_path):
    scenario = listed(tmp_path, "memory", "memory", drivers("net_virtio_user", "net_ring", "net_null"),
                      "reflect")
    result, cases = run(tmp_path / "out", scenario, "--set", '/traffic/rate=["max",20000]')
    needs_dpdk(cases)
    assert len(cases) == 6
    cannot = [c for c in cases if c["backend_options"]["driver"] == "net_null"]
    assert all(c["status"] == "unsupported" and "net_null" in c["reason"] for c in cannot)
    trials = trials_of(result, [c for c in cases if c not in cannot])
    assert len(trials) >= 8
    for trial in trials:
        back, received = trial["returned"], trial["received"]
        assert received["details"]["reflected"] == received["packets"]
        assert back["sent_back"] == received["packets"] - received["details"]["not_sent"]
        assert back["packets"] == back["sent_back"]
        assert trial["status"] == "invalid" or back["packets"] > 0
        assert back["unaccounted"] == 0 and back["strays"] == 0 and back["drops"] == {}


@pytest.mark.parametrize("ports, found", [([9], "filtered"), ([8, 9, 10], "filtered"), ([10, 53], "passed")])
def test_the_filter_takes_out_the_scenarios_ports(tmp_path, ports, found):
    scenario = listed(tmp_path, "memory", "memory", drivers("net_virtio_user", "net_ring"), "filter",
                      filter={"udp_ports": ports})
    result, cases = run(tmp_path / "out", scenario)
    needs_dpdk(cases)
    for trial in trials_of(result, cases):
        received = trial["received"]
        assert received["details"][found] == received["packets"]
        assert sum(received["details"].values()) == received["packets"]


def test_a_path_through_a_device_is_unsupported_without_one(tmp_path):
    scenario = listed(tmp_path, "memory", "memory",
                      ["xdp-native", {"name": "dpdk", "driver": "net_af_xdp"}])
    result, cases = run(tmp_path / "out", scenario)
    needs_dpdk(cases)
    assert result.returncode == 4, result.stderr
    assert [c["status"] for c in cases] == ["unsupported", "unsupported"]
    assert "testbed memory, which has no network device; use veth" in cases[0]["reason"]
    assert "testbed memory has none; use veth" in cases[1]["reason"]


def test_a_generator_without_a_device_goes_with_no_other_testbed(tmp_path):
    result, cases = run(tmp_path / "out", listed(tmp_path, "veth", "memory", ["xdp-native"]))
    assert result.returncode == 4, result.stderr
    assert "generator memory does not work on testbed" in cases[0]["reason"]
    result, cases = run(tmp_path / "else", listed(tmp_path, "memory", "xdp-live", ["dpdk"]))
    assert result.returncode == 4, result.stderr
    assert "use generator memory" in cases[0]["reason"]


def test_what_needs_memory_or_a_pci_device_is_unsupported_on_veth(tmp_path):
    backends = drivers("net_ring", "net_null", "0000:03:00.0")
    result, cases = run(tmp_path / "out", listed(tmp_path, "veth", "xdp-live", backends))
    needs_dpdk(cases)
    assert result.returncode == 4, result.stderr
    assert ["use the testbed memory" in c["reason"] for c in cases] == [True, True, False]
    assert "PCI device 0000:03:00.0 is no port of this testbed" in cases[2]["reason"]


def test_a_driver_that_is_neither_known_nor_a_pci_address_is_an_input_error(tmp_path):
    scenario = listed(tmp_path, "memory", "memory", [{"name": "dpdk", "driver": "net_rung"}])
    result, _ = run(tmp_path / "out", scenario)
    assert result.returncode == 2
    assert 'did you mean "net_ring"' in result.stderr
