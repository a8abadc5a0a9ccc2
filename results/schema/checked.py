"""What comes from outside and what goes out, each checked in one place: numbers of a command line, JSON,
and stdout. Needs nothing but Python."""
import argparse
import contextlib
import errno
import io
import json
import math
import os
import signal
import sys

# As pktbench's own reader has them (harness/record/run_document.hpp).
MAX_BYTES = 1 << 29
MAX_DEPTH = 32


class NotJson(ValueError):
    """The text is no JSON, or none that a record could be; one line. placed: it begins with its place in the
    document."""

    def __init__(self, message, placed=False):
        super().__init__(message)
        self.placed = placed


class _Unwritten(Exception):
    """stdout took no more."""


def number(low, high):
    """A type for argparse: a number within bounds. NaN and infinity are within none."""
    return _within(float, "a number", low, high)


def integer(low, high):
    """A type for argparse: an integer within bounds."""
    return _within(int, "an integer", low, high)


def _within(kind, what, low, high):
    def read(text):
        try:
            value = kind(text)
        except ValueError:
            value = math.nan
        if not low <= value <= high:  # false for NaN
            raise argparse.ArgumentTypeError(f"must be {what} from {low} to {high}, not {_short(text)!r}")
        return value
    return read


def _short(text, limit=40):
    return text if len(text) <= limit else f"{text[:limit]}..."


def printable(text):
    """text with what a terminal obeys, or XML and UTF-8 lack, escaped as pktbench does; line ends stay."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c in "\n\t\u00a0" else f"\\u{ord(c):04x}" for c in text)


def pointer(*path):
    """JSON pointer (RFC 6901) of a path of keys and indices."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in path)


class _Refused:
    """Stands in the document for a value that is refused, until its place is known."""

    def __init__(self, why):
        self.why = why


def _constant(token):
    return _Refused(f"{token} is not JSON; a value that does not exist is null with a reason")


def _number(kind):
    def read(token):
        # Where a double ends, every other reader ends too.
        if math.isinf(float(token)):
            return _Refused(f"the number {_short(token)} is too large")
        return kind(token)
    return read


def _object(pairs):
    made = dict(pairs)
    if len(made) < len(pairs):
        seen = set()
        repeated = next(key for key, _ in pairs if key in seen or seen.add(key))
        made[repeated] = _Refused(f"key {_short(repeated)!r} appears twice in one object")
    return made


def too_large():
    """Why what is larger than MAX_BYTES is not read, and the remedy."""
    return f"larger than {MAX_BYTES} bytes; measure in several runs of fewer cases or trials"


def parse(text):
    """Parse strict JSON. Raises NotJson, also for NaN, infinity, numbers beyond a double, repeated keys,
    halves of surrogate pairs, and what is nested deeper than any record."""
    if len(text) > MAX_BYTES:
        raise NotJson(too_large())
    try:
        made = json.loads(text, parse_constant=_constant, parse_float=_number(float),
                          parse_int=_number(int), object_pairs_hook=_object)
    except json.JSONDecodeError as error:
        raise NotJson(f"not JSON: {error}") from error
    except RecursionError as error:
        raise NotJson("not JSON a run could have: nested too deeply") from error
    _refuse(made)
    return made


def _refuse(document):
    """Raises NotJson for the first thing in document order that is refused."""
    waiting = [((), document)]
    while waiting:
        path, value = waiting.pop()
        if isinstance(value, _Refused):
            raise _placed(path, value.why)
        if len(path) >= MAX_DEPTH and isinstance(value, (dict, list)):
            raise _placed(path, f"nested deeper than {MAX_DEPTH} levels")
        if isinstance(value, dict):
            for key in value:
                _text(key, path)
            waiting += [(path + (key,), child) for key, child in reversed(value.items())]
        elif isinstance(value, list):
            waiting += [(path + (i,), child) for i, child in reversed(list(enumerate(value)))]
        elif isinstance(value, str):
            _text(value, path)


def _text(text, path):
    if not text.isascii() and any("\ud800" <= c <= "\udfff" for c in text):
        raise _placed(path, "half of a surrogate pair")


def _placed(path, why):
    return NotJson(f"{pointer(*path)}: {why}", placed=True) if path else NotJson(why)


class _Stdout(io.TextIOWrapper):
    """Tells a write that failed from every other error."""

    def write(self, text):
        with _told():
            return super().write(text)

    def flush(self):
        with _told():
            super().flush()

    def end(self):
        self.flush()
        with _told():
            os.close(os.dup(self.fileno()))  # some file systems tell of a full disk only then


@contextlib.contextmanager
def _told():
    try:
        yield
    except OSError as error:
        raise _Unwritten(error) from error


def run(main, name):
    """The exit code of main(); 6, with a sentence, where stdout took not all of what it printed. A reader
    that has gone away (`| head -1`) ends it as it ends other programs: quietly, by SIGPIPE."""
    old = sys.stdout
    if old is None:
        print(f"{name}: stdout is closed; the result needs it", file=sys.stderr)
        return 6
    sys.stdout = _Stdout(old.detach(), encoding=old.encoding, errors="backslashreplace",
                         line_buffering=old.line_buffering)
    try:
        try:
            return main()
        finally:
            sys.stdout.end()
    except _Unwritten as failed:
        error = failed.args[0]
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # for what is still in the buffer
    if error.errno == errno.EPIPE:
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGPIPE)
    print(f"{name}: the result cannot be written to stdout: {error.strerror}", file=sys.stderr)
    return 6
