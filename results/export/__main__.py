"""Runs in the form that another program reads: pktbench export RUN... --format FORMAT [--out FILE]

Exit: 0 done, 2 bad input (the other files are done all the same), 3 a package is missing, 6 the result could
not be written.
"""
import os
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
if not __package__:
    sys.path[0] = str(ROOT / "results")
sys.path += [str(ROOT / "results"), str(ROOT / "results" / "schema"), str(ROOT / "scripts")]
if os.geteuid() == 0:
    sys.dont_write_bytecode = True  # it would be root's, in a user's checkout

import checked  # noqa: E402

try:
    import recorded
    from export import benchmarks, files, judged, junit, markdown, openmetrics, otava, tables
except ImportError as missing:
    if __name__ != "__main__":
        raise
    sys.exit(checked.no_module(missing))

# Each: what makes the text, of the runs and the options.
FORMATS = {
    "markdown": lambda runs, options: markdown.text_of(runs, options.verdicts),
    "junit": lambda runs, options: junit.xml_of(runs, options.verdicts),
    "github-action-benchmark": lambda runs, options: benchmarks.github_action(runs, options.better),
    "bencher": lambda runs, _: benchmarks.bencher(runs),
    "google-benchmark": lambda runs, _: benchmarks.google(runs),
    "csv": lambda runs, _: tables.csv_of(runs),
    "openmetrics": lambda runs, _: openmetrics.text_of(runs),
    "otava": None}      # files instead


def main(argv=None):
    """Run the command line; returns the exit code."""
    parser = checked.Parser(prog="pktbench export",
                            description="Runs in the form that another program reads.",
                            epilog="example: pktbench export results/paced --format junit")
    parser.add_argument("runs", metavar="RUN", nargs="+", help="run.json or its directory")
    parser.add_argument("--format", metavar="FORMAT", required=True,
                        type=checked.choice("format", list(FORMATS)),
                        help=", ".join(FORMATS))
    parser.add_argument("--out", metavar="PATH", type=pathlib.Path,
                        help="file for the result (default: stdout); of otava the directory")
    parser.add_argument("--better", metavar="WAY", default="higher",
                        type=checked.choice("way", ["higher", "lower"]),
                        help="github-action-benchmark: of which metrics (default: higher)")
    options = parser.parse_args(argv)
    if options.format == "otava" and not options.out:
        parser.error("--format otava needs --out: it is a file for each series")
    if sys.stdout:
        sys.stdout.reconfigure(encoding="utf-8", errors="surrogateescape")
    runs, options.verdicts, failed = _read(options)
    if not runs:
        return 2
    if options.format == "otava":
        for path in otava.write(options.out, otava.of_runs(runs)):
            print(path)
    else:
        text = FORMATS[options.format](runs, options)
        if options.out:
            print(files.put(options.out.parent, options.out.name, text))
        else:
            sys.stdout.write(text)
    return 2 if failed else 0


def _read(options):
    """(runs, their verdicts where the format has them, whether one of the files was none)."""
    runs, verdicts, failed = [], [], False
    for given in options.runs:
        try:
            run = recorded.read(given)
            verdict = judged.beside(run) if options.format in ("markdown", "junit") else None
        except checked.InputError as error:
            checked.say(error)
            failed = True
            continue
        if any(run.about["id"] == other.about["id"] for other in runs):
            checked.say(f"{given}: run {run.about['id']} is named twice")
            failed = True
            continue
        runs.append(run)
        verdicts.append(verdict)
    return runs, verdicts, failed


if __name__ == "__main__":
    sys.exit(checked.run(main))
