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
