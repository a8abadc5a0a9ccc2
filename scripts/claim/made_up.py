"""A made-up claim, for tests."""
from claim.entries import Claim, Step

BASE, NEXT = "af_xdp/drop/64B/1q/1f", "xdp-native/drop/64B/1q/1f"


def step(**changes):
    return Step(**{"says": "XDP against AF_XDP", "measure": "mpps", "base": BASE, "next": NEXT, **changes})


def claim(*steps, **changes):
    return Claim(**{"name": "made-up", "title": "t", "claim": "c", "source": "s", "elsewhere": "e",
                    "command": "x", "steps": steps, **changes})
