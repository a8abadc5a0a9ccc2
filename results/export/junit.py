"""JUnit XML: a suite for each run, a test for each case."""
import xml.etree.ElementTree as ElementTree

from export import marks, words

# What becomes of a case by its status; an ok one passes unless it has become slower or dearer.
ELEMENTS = {"unsupported": "skipped", "failed": "error", "interrupted": "error", "invalid": "failure",
            "disturbed": "failure"}


def xml_of(runs, verdicts):
    """The document. verdicts: judged.Verdict of each run."""
    root = ElementTree.Element("testsuites")
    for run, verdict in zip(runs, verdicts):
        suite = ElementTree.SubElement(root, "testsuite", name=run.about["id"],
                                       hostname=run.about["host"],
                                       timestamp=run.about["started_at"].partition(".")[0].rstrip("Z"))
        _properties(suite, {"pktbench": run.about["tool_version"], "commit": run.about["git_commit"],
                            "verdict": verdict.verdict})
        found = [_case(suite, run, case, verdict.of(case.id, "regression")) for case in run.cases]
        for attribute, element in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
            suite.set(attribute, str(found.count(element)))
        suite.set("tests", str(len(run.cases)))
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="utf-8", xml_declaration=True).decode() + "\n"


def _case(suite, run, case, regressions):
    """Adds a test; returns what it has other than success."""
    group = ".".join(("pktbench", case.described["testbed"], case.described["workload"]))
    test = ElementTree.SubElement(suite, "testcase", name=case.id, classname=group)
    known = {"limiter": case.limiter, "condition": case.condition}
    for metric in case.metrics:
        row = marks.Row(run, case, metric)
        known[metric.name] = words.value(row)
    _properties(test, known)
    element = ELEMENTS.get(case.status)
    if element:
        kind = {} if element == "skipped" else {"type": case.status}
        ElementTree.SubElement(test, element, message=case.reason or case.status, **kind)
    elif regressions:
        element = "failure"
        said = "; ".join(words.moved(part) for part in regressions)
        ElementTree.SubElement(test, element, type="regression", message=said)
    return element


def _properties(parent, known):
    known = {name: value for name, value in known.items() if value is not None}
    if known:
        properties = ElementTree.SubElement(parent, "properties")
        for name, value in known.items():
            ElementTree.SubElement(properties, "property", name=name, value=value)
