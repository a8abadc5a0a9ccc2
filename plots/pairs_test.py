"""Each panel shows the rounds, the interval and the smallest change of its pair, and nothing else."""
import dataclasses

import pytest
from matplotlib.text import Text

from plots import fixtures, load, pairs, style


@pytest.fixture(scope="module", name="drawn")
def drawn_figure():
    run = fixtures.run("floor")
    ((name, made, said),) = fixtures.drawn(pairs, run)
    assert name == "pairs"
    return run, made, said


def artists(made, gid):
    return made.findobj(lambda a: a.get_gid() == gid)


def test_a_dot_for_every_round_at_its_change(drawn):
    run, made, _ = drawn
    assert len(run.pairs) == 5
    for i, pair in enumerate(run.pairs):
        (dots,) = artists(made, f"ratios-{i}")
        assert [x for x, _ in dots.get_offsets()] == [n + 1 for n in pair.rounds]
        assert [y for _, y in dots.get_offsets()] == pytest.approx([100 * (r - 1) for r in pair.ratios])


def test_band_line_and_dashes_are_interval_estimate_and_smallest_change(drawn):
    run, made, _ = drawn
    for i, pair in enumerate(run.pairs[:4]):
        (band,) = artists(made, f"interval-{i}")
        # A polygon or, since matplotlib 3.9, a rectangle.
        heights = band.get_patch_transform().transform_path(band.get_path()).vertices[:, 1]
        assert (min(heights), max(heights)) == pytest.approx([100 * (end - 1) for end in pair.ci95])
        (line,) = artists(made, f"estimate-{i}")
        assert line.get_ydata()[0] == pytest.approx(100 * (pair.ratio - 1))
        assert sorted(dash.get_ydata()[0] for dash in artists(made, f"seen-{i}")) == pytest.approx(
            [-100 * pair.smallest_change, 100 * pair.smallest_change])


def test_too_few_rounds_have_their_reason_and_no_interval(drawn):
    run, made, _ = drawn
    assert run.pairs[4].ratio is None
    assert artists(made, "interval-4") == artists(made, "estimate-4") == artists(made, "seen-4") == []
    (said,) = artists(made, "said-4")
    assert said.get_text() == "a comparison needs 8 pairs, there are 3"


def test_everything_drawn_is_inside_its_panel(drawn):
    _, made, _ = drawn
    assert len(made.axes) == 5
    for axes in made.axes:
        low, high = axes.get_ylim()
        for dots in axes.collections:
            assert all(low < y < high for _, y in dots.get_offsets())


def test_no_text_is_clipped_or_overlaps(drawn):
    _, made, _ = drawn
    with style.context():
        made.canvas.draw()
        page = made.bbox
        boxes = [(t.get_text(), t.get_window_extent()) for t in made.findobj(Text)
                 if t.get_text() and t.get_gid()]
    assert len(boxes) == 2 + 2 * 5
    for said, box in boxes:
        assert page.x0 <= box.x0 and box.x1 <= page.x1 and page.y0 <= box.y0 and box.y1 <= page.y1, said
    for i, (one, a) in enumerate(boxes):
        for other, b in boxes[i + 1:]:
            assert not a.overlaps(b), (one, other)


def test_the_caption_says_what_it_is_and_is_not(drawn):
    _, made, said = drawn
    assert "no statement about hardware" in said
    assert "Hodges-Lehmann" in said and "95.2% covered" in said
    (caption,) = artists(made, "caption")
    assert " ".join(caption.get_text().split()) == said.partition("\n")[0]


def test_a_run_without_such_cases_has_no_such_figure():
    assert not list(fixtures.drawn(pairs, fixtures.run("four")))


def test_a_change_below_zero_has_a_real_minus():
    pair = dataclasses.replace(fixtures.run("floor").pairs[0], ratio=0.97, ci95=(0.96, 0.98),
                               smallest_change=0.018)
    assert pairs.shown(pair) == "−3.00%  (−4.00% to −2.00%), sees 1.8%"


def test_a_change_that_is_not_judged_says_why():
    pair = dataclasses.replace(fixtures.run("floor").pairs[0], ratio=0.97, verdict="inconclusive",
                               reason="the offered rates differ by 20%")
    assert pairs.shown(pair) == "−3.00%, inconclusive: the offered rates differ by 20%"


def test_the_caption_tells_the_load_of_every_pair(tmp_path):
    document = fixtures.document("floor")
    for case in document["cases"]:
        case["generator_options"] = {"batch": 16, "burst": 8}
    ((_, _, said),) = fixtures.drawn(pairs, load.load(fixtures.write(tmp_path, document)))
    assert ("Traffic: live-frames in batches of 16, 64 B frames (with FCS), maximum rate; "
            "live-frames in bursts of 8, 64 B frames (with FCS), 0.500 Mpps offered.") in said
