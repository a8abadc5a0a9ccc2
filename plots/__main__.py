"""Draw the figures of a run: /usr/bin/python3 -m plots RUN.json [--out DIR] [--format png,svg,pdf]

Prints the paths written, one a line. Exit: 0 done, 2 bad input (one line on stderr).
"""
import argparse
import pathlib
import sys

if not __package__:
    sys.path[0] = str(pathlib.Path(__file__).resolve().parent.parent)

from plots import backends, groups, load, nics, pairs, style  # noqa: E402


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
    try:
        run = load.load(options.run)
        made = backends.figures(run) + nics.figures(run) + pairs.figures(run)
        for path in write(made, out, options.formats):
            print(path)
    except (load.LoadError, groups.GroupError) as error:
        print(f"plots: {error}", file=sys.stderr)
        return 2
    except OSError as error:
        print(f"plots: {error.filename or out}: {error.strerror}", file=sys.stderr)
        return 2
    return 0


def write(made, out, kinds):
    """Write figures and caption.txt into out; yields each path once it is written."""
    out.mkdir(parents=True, exist_ok=True)
    for name, figure, _ in made:
        for kind in kinds:
            path = out / f"{name}.{kind}"
            style.save(figure, path, kind)
            yield path
    path = out / "caption.txt"
    alone = len(made) == 1
    path.write_text("\n".join(f"{said}\n" if alone else f"{name}: {said}\n" for name, _, said in made),
                    encoding="utf-8")
    yield path


if __name__ == "__main__":
    sys.exit(main())
