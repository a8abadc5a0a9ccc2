"""Tests of the figure of a search."""
from types import SimpleNamespace

from plots import fixtures, searches


def goal(name, rate=1e6, regular=True, **more):
    return {"name": name, "loss_ratio": 0.005, "round": 0, "lower_pps": rate, "upper_pps": rate * 1.005,
            "conditional_pps": rate, "regular": regular, "reason": None, "trials": 20, "seconds": 30, **more}


def case(goals, **more):
    return SimpleNamespace(**{"id": "xdp-native/drop/64B/1q/1f", "search": {"goals": goals}, "virtual": True,
                              "testbed": "veth", "arrangement": "inline", "generator": "packet-sendmmsg",
                              "workload": "drop", "frame_size": 64, "frame_mix": None, "ip": 4,
                              "flows": 1, "rate_pps": None,
                              "generator_options": {}, "generator_batch": None, "status": "ok",
                              "reason": None, "cycles_sources": [], "comparable": {"generator": "a"},
                              "testbed_label": None, "line_rate_mpps": None, **more})


def drawn(*cases):
    (_, figure, said), = fixtures.drawn(searches, SimpleNamespace(cases=cases))
    axes, = figure.axes
    return said, [found.get_text() for found in axes.texts], {bar.get_gid(): bar for bar in axes.patches}


def test_a_bar_is_the_median_of_the_searches_and_says_their_bounds():
    said, words, bars = drawn(case([goal("PDR", 1e6), goal("PDR", 1.2e6), goal("PDR", 1.1e6)]))
    assert words == ["1.100  (1.000–1.206)"]
    assert bars["rate-0"].get_width() == 1.1
    assert "PDR (at most 0.5% of the frames lost)" in said and "3 searches" in said
    assert "maximum rate" not in said


def test_what_has_room_is_not_cut():
    shown = case([goal("NDR"), goal("PDR")])
    (_, figure, _), = fixtures.drawn(searches, SimpleNamespace(cases=[shown]))
    labels = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert labels == [f"{shown.id}  {name}" for name in ("NDR", "PDR")]


def test_what_is_irregular_is_said_in_figure_and_caption():
    open_end = goal("NDR", regular=False, upper_pps=None, reason="the generator cannot offer more")
    none = goal("PDR", regular=False, lower_pps=None, upper_pps=1000.0, conditional_pps=None,
                reason="the least load is too much")
    said, words, bars = drawn(case([open_end, none]))
    assert words == ["≥1.000", "the least load is too much"]
    assert bars["rate-0"].get_hatch()
    for reason in ("generator cannot offer more", "least load is too much"):
        assert reason in said


def test_the_line_rate_and_the_floor_of_loss_are_shown():
    floor = {"load_pps": 1e5, "offered": 1000, "lost": 2, "loss_ratio": 0.002}
    shown = case([goal("NDR")], line_rate_mpps=1.488)
    shown.search["floor"] = floor
    (_, figure, said), = fixtures.drawn(searches, SimpleNamespace(cases=[shown]))
    line, = [line for line in figure.axes[0].lines if line.get_gid() == "line-0"]
    assert set(line.get_xdata()) == {1.488}
    assert f"Floor of loss of {shown.id}: 0.2% at 0.100 Mpps." in said and "line rate" in said
    shown.search["floor"] = {**floor, "lost": 0, "loss_ratio": 0}
    assert "Floor" not in fixtures.drawn(searches, SimpleNamespace(cases=[shown]))[0][2]
    assert "line rate" not in drawn(case([goal("NDR")]))[0]


def test_a_case_without_a_search_is_named_with_its_reason():
    left_out = case([], id="dpdk", search=None, status="unsupported", reason="built without DPDK")
    said, words, _ = drawn(case([goal("NDR")]), left_out)
    assert len(words) == 1
    assert "dpdk: unsupported: built without DPDK." in said


def test_many_cases_make_pages_of_one_scale_whose_names_are_told_apart():
    begun = "a-label-that-is-far-too-long-for-a-figure-and-differs-at-its-end-only-"
    names = [begun + str(i) for i in range(40)]
    cases = tuple(case([goal("NDR", 1e6 * (i + 1)), goal("PDR", 1e6 * (i + 1))], id=name)
                  for i, name in enumerate(names))
    made = fixtures.drawn(searches, SimpleNamespace(cases=cases))
    assert [name for name, _, _ in made] == [f"backends-page-{number}" for number in (1, 2, 3, 4)]
    scales = {(figure.axes[0].get_xscale(), *figure.axes[0].get_xlim()) for _, figure, _ in made}
    assert len(scales) == 1 and min(scales)[0] == "log" and min(scales)[1] < 1 < 40.2 < min(scales)[2]
    labels = [label.get_text() for _, figure, _ in made for label in figure.axes[0].get_yticklabels()]
    assert len(labels) == 80
    for _, figure, _ in made:
        on_page = [label.get_text() for label in figure.axes[0].get_yticklabels()]
        assert len(set(on_page)) == len(on_page)
