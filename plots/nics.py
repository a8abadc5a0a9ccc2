"""The figure of several NICs: each backend's cost and rate on every NIC, and what each NIC can do."""
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator, NullLocator

from plots import caption, groups, rows, style, text

MARGIN, GAP, PAD = 0.1, 0.25, 0.06          # inches
BAR, FOOT, CELL = 0.17, 0.42, 0.27          # inches of a bar, of a panel's axis, of a row of the matrix
COLORS = (style.BLUE, style.ORANGE, style.GREEN, style.PURPLE, style.SKY, style.VERMILLION)
PANELS = (("cycles_per_packet", "Cycles per packet", "cycles per received packet"),
          ("mpps", "Received rate", "Mpps (10⁶ packets/s)"))


def figures(run):
    """[(name, Figure, caption)] of a run: none with a single testbed; one for each offered load."""
    together = {}
    for case in run.cases:
        if case.testbed_label is not None:
            together.setdefault(groups.setting(case, own=("workload", "queues")), []).append(case)
    made = []
    for number, cases in enumerate(together.values()):
        if len({case.testbed_label for case in cases}) > 1:
            said = caption.nics(run, cases)
            name = "nics" if len(together) == 1 else f"nics-{number + 1}"
            made.append((name, draw(cases, said), said))
    return made


def draw(cases, said):
    """The figure of cases that differ in NIC and backend, with its caption said wrapped under it."""
    with style.context():
        return _Drawing(cases, said).figure


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


class _Drawing:
    """One figure, laid out in inches from the top: two panels of bars, then the matrix."""

    def __init__(self, cases, said):
        self.nics = list(dict.fromkeys(case.testbed_label for case in cases))
        paths = list(dict.fromkeys((case.backend, str(case.options), case.label) for case in cases))
        first = [next(c for c in cases if (c.backend, str(c.options), c.label) == path) for path in paths]
        names, details, names_width = rows.labels(first)
        self.names = [f"{name}\n{detail}" if detail and detail != first[i].id else name
                      for i, (name, detail) in enumerate(zip(names, details))]
        self.table = [[next((c for c in cases if (c.backend, str(c.options), c.label) == path
                             and c.testbed_label == nic), None) for nic in self.nics] for path in paths]
        self.left = MARGIN + max(names_width, 1.2) + PAD
        self.panel = (style.WIDTH - self.left - GAP - MARGIN) / 2
        self.group = BAR * len(self.nics) + 0.12
        body = self.group * len(paths)
        lines = text.wrap(said, style.CAPTION, style.WIDTH - 2 * MARGIN)
        top = MARGIN + text.height(1, style.TITLE) + text.height(1, style.VALUE) + 0.52
        matrix = top + body + FOOT + text.height(1, style.LABEL) + 0.28
        foot = matrix + CELL * len(paths) + 0.12
        self.height = foot + text.height(len(lines), style.CAPTION) + MARGIN
        self.figure = Figure(figsize=(style.WIDTH, self.height))
        FigureCanvasAgg(self.figure)
        virtual = any(case.virtual for case in cases)
        title = "The same paths on several NICs" + (" (virtual testbed)" if virtual else "")
        self._write(MARGIN, MARGIN, title, style.TITLE, weight="bold", gid="title")
        y = MARGIN + text.height(1, style.TITLE)
        self._write(MARGIN, y, text.wrap(caption.setting(cases[0]), style.VALUE, style.WIDTH, most=1)[0],
                    style.VALUE, color=style.SOFT_INK, gid="setting")
        self._legend(y + text.height(1, style.VALUE) + 0.04, cases)
        for column, (measure, title, unit) in enumerate(PANELS):
            x = self.left + column * (self.panel + GAP)
            self._write(x, top - text.height(1, style.LABEL) - text.height(1, style.SMALL) - 0.03, title,
                        style.LABEL, weight="bold")
            self._panel(self._axes(x, top, self.panel, body, measure), measure, unit)
        for i, name in enumerate(self.names):
            self._write(self.left - PAD, top + self.group * (i + 0.5), name, style.SMALL, ha="right",
                        va="center", gid=f"name-{i}")
        self._matrix(matrix, 2 * self.panel + GAP)
        self._write(MARGIN, foot, "\n".join(lines), style.CAPTION, gid="caption", color=style.SOFT_INK)

    def _write(self, x, y, said, size, **options):
        options = {"va": "top", "ha": "left", "linespacing": 1.2, "parse_math": False, **options}
        return self.figure.text(x / style.WIDTH, 1 - y / self.height, said, fontsize=size, **options)

    def _axes(self, x, y, width, height, name):
        return self.figure.add_axes((x / style.WIDTH, 1 - (y + height) / self.height, width / style.WIDTH,
                                     height / self.height), label=name)

    def _legend(self, y, cases):
        handles = [Patch(facecolor=COLORS[i % len(COLORS)], label=nic) for i, nic in enumerate(self.nics)]
        if any(case.line_rate_mpps for case in cases):
            handles.append(Line2D([], [], color=style.INK, linestyle=":", linewidth=1.1, label="line rate"))
        if any(case.has_figure and rows.lower_bound(case) for case in cases):
            handles.append(Patch(facecolor="white", edgecolor=style.INK, hatch=style.LOWER_BOUND_HATCH,
                                 label="≥ lower bound"))
        self.figure.legend(handles=handles, loc="upper left", ncol=len(handles), frameon=False,
                           borderaxespad=0, fontsize=style.SMALL + 0.5, handlelength=1.6, borderpad=0.1,
                           bbox_to_anchor=(MARGIN / style.WIDTH, 1 - y / self.height))

    def _panel(self, axes, measure, unit):
        axes.set_ylim(len(self.table) * self.group, 0)
        axes.set_yticks([])
        for side in ("top", "right"):
            axes.spines[side].set_visible(False)
        axes.grid(axis="x", color=style.GRID, linewidth=0.6)
        axes.set_axisbelow(True)
        axes.set_xlabel(unit, fontsize=7, labelpad=2)
        axes.tick_params(axis="x", length=2.5, pad=2)
        ends = [0.0]
        for i, row in enumerate(self.table):
            for j, case in enumerate(row):
                ends.append(self._bar(axes, measure, case, i, j))
        limit = 1.45 * max(ends) or 1
        axes.set_xlim(0, limit)
        axes.xaxis.set_major_locator(MaxNLocator(4, prune="upper") if max(ends) else NullLocator())
        if measure == "mpps":
            self._line_rates(axes, limit)

    def _bar(self, axes, measure, case, i, j):
        """Draw one bar with its value, or say that there is none; returns its length."""
        y = self.group * i + 0.06 + BAR * (j + 0.5)
        found = getattr(case, measure) if case is not None and case.has_figure else None
        median = found.median if found else None
        gid = f"{measure}-{i}-{j}"
        options = {"va": "center", "fontsize": 5.5, "parse_math": False}
        if median is None:
            said = "not measured" if case is None else case.status if not case.has_figure else "no value"
            axes.annotate(said, (0, y), xytext=(3, 0), textcoords="offset points", color=style.SOFT_INK,
                          style="italic", gid=gid + "-absent", **options)
            return 0.0
        color = COLORS[j % len(COLORS)]
        bound = measure == "mpps" and rows.lower_bound(case)
        bar = axes.barh(y, median, BAR * 0.86, facecolor=style.paler(color, 0.5) if bound else color,
                        edgecolor=style.edge(color), linewidth=0.5,
                        hatch=style.LOWER_BOUND_HATCH if bound else "", zorder=2)
        bar[0].set_gid(gid)
        end = median
        if found.ci95:
            low, high = found.ci95
            axes.errorbar([median], [y], xerr=[[median - low], [high - median]], fmt="none", ecolor=style.INK,
                          elinewidth=0.9, capsize=2, zorder=3)
            end = high
        axes.annotate(("≥" if bound else "") + text.number(median), (end, y), xytext=(3, 0),
                      textcoords="offset points", gid=gid + "-value", **options)
        return end

    def _line_rates(self, axes, limit):
        """Each NIC's line rate: in words, and drawn where it lies within the panel."""
        said = []
        for j, nic in enumerate(self.nics):
            rate = max((row[j].line_rate_mpps or 0 for row in self.table if row[j] is not None), default=0)
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
        self._write(MARGIN, top - text.height(1, style.LABEL) - 0.14, "What each NIC can do", style.LABEL,
                    weight="bold")
        column = width / len(self.nics)
        axes = self._axes(self.left, top, width, CELL * len(self.table), "matrix")
        axes.set_xlim(0, len(self.nics))
        axes.set_ylim(len(self.table), 0)
        axes.axis("off")
        for j, nic in enumerate(self.nics):
            self._write(self.left + column * (j + 0.5), top - 0.03, nic, style.SMALL, ha="center",
                        va="bottom")
        for i, row in enumerate(self.table):
            self._write(self.left - PAD, top + CELL * (i + 0.5), self.names[i], style.SMALL, ha="right",
                        va="center")
            for j, case in enumerate(row):
                said = "not measured" if case is None else ability(case)
                good = case is not None and case.has_figure
                axes.barh(i + 0.5, 0.97, 0.86, left=j + 0.015, zorder=1,
                          facecolor=style.paler(style.GREEN, 0.75) if good else style.BAND)
                axes.text(j + 0.5, i + 0.5, said, ha="center", va="center", fontsize=style.SMALL,
                          color=style.INK if good else style.SOFT_INK, parse_math=False, gid=f"can-{i}-{j}")
