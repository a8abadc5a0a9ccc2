"""Draw the figures of a run: pktbench plots RUN [--out DIR] [--format png,svg,pdf]

RUN is a run.json or its directory. Prints the paths written, one a line. Exit: 0 done, 2 bad input, 3 a
package is missing, 6 a file or stdout took no more (one line on stderr).
"""
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
    from plots import drawing, groups, load, style
except ImportError as missing:
    if __name__ != "__main__":
        raise
    sys.exit(checked.no_module(missing))


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
        made = drawing.figures(run, path)
    except (checked.InputError, load.LoadError, groups.GroupError) as error:
        checked.say(error)
        return 2
    try:
        sudo_user.make_directories(out)
    except OSError as error:
        checked.say(f"{error.filename}: {error.strerror}; choose another directory with --out")
        return 2
    paths = drawing.write(made, out, options.formats)
    for path in paths:
        print(path)
    return 0 if paths else 6


if __name__ == "__main__":
    sys.exit(checked.run(main))
