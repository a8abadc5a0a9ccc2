"""Tests of the figure of a claim."""
import pytest
from matplotlib.text import Text

from plots import claims, fixtures

HELD = claims.Ratio("XDP against AF_XDP", "mpps", 1.2, (1.1, 1.3), 10, "holds", at_least=1.0)
FAILED = claims.Ratio("none of them against all", "cycles", 0.5, (0.4, 0.6), 12, "does not hold", at_most=0.2)


def drawn(*found):
    (made,) = claims.figures("A claim", found, fixtures.run("four").cases)
    figure = made.draw()
    return made, {artist.get_gid(): artist for artist in figure.findobj() if artist.get_gid()}


def test_each_ratio_has_its_interval_its_bound_and_its_verdict():
    made, artists = drawn(HELD, FAILED)
    assert list(artists["interval-0"].get_xdata()) == [1.1, 1.3]
    assert artists["ratio-1"].get_xdata()[0] == 0.5
    assert [artists[f"interval-{row}"].get_color() for row in (0, 1)] == [
        claims.COLORS["holds"], claims.COLORS["does not hold"]]
    assert artists["said-0"].get_text() == "1.20 (1.10 to 1.30), n=10\nholds"
    low, high = artists["bound-0"].axes.get_xlim()
    assert artists["bound-0"].get_x() == 1.0 and artists["bound-1"].get_x() == low < 0.2
    assert artists["bound-0"].get_x() + artists["bound-0"].get_width() == pytest.approx(high)
    assert artists["bound-1"].get_x() + artists["bound-1"].get_width() == pytest.approx(0.2)
    assert artists["title"].get_text() == "A claim (virtual testbed)"
    assert "virtual, so no statement about hardware" in made.caption
    assert "none of them against all, cycles per packet: does not hold." in made.caption
    assert made.numbers()[1][1] == ("none of them against all", "cycles", 0.5, 0.4, 0.6, 12, None, 0.2,
                                    "does not hold")


def test_what_was_measured_without_a_testbed_says_how_its_ratios_are_made():
    (made,) = claims.figures("A claim", [HELD._replace(measure="time")], (), "Each ratio is mine")
    artists = {artist.get_gid(): artist for artist in made.draw().findobj() if artist.get_gid()}
    assert artists["title"].get_text() == "A claim"
    assert made.caption.startswith("Each ratio is mine. A claim holds where")
    assert "virtual" not in made.caption
    assert "XDP against AF_XDP, time: holds." in made.caption


def test_without_a_ratio_there_is_no_figure():
    assert not list(claims.figures("A claim", [], fixtures.run("four").cases))


def test_many_ratios_are_several_pages_of_one_scale():
    found = [HELD] * 30 + [FAILED]
    pages = list(claims.figures("A claim", found, fixtures.run("four").cases))
    assert [page.name for page in pages] == ["claim-page-1", "claim-page-2"]
    limits = {axes.get_xlim() for page in pages for axes in page.draw().axes}
    assert len(limits) == 1


def test_long_names_are_wrapped_and_stay_on_the_sheet():
    _, artists = drawn(HELD._replace(says="words that are many " * 20))
    axes = artists["interval-0"].axes
    (name,) = (label for label in axes.get_yticklabels() if isinstance(label, Text))
    assert name.get_text().count("\n") == 2
    assert name.get_window_extent().x0 >= 0
