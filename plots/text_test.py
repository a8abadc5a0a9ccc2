"""Text fits where it is put, and figures read well."""
import pytest

from plots import text


@pytest.mark.parametrize("value, shown", [
    (0, "0"), (0.00001, "1e-05"), (0.0012345, "0.00123"), (0.36, "0.360"), (7.4, "7.40"), (14.881, "14.9"),
    (329.4, "329"), (8865, "8,865")])
def test_number(value, shown):
    assert text.number(value) == shown


@pytest.mark.parametrize("said", ["one two three four five six seven eight", "x" * 200, "a\n b\t\tc " * 20])
def test_wrapped_lines_fit_and_lose_nothing(said):
    lines = text.wrap(said, 7, 1.0)
    assert len(lines) > 1
    assert all(text.width(line, 7) <= 1.0 for line in lines)
    assert "".join(lines).replace(" ", "") == "".join(said.split())


@pytest.mark.parametrize("said", ["word " * 50, "x" * 200])
def test_what_is_cut_says_so(said):
    lines = text.wrap(said, 7, 1.0, most=2, cut=" … (more)")
    assert len(lines) == 2
    assert lines[-1].endswith(" … (more)") and lines[-1].startswith(said[0])
    assert text.width(lines[-1], 7) <= 1.0


@pytest.mark.parametrize("said", [
    ["x" * 139 + end for end in "1234"], ["x" * 70 + middle + "x" * 70 for middle in "123"],
    [begin + "x" * 140 for begin in "12"], ["1" + "x" * 140, "x" * 140 + "2", "x" * 70 + "3" + "x" * 70]],
    ids=["end", "middle", "beginning", "each elsewhere"])
def test_texts_that_differ_stay_different_and_fit(said):
    def fits(one):
        return len(text.wrap(one, 7, 1.0)) <= 2
    shown = text.told_apart([*said, said[0], "short"], fits)
    assert len(set(shown)) == len(said) + 1 and shown[0] == shown[-2] and shown[-1] == "short"
    assert all(fits(one) and len(one) > 8 for one in shown[:-1])
