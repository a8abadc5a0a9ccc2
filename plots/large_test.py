"""Large runs: memory that does not go by their size, pages, names told apart, captions that end."""
import dataclasses
import sys
import xml.etree.ElementTree as ElementTree

import pytest

from plots import backends, caption, fixtures, groups, load, pairs, rows, style

sys.path.append(str(load.CHECKS))

import large_run  # noqa: E402


@pytest.mark.parametrize("words", [("-m", "plots", "--format", "svg"), ("results/schema/validate.py",)])
def test_twice_the_trials_take_no_more_memory(tmp_path, words):
    peaks, sizes = [], []
    for trials in (150, 300):
        path = tmp_path / f"{trials}.json"
        sizes.append(large_run.write(path, 6, trials))
        status, _, kilobytes = large_run.peak("/usr/bin/python3", *words, path,
                                              cwd=fixtures.TESTDATA.parents[1])
        assert status == 0
        peaks.append(kilobytes)
    assert sizes[1] > 1.9 * sizes[0] > 7e6
    assert peaks[1] < 1.2 * peaks[0]
    assert 1024 * (peaks[1] - peaks[0]) < 0.8 * (sizes[1] - sizes[0])


@pytest.fixture(scope="module", name="many")
def many_cases(tmp_path_factory):
    path = tmp_path_factory.mktemp("many") / "run.json"
    large_run.write(path, 60, 3)
    return load.load(path)


def test_many_cases_make_pages_of_one_scale_and_each_is_on_one(many):
    made = list(fixtures.drawn(backends, many))
    assert [name for name, _, _ in made] == [f"backends-page-{n}" for n in (1, 2, 3)]
    shown, scales = [], set()
    for number, (_, figure, said) in enumerate(made, start=1):
        assert said.startswith(f"Page {number} of 3. ")
        assert figure.get_figheight() < 14
        shown += [t.get_text() for t in figure.texts if (t.get_gid() or "").startswith("detail-")]
        scales.add(figure.axes[0].get_xlim())
    assert len(shown) == len(set(shown)) == 60
    assert all(one.endswith(f"-{number:03d}") for number, one in enumerate(shown))
    assert len(scales) == 1


@pytest.mark.parametrize("count, sizes", [
    (0, []), (1, [1]), (24, [24]), (25, [13, 12]), (200, [23] * 8 + [16])])
def test_pages_are_as_equal_as_can_be(count, sizes):
    assert [len(range(count)[page]) for page in rows.pages(count, 24)] == sizes


def test_many_pairs_make_pages():
    run = fixtures.run("floor")
    many = dataclasses.replace(run, pairs=run.pairs * 5)
    made = list(fixtures.drawn(pairs, many))
    assert [name for name, _, _ in made] == ["pairs-page-1", "pairs-page-2", "pairs-page-3"]
    assert all(figure.get_figheight() < 14 for _, figure, _ in made)


def test_of_many_trials_the_dots_are_spread_from_the_least_to_the_largest(many):
    trial = many.cases[0].trials[0]
    trials = [dataclasses.replace(trial, mpps=float(value)) for value in range(1000, 0, -1)]
    shown = [one.mpps for one in rows.dots(trials, "mpps")]
    assert len(shown) == rows.DOTS and (shown[0], shown[-1]) == (1, 1000)
    assert shown == sorted(shown)
    assert len(rows.dots(trials[:rows.DOTS], "mpps")) == rows.DOTS
    case = dataclasses.replace(many.cases[0], trials=tuple(trials))
    said = caption.backends(many, groups.Group("g", (case,), "tsc", ()))
    assert "dots: 100 trials a case, evenly from the least to the largest value" in said


def test_a_caption_names_a_few_and_counts_the_others(many):
    odd = [dataclasses.replace(trial, status="invalid", in_summary=False, reason=f"unaccounted {n}")
           for n, trial in enumerate(many.cases[0].trials * 20)]
    cases = tuple(dataclasses.replace(case, limiter="unknown", trials=case.trials + tuple(odd))
                  for case in many.cases)
    said = caption.backends(many, groups.Group("g", cases, "tsc", ()))
    assert f"{len(odd) * len(cases)} × unaccounted 0–59." in said
    assert "and 57 more." in said and len(said) < 3000


def test_a_page_is_whole_in_every_format(many, tmp_path):
    _, figure, _ = next(iter(fixtures.drawn(backends, many)))
    for kind in style.METADATA:
        style.save(figure, tmp_path / f"page.{kind}", kind)
    root = ElementTree.parse(tmp_path / "page.svg").getroot()
    texts = "".join(root.itertext())
    assert all(f"case-{number:03d}" in texts for number in range(20))
