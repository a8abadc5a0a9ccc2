"""What is written of verdicts, and that what was not measured keeps its place."""
import json

import pytest

from claim import entries as claims
from claim import judging, table
from claim.made_up import claim, step
from plots import load
import checked
import sample_run

ONE = step(says="A | B against <C>", at_least=1.0)
HELD = judging.Judged(ONE, judging.HOLDS, None, 1.2345, (1.1, 1.5), 10)
PAGE = f"# Mine\n\n{table.BEGIN}{table.END}\nAfter.\n"


def verdict(name="made-up", one=HELD):
    return judging.Verdict(claim(ONE, name=name, title=f"Of {name}"), one.verdict, one.because, (one,), one)


def entries(*names):
    return {name: table.entry(verdict(name), None, None) for name in names}


def test_a_row_has_claim_ratio_interval_and_verdict():
    row, section = table.entry(verdict(), None, "made-up.png")
    assert row == "| [Of made-up](#made-up) | A \\| B against &lt;C>: 1.23 (1.10–1.50) | **holds** |\n"
    assert section.startswith("### made-up\n\n**Of made-up.** c Where it comes from: s\n\n"
                              "Here: **holds**.\n\n![Of made-up](made-up.png)\n\n")
    assert "| A \\| B against &lt;C>, rate | 1.23 (1.10–1.50) | 10 | ≥ 1 | **holds** |\n" in section
    assert section.endswith("What would tell more: e\n\n```\nx\n```\n\n")


def test_what_cannot_be_told_says_why():
    untold = judging.Judged(ONE, judging.UNTOLD, "no such | thing")
    row, section = table.entry(verdict(one=untold), None, None)
    assert row.endswith("| – | **cannot be told here**, because no such \\| thing |\n")
    assert "| – | – | ≥ 1 | **cannot be told here**, because" in section and "![" not in section
    assert table.summary(verdict(one=untold)) == "made-up: cannot be told here: because no such | thing"


def test_when_and_where_it_was_measured(tmp_path):
    trials = sample_run.noisy_trials(5.0, n=5)
    trials[0].update(status="invalid", reason="made up")
    document = sample_run.run([sample_run.case("af_xdp", trials, condition=sample_run.condition(92.0, 4))])
    document["scenario"]["method"]["duration_s"] = 0.7
    (tmp_path / "run.json").write_text(json.dumps(document))
    _, section = table.entry(verdict(), table.conditions(load.load(tmp_path / "run.json")), None)
    assert ("Measured 2026-01-02 on testbed veth, isolated: Example CPU @ 2.60GHz (made up), 2 CPUs, Linux "
            "6.1.0-test; 5 trials of 0.7 s, 1 of them not ok; CPUs near: 92 ns.") in section


def test_only_what_was_measured_is_written_anew():
    names = ["a", "b", "c"]
    first = table.inserted(PAGE, entries("c", "a"), names)
    assert first.startswith(f"# Mine\n\n{table.BEGIN}| claim |") and first.endswith(f"{table.END}\nAfter.\n")
    untold = judging.Judged(ONE, judging.UNTOLD, "why")
    second = table.inserted(first, {"b": table.entry(verdict("b"), None, None),
                                    "c": table.entry(verdict("c", untold), None, None)}, names)
    assert [found[1] for found in table.ROW.finditer(second)] == names
    assert [found[1] for found in table.SECTION.finditer(second)] == names
    assert second.count("**holds**") == 3 * 2 and second.count("because why") == 3
    assert table.inserted(second, entries("c"), names) == table.inserted(first, entries("b", "c"), names)


def test_a_claim_that_is_no_more_is_written_no_more():
    page = table.inserted(PAGE, entries("a", "b"), ["a", "b"])
    assert "of-b" not in table.inserted(page, {}, ["a"]) and "(#b)" not in table.inserted(page, {}, ["a"])


def test_the_page_of_the_checkout_has_every_claim_as_its_entry_is():
    """Where it has not: sudo scripts/claims NAME."""
    page = (claims.FOLDER / "README.md").read_text(encoding="utf-8")
    head, _, body = page.partition(table.BEGIN)[2].partition(table.END)[0].partition("### ")
    names = claims.names()
    assert [found[1] for found in table.ROW.finditer(head)] == names
    sections = {found[1]: found[0] for found in table.SECTION.finditer(f"### {body}")}
    assert list(sections) == names
    for name in names:
        one = claims.read(name)
        assert f"**{one.title}.** {one.claim} " in sections[name] and f"\n{one.command}\n" in sections[name]
        assert all(f"\n| {table.cell(step.says)}, " in sections[name] for step in one.steps)


@pytest.mark.parametrize("page", ["", table.BEGIN, table.END])
def test_a_page_without_marks_is_refused(page):
    with pytest.raises(checked.InputError, match="lacks the lines"):
        table.inserted(page, entries("a"), ["a"])
