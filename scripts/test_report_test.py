"""The stages' tests are counted, skips with their reasons, and a test that ran nowhere is an error."""
import xml.etree.ElementTree

import pytest
import test_report

GTEST = """Note: Google Test filter = NetnsTest.Lives
[ RUN      ] NetnsTest.Lives
/src/a folder/harness/sys/netns_test.cpp:21: Skipped
{reason}

[  SKIPPED ] NetnsTest.Lives (0 ms)
"""
PYTEST = """..s   [100%]
SKIPPED [1] plots/load_test.py:12: needs root
SKIPPED [2] scripts/leftovers_test.py: could not import 'x'
2 passed, 3 skipped in 0.1s
"""


def junit(name, output="", skipped=False, failed=False, seconds="1.5", status="run"):
    suite = xml.etree.ElementTree.Element("testsuite")
    case = xml.etree.ElementTree.SubElement(suite, "testcase", name=name, time=seconds, status=status)
    xml.etree.ElementTree.SubElement(case, "system-out").text = output
    if skipped:
        xml.etree.ElementTree.SubElement(case, "skipped", message="SKIP_REGULAR_EXPRESSION_MATCHED")
    if failed:
        xml.etree.ElementTree.SubElement(case, "failure", message="")
    return suite


def counts(*arguments, **keywords):
    case, = test_report.cases(junit(*arguments, **keywords))
    return case.passed, case.failed, case.skipped


def test_the_reason_of_a_skipped_googletest():
    text = GTEST.format(reason="needs CAP_SYS_ADMIN\nto make namespaces")
    case, = test_report.cases(junit("sys.Netns", text, True, status="notrun"))
    assert case.skips == [("sys.Netns", "needs CAP_SYS_ADMIN to make namespaces")]
    assert (case.passed, case.failed, case.skipped) == (0, 0, 1)


def test_tests_skipped_inside_a_file_that_passed():
    case, = test_report.cases(junit("plots.load", PYTEST))
    assert case.skips == [("plots.load (plots/load_test.py)", "needs root"),
                          *[("plots.load (scripts/leftovers_test.py)", "could not import 'x'")] * 2]
    assert (case.passed, case.failed, case.skipped) == (2, 0, 3)


@pytest.mark.parametrize("output, failed, count", [
    ("[       OK ] Units\n", False, (1, 0, 0)),
    ("[  FAILED  ] Units\n", True, (0, 1, 0)),
    ("== 1 failed, 2 passed, 1 error in 1.2s ==\n", True, (2, 2, 0)),
    # What came after the tests failed.
    ("3 passed in 1.20s\nleft behind: /run/netns/x\n", True, (3, 1, 0)),
    ("", True, (0, 1, 0)),
])
def test_what_passed_and_failed(output, failed, count):
    assert counts("a.b", output, failed=failed) == count


def test_what_did_not_run_and_does_not_say_why_failed():
    assert counts("a.b", status="notrun") == counts("a.b", status="disabled") == (0, 1, 0)


LISTED = """Test project /src/build
  Test  #1: a.b
  Test #10: All/X.Y/Z  # GetParam() = 0x55
  Test #11: other_test_NOT_BUILT

Total Tests: 3
"""


def command_line(tmp_path, capsys, *stages, listed=None):
    arguments = []
    if listed is not None:
        (tmp_path / "listed").write_text(listed)
        arguments = ["--listed", str(tmp_path / "listed")]
    for number, suite in enumerate(stages):
        path = tmp_path / f"{number}.xml"
        xml.etree.ElementTree.ElementTree(suite).write(path)
        arguments.append(f"stage{number}={path}")
    code = test_report.main(arguments)
    return code, capsys.readouterr().out.splitlines()


def test_a_listed_test_that_no_stage_has_run_is_an_error(tmp_path, capsys):
    one, other = junit("a.b"), junit("All/X.Y/Z  # GetParam() = 0x77")
    assert command_line(tmp_path, capsys, one, other, listed=LISTED)[0] == 0
    code, lines = command_line(tmp_path, capsys, one, listed=LISTED)
    assert code == 1 and "in no stage: All/X.Y/Z" in lines


def test_the_sum_closes_the_output(tmp_path, capsys):
    code, lines = command_line(tmp_path, capsys, junit("a.b", seconds="2.25"), junit("p", PYTEST),
                               junit("a.b", seconds="7"))
    assert code == 0
    assert lines[-1] == "4 passed, 0 failed, 3 skipped"
    assert [line.split() for line in lines if line.startswith("slowest")] == [
        ["slowest:", "7.0", "s", "stage2", "a.b"], ["slowest:", "2.2", "s", "stage0", "a.b"],
        ["slowest:", "1.5", "s", "stage1", "p"]]


def test_a_failure_and_a_skip_without_a_reason_are_errors(tmp_path, capsys):
    assert command_line(tmp_path, capsys, junit("a.b", failed=True))[0] == 1
    for reason, code in (("needs root", 0), ("", 1)):
        done, lines = command_line(tmp_path, capsys, junit("a.b", GTEST.format(reason=reason), True))
        assert (done, lines[0]) == (code, f"skipped: a.b: {reason or 'no reason given'}")


def test_stages_without_a_test_are_an_error(tmp_path, capsys):
    code, lines = command_line(tmp_path, capsys, xml.etree.ElementTree.Element("testsuite"))
    assert code == 1 and lines[-1] == "0 passed, 0 failed, 0 skipped"


def test_usage():
    assert test_report.main([]) == test_report.main(["x"]) == 2
    assert test_report.main(["--help"]) == 0
