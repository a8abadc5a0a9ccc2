"""Makes the figures of a run and writes them: one way for `pktbench plots` and `pktbench report`."""
import contextlib
import csv
import gc
import io
import multiprocessing
import os
import pathlib
import sys

from plots import (backends, boxes, bursts, flips, latencies, load, matrix, nics, pairs, queues, roles,
                   scaling, searches, sizes, soaks, style, sweeps)

sys.path.append(str(pathlib.Path(__file__).resolve().parent.parent / "scripts"))

import checked  # noqa: E402
import sudo_user  # noqa: E402

FORK = multiprocessing.get_context("fork")
# What is drawn of a run, by the method that measured it.
FIGURES = {"throughput": (nics, sizes, scaling, backends, queues, roles, boxes, matrix, pairs),
           "search": (searches,), "load-sweep": (sweeps,), "latency": (latencies,), "flip": (flips,),
           "back-to-back": (bursts,), "soak": (soaks,)}


def figures(run, path):
    """Every Figure (rows.py) of a run."""
    method = run.method
    if method not in FIGURES:
        raise load.LoadError(f"{path}: /scenario/method/name: no figures for {method!r}; there are for "
                             f"{', '.join(FIGURES)}")
    return [figure for module in FIGURES[method] for figure in module.figures(run)]


def write(made, out, kinds, inner=None):
    """Write figures, the numbers of each and caption.txt into out, and return the paths: none where a
    process, of as many as there are CPUs, has said why it could not go on. Raises OSError.

    inner: a directory for what a page shows of each, as SVG without title and caption.
    """
    count, errors = min(len(os.sched_getaffinity(0)), len(made)), FORK.SimpleQueue()
    gc.freeze()  # the processes share what was read, unless somebody writes to it
    shares = [range(first, len(made), count) for first in range(count)]
    processes = [FORK.Process(target=_share, args=(made, share, out, kinds, inner, errors), daemon=True)
                 for share in shares]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    found = []
    while not errors.empty():
        found.append(errors.get())
    if found:
        raise min(found, key=lambda one: one[0])[1]  # of the first figure, whichever process was faster
    for process in processes:
        if process.exitcode < 0:
            checked.say(f"a process that drew was ended by signal {-process.exitcode}")
        if process.exitcode:
            return []
    said = "\n".join(f"{one.caption}\n" if len(made) == 1 else f"{one.name}: {one.caption}\n" for one in made)
    return [out / f"{one.name}.{kind}" for one in made for kind in (*kinds, "csv")] + [
        put(out / "caption.txt", said)]


def _share(made, share, out, kinds, inner, errors):
    """What one process draws, of `made` those at the places in `share`; ends it."""
    def draw():
        for place in share:
            one = made[place]
            try:
                figure = one.draw()
                for kind in kinds:
                    put(out / f"{one.name}.{kind}", style.saved(figure, kind))
                put(out / f"{one.name}.csv", csv_text(*one.numbers()))
                if inner:
                    for said in figure.texts:
                        said.set_visible(said.get_gid() not in ("title", "caption"))
                    put(inner / f"{one.name}.svg", style.saved(figure, "svg", figure.inner))
                    put(inner / f"{one.name}.txt", figure.get_label())
            except OSError as error:
                errors.put((place, error))
                return

    sys.exit(checked.run(draw))


def csv_text(columns, rows):
    """A CSV file (RFC 4180, but for its line ends); what does not exist is empty."""
    made = io.StringIO()
    writer = csv.writer(made, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    return made.getvalue()


def put(path, data):
    """As a whole: half a figure is worse than none. data: bytes or text."""
    half = path.with_name(f".{path.name}.tmp")
    try:
        with sudo_user.create(half) as file:
            file.write(data if isinstance(data, bytes) else data.encode("utf-8", "backslashreplace"))
        half.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            half.unlink()
        raise OSError(error.errno, error.strerror, str(path)) from error
    return path
