"""Measure the claims that people argue about, and say of each: holds, does not hold, cannot be told here.

NAME is a claim of scenarios/claims; default: all. Runs, figures and the table go to a folder of results/, and the table
with a picture for each claim to scenarios/claims/README.md, where claims that were not measured keep what they have. With
--out the checkout is left as it is. The last folder of results/ can be gone on with: --resume keeps its finished runs.
Exit: 0 done, whatever the verdicts; 2 bad input, 3 refused, 6 a run failed, 130 interrupted.
"""
import argparse
import datetime
import os
import pathlib
import platform
import re
import signal
import sys

from claim import ROOT, entries, judging, measuring
import checked
import sudo_user

try:
    from claim import table
    from plots import claims, drawing, load
except ImportError as missing:
    sys.exit(checked.no_module(missing))

PAGE = entries.FOLDER / "README.md"


def options():
    """The command line."""
    names = entries.names()
    parser = checked.Parser(prog="scripts/claims", description=__doc__,
                            formatter_class=argparse.RawDescriptionHelpFormatter,
                            epilog="example: sudo scripts/claims --quick hook-points")
    parser.add_argument("names", nargs="*", metavar="NAME", type=checked.choice("claim", names),
                        help=f"of {', '.join(names)}")
    parser.add_argument("--quick", action="store_true", help="fewer and shorter trials: wider intervals")
    parser.add_argument("--out", metavar="DIR", type=pathlib.Path, help="everything there, the table too")
    parser.add_argument("--resume", action="store_true",
                        help="keep the runs that the folder has, and go on with one that was stopped")
    parser.add_argument("--budget", metavar="S", type=checked.number(1, 86_400),
                        help="seconds for all runs (default "
                        f"{measuring.BUDGET_S[False]}, quick {measuring.BUDGET_S[True]})")
    parser.add_argument("--set", metavar="/POINTER=VALUE", action="append", default=[],
                        help="as pktbench run has it, for other hardware; needs --out")
    parser.add_argument("--pktbench", metavar="PROGRAM", default=str(ROOT / "build" / "pktbench"),
                        help="do not build, use this one")
    found = parser.parse_args()
    if found.set and not found.out:
        parser.error("--set: needs --out DIR: the table of the checkout is of the scenarios as they are")
    if not os.access(found.pktbench, os.X_OK) or os.path.isdir(found.pktbench):
        parser.error(f"--pktbench: {found.pktbench}: no such program; name one, or build it: scripts/bench")
    found.names = list(dict.fromkeys(found.names)) or names
    return found


def folder(asked):
    """Where runs go: a new folder, or with --resume the last one. Raises checked.InputError."""
    if asked.out:
        return asked.out
    results = ROOT / "results"
    if asked.resume:
        found = sorted(results.glob("*Z-*-claims"))
        if not found:
            raise checked.InputError("--resume: no folder of scripts/claims in results/; name one with --out")
        return found[-1]
    now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y%m%dT%H%M%SZ")
    return results / f"{now}-{re.sub('[^A-Za-z0-9._-]', '-', platform.node()[:64], flags=re.A)}-claims"


def main():
    """Returns the exit code."""
    asked = options()
    claimed = [entries.read(name) for name in asked.names]
    out = folder(asked)
    sudo_user.make_directories(out)
    shares = measuring.Shares(asked.budget or measuring.BUDGET_S[asked.quick], asked.names)
    made, pictures = {}, {}
    for number, claim in enumerate(claimed, start=1):
        name, here = claim.name, out / claim.name
        seconds = shares.take(name)
        checked.say(f"[{number}/{len(claimed)}] {name}: at most {seconds:.0f} s")
        try:
            verdict, run = told(claim, here, seconds, asked)
        except measuring.Failed as failed:
            checked.say(failed)
            return failed.status
        except (measuring.Interrupted, KeyboardInterrupt):
            checked.say(f"stopped; to go on: scripts/claims --resume{' --quick' * asked.quick}"
                        + (f" --out {asked.out}" if asked.out else "") + "".join(f" {one}" for one in asked.names))
            return 130
        picture = drawn(verdict, run, here)
        if picture:
            pictures[name] = picture
        made[name] = verdict, run
        print(table.summary(verdict), flush=True)
    written(made, pictures, out, asked)
    return 0


def told(claim, here, seconds, asked):
    """(Verdict, its run or None)."""
    whole = asked.resume and (here / "run.json").exists() and not load.load(here / "run.json").interrupted
    in_time = whole or measuring.run(asked.pktbench, claim.name, here, seconds, asked)
    run = load.load(here / "run.json") if (here / "run.json").exists() else None
    if not in_time:
        return judging.untold(claim, f"its run was stopped after {seconds:.0f} s, its share of the time: this "
                              "machine is slow, or others use it"), run
    return judging.judge(claim, run, measuring.comparer(asked.pktbench, here)), run


def drawn(verdict, run, here):
    """Draws the ratios, and the run by itself; the path of the picture that stands beside the claim, or None."""
    if not run:
        return None
    ratios = [claims.Ratio(one.step.says, one.step.measure, one.ratio, one.ci95, one.pairs, one.verdict,
                           one.step.at_least, one.step.at_most) for one in verdict.steps if one.ratio is not None]
    found = [*claims.figures(verdict.claim.title, ratios, run.cases), *drawing.figures(run, here / "run.json")]
    drawing.write(found, here, ("png", "svg"))
    picture = here / f"{verdict.claim.figure}.png"
    return picture if picture.exists() else None


def written(made, pictures, out, asked):
    """Writes the table to out and, where the checkout's is wanted, there, and prints the paths."""
    page = out / "README.md"
    entries_ = {name: table.entry(verdict, run, f"{name}/{pictures[name].name}" if name in pictures else None)
                for name, (verdict, run) in made.items()}
    print(drawing.put(page, "# Claims\n\n" + table.whole(entries_, asked.names)))
    if asked.out:
        return
    for name, picture in pictures.items():
        print(drawing.put(entries.FOLDER / f"{name}.png", picture.read_bytes()))
    entries_ = {name: table.entry(verdict, run, f"{name}.png" if name in pictures else None)
                for name, (verdict, run) in made.items()}
    print(drawing.put(PAGE, table.inserted(PAGE.read_text(encoding="utf-8"), entries_, entries.names())))


def interrupted(*_):
    """SIGTERM, as a Ctrl-C."""
    raise KeyboardInterrupt


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, interrupted)
    sys.exit(checked.run(main))
