#!/usr/bin/python3 -B
"""Check that includes and links between the rooms run one way (DESIGN: core <- sys <- ... <- cli).

Usage: scripts/check_layers.py [ROOT]

Prints one line per violation: file, line, what it reaches for. Exit: 0 none, 1 violations, 2 usage, or no
room under ROOT.
"""
import fnmatch
import pathlib
import re
import sys

sys.path.append(str(pathlib.Path(__file__).resolve().parent.parent / "results" / "schema"))
import checked  # noqa: E402

# What each room may use beside itself. Rooms in the same rank do not use each other, but testbed owns
# the CPU meter and so uses measure. cli alone links the backends.
_RANK = ("core", "text", "sys", "undo", "host", "measure", "testbed", "traffic", "method", "record",
         "compare", "report", "live", "runner")
ALLOWED = {
    "bpf": (),
    "core": (),
    "text": ("core",),
    "sys": ("core", "text"),
    "undo": ("core", "text", "sys"),
    "host": ("core", "text", "sys", "undo"),
    "measure": ("core", "text", "sys", "bpf"),  # bpf: CPU accounting, delays
    "testbed": ("core", "text", "sys", "undo", "host", "measure"),
    "traffic": ("core", "text", "sys", "bpf"),
    "backends": ("core", "text", "sys", "bpf"),
    "method": _RANK[:8],
    "record": ("core", "text", "sys", "measure", "method"),
    "compare": ("core", "text", "sys", "measure", "method", "record"),
    "report": ("core", "text", "sys", "measure", "method", "record"),
    "live": ("core", "text", "sys", "method", "bpf"),  # bpf: watch
    "runner": _RANK[:10] + ("live",),
    "testing": _RANK,
    "cli": _RANK + ("backends",),
    "system": _RANK + ("backends", "cli", "testing"),
}
# Files (a pattern) and the rooms they use beyond the above: the reason.
EXCEPTIONS = {
    ("*_test.cpp", ("testing",)): "what tests share",
    ("*_bench.cpp", ("testing",)): "what tests share",
    ("harness/*/*test_*.hpp", ("testing",)): "shared by tests",
    ("backends/*/*_test.cpp", ("measure", "testbed", "traffic")):
        "what a backend counts must first be sent, and what it costs be measured",
    ("backends/*/*test_*.hpp", ("testbed", "testing", "traffic")): "shared by tests",
    ("harness/sys/memory_wire.hpp", ("bpf",)): "counts of stamped frames, as BPF programs write them",
    ("backends/socket/udp_suite.hpp", ("testing", "traffic")): "the tests of every UDP backend",
}

SUFFIXES = (".cpp", ".hpp", ".c", ".h")
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')
GENERATED = "generated/"
# In a CMakeLists.txt: libraries of rooms, and the skeletons' targets.
LINKED = re.compile(r"\b(?:pktbench_(backend|[a-z]+)\w*|(bpf)_\w+)")
TEST_LINK = re.compile(r"\bTEST_LINK\b[^)A-Z]*")  # the tests' includes say what they use


def room_of(path):
    """Room of a path relative to the root; None outside the rooms, "?" in a folder that is no room."""
    parts = pathlib.PurePosixPath(path).parts
    if parts[0] in ("bpf", "backends"):
        return parts[0]
    if parts[0] != "harness" or len(parts) < 3:
        return None
    return parts[1] if parts[1] in ALLOWED else "?"


def _included(root, quote, spelled):
    """(room, problem) of an include; both None for the system's."""
    room = room_of(spelled)
    if quote == "<":  # <bpf/libbpf.h> is libbpf's
        return (room if (root / spelled).exists() else None), None
    if room is None and not spelled.startswith(GENERATED):
        return None, f'"{spelled}" is not written from the root of the repository'
    return room, None


def _uses(root, name, text):
    """(line number, room, problem) of what a file uses."""
    here = room_of(name)
    if name.endswith("CMakeLists.txt"):
        text = re.sub("#.*", "", text)
        text = TEST_LINK.sub(lambda link: "\n" * link.group().count("\n"), text)
        for number, line in enumerate(text.splitlines(), start=1):
            for library, skeleton in LINKED.findall(line):
                room = "backends" if library == "backend" else library or skeleton
                if room in ALLOWED:
                    yield number, room, None
        return
    for number, line in enumerate(text.splitlines(), start=1):
        found = INCLUDE.match(line)
        if not found:
            continue
        quote, spelled = found.groups()
        if here == "bpf" and "/" not in spelled:
            continue  # its neighbour
        room, problem = _included(root, quote, spelled)
        if room or problem:
            yield number, room, problem


def _excepted(name, room):
    return any(fnmatch.fnmatchcase(name, files) and room in rooms for files, rooms in EXCEPTIONS)


def violations(root):
    """Lines 'file:line: what' for every violation under a root folder."""
    for folder in ("bpf", "backends", "harness"):
        for path in sorted((root / folder).rglob("*")):
            if path.suffix not in SUFFIXES and path.name != "CMakeLists.txt":
                continue
            name = path.relative_to(root).as_posix()
            here = room_of(name)
            if here is None:
                continue
            if here == "?":
                yield f"{name}: is in no room that {pathlib.Path(__file__).name} knows"
                continue
            for number, room, problem in _uses(root, name, path.read_text(encoding="utf-8")):
                if problem:
                    yield f"{name}:{number}: {problem}"
                elif room != here and room not in ALLOWED[here] and not _excepted(name, room):
                    yield f"{name}:{number}: {here} must not use {room}"


def main(argv):
    """Command line; returns the exit code."""
    if len(argv) > 1 or argv[:1] in (["-h"], ["--help"]):
        print(__doc__)
        return 0 if len(argv) == 1 else 2
    root = pathlib.Path(argv[0]) if argv else pathlib.Path(__file__).resolve().parent.parent
    if not (root / "harness").is_dir():
        print(f"check_layers.py: {root}: has no harness/, and so no rooms to check", file=sys.stderr)
        return 2
    found = list(violations(root))
    for line in found:
        print(line)
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(checked.run(lambda: main(sys.argv[1:])))
