#!/usr/bin/python3
"""List what a test run has skipped, with the reasons, from ctest's JUnit file.

Usage: scripts/skipped_tests.py JUNIT.xml

Prints one line per skipped test and their number. Exit: 0, or 1 when a test gives no reason.
"""
import re
import sys
import xml.etree.ElementTree

# What GoogleTest prints between the line that says "Skipped" and the closing line of the test.
GTEST = re.compile(r"^[^\n]+:\d+: Skipped\n(.*?)\n*^\[  SKIPPED \]", re.MULTILINE | re.DOTALL)
# pytest's short summary (-rs); a file of tests is one test to ctest and may have skipped a few.
PYTEST = re.compile(r"^SKIPPED \[\d+\] (\S+?):(?:\d+:)? (.*)$", re.MULTILINE)


def skipped(junit):
    """(test, reason) of every test skipped in a parsed JUnit document; the reason may be empty."""
    for case in junit.iter("testcase"):
        output = case.findtext("system-out") or ""
        name = case.get("name")
        from_pytest = PYTEST.findall(output)
        yield from ((f"{name} ({where})", reason.strip()) for where, reason in from_pytest)
        if case.find("skipped") is not None and not from_pytest:
            reason = GTEST.search(output)
            yield name, " ".join(reason.group(1).split()) if reason else ""


def main(argv):
    """Command line; returns the exit code."""
    if len(argv) != 1 or argv[0].startswith("-"):
        print(__doc__)
        return 0 if argv in (["-h"], ["--help"]) else 2
    found = list(skipped(xml.etree.ElementTree.parse(argv[0])))
    for name, reason in found:
        print(f"skipped: {name}: {reason or 'no reason given'}")
    print(f"{len(found)} tests skipped")
    return int(any(not reason for _, reason in found))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
