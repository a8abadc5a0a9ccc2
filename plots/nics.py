"""The figure of several NICs: each backend's cost and rate on every NIC, and what each NIC can do."""
import functools

from matplotlib.lines import Line2D
from matplotlib.patches import Patch, Rectangle
from matplotlib.ticker import MaxNLocator, NullLocator, StrMethodFormatter

from plots import caption, groups, rows, style, text
from plots.sheet import AXIS, HEAD, INSIDE, MARGIN, PAD, Sheet

GAP, BAR, CELL = 0.25, 0.17, 0.27           # inches between panels, of a bar, of a row of the matrix
COLORS = (style.BLUE, style.ORANGE, style.GREEN, style.PURPLE, style.SKY, style.VERMILLION)
PANELS = (("cycles_per_packet", "Cycles per packet", "cycles per received packet"),
          ("mpps", "Received rate", "Mpps (10⁶ packets/s)"))


def figures(run):
    """The pages (rows.paged) of a run, for each offered load: none with a single testbed."""
    together = {}
    for case in run.cases:
        if case.testbed_label is not None:
            together.setdefault(groups.setting(case, own=("workload",)), []).append(case)
    for number, cases in enumerate(together.values(), start=1):
        nics = list(dict.fromkeys(case.testbed_label for case in cases))
        if len(nics) > 1:
            table = _table(cases, nics)
            yield from rows.paged("nics" if len(together) == 1 else f"nics-{number}", len(table),
                                  max(rows.PAGE // len(nics), 1),
                                  lambda page, table=table: caption.nics(run, _cases(table[page])),
                                  functools.partial(_Drawing, nics, table, _names(table)),
                                  lambda page, table=table: numbers(_cases(table[page])))


def numbers(cases):
    """(columns, rows) of what is drawn."""
    made = []
    for measure, _, unit in PANELS:
        for case in cases:
            found = _estimate(case, measure)
            if found:
                made.append((case.id, case.testbed_label, measure, unit, found.median,
                             *(found.ci95 or (None, None)), case.line_rate_mpps if measure == "mpps"
                             else None,
                             ability(case)))
    return ("case", "nic", "measure", "unit", "median", "interval low", "interval high", "line rate",
            "mode"), made


def _table(cases, nics):
    """A row for each way of receiving: its case on each NIC, or None."""
    found = {}
    for case in cases:
        row = found.setdefault((case.backend, str(case.options), case.label, case.queues), [None] * len(nics))
        place = nics.index(case.testbed_label)
        row[place] = row[place] or case
    return list(found.values())


def _cases(table):
    return [case for row in table for case in row if case is not None]


def _names(table):
    """(what each row is called, width in inches)."""
    first = [next(filter(None, row)) for row in table]
    names, details, width = rows.labels(first)
    return [f"{name}\n{detail}" if detail and detail != case.id else name
            for case, name, detail in zip(first, names, details)], max(width, 1.2)


def ability(case):
    """What the matrix says of a case: the mode that was read back, or why there is none."""
    if case.status == "unsupported":
        return "unsupported"
    if not case.has_figure:
        return case.status
    if case.backend == "dpdk":
        driver = case.mode_details.get("driver", "")
        return f"PMD ({driver})" if case.options.get("driver") == "pci" else driver or "yes"
    mode = case.mode_effective or ""
    if mode in ("xdp-native", "xdp-generic"):
        return mode.removeprefix("xdp-")
    return mode.removeprefix(case.backend).strip("/").replace("/", ", ") or "yes"


class _Drawing(Sheet):
    """The figure of a page of a table: two panels of bars, then the matrix; its pages have one scale."""

    def __init__(self, nics, whole, names, page, said):
        self.nics, self.whole, self.table = nics, whole, whole[page]
        self.names, width = names[0][page], names[1]
        cases = _cases(self.table)
        self.left = MARGIN + width + PAD
        self.width = (style.WIDTH - self.left - GAP - MARGIN) / 2
        self.group = BAR * len(nics) + 0.12
        body = self.group * len(self.table)
        top = HEAD + text.height(1, style.VALUE) + 0.52
        matrix = top + body + AXIS + text.height(1, style.LABEL) + 0.28
        super().__init__(matrix + CELL * len(self.table) + 0.12, "The same paths on several NICs", cases,
                         said)
        self.write(MARGIN, HEAD, text.wrap(caption.setting(cases[0]), style.VALUE, INSIDE, most=1)[0],
                   style.VALUE, color=style.SOFT_INK, gid="setting")
        self._legend(HEAD + text.height(1, style.VALUE) + 0.04, cases)
        for column, (measure, title, unit) in enumerate(PANELS):
            x = self.left + column * (self.width + GAP)
            self.write(x, top - text.height(1, style.LABEL) - text.height(1, style.SMALL) - 0.03, title,
                       style.LABEL, weight="bold")
            self._panel(self.panel(x, top, self.width, body, measure, unit=unit), measure)
        self._row_names(top, self.group, gid="name")
        self._matrix(matrix, 2 * self.width + GAP)

    def _row_names(self, top, height, gid):
        for i, name in enumerate(self.names):
            self.write(self.left - PAD, top + height * (i + 0.5), name, style.SMALL, ha="right", va="center",
                       linespacing=1.2, gid=f"{gid}-{i}")

    def _legend(self, y, cases):
        handles = [Patch(facecolor=COLORS[i % len(COLORS)], label=nic) for i, nic in enumerate(self.nics)]
        if any(case.line_rate_mpps for case in cases):
            handles.append(Line2D([], [], color=style.INK, linestyle=":", linewidth=1.1, label="line rate"))
        if any(case.has_figure and rows.lower_bound(case) for case in cases):
            handles.append(Patch(facecolor="white", edgecolor=style.INK, hatch=style.LOWER_BOUND_HATCH,
                                 label="≥ lower bound"))
        self.legend(y, handles, len(handles))

    def _panel(self, axes, measure):
        axes.set_ylim(len(self.table) * self.group, 0)
        axes.set_yticks([])
        ends = [_end(found) for case in _cases(self.whole) if (found := _estimate(case, measure))]
        end, wide = max(ends, default=0), rows.wide(ends)
        for i, row in enumerate(self.table):
            for j, case in enumerate(row):
                self._bar(axes, measure, case, i, j, wide)
        limit = 1.45 * end or 1
        if wide:
            least = min(one for one in ends if one > 0)
            limit = end * (end / least) ** 0.4
            axes.set_xscale("log")
            axes.set_xlim(least / 1.5, limit)
            axes.xaxis.set_minor_locator(NullLocator())
            axes.xaxis.set_major_formatter(StrMethodFormatter("{x:,g}"))
        else:
            axes.set_xlim(0, limit)
            axes.xaxis.set_major_locator(MaxNLocator(4, prune="upper") if end else NullLocator())
        if measure == "mpps":
            self._line_rates(axes, limit)

    def _bar(self, axes, measure, case, i, j, wide):
        """One bar, or a dot where the axis is logarithmic, with its value, or why there is none."""
        y = self.group * i + 0.06 + BAR * (j + 0.5)
        found = _estimate(case, measure)
        gid = f"{measure}-{i}-{j}"
        if not found:
            said = "not measured" if case is None else case.status if not case.has_figure else "no value"
            axes.text(0.01, y, said, fontsize=5.5, va="center", color=style.SOFT_INK, gid=gid + "-absent",
                      transform=axes.get_yaxis_transform())
            return
        color = COLORS[j % len(COLORS)]
        bound = measure == "mpps" and rows.lower_bound(case)
        face, edge = style.paler(color, 0.5) if bound else color, style.edge(color)
        if wide:
            axes.plot([found.median], [y], marker=">" if bound else "o", markersize=5, markerfacecolor=face,
                      markeredgecolor=edge, linestyle="", zorder=4, gid=gid)
        else:
            axes.add_patch(Rectangle((0, y - BAR * 0.43), found.median, BAR * 0.86, gid=gid, linewidth=0.5,
                                     facecolor=face, edgecolor=edge, zorder=2,
                                     hatch=style.LOWER_BOUND_HATCH if bound else ""))
        if found.ci95:
            low, high = found.ci95
            axes.errorbar([found.median], [y], xerr=[[found.median - low], [high - found.median]], fmt="none",
                          ecolor=style.INK, elinewidth=0.9, capsize=2, zorder=3)
        busy = " busy" if measure == "cycles_per_packet" and case.whole_cycles else ""
        self.beside(axes, _end(found), y, ("≥" if bound else "") + text.number(found.median) + busy, 5.5,
                    (3, 0), gid=gid + "-value")

    def _line_rates(self, axes, limit):
        """Each NIC's line rate: in words, and drawn where it lies within the panel."""
        said = []
        for j, nic in enumerate(self.nics):
            rate = max((row[j].line_rate_mpps or 0 for row in self.whole if row[j] is not None), default=0)
            if not rate:
                continue
            said.append(f"{nic} {text.number(rate)}" + ("" if rate <= limit else " →"))
            if rate <= limit:
                axes.axvline(rate, color=style.edge(COLORS[j % len(COLORS)]), linestyle=":", linewidth=1.1,
                             zorder=1).set_gid(f"line-rate-{j}")
        if said:
            axes.annotate("line rate: " + ", ".join(said), (0, 1), xycoords="axes fraction", xytext=(0, 3),
                          textcoords="offset points", fontsize=style.SMALL, color=style.SOFT_INK,
                          parse_math=False, gid="line-rates")

    def _matrix(self, top, width):
        self.write(MARGIN, top - text.height(1, style.LABEL) - 0.14, "What each NIC can do", style.LABEL,
                   weight="bold")
        column = width / len(self.nics)
        axes = self.axes(self.left, top, width, CELL * len(self.table), "matrix")
        axes.set_xlim(0, len(self.nics))
        axes.set_ylim(len(self.table), 0)
        axes.axis("off")
        for j, nic in enumerate(self.nics):
            self.write(self.left + column * (j + 0.5), top - 0.03, nic, style.SMALL, ha="center", va="bottom")
        self._row_names(top, CELL, gid="row")
        for i, row in enumerate(self.table):
            for j, case in enumerate(row):
                good = case is not None and case.has_figure
                axes.add_patch(Rectangle((j + 0.015, i + 0.07), 0.97, 0.86, zorder=1,
                                         facecolor=style.paler(style.GREEN, 0.75) if good else style.BAND))
                axes.text(j + 0.5, i + 0.5, "not measured" if case is None else ability(case), ha="center",
                          va="center", fontsize=style.SMALL, color=style.INK if good else style.SOFT_INK,
                          gid=f"can-{i}-{j}")


def _estimate(case, measure):
    """What the bar of a case shows; None without one."""
    found = getattr(case, measure) if case is not None and case.has_figure else None
    return found if found and found.median is not None else None


def _end(estimate):
    return estimate.ci95[1] if estimate.ci95 else estimate.median
