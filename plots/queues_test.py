"""Frames per queue: each bar is the share that run.json has, and only cases with several queues are there."""
import copy

import pytest

from plots import fixtures, load, queues

FRAMES = {2: [250, 750], 4: [10, 20, 30, 40]}


@pytest.fixture(name="run")
def fixture_run(tmp_path):
    """Cases of a fixture on one, two and four queues, and one that does not tell by queue."""
    made = fixtures.document("four")
    first = next(case for case in made["cases"] if case["status"] == "ok")
    made["cases"] = []
    for name, count, frames in (("one", 1, [1000]), ("two", 2, FRAMES[2]), ("four", 4, FRAMES[4]),
                                ("silent", 2, None)):
        case = copy.deepcopy(first)
        case.update(id=name, backend=name, queues=count)
        for trial in case["trials"]:
            trial["received"]["per_queue"] = frames
            if frames is None:
                trial["missing"]["received.per_queue"] = "the backend does not count by queue"
        made["cases"].append(case)
    return load.load(fixtures.write(tmp_path, made))


def artist(made, gid):
    found = made.findobj(lambda a: a.get_gid() == gid)
    assert len(found) <= 1, gid
    return found[0] if found else None


def test_a_run_with_one_queue_has_no_such_figure():
    assert fixtures.drawn(queues, fixtures.run("four")) == []


def test_every_bar_is_the_share_of_a_queue(run):
    (name, made, said), = fixtures.drawn(queues, run)
    assert name == "queues"
    for i, frames in enumerate(FRAMES.values()):
        for queue, count in enumerate(frames):
            share = 100 * count / sum(frames)
            assert artist(made, f"queue-{i}-{queue}").get_width() == pytest.approx(share)
            assert artist(made, f"share-{i}-{queue}").get_text() == f"{queue}: {share:.1f}%"
        assert artist(made, f"queue-{i}-{len(frames)}") is None
        assert artist(made, f"even-{i}").get_xdata()[0] == pytest.approx(100 / len(frames))
    assert artist(made, "absent-2").get_text() == "not told by queue"
    assert "Not told by queue: silent." in said and artist(made, "name-3") is None


def test_a_case_with_trials_that_do_not_tell_has_no_shares(run):
    assert run.cases[1].per_queue == tuple(n * len(run.cases[1].shown_trials) for n in FRAMES[2])
    assert run.cases[3].per_queue is None
