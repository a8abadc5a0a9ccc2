"""Figures in words, for what people read of an export."""


def number(value):
    """Four significant digits."""
    return f"{value:.4g}" if abs(value) < 1e4 else f"{value:,.0f}"


def value(row):
    """'≥ 4.9 Mpps (4.8 to 5.1), n=5'."""
    metric = row.metric
    interval = f" ({number(metric.ci95[0])} to {number(metric.ci95[1])})" if metric.ci95 else ""
    said = f"{'≥ ' if metric.at_least else ''}{number(metric.median)} {metric.unit}{interval}, n={metric.n}"
    return said if row.case.status == "ok" else f"{said}, {row.case.status}"


def change(part):
    """'-2.1% (-2.5% to -1.7%)', or nothing where there is no ratio."""
    if part.ratio is None:
        return ""
    interval = " ({} to {})".format(*map(_percent, part.ci95)) if part.ci95 else ""
    return _percent(part.ratio) + interval


def moved(part):
    """'mpps -2.1% (-2.5% to -1.7%), 5.0 to 4.9: regression'."""
    levels = f", {number(part.before)} to {number(part.after)}" if None not in (part.before,
                                                                                part.after) else ""
    return " ".join(filter(None, (part.metric, change(part)))) + f"{levels}: {part.verdict}"


def _percent(ratio):
    return f"{100 * (ratio - 1):+.2f}%"
