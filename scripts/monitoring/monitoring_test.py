"""The files that Prometheus and Grafana are started with. Their queries are run by
harness/system/monitoring_root_test.py."""
import itertools
import json
import pathlib
import re
import shutil
import subprocess

import jsonschema
import pytest

HERE = pathlib.Path(__file__).resolve().parent
GRAFANA = HERE / "grafana"
DASHBOARD = json.loads((GRAFANA / "dashboards" / "pktbench.json").read_text(encoding="utf-8"))


def test_promtool_takes_the_configuration():
    if not shutil.which("promtool"):
        pytest.skip("promtool is not installed")
    done = subprocess.run(["promtool", "check", "config", HERE / "prometheus.yml"], capture_output=True,
                          text=True, timeout=60, check=False)
    assert done.returncode == 0 and "is valid" in done.stdout, done.stdout + done.stderr


def test_the_dashboard_is_as_grafana_wants_it():
    schema = json.loads((HERE / "testdata" / "dashboard.schema.json").read_text(encoding="utf-8"))
    jsonschema.Draft7Validator.check_schema(schema)
    jsonschema.Draft7Validator(schema).validate(DASHBOARD)


def test_panels_have_ids_and_places_of_their_own():
    panels = DASHBOARD["panels"]
    assert len({panel["id"] for panel in panels}) == len({panel["title"] for panel in panels}) == len(panels)
    places = [panel["gridPos"] for panel in panels]
    assert all(at["x"] + at["w"] <= 24 for at in places)
    for one, other in itertools.combinations(places, 2):
        beside = one["x"] + one["w"] <= other["x"] or other["x"] + other["w"] <= one["x"]
        above = one["y"] + one["h"] <= other["y"] or other["y"] + other["h"] <= one["y"]
        assert beside or above
    for panel in panels:
        references = [target["refId"] for target in panel["targets"]]
        assert len(set(references)) == len(references)


def test_what_is_provisioned_fits_together():
    source = (GRAFANA / "datasources" / "pktbench.yml").read_text(encoding="utf-8")
    uid, = re.findall(r"^ +uid: (\S+)", source, re.MULTILINE)
    assert {panel["datasource"]["uid"] for panel in DASHBOARD["panels"]} == {uid}
    # Prometheus is where its own file says that it is started.
    asks = (HERE / "prometheus.yml").read_text(encoding="utf-8")
    address, = re.findall(r"--web.listen-address=(\S+)", asks)
    assert re.findall(r"^ +url: (\S+)", source, re.MULTILINE) == [f"http://{address}"]
    provider = (GRAFANA / "dashboards" / "pktbench.yml").read_text(encoding="utf-8")
    assert re.findall(r"^ +path: (\S+)", provider, re.MULTILINE) == ["$GF_PATHS_PROVISIONING/dashboards"]


def test_each_figure_of_a_run_has_a_panel():
    """Rates of XDP beside DPDK's, drops, CPU time and cycles."""
    queries = " ".join(target["expr"] for panel in DASHBOARD["panels"] for target in panel["targets"])
    for metric in ("packets_per_second", "drops_total", "cpu_busy_ratio", "cycles_per_packet",
                   "packets_total", "bytes_total"):
        assert f"pktbench_{metric}" in queries
    overlaid = [target["expr"] for target in DASHBOARD["panels"][0]["targets"]]
    assert any("xdp" in query for query in overlaid) and any("dpdk" in query for query in overlaid)
