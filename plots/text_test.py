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
