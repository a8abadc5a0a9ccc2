"""Measure the claims that people argue about, and say of each: holds, does not hold, cannot be told here.

NAME is a claim of scenarios/claims; default: all. Runs, figures and the table go to a folder of results/,
and the table with a picture for each claim to scenarios/claims/README.md, where claims that were not measured
keep what they have. With --out the checkout is left as it is. --resume keeps the finished runs of the last
such folder, or of that of --out, and goes on with one that was stopped. Claims that have no scenario are
measured by pktbench-micro, which stands beside pktbench.
Exit: 0 done, whatever the verdicts; 2 bad input, 3 refused, 6 a case or a run failed, 130 interrupted.
"""
import argparse
import os
import pathlib
import sys

from claim import entries, measuring
import checked


MICRO = "pktbench-micro"


def parse():
    """The command line. pktbench: None where it is to be built; micro: None where no claim needs it."""
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
    parser.add_argument("--pktbench", metavar="PROGRAM", help="do not build, use this one")
    found = parser.parse_args()
    if found.set and not found.out:
        parser.error("--set: needs --out DIR; the checkout's table is of the scenarios as they are")
    program = found.pktbench
    if program and (not os.access(program, os.X_OK) or os.path.isdir(program)):
        parser.error(f"--pktbench: {program}: no such program; name one, or build it: scripts/bench")
    asked = list(dict.fromkeys(found.names))
    found.names = asked or names
    micro = [name for name in found.names if entries.read(name).micro]
    if found.set and set(micro) & set(asked):
        parser.error(f"--set: {micro[0]} has no scenario; it is measured by pktbench-micro")
    found.micro = pathlib.Path(program or "build/pktbench").with_name(MICRO) if micro else None
    if program and micro and not os.access(found.micro, os.X_OK):
        parser.error(f"--pktbench: {found.micro}: no such program, which measures {micro[0]}; build it: "
                     f"cmake --build build --target {MICRO}")
    return found


def main():
    """Prints what is to be built; returns the exit code."""
    print("pktbench", *((MICRO,) if parse().micro else ()))
    return 0


if __name__ == "__main__":
    sys.exit(checked.run(main))
