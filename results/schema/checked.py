"""What comes from outside and what goes out, each checked in one place: command lines, JSON and stdout; and
what is said of it, as pktbench says it (harness/text/input_error.hpp). Needs nothing but Python."""
import argparse
import contextlib
import difflib
import errno
import io
import json
import math
import os
import signal
import stat
import sys
import traceback

# As pktbench's own reader has them (harness/record/run_document.hpp).
MAX_BYTES = 1 << 29
MAX_DEPTH = 32
MAX_LINE = 500


class NotJson(ValueError):
    """The text is no JSON, or none that a record could be; one line. placed: it begins with its place in the
    document."""

    def __init__(self, message, placed=False):
        super().__init__(message)
        self.placed = placed


class InputError(ValueError):
    """A file that the user named is none to read; one line that says which, what and what to do."""


class _Unwritten(Exception):
    """stdout took no more."""


def say(text):
    """An error on stderr: one line, whatever is in it, and short."""
    line = "\\n".join(printable(f"pktbench: {text}").rstrip("\n").split("\n"))
    if len(line) > MAX_LINE:
        line = f"{line[:MAX_LINE // 2]}...{line[-MAX_LINE // 2:]}"
    print(line, file=sys.stderr, flush=True)


def in_quotes(text):
    """A name in a sentence."""
    return f'"{printable(_short(text))}"'


def suggestion(name, names):
    """The end of a sentence that says a name is none: the nearest one, or which there are."""
    near = difflib.get_close_matches(name.lower(), list(names), n=1)
    if near:
        return f"; did you mean {in_quotes(near[0])}?"
    return f"; valid: {', '.join(names)}" if names else ""


class Parser(argparse.ArgumentParser):
    """Says what is wrong with a command line in one line, with the nearest name; nothing is abbreviated."""

    def __init__(self, **options):
        super().__init__(allow_abbrev=False, **options)

    def parse_args(self, args=None, namespace=None):
        words = sys.argv[1:] if args is None else list(args)
        own = words[:words.index("--")] if "--" in words else words
        for before, word in zip([""] + own, own):
            if word == "" or (word.startswith("--") and word.endswith("=")):
                option = word.rstrip("=") or before
                self.error(f"{option if option.startswith('-') else 'an argument'}: must not be empty")
        names = [name for action in self._actions for name in action.option_strings]
        for option in (word.partition("=")[0] for word in own):
            if option.startswith("-") and option not in names and not option[1:2].isdigit():
                near = difflib.get_close_matches(option, names)
                self.error(f"{self.prog} does not know {option}"
                           + (suggestion(option, names) if near else ""))
        found, extras = self.parse_known_args(args, namespace)
        if extras:
            self.error(f"{self.prog} does not know {extras[0]}")
        return found

    def error(self, message):
        """Of argparse's own sentences, what is ours in other words."""
        message = message.removeprefix("argument ")
        missing = message.removeprefix("the following arguments are required: ")
        if missing != message:
            message = f"{self.prog} needs {missing}"
        message = message.replace("expected one argument", "needs a value")
        if ": ignored explicit argument" in message:
            message = message.partition(":")[0] + ": takes no value"
        say(message if message.endswith("?") or "; " in message else f"{message}; see {self.prog} --help")
        sys.exit(2)


def choice(what, names, several=False):
    """A type for argparse: one of names, or (several) a list of them by comma, each once."""
    def read(text):
        given = list(dict.fromkeys(text.split(","))) if several else [text]
        for name in given:
            if name not in names:
                raise argparse.ArgumentTypeError(f"unknown {what} {in_quotes(name)}{suggestion(name, names)}")
        return given if several else text
    return read


def run_file(given):
    """The run.json, or another file, that the user named by itself or by its directory, where it can be read.
    Raises InputError."""
    file = given
    try:
        if stat.S_ISDIR(os.stat(given).st_mode):
            file = os.path.join(given, "run.json")
            if not os.path.lexists(file):
                raise InputError(f"{given}: no run.json in this directory; name a directory that pktbench "
                                 "run made")
        found = os.stat(file)
        if stat.S_ISDIR(found.st_mode):
            raise InputError(f"{file}: a directory, not a file")
        if not stat.S_ISREG(found.st_mode):
            raise InputError(f"{file}: not a regular file")
        if found.st_size == 0:
            raise InputError(f"{file}: the file is empty")
        if found.st_size > MAX_BYTES:
            raise InputError(f"{file}: larger than {MAX_BYTES} bytes; measure in several runs of fewer "
                             "cases or trials")
        os.close(os.open(file, os.O_RDONLY))
    except OSError as error:
        why = "no such file" if error.errno == errno.ENOENT else f"cannot open: {error.strerror}"
        raise InputError(f"{file}: {why}" if file else f'"": {why}') from error
    return file


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
            raise argparse.ArgumentTypeError(f"must be {what} from {low} to {high}, not {in_quotes(text)}")
        return value
    return read


def _short(text, limit=40):
    return text if len(text) <= limit else f"{text[:limit]}..."


def printable(text):
    """text with what a terminal obeys, or XML and UTF-8 lack, escaped as pktbench does; line ends stay."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c in "\n\t\u00a0" else _escape(ord(c)) for c in text)


def _escape(code):
    # A byte of a command line that is no UTF-8 stands in a place of its own.
    return f"\\x{code - 0xdc00:02x}" if 0xdc80 <= code <= 0xdcff else f"\\u{code:04x}"


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


def parse(text):
    """Parse strict JSON. Raises NotJson, also for NaN, infinity, numbers beyond a double, repeated keys,
    halves of surrogate pairs, and what is nested deeper than any record."""
    try:
        made = json.loads(text, parse_constant=_constant, parse_float=_number(float),
                          parse_int=_number(int), object_pairs_hook=_object)
    except json.JSONDecodeError as error:
        raise NotJson(f"line {error.lineno}, column {error.colno}: not valid JSON: {error.msg}") from error
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


def no_module(error):
    """Says which package a module that is missing comes with; the exit code of a program without it."""
    package = f"python3-{(error.name or '').partition('.')[0]}"
    say(f"{error}; install it: sudo apt-get install {package}")
    return 3


def run(main):
    """The exit code of main(); 130 where it was interrupted; 6, with a sentence, where stdout took not all of
    what it printed, or for what nobody has foreseen. A reader that has gone away (`| head -1`) ends it as it
    ends other programs: quietly, by SIGPIPE."""
    old = sys.stdout
    if old is None:
        say("stdout is closed; the result needs it")
        return 6
    sys.stdout = _Stdout(old.detach(), encoding=old.encoding, errors="backslashreplace",
                         line_buffering=old.line_buffering)
    try:
        try:
            return main()
        except KeyboardInterrupt:
            return 130
        except InputError as error:
            say(error)
            return 2
        except OSError as error:
            say(f"{error.filename}: {error.strerror}" if error.filename else error.strerror or error)
            return 6
        except _Unwritten:
            raise
        except Exception as error:  # pylint: disable=broad-except
            at = traceback.extract_tb(error.__traceback__)[-1]
            say(f"a fault of pktbench's: {type(error).__name__}: {error} ({at.filename}, line {at.lineno})")
            return 6
        finally:
            sys.stdout.end()
    except _Unwritten as failed:
        error = failed.args[0]
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # for what is still in the buffer
    if error.errno == errno.EPIPE:
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGPIPE)
    say(f"the result cannot be written to stdout: {error.strerror}")
    return 6
