"""Draw the figures of a run: pktbench plots RUN [--out DIR] [--format png,svg,pdf]

RUN is a run.json or its directory. Prints the paths written, one a line. Exit: 0 done, 2 bad input, 3 a
package is missing, 6 a file or stdout took no more (one line on stderr).
"""
import contextlib
import io
import itertools
import os
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
if not __package__:
    sys.path[0] = str(ROOT)
sys.path += [str(ROOT / "scripts"), str(ROOT / "results" / "schema")]
if os.geteuid() == 0:
    sys.dont_write_bytecode = True  # it would be root's, in a user's checkout

import checked  # noqa: E402
import sudo_user  # noqa: E402

try:
    import jsonschema  # noqa: F401, as load needs it
    from plots import backends, groups, load, nics, pairs, searches, style
except ImportError as missing:
    if __name__ != "__main__":
        raise
    sys.exit(checked.no_module(missing))

# What is drawn of a run, by the method that measured it.
FIGURES = {"throughput": (backends, nics, pairs), "search": (searches,)}


def main(argv=None):
    """Run the command line; returns the exit code."""
    parser = checked.Parser(prog="pktbench plots", description="Draw the figures of a pktbench run.",
                            epilog="example: pktbench plots results/paced")
    parser.add_argument("run", metavar="RUN", help="run.json or its directory")
    parser.add_argument("--out", metavar="DIR", type=pathlib.Path, help="default: the directory of the run")
    parser.add_argument("--format", dest="formats", metavar="LIST", default="png,svg,pdf",
                        type=checked.choice("format", list(style.METADATA), several=True),
                        help="any of png,svg,pdf (default: all)")
    options = parser.parse_args(argv)
    if sys.stdout:
        sys.stdout.reconfigure(errors="surrogateescape")  # a path may be no UTF-8
    try:
        path = pathlib.Path(checked.run_file(options.run))
        out = options.out or path.parent
        run = load.load(path)
        made = figures(run, path)
    except (checked.InputError, load.LoadError, groups.GroupError) as error:
        checked.say(error)
        return 2
    try:
        sudo_user.make_directories(out)
    except OSError as error:
        checked.say(f"{error.filename}: {error.strerror}; choose another directory with --out")
        return 2
    try:
        paths = list(write(made, out, options.formats))
    except WriteError as error:
        checked.say(error)
        return 6
    for path in paths:
        print(path)
    return 0


def figures(run, path):
    """Every figure of a run, as (name, figure, caption); each is drawn when it is asked for."""
    method = run.scenario.get("method", {}).get("name", "throughput")
    if method not in FIGURES:
        raise load.LoadError(f"{path}: /scenario/method/name: no figures for {method!r}; there are for "
                             f"{', '.join(FIGURES)}")
    if backends in FIGURES[method]:
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


if __name__ == "__main__":
    sys.exit(checked.run(main))
