"""What the pages tell a newcomer to type works in that order: what a line reads, a line above it has made."""
import os
import re
from pathlib import Path

import pytest

SOURCE = Path(os.environ["PKTBENCH_SOURCE"])
PAGES = ("README.md", "results/README.md", "scripts/README.md", "scenarios/README.md", "harness/README.md",
         "harness/testbed/README.md", "backends/README.md", "results/history/README.md",
         "results/export/README.md")
OUT = re.compile(r"--out[ =](results/\S+)")
READ = re.compile(r"results/[A-Za-z0-9_-]+")
# Parts of the checkout, and a name that stands for any.
THERE = {"results/schema", "results/baselines", "results/history", "results/RUN"}


def unmade(page):
    """Paths that a line of the page reads and none above it has made."""
    made = set(THERE)
    for block in re.findall(r"^```\w*\n(.*?)^```", page, re.M | re.S):
        for line in block.splitlines():
            command = line.partition(" #")[0]
            made |= set(OUT.findall(command))
            if re.search(r"\b(compare|plots|report|validate|export|--resume)\b", command):
                yield from (path for path in READ.findall(command) if path not in made)


@pytest.mark.parametrize("page", PAGES)
def test_every_path_is_made_by_a_line_above(page):
    assert list(unmade((SOURCE / page).read_text(encoding="utf-8"))) == []


def test_a_path_that_nothing_makes_is_seen():
    run = "```\npktbench run a --out results/a\n```\n"
    assert list(unmade(run + "```\npktbench compare results/a results/b\n```\n")) == ["results/b"]
    assert list(unmade("```\npktbench plots results/a\n```\n" + run)) == ["results/a"]
