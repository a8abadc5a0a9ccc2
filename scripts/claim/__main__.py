"""What scripts/claims does once pktbench is there (options.py)."""
import datetime
import pathlib
import platform
import re
import signal
import sys
from typing import NamedTuple, Optional, Tuple

from claim import ROOT, entries, judging, measuring, micro, options
import checked
import sudo_user

try:
    from claim import table
    from plots import claims, drawing, load
except ImportError as missing:
    sys.exit(checked.no_module(missing))

PAGE = entries.FOLDER / "README.md"
STOPPED = "its run was stopped after {:.0f} s, its share of the time: this machine is slow, or others use it"


def folder(asked):
    """Where runs go: a new folder, or with --resume the last one. Raises checked.InputError."""
    if asked.out:
        return asked.out
    results = ROOT / "results"
    if asked.resume:
        found = sorted(results.glob("*Z-*-claims"))
        if not found:
            raise checked.InputError("--resume: nothing in results/ to go on with; name a folder with --out")
        return found[-1]
    now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y%m%dT%H%M%SZ")
    return results / f"{now}-{re.sub('[^A-Za-z0-9._-]', '-', platform.node()[:64], flags=re.A)}-claims"


def main():
    """Returns the exit code."""
    asked = options.parse()
    claimed = [entries.read(name) for name in asked.names]
    out = folder(asked)
    sudo_user.make_directories(out)
    shares = measuring.Shares(asked.budget or measuring.BUDGET_S[asked.quick], asked.names)
    made = {}
    for number, claim in enumerate(claimed, start=1):
        seconds = shares.take(claim.name)
        checked.say(f"[{number}/{len(claimed)}] {claim.name}: at most {seconds:.0f} s")
        try:
            one = (told_by_micro if claim.micro else told)(claim, out / claim.name, seconds, asked)
        except measuring.Failed as failed:
            checked.say(failed)
            return failed.status
        except load.LoadError as error:
            checked.say(error)
            return 2
        except (measuring.Interrupted, KeyboardInterrupt):
            checked.say(" ".join(["stopped; to go on: scripts/claims --resume", *["--quick"] * asked.quick,
                                  *(["--out", str(asked.out)] if asked.out else ()), *asked.names]))
            return 130
        made[claim.name] = one
        print(table.summary(one.verdict), flush=True)
    written(made, out, asked)
    failed = [case for one in made.values() for case in one.failed]
    for case in failed:
        checked.say(f"{case} failed: its run says why")
    return 6 if failed else 0


class Told(NamedTuple):
    """What came of a claim: when and on what it was measured, if it was; the path of its picture, if it has
    one; the cases that failed."""

    verdict: judging.Verdict
    measured: Optional[str]
    picture: Optional[pathlib.Path]
    failed: Tuple[str, ...] = ()


def told(claim, here, seconds, asked):
    """Told, by the run of its scenario."""
    file = here / "run.json"
    whole = asked.resume and file.exists() and not load.load(file).interrupted
    in_time = whole or measuring.run(asked.pktbench, claim.name, here, seconds, asked)
    run = load.load(file) if file.exists() else None
    verdict = (judging.judge(claim, run, measuring.comparer(asked.pktbench, here)) if in_time
               else judging.untold(claim, STOPPED.format(seconds)))
    if not run:
        return Told(verdict, None, None)
    return Told(verdict, table.conditions(run),
                drawn(verdict, here, run.cases, drawing.figures(run, here / "run.json")),
                tuple(case.id for case in run.cases if case.status == "failed"))


def told_by_micro(claim, here, seconds, asked):
    """Told, by what pktbench-micro measures."""
    file = here / micro.FILE
    if not asked.resume and file.exists():
        raise measuring.Failed(2, f"{file} is there already; choose another directory, or keep it: --resume")
    if not file.exists():
        sudo_user.make_directories(here)
        if not micro.run(asked.micro, claim, here, seconds, asked.quick):
            return Told(judging.untold(claim, STOPPED.format(seconds)), None, None)
    found = micro.load(file)
    verdict = micro.judge(claim, found)
    return Told(verdict, micro.conditions(found), drawn(verdict, here, how=micro.HOW))


def drawn(verdict, here, cases=(), figures=(), how=claims.OF_RUNS):
    """Draws the ratios, and figures of the run; the path of the picture that stands beside the claim. None:
    no ratio was measured, and a picture would look like one."""
    ratios = [claims.Ratio(one.step.says, one.step.measure, one.ratio, one.ci95, one.pairs, one.verdict,
                           one.step.at_least, one.step.at_most)
              for one in verdict.steps if one.ratio is not None]
    found = [*claims.figures(verdict.claim.title, ratios, cases, how), *figures]
    drawing.write(found, here, ("png", "svg"))
    picture = f"{verdict.claim.figure}.png"
    return here / picture if ratios and picture in {f"{one.name}.png" for one in found} else None


def written(made, out, asked):
    """Writes the table to out and, where the checkout's is wanted, there, and prints the paths."""
    def all_entries(path_of):
        return {name: table.entry(one.verdict, one.measured, one.picture and path_of(name, one.picture))
                for name, one in made.items()}

    there = all_entries(lambda name, picture: f"{name}/{picture.name}")
    print(drawing.put(out / "README.md", "# Claims\n\n" + table.whole(there, asked.names)))
    if asked.out:
        return
    for name, one in made.items():
        if one.picture:
            print(drawing.put(entries.FOLDER / f"{name}.png", one.picture.read_bytes()))
        else:
            pathlib.Path(entries.FOLDER / f"{name}.png").unlink(missing_ok=True)
    here = all_entries(lambda name, _: f"{name}.png")
    print(drawing.put(PAGE, table.inserted(PAGE.read_text(encoding="utf-8"), here, entries.names())))


def interrupted(*_):
    """SIGTERM, as a Ctrl-C."""
    raise KeyboardInterrupt


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, interrupted)
    sys.exit(checked.run(main))
