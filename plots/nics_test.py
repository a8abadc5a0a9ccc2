"""Several NICs in one figure: every bar, line rate and cell says what run.json says."""
import copy
import dataclasses

import pytest

from plots import backends, fixtures, groups, load, nics

LABELS = ("intel", "realtek")
DRIVERS = {"intel": "ixgbe", "realtek": "r8169"}


@pytest.fixture(name="document")
def fixture_document():
    """The cases of a fixture on two NICs, of which the second has a slow link."""
    made = fixtures.document("four")
    single, made["cases"] = made["cases"], []
    made["scenario"]["testbed"] = [{"name": "veth", "label": label} for label in LABELS]
    for case in single:
        for label in LABELS:
            case = copy.deepcopy(case)
            case.update(id=f"{case['id']}/testbed={label}", testbed_label=label,
                        comparable={"frame_size": "64", "dut_port.driver": DRIVERS[label]})
            for trial in case["trials"]:
                trial["line_rate_pps"] = 14.88e6 if label == "intel" else 1.488e6
            made["cases"].append(case)
    return made


@pytest.fixture(name="run")
def fixture_run(document, tmp_path):
    return load.load(fixtures.write(tmp_path, document))


def artist(made, gid):
    found = made.findobj(lambda a: a.get_gid() == gid)
    assert len(found) <= 1, gid
    return found[0] if found else None


def cells(run):
    """(row, column, case) of every case."""
    return [(index // 2, index % 2, case) for index, case in enumerate(run.cases)]


def test_a_run_on_one_nic_has_no_such_figure():
    assert fixtures.drawn(nics, fixtures.run("four")) == []


def test_every_bar_is_a_median_and_no_bar_stands_for_a_gap(run):
    (name, made, _), = fixtures.drawn(nics, run)
    assert name == "nics"
    for measure in ("mpps", "cycles_per_packet"):
        for i, j, case in cells(run):
            bar, absent = (artist(made, f"{measure}-{i}-{j}" + end) for end in ("", "-absent"))
            median = getattr(case, measure).median if case.has_figure else None
            assert (None if bar is None else bar.get_width()) == median
            assert (absent is None) == (median is not None)
            if not case.has_figure:
                assert absent.get_text() == case.status


def test_busy_cycles_of_a_loop_that_spins_are_called_so(run):
    changed = list(run.cases)
    changed[0] = dataclasses.replace(changed[0], whole_cycles=changed[0].cycles_per_packet)
    (_, made, said), = fixtures.drawn(nics, dataclasses.replace(run, cases=tuple(changed)))
    assert artist(made, "cycles_per_packet-0-0-value").get_text().endswith(" busy")
    assert "busy" not in artist(made, "cycles_per_packet-0-1-value").get_text()
    assert "busy" not in artist(made, "mpps-0-0-value").get_text()
    assert "polls in vain" in said
    assert "polls in vain" not in fixtures.drawn(nics, run)[0][2]


def test_the_line_rate_is_drawn_where_the_axis_reaches_and_named_where_not(run):
    (_, made, _), = fixtures.drawn(nics, run)
    limit = next(axes for axes in made.axes if axes.get_label() == "mpps").get_xlim()[1]
    for j, rate in enumerate((14.88, 1.488)):
        line = artist(made, f"line-rate-{j}")
        assert (line is not None) == (rate <= limit)
        assert line is None or line.get_xdata()[0] == pytest.approx(rate)
    assert all(label in artist(made, "line-rates").get_text() for label in LABELS)


def test_the_matrix_says_for_every_case_what_was_read_back(run):
    (_, made, said), = fixtures.drawn(nics, run)
    for i, j, case in cells(run):
        cell = artist(made, f"can-{i}-{j}").get_text()
        assert cell == (nics.ability(case) if case.has_figure else case.status)
        if not case.has_figure:
            assert f"{case.backend} on {case.testbed_label}: {case.status}: " in said


def test_many_rows_make_pages_of_one_scale_and_each_is_on_one(run):
    cases = tuple(
        dataclasses.replace(case, id=f"{case.id}/{n}", label=f"l{n}", mpps=case.mpps and dataclasses.replace(
            case.mpps, median=case.mpps.median * (n + 1), ci95=None))
        for n in range(10) for case in run.cases)
    made = fixtures.drawn(nics, dataclasses.replace(run, cases=cases))
    assert [name for name, _, _ in made] == [f"nics-page-{number}" for number in (1, 2, 3, 4)]
    names, scales, cells = [], set(), 0
    for number, (_, figure, said) in enumerate(made, start=1):
        assert said.startswith(f"Page {number} of 4. ") and figure.get_figheight() < 14
        names += [t.get_text() for t in figure.texts if (t.get_gid() or "").startswith("name-")]
        cells += len(figure.findobj(lambda a: (a.get_gid() or "").startswith("can-")))
        scales.add(tuple(axes.get_xlim() for axes in figure.axes))
    assert len(names) == len(set(names)) == len(cases) / 2 and cells == len(cases)
    assert len(scales) == 1


def ability(run, **changes):
    return nics.ability(dataclasses.replace(run.cases[0], status="ok", **changes))


def test_modes_are_named_as_they_were_obtained(run):
    assert ability(run, backend="af_xdp", mode_effective="af_xdp/copy/generic") == "copy, generic"
    assert ability(run, backend="xdp-native", mode_effective="xdp-native") == "native"
    assert ability(run, backend="xdp-native", mode_effective="xdp-generic") == "generic"
    assert ability(run, backend="udp-recvmmsg", mode_effective="udp-recvmmsg") == "yes"
    assert ability(run, backend="dpdk", mode_effective="dpdk", options={"driver": "pci"},
                   mode_details={"driver": "net_ixgbe"}) == "PMD (net_ixgbe)"


def test_another_number_of_queues_is_another_row(document, tmp_path):
    more = copy.deepcopy(document["cases"])
    for case in more:
        case.update(id=case["id"] + "/2q", queues=2)
    document["cases"] += more
    figures = fixtures.drawn(nics, load.load(fixtures.write(tmp_path, document)))
    names = [t.get_text() for _, made, _ in figures for t in made.texts
             if (t.get_gid() or "").startswith("name-")]
    assert len(figures) == 1 and len(names) == len(document["cases"]) / 2
    assert sum("2 queues" in name for name in names) == len(names) / 2


def test_each_nic_also_has_a_figure_of_its_own(run):
    assert [group.name for group in groups.split(run)] == [f"backends-{label}" for label in LABELS]
    assert len(list(fixtures.drawn(backends, run))) == len(LABELS)
