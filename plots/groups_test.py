"""Only cases that may be compared share a figure."""
import pytest

from plots import fixtures, groups, load


def test_one_group_keeps_the_order_of_the_scenario():
    run = fixtures.run("twenty")
    (group,) = groups.split(run)
    assert group.name == "backends"
    assert group.cases == run.cases
    assert group.cycles_source == "tsc"


def test_frame_sizes_and_cycles_sources_are_kept_apart():
    made = groups.split(fixtures.run("several"))
    assert [group.name for group in made] == ["backends-64B-pmu", "backends-64B-tsc", "backends-1518B"]
    for group in made:
        assert {source for case in group.cases for source in case.cycles_sources} == {group.cycles_source}
    assert made[0].other_sources == ("tsc",)


def test_every_case_is_in_exactly_one_group():
    run = fixtures.run("several")
    assert sorted(case.id for group in groups.split(run) for case in group.cases) == sorted(
        case.id for case in run.cases)


@pytest.mark.parametrize("key, value", [
    ("arrangement", "pump"), ("generator", "af-packet"), ("generator_batch", 64), ("generator_batch", None),
    ("frame_size", 128), ("frame_size", None), ("ip", 6),
    ("flows", 64), ("workload", "touch"), ("rate_pps", 5e5)])
def test_another_setting_is_another_figure(tmp_path, key, value):
    document = fixtures.document("four")
    document["cases"][1][key] = value
    made = groups.split(load.load(fixtures.write(tmp_path, document)))
    assert [len(group.cases) for group in made] == [3, 1]
    assert made[0].name != made[1].name


@pytest.mark.parametrize("key, figures", [("dut_idle", 2), ("of_a_later_version", 2), ("dut_port.rings", 1)])
def test_what_is_recorded_as_comparable_decides(tmp_path, key, figures):
    document = fixtures.document("four")
    for number, case in enumerate(document["cases"]):
        case["comparable"] = {"frame_size": "64", key: "one" if number else "other"}
    made = groups.split(load.load(fixtures.write(tmp_path, document)))
    assert [len(group.cases) for group in made] == ([1, 3] if figures == 2 else [4])
    assert len({group.name for group in made}) == figures


def test_queues_share_a_figure(tmp_path):
    document = fixtures.document("four")
    document["cases"][1]["queues"] = 2
    assert len(groups.split(load.load(fixtures.write(tmp_path, document)))) == 1


def test_mixed_sources_in_one_case_are_refused(tmp_path):
    document = fixtures.document("four")
    document["cases"][0]["trials"][1]["cycles_source"] = "pmu"
    with pytest.raises(groups.GroupError, match="xdp-native/drop/64B/1q/1f mixes cycles from pmu and tsc"):
        groups.split(load.load(fixtures.write(tmp_path, document)))


def test_a_run_without_cases_is_refused(tmp_path):
    document = {**fixtures.document("four"), "cases": []}
    with pytest.raises(groups.GroupError, match="no case"):
        groups.split(load.load(fixtures.write(tmp_path, document)))
