"""Makes the run of a claim within its share of the time, and asks pktbench to compare its cases."""
import contextlib
import json
import signal
import subprocess
import time

from claim import entries, judging
import checked

QUICK = ("--trials", "10", "--duration", "0.3")     # 8 pairs are the least that compare takes
BUDGET_S = {False: 2400, True: 600}                 # of all claims; True: quick
WHOLE = (0, 4, 5, 6)                                # a case that is none says so itself
END_S = 60                                          # for a run that was told to end


class Failed(Exception):
    """A run, or a comparison, that was none; it has an exit status."""

    def __init__(self, status, message):
        super().__init__(message)
        self.status = status


class Interrupted(Exception):
    """The user ended it."""


class Shares:
    """The time of all claims, shared out by their cases; what one leaves is the next ones'."""

    def __init__(self, seconds, names, clock=time.monotonic):
        self._clock, self._end = clock, clock() + seconds
        self._left = {name: entries.cases(name) for name in names}

    def take(self, name):
        """Seconds for this one."""
        whole = sum(self._left.values())
        return max(0.0, self._end - self._clock()) * self._left.pop(name) / whole


def run(program, name, out, seconds, options):
    """Measures a claim's scenario into out, or goes on there. Returns whether its time was enough; if not,
    there may be no run.json. Raises Failed, Interrupted."""
    command = [program, "run"]
    if options.resume and (out / "trials.jsonl").exists():
        command += ["--resume", str(out)]
    else:
        command += [str(entries.scenario(name)), "--out", str(out), *(QUICK if options.quick else ())]
        for one in options.set:
            command += ["--set", one]
    status, in_time = ended(name, command, seconds, stdout=subprocess.DEVNULL)
    in_time = in_time or status in WHOLE  # it ended by itself just then
    if status == 130 and in_time:
        raise Interrupted
    if status not in (*WHOLE, 130) or (in_time and not (out / "run.json").exists()):
        raise Failed(status or 6, f"{name}: pktbench run ended with {status}")
    return in_time


def ended(name, command, seconds, **how):
    """(exit status, whether its time was enough) of a command that measures; if not, it was told to end.
    Raises Interrupted."""
    # In a process group of its own: a Ctrl-C is handed on once.
    with subprocess.Popen(command, process_group=0, **how) as process:
        try:
            return process.wait(seconds), True
        except subprocess.TimeoutExpired:
            checked.say(f"{name}: ended after {seconds:.0f} s, its share of the time")
            return _end(process), False
        except KeyboardInterrupt as stopped:
            _end(process)
            raise Interrupted from stopped


def _end(process):
    """Ctrl-C, so that it restores the host and keeps what it has; its exit status."""
    with contextlib.suppress(ProcessLookupError):
        process.send_signal(signal.SIGINT)
    try:
        return process.wait(END_S)
    except subprocess.TimeoutExpired:
        process.terminate()
        return process.wait()


def comparer(program, out):
    """compare(step), for judging."""
    def compare(step):
        command = [program, "compare", str(out), str(out), "--base-case", step.base, "--new-case", step.next,
                   "--json", "--must-see", "1000", "--min-effect", f"{judging.min_effect(step):g}"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode not in (0, 1, 5):
            raise Failed(done.returncode, done.stderr.strip().removeprefix("pktbench: "))
        return json.loads(done.stdout)
    return compare
