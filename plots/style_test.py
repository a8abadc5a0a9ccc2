"""A backend looks the same in every figure and like no other."""
import json
import pathlib

from plots import style

OKABE_ITO = {"#000000", "#E69F00", "#56B4E9", "#009E73", "#F0E442", "#0072B2", "#D55E00", "#CC79A7"}


def test_every_backend_has_a_look_of_its_own():
    looks = list(style.BACKENDS.values()) + style.OTHERS
    assert len(set(looks)) == len(looks)
    assert {look.color for look in looks} <= OKABE_ITO | {style.GREY}


def test_no_backend_looks_like_a_lower_bound():
    assert not any("/" in look.hatch for look in [*style.BACKENDS.values(), *style.OTHERS])


def test_a_backend_that_was_added_later_looks_the_same_in_every_figure():
    assert style.look("toy") == style.look("toy") == style.OTHERS[16]
    assert len({style.look(name) for name in ("toy", "added-later", "udp-later")}) == 3


def test_fixtures_use_every_backend():
    fixture = pathlib.Path(__file__).parent / "testdata" / "twenty.json"
    used = {case["backend"] for case in json.loads(fixture.read_text(encoding="utf-8"))["cases"]}
    # What forwards and nothing else is in no figure beside the others.
    assert used == set(style.BACKENDS) - {"kernel-forward"}
