"""Draw the figures of a run: pktbench plots RUN [--out DIR] [--format png,svg,pdf]

RUN is a run.json or its directory. Prints the paths written, one a line. Exit: 0 done, 2 bad input, 3 a
package is missing, 6 a file or stdout took no more (one line on stderr).
"""
import contextlib
import gc
import io
import multiprocessing
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
    from plots import (backends, bursts, flips, groups, latencies, load, nics, pairs, queues, searches, soaks,
                       style, sweeps)
except ImportError as missing:
    if __name__ != "__main__":
        raise
    sys.exit(checked.no_module(missing))

FORK = multiprocessing.get_context("fork")
# What is drawn of a run, by the method that measured it.
FIGURES = {"throughput": (nics, queues, backends, pairs), "search": (searches,), "load-sweep": (sweeps,),
           "latency": (latencies,), "flip": (flips,), "back-to-back": (bursts,), "soak": (soaks,)}


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
    paths = write(made, out, options.formats)
    for path in paths:
        print(path)
    return 0 if paths else 6


def figures(run, path):
    """Every figure of a run, as (name, drawn, caption): rows.paged."""
    method = run.scenario.get("method", {}).get("name", "throughput")
    if method not in FIGURES:
        raise load.LoadError(f"{path}: /scenario/method/name: no figures for {method!r}; there are for "
                             f"{', '.join(FIGURES)}")
    return [figure for module in FIGURES[method] for figure in module.figures(run)]


def write(made, out, kinds):
    """Write figures and caption.txt into out, and return the paths: none where a process, of as many as there
    are CPUs, has said why it could not go on. Raises OSError.
    """
    count, errors = min(len(os.sched_getaffinity(0)), len(made)), FORK.SimpleQueue()
    gc.freeze()  # the processes share what was read, unless somebody writes to it
    processes = [FORK.Process(target=_share, args=(made[first::count], out, kinds, errors), daemon=True)
                 for first in range(count)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    if not errors.empty():
        raise errors.get()
    for process in processes:
        if process.exitcode < 0:
            checked.say(f"a process that drew was ended by signal {-process.exitcode}")
        if process.exitcode:
            return []
    said = "\n".join(f"{said}\n" if len(made) == 1 else f"{name}: {said}\n" for name, _, said in made)
    return [out / f"{name}.{kind}" for name, _, _ in made for kind in kinds] + [
        _put(out / "caption.txt", said.encode("utf-8", "backslashreplace"))]


def _share(made, out, kinds, errors):
    """What one process draws; ends it."""
    def draw():
        try:
            for name, drawn, _ in made:
                figure = drawn()
                for kind in kinds:
                    data = io.BytesIO()
                    style.save(figure, data, kind)
                    _put(out / f"{name}.{kind}", data.getvalue())
        except OSError as error:
            errors.put(error)

    sys.exit(checked.run(draw))


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
        raise OSError(error.errno, error.strerror, str(path)) from error
    return path


if __name__ == "__main__":
    sys.exit(checked.run(main))
