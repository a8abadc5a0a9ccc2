"""Text measured before it is drawn, so that nothing is clipped and nothing overlaps."""
import functools
import re

from matplotlib.font_manager import FontProperties
from matplotlib.textpath import TextToPath

LINE = 1.25          # line height over font size
SAFETY = 1.03        # hinting at 200 dpi makes some glyphs wider than their outline


def plain(text):
    """text on one line."""
    return " ".join(str(text).split())


def width(text, size, weight="normal"):
    """Width in inches of one line at size points; kerning makes it no wider."""
    return sum(_advance(letter, size, weight) for letter in text)


@functools.lru_cache(maxsize=4096)
def _advance(letter, size, weight):
    font = FontProperties(family="DejaVu Sans", size=size, weight=weight)
    return TextToPath().get_text_width_height_descent(letter, font, ismath=False)[0] / 72 * SAFETY


def height(lines, size):
    """Height in inches of lines at size points."""
    return lines * size * LINE / 72


def wrap(text, size, inches, most=None, cut=" …"):
    """Lines of at most inches; words that are longer are broken. Beyond most lines the last ends in cut."""
    lines, used, space = [], inches, width(" ", size)
    for word in plain(text).split(" "):
        for piece in _pieces(word, size, inches):
            needed = width(piece, size)
            if used + space + needed <= inches:
                lines[-1] += f" {piece}"
                used += space + needed
            else:
                lines.append(piece)
                used = needed
    if most is not None and len(lines) > most:
        lines = lines[:most]
        while lines[-1] and width(lines[-1] + cut, size) > inches:
            lines[-1] = lines[-1][:-1].rstrip()
        lines[-1] = (lines[-1] + cut).strip()
    return lines


NUMBER = re.compile(r"\d+(?:,\d{3})*(?:\.\d+)?")


def grouped(texts):
    """Texts that differ in their numbers only as one, with the numbers' ranges: '3 × lost 4–9 frames'."""
    alike = {}
    for one in texts:
        alike.setdefault(pattern(one), []).append(one)
    return [(f"{len(found)} × " if len(found) > 1 else "") + ranges(found) for found in alike.values()]


def pattern(said):
    """A text without its numbers."""
    return NUMBER.sub("\0", plain(said))


def ranges(texts):
    """Texts of one pattern as one, with the range of each number."""
    said = iter(pattern(texts[0]).split("\0"))
    made, found = next(said), [NUMBER.findall(plain(one)) for one in texts]
    for column, after in zip(zip(*found), said):
        ends = sorted(set(column), key=lambda one: float(one.replace(",", "")))
        made += (ends[0] if len(ends) == 1 else f"{ends[0]}–{ends[-1]}") + after
    return made


def some(texts, most=3):
    """Texts after one another, each once; beyond most the number of the others."""
    texts = list(dict.fromkeys(texts))
    more = [f"and {len(texts) - most} more"] if len(texts) > most else []
    return texts[:most] + more


def _pieces(word, size, inches):
    while width(word, size) > inches and len(word) > 1:
        cut = next(i for i in range(len(word) - 1, 0, -1) if i == 1 or width(word[:i], size) <= inches)
        yield word[:cut]
        word = word[cut:]
    yield word


def told_apart(said, fits):
    """Each text; what does not fit is cut at its end or its middle, so that no two that differ become one."""
    for share in (1, 0.5, 0.25, 0):
        shown = [_cut(one, share, fits) for one in said]
        if len(set(shown)) == len(set(said)):
            return shown
    numbers = {}  # they differ where there is no room
    for one in said:
        numbers.setdefault(one, f" #{len(numbers) + 1}")
    return [one if fits(one) else
            _cut(one, 1, lambda begun, mark=numbers[one]: fits(begun + mark)) + numbers[one] for one in said]


def _cut(said, share, fits):
    """The most of a text's two ends that fits, share of it from its beginning."""
    if fits(said):
        return said

    def kept(length):
        head = round(length * share)
        return said[:head] + "…" + said[len(said) - length + head:]

    low, high = 0, len(said) - 1
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if fits(kept(middle)) else (low, middle - 1)
    return kept(low)


def number(value):
    """Three significant digits, without exponent for anything a benchmark shows."""
    if value == 0:
        return "0"
    if abs(value) >= 100:
        return f"{value:,.0f}"
    if abs(value) >= 1:
        return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"
    return f"{value:.3g}" if abs(value) < 1e-4 else f"{value:.3f}" if abs(value) >= 0.01 else f"{value:.5f}"
