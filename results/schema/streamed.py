"""Reads a large JSON document as a stream, and keeps the parts that are asked for: memory goes by those.

What is kept is as strict as checked.parse() has it; what is left out has to be JSON and no more.
"""
from typing import Any, Callable, Dict, NamedTuple, Optional

import ijson
from checked import MAX_BYTES, MAX_DEPTH, NotJson, pointer, too_large

STEPS = {"start_map": 1, "start_array": 1, "end_map": -1, "end_array": -1}


class Part(NamedTuple):
    """What is kept of a value."""

    below: Dict[str, Any] = {}          # Parts by key, "#" for each of a list; None leaves it out
    others: bool = True                 # whether the keys that are not in below are kept, whole
    made: Optional[Callable] = None     # gives what stands for it, from the value and its path


WHOLE = Part()


def read(file, part):
    """The value that a file, opened for bytes, holds. Raises NotJson."""
    if file.seek(0, 2) > MAX_BYTES:
        raise NotJson(too_large())
    file.seek(0)
    events = ijson.basic_parse(file, use_float=True, buf_size=1 << 18)
    path = []
    try:
        made = _value(events, *next(events), part, path)
        for _ in events:  # there is none, or the text goes on
            pass
    except ijson.JSONError as error:
        raise _placed(path, f"not JSON: {_said(error)}") from error
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
    path.append(None)
    for event, value in events:
        if event == "end_array":
            break
        path[-1] = len(made)
        made.append(_value(events, event, value, part, path))
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
    return NotJson(f"{pointer(*path)}: {why}", placed=True) if path else NotJson(why)


def _said(error):
    """Of the library's sentence and the text with an arrow below it, one line."""
    said = error.args[0]
    lines = (said.decode("utf-8", "backslashreplace") if isinstance(said, bytes) else said).split("\n")
    near = lines[1].strip()[:40] if len(lines) > 1 else ""
    return lines[0].rstrip(".") + (f", near {near!r}" if near else "")
