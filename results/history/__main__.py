"""An index over recorded runs: pktbench history import|list|trend|rebuild [RUN...] [--store STORE]

import: takes runs in, each once. list: which are in it. trend: since when a case has been faster or slower,
and what changed there. rebuild: makes it anew. Exit: 0 done, 2 bad input (the other files are done all the
same), 3 a package is missing, 6 stdout took no more.
"""
import os
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
if not __package__:
    sys.path[0] = str(ROOT / "results")
sys.path += [str(ROOT / "results"), str(ROOT / "results" / "schema"), str(ROOT / "scripts"), str(ROOT)]
if os.geteuid() == 0:
    sys.dont_write_bytecode = True  # it would be root's, in a user's checkout

import checked  # noqa: E402
import sudo_user  # noqa: E402

try:
    from history import store, words
except ImportError as missing:
    if __name__ != "__main__":
        raise
    sys.exit(checked.no_module(missing))

LAST = 200          # runs of a series that a trend looks at
# What may differ within one series, since it is what a change is explained by.
VARIES = "kernel,microcode,firmware,driver,settings"
FORMATS = ("text", "json", "otava")


def main(argv=None):
    """Run the command line; returns the exit code."""
    parser = checked.Parser(prog="pktbench history", description="An index over recorded runs.",
                            epilog="example: pktbench history import results")
    parser.add_argument("action", metavar="ACTION", type=checked.choice("action", list(ACTIONS)),
                        help="import, list, trend or rebuild")
    parser.add_argument("runs", metavar="RUN", nargs="*", default=[],
                        help="import, rebuild: a run.json, its directory, or one with runs below it")
    parser.add_argument("--store", metavar="STORE", default=store.DEFAULT,
                        help="a file (SQLite), or postgresql://... (default: %(default)s)")
    parser.add_argument("--case", metavar="ID", help="trend: only this case")
    parser.add_argument("--metric", metavar="NAME", help="trend: only this metric")
    parser.add_argument("--host", metavar="NAME", help="trend: only runs of this host")
    parser.add_argument("--varies", metavar="LIST", default=VARIES,
                        help="trend: what may differ within one series (default: %(default)s)")
    parser.add_argument("--last", metavar="N", type=checked.integer(1, 100000), default=LAST,
                        help="trend: runs of each series that are looked at (default: %(default)s)")
    parser.add_argument("--format", metavar="FORMAT", type=checked.choice("format", FORMATS), default="text",
                        help="trend: text, json or otava (default: text)")
    parser.add_argument("--out", metavar="DIR", type=pathlib.Path,
                        help="trend: where the files for Otava, or the figure, go")
    options = parser.parse_args(argv)
    if options.runs and options.action in ("list", "trend"):
        parser.error(f"{options.action} takes no RUN: it tells of what was imported")
    if options.action == "import" and not options.runs:
        parser.error("import needs RUN")
    if options.format == "otava" and not options.out:
        parser.error("--format otava needs --out: it is a file for each series")
    if options.out and options.format == "json":
        parser.error("--format json is for stdout; without it --out draws the figure")
    sudo_user.become_caller()   # nothing here needs root, and the index is to be the caller's
    if sys.stdout:
        sys.stdout.reconfigure(errors="surrogateescape")    # a path may be no UTF-8
    try:
        return ACTIONS[options.action](options)
    except ImportError as error:    # the driver of a database
        return checked.no_module(error)


def _import(options):
    _make_room(options.store)
    index = store.Store(options.store, make=True)
    paths, failed = _found(options.runs)
    done = dict.fromkeys(("imported", "replaced", "unchanged"), 0)
    for number, path in enumerate(paths, start=1):
        try:
            done[index.add(path)] += 1
        except checked.InputError as error:
            checked.say(error)
            failed += 1
        if sys.stderr.isatty() and number % 100 == 0:
            print(f"\r{number} of {len(paths)}", end="\r", file=sys.stderr, flush=True)
    print(f"{options.store}: " + ", ".join(f"{count} {what}" for what, count in done.items())
          + (f", {failed} not read" if failed else ""))
    return 2 if failed else 0


def _rebuild(options):
    _make_room(options.store)
    paths, failed = _found(options.runs)
    if failed:
        return 2
    print(f"{options.store}: {store.Store(options.store, make=True).rebuild(paths)} imported")
    return 0


def _list(options):
    for line in words.runs(store.Store(options.store).runs()):
        print(line)
    return 0


def _trend(options):
    from history import trend   # it takes a second until SciPy is there, which nothing else needs
    found = trend.series(store.Store(options.store), tuple(options.varies.split(",")), options.last,
                         options.case, options.metric, options.host)
    if not found:
        raise checked.InputError(f"{options.store}: no values of such a case, metric and host are in the "
                                 "index; pktbench history list says which runs are")
    if options.format == "otava":
        from export import otava
        for path in otava.write(options.out, otava.of_series(found)):
            print(path)
    elif options.format == "json":
        print(words.as_json(found))
    else:
        for line in words.of_trend(found):
            print(line)
    if options.out and options.format != "otava":
        return _draw(found, options.out)
    return 0


def _draw(found, folder):
    """The figure of a trend, in every kind."""
    from plots import drawing, style, trends
    try:
        sudo_user.make_directories(folder)
    except OSError as error:
        raise checked.InputError(f"{error.filename}: {error.strerror}; choose another --out") from error
    sys.stdout.flush()      # what is still in it would be every process's
    paths = drawing.write(list(trends.figures(words.as_document(found))), folder, list(style.METADATA))
    for path in paths:
        print(path)
    return 0 if paths else 6


def _make_room(given):
    """The directory of the index."""
    if "://" not in given:
        try:
            sudo_user.make_directories(os.path.dirname(given) or ".")
        except OSError as error:
            raise checked.InputError(f"{error.filename}: {error.strerror}; choose another --store") from error


def _found(given):
    """(files of runs, how many could not be found): a directory stands for all runs below it."""
    paths, failed = [], 0
    for one in given:
        below = [] if os.path.lexists(os.path.join(one, "run.json")) else list(_below(one))
        paths += below
        if below:
            continue
        try:
            paths.append(checked.run_file(one))
        except checked.InputError as error:
            checked.say(error)
            failed += 1
    return paths, failed


def _below(folder):
    """Directories with a run.json, at any depth; in one of them no further ones are looked for."""
    for here, names, _ in os.walk(folder):
        runs = [name for name in names if os.path.lexists(os.path.join(here, name, "run.json"))]
        yield from (os.path.join(here, name) for name in sorted(runs))
        names[:] = sorted(set(names) - set(runs))


ACTIONS = {"import": _import, "list": _list, "trend": _trend, "rebuild": _rebuild}

if __name__ == "__main__":
    sys.exit(checked.run(main))
