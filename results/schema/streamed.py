"""Reads a large JSON document as a stream, and keeps the parts that are asked for: memory goes by those.

What is kept is as strict as checked.parse() has it; what is left out has to be JSON and no more.
"""
from typing import Any, Callable, Dict, NamedTuple, Optional

import ijson
from checked import MAX_DEPTH, NotJson, pointer

CHUNK = 1 << 18
STEPS = {"start_map": 1, "start_array": 1, "end_map": -1, "end_array": -1}


class Part(NamedTuple):
    """What is kept of a value."""

    below: Dict[str, Any] = {}          # Parts by key, "#" for each of a list; None leaves it out
    others: bool = True                 # whether the keys that are not in below are kept, whole
    made: Optional[Callable] = None     # gives what stands for it, from the value and its path


WHOLE = Part()


def read(file, part):
    """The value that a file, opened for bytes, holds. Raises NotJson."""
    path = []
    try:
        return _read(file, part, path)
    except ijson.JSONError:
        # The library tells of it before it gives what comes before it in the chunk.
        slowly = _Slowly(file, (file.tell() - 1) // CHUNK * CHUNK)
    path.clear()
    try:
        return _read(slowly, part, path)
    except ijson.JSONError as error:
        raise _placed(path, _said(error, file)) from error


class _Slowly:
    """A file, byte by byte from a place on."""

    def __init__(self, file, begin):
        self.file, self.begin = file, begin
        file.seek(0)

    def read(self, size):
        return self.file.read(size if self.file.tell() < self.begin else min(size, 1))


def _read(file, part, path):
    events = ijson.basic_parse(file, use_float=True, buf_size=CHUNK)
    made = _value(events, *next(events), part, path)
    for _ in events:  # there is none, or the text goes on
        pass
    return made


def _value(events, event, value, part, path):
    if event in STEPS and len(path) >= MAX_DEPTH:
        raise _placed(path, f"nested deeper than {MAX_DEPTH} levels")
    if event == "start_map":
        value = _object(events, part, path)
    elif event == "start_array":
        value = _list(events, part.below.get("#", WHOLE), path)
    return part.made(value, path) if part.made else value


def _object(events, part, path):
    made = {}
    others = WHOLE if part.others else None
    path.append(None)
    for event, key in events:
        if event == "end_map":
            break
        path[-1] = key
        if key in made:
            raise _placed(path, f"key {key[:40]!r} appears twice in one object")
        below = part.below.get(key, others)
        event, value = next(events)
        if below is None:
            if event in STEPS:
                _skip(events, event)
        elif event in STEPS or below.made:
            made[key] = _value(events, event, value, below, path)
        else:
            made[key] = value
    path.pop()
    return made


def _list(events, part, path):
    made = []
    path.append(0)
    for event, value in events:
        if event == "end_array":
            break
        made.append(_value(events, event, value, part, path))
        path[-1] += 1
    path.pop()
    return made


def _skip(events, event):
    depth = STEPS[event]
    for event, _ in events:
        if event in STEPS:
            depth += STEPS[event]
            if not depth:
                return


def _placed(path, why):
    path = [part for part in path if part is not None]  # of an object that has no key yet
    return NotJson(f"{pointer(*path)}: {why}", placed=True) if path else NotJson(why)


def _said(error, file):
    """What is wrong where the file was read to, in one line."""
    words = error.args[0]
    words = words.decode("utf-8", "replace") if isinstance(words, bytes) else words
    words = words.split("\n")[0].rstrip(".")
    file.seek(max(0, file.tell() - 20))
    near = file.read(30).decode("utf-8", "replace")
    return f"{'a number is too large' if 'overflow' in words else f'not valid JSON: {words}'}, near {near!r}"
