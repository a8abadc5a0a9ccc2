"""Every skipped test is listed with its reason, and one without a reason is an error."""
import xml.etree.ElementTree

import skipped_tests

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


def junit(name, output, skipped):
    suite = xml.etree.ElementTree.Element("testsuite")
    case = xml.etree.ElementTree.SubElement(suite, "testcase", name=name)
    xml.etree.ElementTree.SubElement(case, "system-out").text = output
    if skipped:
        xml.etree.ElementTree.SubElement(case, "skipped", message="SKIP_REGULAR_EXPRESSION_MATCHED")
    return suite


def test_the_reason_of_a_skipped_googletest():
    text = GTEST.format(reason="needs CAP_SYS_ADMIN\nto make namespaces")
    assert list(skipped_tests.skipped(junit("sys.Netns", text, True))) == [
        ("sys.Netns", "needs CAP_SYS_ADMIN to make namespaces")]


def test_tests_skipped_inside_a_file_that_passed():
    assert list(skipped_tests.skipped(junit("plots.load", PYTEST, False))) == [
        ("plots.load (plots/load_test.py)", "needs root"),
        ("plots.load (scripts/leftovers_test.py)", "could not import 'x'")]


def test_a_passed_test_is_not_listed():
    assert list(skipped_tests.skipped(junit("core.Units", "[       OK ] Units\n", False))) == []


def test_command_line(tmp_path, capsys):
    path = tmp_path / "junit.xml"
    for reason, code in (("needs root", 0), ("", 1)):
        xml.etree.ElementTree.ElementTree(junit("a.b", GTEST.format(reason=reason), True)).write(path)
        assert skipped_tests.main([str(path)]) == code
        said = reason or "no reason given"
        assert capsys.readouterr().out == f"skipped: a.b: {said}\n1 tests skipped\n"
