"""The file checks see what they are there for."""
import pathlib

import pytest

import check_files


def problems(name, text):
    return list(check_files.text_problems(pathlib.PurePosixPath(name), text))


@pytest.mark.parametrize("name, text, said", [
    ("a.cpp", "int a; \n", "1: trailing white space"),
    ("a.cpp", "\n\t\nint a;\n", "2: trailing white space"),
    ("a.cpp", "int a;", "no newline at the end"),
    ("a.json", '{"a" 1}\n', "not JSON: Expecting ':' delimiter"),
    ("a.json", '{"a": NaN}\n', "not JSON: NaN is not JSON"),
])
def test_a_fault_is_named(name, text, said):
    [problem] = problems(name, text)
    assert problem.startswith(said)


def test_carriage_returns():
    assert "carriage returns" in problems("a.cpp", "int a;\r\n")


@pytest.mark.parametrize("name, text", [
    ("a.cpp", "int a;\n"), ("a.cpp", ""), ("a.json", "[]\n"), ("plots/testdata/broken.json", "{\n"),
    ("bpf/LICENSE.GPL-2.0", "text \n")])
def test_what_is_right_passes(name, text):
    assert problems(name, text) == []


def test_links_lead_somewhere(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "there.md").write_text("")
    text = "[1](../there.md) [2](../there.md#part) [3](https://x.test/y) [4](gone.md) [5](#here)\n"
    said = list(check_files.dead_links(pathlib.PurePosixPath("a/b.md"), text, tmp_path))
    assert said == ["links to gone.md, which is not there"]


def test_only_long_sources_are_warned_about():
    def said(name, lines):
        return check_files.length_warning(pathlib.PurePosixPath(name), "x\n" * lines)
    assert "401 lines" in said("a.cpp", 401)
    assert said("a.cpp", 400) is None
    assert said("testdata/run.json", 4000) is None


def test_what_the_build_leaves_out():
    names = [pathlib.PurePosixPath(name) for name in (
        "harness/a.cpp", "harness/b_test.cpp", "plots/c_test.py", "plots/d.py", "bpf/e.bpf.c", "bpf/e.h")]
    everything = {str(name) for name in names}
    assert list(check_files.left_out(names, everything, everything)) == []
    left = [str(name) for name, _ in check_files.left_out(names, set(), set())]
    assert left == ["harness/a.cpp", "harness/b_test.cpp", "plots/c_test.py", "bpf/e.bpf.c"]
