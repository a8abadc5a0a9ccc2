"""What the index tells, in words and as JSON."""
import json
import textwrap

MOST = 60           # characters of a value that is shown as it stands


def runs(rows):
    """A line for each run, under a head."""
    lines = [("started", "host", "run", "cases", "ok")]
    lines += [(row.started_at, row.host, row.run_id, str(row.cases), str(row.ok or 0)) for row in rows]
    widths = [max(map(len, column)) for column in zip(*lines)]
    for line in lines:
        yield "  ".join(word.ljust(width) for word, width in zip(line, widths)).rstrip()


def of_trend(found):
    """Lines: the series that changed, each with its changes; then how many did not."""
    still = 0
    for one in found:
        if not one.found:
            still += 1
            continue
        yield f"{one.case}: {one.metric} ({one.better} is better), {_identity(one)}"
        yield f"  {_extent(one)}"
        for change in one.found:
            yield from _wrapped(_change(one, change), "  ")
            yield from _causes(change)
    judged = [len(one.judged) for one in found if not one.found]
    if still:
        lengths = f"{min(judged)} to {max(judged)}" if len(set(judged)) > 1 else judged[0]
        yield f"{still} series of {lengths} runs without a change"


def _identity(one):
    return ", ".join(f"{name} {value if value is not None else 'not known'}"
                     for name, value in sorted(one.identity.items()))


def _extent(one):
    judged, out = one.judged, len(one.points) - len(one.judged)
    said = f"{len(judged)} runs, {judged[0].started_at} to {judged[-1].started_at}"
    said += f"; {out} disturbed or lower bounds left out" if out else ""
    return said + (f"; {one.older} older ones not looked at" if one.older else "")


def _change(one, found):
    change = found.change
    way = "worse" if found.worse else "better"
    share = "" if found.relative is None else f" ({percent(found.relative)})"
    levels = f"{number(change.before)} to {number(change.after)} {one.unit}{share}"
    began = f"run {found.first.run_id} ({found.first.started_at})"
    if change.kind == "step":
        return f"{way}: step from {levels}, p {change.p:.1g}, since {began}"
    slope = percent(change.per_run / abs(change.before)) if change.before else number(change.per_run)
    return f"{way}: drift of {slope} a run, from {levels}, p {change.p:.1g}, since about {began}"


def _causes(found):
    for said, differences in (("changed there", found.there), ("changed near there", found.near)):
        if differences:
            texts = [_difference(one) + (f" (run {one.run_id})" if said != "changed there" else "")
                     for one in differences]
            yield from _wrapped(f"{said}: {'; '.join(texts)}", "    ")
    if not found.there and not found.near:
        yield "    nothing that is recorded of the environment changed there"


def _difference(one):
    """'kernel.release 6.1.0 -> 6.1.1'; of long texts the words that came and went."""
    old, new = ("not known" if value is None else value for value in (one.before, one.after))
    if max(len(old), len(new)) > MOST:
        gone = [word for word in old.split() if word not in new.split()]
        come = [word for word in new.split() if word not in old.split()]
        return f"{one.name} " + " ".join([f"-{word}" for word in gone] + [f"+{word}" for word in come])
    return f"{one.name} {old} -> {new}"


def _wrapped(said, indent):
    return textwrap.wrap(said, 110, initial_indent=indent, subsequent_indent=indent + "  ",
                         break_long_words=False, break_on_hyphens=False)


def as_json(found):
    """The document as text."""
    return json.dumps(as_document(found), indent=2)


def as_document(found):
    """The series with all that was found, as pktbench-trend/1."""
    return {"schema": "pktbench-trend/1", "series": [_series(one) for one in found]}


def _series(one):
    return {"case": one.case, "metric": one.metric, "unit": one.unit, "better": one.better,
            "virtual": one.points[0].virtual, "identity": one.identity, "older_runs": one.older,
            "points": [{"run": point.run_id, "started_at": point.started_at, "median": point.median,
                        "n": point.n, "spread": point.spread, "status": point.status,
                        "at_least": point.at_least, "condition": point.condition,
                        "judged": point.counts} for point in one.points],
            "changes": [{"kind": found.change.kind, "run": found.first.run_id,
                         "started_at": found.first.started_at, "before": found.change.before,
                         "after": found.change.after, "relative": found.relative,
                         "per_run": found.change.per_run, "p": found.change.p, "worse": found.worse,
                         "changed": [one._asdict() for one in found.there],
                         "changed_near": [one._asdict() for one in found.near]} for found in one.found]}


def number(value):
    """Four significant digits."""
    return f"{value:.4g}" if abs(value) < 1e4 else f"{value:,.0f}"


def percent(share):
    """A share as a signed percentage."""
    return f"{100 * share:+.2f}%"
