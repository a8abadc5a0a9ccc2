"""A large document is read as a stream: what is kept, what is refused and where."""
import io
import json
import pathlib
import sys

import pytest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

import checked  # noqa: E402
import streamed  # noqa: E402
from streamed import WHOLE, Part  # noqa: E402


def read(text, part=WHOLE):
    return streamed.read(io.BytesIO(text if isinstance(text, bytes) else text.encode()), part)


def test_the_whole_is_what_json_has():
    document = {"a": [1, -2.5, True, None, "ä\u2028"], "b": {"": {}, "c": [[]]}, "d": 1e300}
    text = json.dumps(document)
    assert read(text) == json.loads(text)
    assert [type(value) for value in read("[1, 1.0, 1e2]")] == [int, float, float]


def test_of_a_part_only_what_is_asked_for_is_there():
    text = '{"a": {"x": 1, "y": {"z": [2]}}, "b": [{"x": 3, "y": [4, {"x": 5}]}, {"y": 6}], "c": 7}'
    one = Part({"x": WHOLE}, others=False)
    assert read(text, Part({"b": Part({"#": one})}, others=False)) == {"b": [{"x": 3}, {}]}
    assert read(text, Part({"a": None, "b": None})) == {"c": 7}


def test_what_is_made_of_a_part_stands_for_it():
    seen = []
    part = Part({"#": Part(made=lambda value, path: seen.append((value, list(path))) or len(seen))})
    assert read('{"b": [[1], 2]}', Part({"b": part})) == {"b": [1, 2]}
    assert seen == [([1], ["b", 0]), (2, ["b", 1])]


PAD = " " * (streamed.CHUNK - 30)   # so that it lies across the end of a chunk


@pytest.mark.parametrize("pad", ["", PAD], ids=["short", "across chunks"])
@pytest.mark.parametrize("text, said", [
    ('{"a": [0, NaN]}', "/a/1: not valid JSON: lexical error: invalid char in json text, near"),
    ('{"a": [0, {"b": 1e999}]}', "/a/1/b: a number is too large, near"),
    ('{"a": ' + "9" * 5000 + "}", "/a: a number is too large, near"),
    ('{"a": {"b": 1, "b": 2}}', "/a/b: key 'b' appears twice in one object"),
    ('{"a": ' + "[" * 40 + "]" * 40 + "}", "/a" + "/0" * 31 + ": nested deeper than 32 levels"),
    (b'{"a": "\xff"}', "/a: not valid JSON: lexical error: invalid bytes in UTF8 string, near"),
    ('{"a": 1}, 2', "not valid JSON: parse error: trailing garbage, near"),
    ("{", "not valid JSON: parse error: premature EOF, near"),
    ('{"a": [1,', "/a/1: not valid JSON: parse error: premature EOF, near"),
    ("", "not valid JSON: parse error: premature EOF, near"),
], ids=lambda value: str(value)[:20])
def test_a_fault_is_named_where_it_is(text, said, pad):
    with pytest.raises(checked.NotJson) as error:
        read(pad.encode() + (text if isinstance(text, bytes) else text.encode()))
    assert str(error.value).startswith(said) and "\n" not in str(error.value)


def test_what_is_left_out_may_be_deep_and_has_to_be_json():
    left_out = Part({"a": None})
    assert read('{"a": ' + "[" * 2000 + "]" * 2000 + ', "b": 1}', left_out) == {"b": 1}
    with pytest.raises(checked.NotJson, match="^/a: not valid JSON"):
        read('{"a": [1, x], "b": 1}', left_out)
