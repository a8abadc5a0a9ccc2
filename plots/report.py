"""Make a report of runs: pktbench report RUN... [--out DIR]

RUN is a run.json, its directory, or what `pktbench compare --json` printed or `gate` wrote. Writes
report.html, every figure as
SVG, PDF and PNG with its numbers as CSV, tables.md, tables.tex and caption.txt, and prints their paths. Exit:
0
done, 2 bad input (the rest of the call is reported all the same), 3 a package is missing, 6 a file or stdout
took no more.
"""
import json
import os
import pathlib
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
if not __package__:
    sys.path[0] = str(ROOT)
sys.path += [str(ROOT / "scripts"), str(ROOT / "results" / "schema")]
if os.geteuid() == 0:
    sys.dont_write_bytecode = True  # it would be root's, in a user's checkout

import checked  # noqa: E402
import sudo_user  # noqa: E402

try:
    import jsonschema
    from plots import drawing, forest, groups, load, matrix, page, tables
except ImportError as missing:
    if __name__ != "__main__":
        raise
    sys.exit(checked.no_module(missing))

KINDS = ("svg", "pdf", "png")
COMPARISONS = {"pktbench-comparison/1": "comparison.schema.json", "pktbench-gate/1": "gate.schema.json"}
LARGEST = 1 << 24                       # bytes of a comparison


def main(argv=None):
    """Run the command line; returns the exit code."""
    parser = checked.Parser(prog="pktbench report", description="Make a report of pktbench runs.",
                            epilog="example: pktbench report results/paced")
    parser.add_argument("runs", metavar="RUN", nargs="+",
                        help="run.json, its directory, or a comparison's JSON")
    parser.add_argument("--out", metavar="DIR", type=pathlib.Path,
                        help="default: the directory of the run; several runs need it")
    options = parser.parse_args(argv)
    if sys.stdout:
        sys.stdout.reconfigure(errors="surrogateescape")  # a path may be no UTF-8
    if len(options.runs) > 1 and not options.out:
        checked.say("several runs need --out DIR, where their report is to be")
        return 2
    report = Report(options.runs, options.out)
    for given in options.runs:
        try:
            report.add(given)
        except (checked.InputError, load.LoadError, groups.GroupError) as error:
            checked.say(error)
            report.refused.append(checked.printable(str(error)))
    if not report.drawn:
        return 6
    if not report.runs and not report.comparisons:
        return 2
    report.end()
    for path in report.paths:
        print(path)
    return 2 if report.refused else 0


class Report:
    """What is made of a call, one run after the other, so that no two are in memory."""

    def __init__(self, given, out):
        self.several = len(given) > 1
        self.out, self.names = out, set()
        self.runs, self.comparisons, self.refused, self.paths = [], [], [], []
        self.columns, self.environments = [], []
        self.drawn = True
        self.markdown, self.latex = [], []

    def add(self, given):
        """Reads, draws and describes one. Raises InputError, LoadError, GroupError, OSError."""
        path = pathlib.Path(checked.run_file(given))
        self.out = self.out or path.parent
        comparison = _comparison(path)
        if comparison is not None:
            name = self._name(path.stem)
            self._drawn(name, list(forest.figures(comparison)), lambda *made: self.comparisons.append(
                page.comparison_section(comparison, path.name, *made)))
            return
        run = load.load(path)
        figures = drawing.figures(run, path)
        name = self._name((path.resolve().parent.name if path.name == "run.json" else path.stem) or "run")
        if not self._drawn(name, figures, lambda *made: self.runs.append(page.run_section(run, name, *made))):
            return
        self.columns.append((name, run.cases if len(run.cases) < 1000 else ()))
        self.environments.append((name, run.environment))
        title = f"{name}: " if self.several else ""
        for table in tables.of(run):
            self.markdown.append(f"## {title}{table.title}\n\n{tables.markdown(table)}")
            self.latex.append(f"% {title}{table.title}\n{tables.latex(table)}")

    def _name(self, wanted):
        """Of a run, and of its folder where there are several."""
        name, number = checked.printable(wanted).replace("/", "-"), 1
        while name in self.names:
            number += 1
            name = f"{wanted}-{number}"
        self.names.add(name)
        return name

    def _drawn(self, name, figures, describe):
        """Writes the figures, and describes them with what the page needs; whether that went well."""
        folder = f"{name}/" if self.several else ""
        out = self.out / folder
        _directory(out)
        with tempfile.TemporaryDirectory() as inner:
            paths = drawing.write(figures, out, KINDS, pathlib.Path(inner))
            if figures and not paths:
                self.drawn = False
                return False
            self.paths += paths
            describe(figures, pathlib.Path(inner), folder)
        return True

    def end(self):
        """Writes the tables and the page."""
        between = {"figures": [], "table": page.between(self.environments)}
        if len(self.runs) > 1:
            figures = list(matrix.of(self.columns))
            self._drawn("all", figures, lambda *made: between["figures"].extend(
                page.figure(one, made[1], "all", made[2]) for one in figures))
        version = (self.runs or [{"version": ""}])[0]["version"]
        title = ", ".join(run["name"] for run in self.runs) or "comparison"
        html = page.render(title=f"pktbench: {title}", runs=self.runs, comparisons=self.comparisons,
                           refused=self.refused, between=between, version=version)
        for name, data in (("tables.md", "\n".join(self.markdown)), ("tables.tex", "\n".join(self.latex)),
                           ("report.html", html)):
            self.paths.append(drawing.put(self.out / name, data))


def _directory(path):
    try:
        sudo_user.make_directories(path)
    except OSError as error:
        said = f"{error.filename}: {error.strerror}; choose another directory with --out"
        raise checked.InputError(said) from error


def _comparison(path):
    """A comparison or a gate's verdict, checked against its schema and cleaned; None where the file is none.
    Raises InputError, OSError."""
    if path.stat().st_size > LARGEST:
        return None
    data = path.read_bytes()
    if not any(f'"{schema}"'.encode() in data for schema in COMPARISONS):
        return None
    try:
        found = checked.parse(data.decode("utf-8"))
    except (checked.NotJson, UnicodeDecodeError) as error:
        raise checked.InputError(f"{path}: {error}") from error
    if not isinstance(found, dict) or found.get("schema") not in COMPARISONS:
        return None
    schema = json.loads((load.CHECKS / COMPARISONS[found["schema"]]).read_text(encoding="utf-8"))
    for error in jsonschema.Draft7Validator(schema).iter_errors(found):
        raise checked.InputError(f"{path}: {checked.pointer(*error.absolute_path) or '/'}: {error.message}")
    return load.cleaned(found, checked.printable)


if __name__ == "__main__":
    sys.exit(checked.run(main))
