"""Our statistics against SciPy's, on the same random samples: many sizes, ties, heavy tails."""
import itertools
import json
import math
import os
import pathlib
import subprocess

import numpy as np
import pytest
from scipy import stats

PROGRAM = pathlib.Path(os.environ["PKTBENCH_BINARY"]).parent / "harness/measure/measure_statistics"
EXACT = 1e-9
KINDS = ("normal", "ties", "heavy", "skewed")


def ask(questions):
    made = subprocess.run([PROGRAM], input=json.dumps(questions), capture_output=True, text=True,
                          check=True, timeout=120)
    return json.loads(made.stdout)


def draw(random, kind, n):
    """n positive values."""
    if kind == "normal":
        return random.normal(100, 2, n)
    if kind == "ties":
        return np.round(random.normal(10, 2, n)) + 20
    if kind == "heavy":
        return 100 * np.exp(0.02 * random.standard_t(1.5, n))
    return random.lognormal(0, 1, n)


def samples(seed, kinds, sizes, same_size=False):
    random = np.random.default_rng(seed)
    return [{"a": draw(random, kind, n).tolist(),
             "b": draw(random, kind, n if same_size else random.integers(4, 41)).tolist()}
            for kind in kinds for n in sizes]


def test_mann_whitney_is_scipys():
    questions = samples(1, KINDS, range(4, 41))
    exact = 0
    for question, answer in zip(questions, ask(questions)):
        ours = answer["mann_whitney"]
        method = "exact" if ours["exact"] else "asymptotic"
        theirs = stats.mannwhitneyu(question["a"], question["b"], method=method)
        tied = len(set(question["a"] + question["b"])) < len(question["a"] + question["b"])
        assert ours["exact"] == (not tied)
        assert ours["statistic"] == theirs.statistic
        assert ours["p"] == pytest.approx(theirs.pvalue, abs=EXACT, rel=EXACT)
        exact += ours["exact"]
    assert 100 <= exact < len(questions)  # both ways were gone


def test_mann_whitney_of_large_samples_is_the_approximation():
    random = np.random.default_rng(2)
    question = {"a": random.normal(0, 1, 60).tolist(), "b": random.normal(0.4, 1, 70).tolist()}
    ours = ask([question])[0]["mann_whitney"]
    theirs = stats.mannwhitneyu(question["a"], question["b"], method="asymptotic")
    assert not ours["exact"]
    assert ours["p"] == pytest.approx(theirs.pvalue, abs=EXACT)


def test_signed_rank_is_scipys():
    # SciPy has no exact p with ties or zeros: see the enumeration below.
    questions = samples(3, ("normal", "heavy", "skewed"), range(4, 41), same_size=True)
    questions += samples(4, KINDS, (80, 120), same_size=True)  # enough of them differ
    for question, answer in zip(questions, ask(questions)):
        ours = answer["signed_rank"]
        difference = np.subtract(question["a"], question["b"])
        assert ours["exact"] == (np.count_nonzero(difference) <= 50)
        theirs = stats.wilcoxon(difference, method="exact" if ours["exact"] else "approx",
                                correction=True)
        assert ours["p"] == pytest.approx(theirs.pvalue, abs=EXACT, rel=EXACT)


def test_signed_rank_with_ties_is_the_enumeration_of_all_signs():
    random = np.random.default_rng(5)
    questions = [{"a": random.integers(1, 6, n).tolist(), "b": random.integers(1, 6, n).tolist()}
                 for n in (4, 5, 7, 9, 12) for _ in range(3)]
    for question, answer in zip(questions, ask(questions)):
        difference = np.subtract(question["a"], question["b"])
        difference = difference[difference != 0]
        ranks = stats.rankdata(np.abs(difference))
        signs = np.array(list(itertools.product((0, 1), repeat=len(ranks))))
        centre = ranks.sum() / 2
        far = np.abs(signs @ ranks - centre) >= abs(ranks[difference > 0].sum() - centre) - 1e-12
        assert answer["signed_rank"]["p"] == pytest.approx(min(1, far.mean()), abs=EXACT)


def test_benjamini_hochberg_is_its_definition():
    random = np.random.default_rng(6)
    questions = [{"a": [], "b": [], "p": (random.random(n) ** power).round(digits).tolist()}
                 for n in range(1, 41) for power, digits in ((1, 12), (4, 12), (2, 2))]
    for question, answer in zip(questions, ask(questions)):
        p = np.array(question["p"])
        ordered = np.sort(p)
        # The least q at which the step-up procedure would reject each: over all larger p.
        adjusted = [min([1.0] + [ordered[j] * len(p) / (j + 1) for j in range(len(p))
                                 if ordered[j] >= one]) for one in p]
        assert answer["benjamini_hochberg"] == pytest.approx(adjusted, abs=EXACT)


def test_paired_ratio_inverts_the_signed_rank_test():
    """Just inside the interval the test does not reject at 1 - confidence; just outside it does."""
    questions = samples(7, ("normal", "heavy", "skewed"), range(8, 41, 2), same_size=True)
    for question, answer in zip(questions, ask(questions)):
        ours = answer["paired_ratio"]
        logs = np.log(question["b"]) - np.log(question["a"])
        alpha = 1 - ours["confidence"]
        assert 0 < alpha <= 0.05
        for end, outwards in ((ours["lo"], -1), (ours["hi"], 1)):
            for step, rejected in ((1e-9 * outwards, True), (-1e-9 * outwards, False)):
                p = stats.wilcoxon(logs - math.log(end) - step, method="exact").pvalue
                assert (p <= alpha + 1e-12) == rejected
        walsh = [(logs[i] + logs[j]) / 2 for i in range(len(logs)) for j in range(i, len(logs))]
        assert ours["ratio"] == pytest.approx(math.exp(np.median(walsh)), rel=EXACT)
