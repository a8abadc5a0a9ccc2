"""Draw the figures of a run: /usr/bin/python3 -m plots RUN.json [--out DIR] [--format png,svg,pdf]

Prints the paths written, one a line. Exit: 0 done, 2 bad input, 6 a file or stdout took no more (one line
on stderr).
"""
import argparse
import contextlib
import io
import itertools
import os
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
if not __package__:
    sys.path[0] = str(ROOT)
sys.path.append(str(ROOT / "scripts"))
if os.geteuid() == 0:
    sys.dont_write_bytecode = True  # it would be root's, in a user's checkout

import sudo_user  # noqa: E402
from plots import backends, groups, load, nics, pairs, style  # noqa: E402

# What is drawn of a run, by the method that measured it.
FIGURES = {"throughput": (backends, nics, pairs)}


def formats(value):
    """Comma-separated formats, in the order given, each once."""
    names = list(dict.fromkeys(name.strip() for name in value.split(",")))
    for name in names:
        if name not in style.METADATA:
            raise argparse.ArgumentTypeError(f"{name!r} is none of {', '.join(style.METADATA)}")
    return names


def main(argv=None):
    """Run the command line; returns the exit code."""
    parser = argparse.ArgumentParser(prog="plots", description="Draw the figures of a pktbench run.",
                                     epilog="example: /usr/bin/python3 -m plots results/RUN/run.json")
    parser.add_argument("run", metavar="RUN.json", type=pathlib.Path)
    parser.add_argument("--out", metavar="DIR", type=pathlib.Path, help="default: the directory of RUN.json")
    parser.add_argument("--format", dest="formats", metavar="LIST", type=formats, default="png,svg,pdf",
                        help="any of png,svg,pdf (default: all)")
    options = parser.parse_args(argv)
    out = options.out or options.run.parent
    if sys.stdout:
        sys.stdout.reconfigure(errors="surrogateescape")  # a path may be no UTF-8
    try:
        run = load.load(options.run)
        made = figures(run, options.run)
    except (load.LoadError, groups.GroupError) as error:
        print(load.validator().printable(f"plots: {error}"), file=sys.stderr)
        return 2
    try:
        sudo_user.make_directories(out)
    except OSError as error:
        print(f"plots: {error.filename}: {error.strerror}; choose another directory with --out",
              file=sys.stderr)
        return 2
    try:
        paths = list(write(made, out, options.formats))
    except WriteError as error:
        print(f"plots: {error}", file=sys.stderr)
        return 6
    for path in paths:
        print(path)
    return 0


def figures(run, path):
    """Every figure of a run, as (name, figure, caption), drawn as it is asked for: many are never there at once."""
    method = run.scenario.get("method", {}).get("name", "throughput")
    if method not in FIGURES:
        raise load.LoadError(f"{path}: /scenario/method/name: no figures for {method!r}; there are for "
                             f"{', '.join(FIGURES)}")
    groups.split(run)  # raises before anything is written
    return itertools.chain.from_iterable(module.figures(run) for module in FIGURES[method])


class WriteError(Exception):
    """A file could not be written as a whole; the message is one line."""


def write(made, out, kinds):
    """Write figures and caption.txt into out; yields each path once it is written."""
    captions = []
    for name, figure, said in made:
        for kind in kinds:
            data = io.BytesIO()
            style.save(figure, data, kind)
            yield _put(out / f"{name}.{kind}", data.getvalue())
        captions.append((name, said))
    alone = len(captions) == 1
    said = "\n".join(f"{said}\n" if alone else f"{name}: {said}\n" for name, said in captions)
    yield _put(out / "caption.txt", said.encode("utf-8", "backslashreplace"))


def _put(path, data):
    """As a whole: half a figure is worse than none."""
    half = path.with_name(f".{path.name}.tmp")
    try:
        with sudo_user.create(half) as file:
            file.write(data)
        half.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            half.unlink()
        raise WriteError(f"{path}: {error.strerror}") from error
    return path


def entry():
    """Run as a program."""
    try:
        checked = load.validator().checked
    except load.LoadError as error:
        print(f"plots: {error}", file=sys.stderr)
        return 2
    return checked.run(main, "plots")


if __name__ == "__main__":
    sys.exit(entry())
