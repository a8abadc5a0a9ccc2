#!/usr/bin/python3 -B
"""Sum up the stages of a test run, from ctest's JUnit files.

Usage: scripts/test_report.py [--listed FILE]... STAGE=JUNIT.xml...

Prints each skipped test with its reason, the ten slowest tests, each test in a list (what `ctest -N`
prints) that no stage has run, and, alone on the last line, "N passed, N failed, N skipped". A file of
pytest counts as the tests in it. Exit: 0, or 1 when a test failed, ran nowhere, or gave no reason for
its skip, or when there was no test at all.
"""
import pathlib
import re
import sys
import xml.etree.ElementTree

sys.path.append(str(pathlib.Path(__file__).resolve().parent.parent / "results" / "schema"))
import checked  # noqa: E402

# What GoogleTest prints between the line that says "Skipped" and the closing line of the test.
GTEST = re.compile(r"^[^\n]+:\d+: Skipped\n(.*?)\n*^\[  SKIPPED \]", re.MULTILINE | re.DOTALL)
# pytest's short summary (-rs), and its last line.
PYTEST = re.compile(r"^SKIPPED \[(\d+)\] (\S+?):(?:\d+:)? (.*)$", re.MULTILINE)
PYTEST_END = re.compile(r"^=*\s*((?:\d+ \w+, )*\d+ \w+) in [\d.]+s\b", re.MULTILINE)
LISTED = re.compile(r"^\s*Test\s+#\d+: (.*)$", re.MULTILINE)
SLOWEST = 10


def name_of(text):
    """A test's name without the parameter's value, which may be an address."""
    return re.sub(r"\s+# GetParam\(\).*", "", text.strip())


class Case:
    """One test of ctest: its name, seconds, and how many tests in it passed, failed and were skipped."""

    def __init__(self, element):
        self.name = name_of(element.get("name"))
        self.seconds = float(element.get("time") or 0)
        output = element.findtext("system-out") or ""
        skipped = element.find("skipped") is not None
        ran = element.get("status", "run") == "run"
        ok = ran and element.find("failure") is None
        self.skips = [(f"{self.name} ({where})", reason.strip())
                      for number, where, reason in PYTEST.findall(output) for _ in range(int(number))]
        inside = self._pytest(output)
        if inside:
            self.passed, self.failed, self.skipped = inside
            self.failed = self.failed if ok else max(self.failed, 1)
        else:
            self.passed = int(ok and not skipped)
            self.skipped = int(skipped)
            self.failed = int(not ok and not skipped)
            if skipped and not self.skips:
                reason = GTEST.search(output)
                self.skips = [(self.name, " ".join(reason.group(1).split()) if reason else "")]

    @staticmethod
    def _pytest(output):
        """(passed, failed, skipped) of a file of pytest; None of anything else."""
        ends = PYTEST_END.findall(output)
        if not ends:
            return None
        count = {"passed": 0, "failed": 0, "error": 0, "errors": 0, "skipped": 0}
        for part in ends[-1].split(", "):
            number, word = part.split()
            count[word] = int(number)
        return count["passed"], count["failed"] + count["error"] + count["errors"], count["skipped"]


def cases(junit):
    """Every Case of a parsed JUnit document."""
    return [Case(element) for element in junit.iter("testcase")]


def listed(text):
    """Names in what `ctest -N` prints; what a partial build lacks has no tests there."""
    return {name_of(name) for name in LISTED.findall(text) if not name.endswith("_NOT_BUILT")}


def report(stages, known):
    """(lines, ok) of {stage: [Case]} and the set of tests that must have run."""
    every = [(stage, case) for stage, found in stages.items() for case in found]
    skips = [skip for _, case in every for skip in case.skips]
    lines = [f"skipped: {name}: {reason or 'no reason given'}" for name, reason in skips]
    slowest = sorted(every, key=lambda one: -one[1].seconds)[:SLOWEST]
    lines += [f"slowest: {case.seconds:6.1f} s  {stage}  {case.name}" for stage, case in slowest]
    missing = sorted(known - {case.name for _, case in every})
    lines += [f"in no stage: {name}" for name in missing]
    passed, failed, skipped = (sum(getattr(case, what) for _, case in every)
                               for what in ("passed", "failed", "skipped"))
    lines.append(f"{len({case.name for _, case in every})} distinct tests of ctest in {len(stages)} stages")
    lines.append(f"{passed} passed, {failed} failed, {skipped} skipped")
    # Stages in which nothing ran have shown nothing.
    return lines, bool(every) and not (failed or missing or any(not reason for _, reason in skips))


def main(argv):
    """Command line; returns the exit code."""
    known, stages, arguments = set(), {}, list(argv)
    while arguments[:1] == ["--listed"] and len(arguments) > 1:
        with open(arguments[1], encoding="utf-8") as file:
            known |= listed(file.read())
        arguments = arguments[2:]
    if not arguments or any("=" not in argument for argument in arguments):
        print(__doc__)
        return 0 if argv in (["-h"], ["--help"]) else 2
    for argument in arguments:
        stage, path = argument.split("=", 1)
        stages[stage] = cases(xml.etree.ElementTree.parse(path))
    lines, ok = report(stages, known)
    print("\n".join(lines))
    return int(not ok)


if __name__ == "__main__":
    sys.exit(checked.run(lambda: main(sys.argv[1:])))
