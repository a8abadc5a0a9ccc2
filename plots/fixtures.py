"""What the tests share: fixtures by name, and changed copies of them."""
import json
import pathlib

from plots import load

TESTDATA = pathlib.Path(__file__).resolve().parent / "testdata"


def path(name):
    """Path of a fixture."""
    return TESTDATA / f"{name}.json"


def run(name):
    """A loaded fixture."""
    return load.load(path(name))


def drawn(module, loaded):
    """[(name, Figure, caption)] that a module has of a run."""
    return [(made.name, made.draw(), made.caption) for made in module.figures(loaded)]


def values(module, loaded):
    """Every number of the CSV files that a module has of a run."""
    return [cell for made in module.figures(loaded) for row in made.numbers()[1] for cell in row
            if isinstance(cell, (int, float))]


def document(name):
    """A fixture as parsed JSON, free to be changed."""
    return json.loads(path(name).read_text(encoding="utf-8"))


def write(directory, content):
    """Write content (text, or what json can dump) as run.json; returns its path."""
    target = directory / "run.json"
    target.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return target


def comparison():
    """A made-up comparison, as `compare --json` prints it: a regression, no change, and one that sees
    little."""
    def measured(ratio, half, verdict, sees, pairs=20):
        side = {"n": pairs, "median": 5.0, "ci95": [4.9, 5.1], "confidence": 0.95}
        return {"verdict": verdict, "reason": f"made up: {verdict}", "warnings": [], "base": side,
                "new": side,
                "comparison": {
                    "pairs": pairs, "ratio": ratio, "ci95": [ratio - half, ratio + half], "confidence": 0.95,
                    "p": 0.001, "p_adjusted": 0.002, "smallest_change": sees,
                    "median_ratio": {"median": ratio},
                    "mann_whitney": {"u": 10, "p": 0.001, "p_adjusted": 0.002, "exact": True},
                    "noise_floor": {"against": None, "pairs": 10, "ratio": 1.0, "ci95": [0.99, 1.01],
                                    "reason": None}}}

    def case(name, reason=None, **measures):
        return {"base_id": name, "new_id": name, "verdict": "no change", "reason": reason, "warnings": [],
                "excluded_trials": {"base": 0, "new": 0}, "unpaired_rounds": 0, "measures": measures}

    side = {"path": "a/run.json", "id": "made-up", "host": "made-up-test-data",
            "started_at": "2026-01-02T03:04:00Z",
            "tool_version": "0.1.0", "git_commit": None}
    return {"schema": "pktbench-comparison/1", "verdict": "regression", "reason": None, "exit_status": 1,
            "base": side, "new": side, "interleaved": False, "warnings": ["the runs were not interleaved"],
            "rules": {"min_effect": 0.004, "alpha": 0.01, "must_see": 0.1, "min_pairs": 8},
            "cases": [case("xdp-native/drop/64B/1q/1f", mpps=measured(0.95, 0.01, "regression", 0.02),
                           cycles_per_packet=measured(1.001, 0.005, "no change", 0.01)),
                      case("udp-recvmmsg/drop/64B/1q/1f", mpps=measured(1.02, 0.12, "inconclusive", 0.2)),
                      case("dpdk/drop/64B/1q/1f", reason="the drivers differ")],
            "only_in_base": [{"id": "fake/drop/64B/1q/1f", "status": "ok"}], "only_in_new": [],
            "unsupported": []}
