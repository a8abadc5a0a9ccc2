#!/usr/bin/python3 -B
"""Check every tracked file: white space, JSON, length, links; and that the build leaves out no file or test.

Usage: scripts/check_files.py BUILD

BUILD is a configured and built folder. Prints one line per problem; a long file is a warning only.
Exit: 0 clean, 1 problems, 2 usage.
"""
import json
import pathlib
import re
import subprocess
import sys

sys.path.append(str(pathlib.Path(__file__).resolve().parent.parent / "results" / "schema"))
import checked  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parent.parent
MAX_LINES = 400
SOURCES = (".cpp", ".hpp", ".c", ".h", ".py", ".cmake")
# Longer than MAX_LINES, and why that is right.
LONG = {}
# Broken on purpose, to see a reader refuse it.
BROKEN_JSON = "testdata/broken"
VERBATIM = ("LICENSE",)  # other people's text, kept as it is


def tracked(root):
    """Paths of the checkout's files, relative to its root; of all files where there is no git."""
    done = subprocess.run(["git", "-C", root, "ls-files", "-z"], capture_output=True, check=False)
    if done.returncode == 0:
        names = [pathlib.PurePosixPath(name) for name in done.stdout.decode().split("\0") if name]
    else:
        names = [path.relative_to(root) for path in root.rglob("*")
                 if not path.relative_to(root).parts[0].startswith("build")]
    return sorted(name for name in names if (root / name).is_file())


def text_problems(name, text):
    """Problems of one file's text, as 'line: what' strings."""
    if "\r" in text:
        yield "carriage returns"
    if text and not text.endswith("\n"):
        yield "no newline at the end"
    if not name.name.startswith(VERBATIM):
        for number, line in enumerate(text.split("\n"), start=1):
            if line != line.rstrip():
                yield f"{number}: trailing white space"
    if name.suffix == ".json" and BROKEN_JSON not in str(name):
        try:
            json.loads(text, parse_constant=_refuse)
        except ValueError as error:
            yield f"not JSON: {error}"


def dead_links(name, text, root):
    """Relative links of a Markdown file that lead nowhere."""
    if name.suffix == ".md":
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", text):
            if not (root / name.parent / target).exists():
                yield f"links to {target}, which is not there"


def _refuse(token):
    raise ValueError(f"{token} is not JSON")


def length_warning(name, text):
    """What there is to say about the file's length, or None."""
    lines = text.count("\n")
    if name.suffix in SOURCES and lines > MAX_LINES and str(name) not in LONG:
        return f"{lines} lines; split it, or list it with a reason in {pathlib.Path(__file__).name}"
    return None


INCLUDE = re.compile(r'^#include "(/.*)"$', re.MULTILINE)
# Compiled only where an optional part of the build is off: the reason.
OPTIONAL = {
    "backends/uring/absent.cpp": "PKTBENCH_URING=off, or no liburing",
    "backends/uring/absent_test.cpp": "PKTBENCH_URING=off, or no liburing",
}


def left_out(names, compiled, tests):
    """Sources that no target compiles and tests that ctest does not know.

    compiled: paths that the build compiles; tests: every argument of every test's command.
    """
    for name in names:
        if name.suffix == ".cpp" and str(name) not in compiled and str(name) not in OPTIONAL:
            yield name, "is compiled by no target"
        elif name.name.endswith("_test.py") and str(name) not in tests:
            yield name, "is run by no test"
        elif name.name.endswith(".bpf.c") and str(name) not in compiled:
            yield name, "is compiled by no target"


def build_contents(build, root):
    """(compiled, tests) for left_out(), from a build folder."""
    commands = json.loads((build / "compile_commands.json").read_text(encoding="utf-8"))
    compiled = set()
    for file in (pathlib.Path(command["file"]) for command in commands):
        # A target that is compiled as one file includes its sources there.
        included = INCLUDE.findall(file.read_text(encoding="utf-8")) if "Unity" in file.parts else [file]
        compiled |= {_relative(source, root) for source in included}
    ninja = (build / "build.ninja").read_text(encoding="utf-8")
    compiled |= {str(path.relative_to(root)) for path in (root / "bpf").glob("*.bpf.c")
                 if f"/{path.name[:-len('.bpf.c')]}.skel.h" in ninja}
    shown = subprocess.run(["ctest", "--test-dir", build, "--show-only=json-v1"],
                           capture_output=True, check=True, text=True).stdout
    tests = {_relative(argument, root) for test in json.loads(shown)["tests"]
             for argument in test.get("command", [])}
    return compiled, tests


def _relative(path, root):
    path = pathlib.Path(path)
    return str(path.relative_to(root)) if path.is_relative_to(root) else str(path)


def main(argv):
    """Command line; returns the exit code."""
    if len(argv) != 1 or argv[0].startswith("-"):
        print(__doc__)
        return 0 if argv in (["-h"], ["--help"]) else 2
    names, problems = tracked(ROOT), []
    for name in names:
        try:
            text = (ROOT / name).read_bytes().decode("utf-8")
        except UnicodeDecodeError:
            continue  # a picture
        problems += [f"{name}: {what}" for what in text_problems(name, text)]
        problems += [f"{name}: {what}" for what in dead_links(name, text, ROOT)]
        warning = length_warning(name, text)
        if warning:
            print(f"{name}: warning: {warning}")
    contents = build_contents(pathlib.Path(argv[0]), ROOT)
    problems += [f"{name}: {what}" for name, what in left_out(names, *contents)]
    problems += [f"{name}: listed as long, but is not there" for name in LONG if not (ROOT / name).is_file()]
    for problem in problems:
        print(problem)
    return int(bool(problems))


if __name__ == "__main__":
    sys.exit(checked.run(lambda: main(sys.argv[1:])))
