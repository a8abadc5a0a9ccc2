"""One figure of a report, laid out in inches from its upper left corner: what all of them have."""
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.transforms import Bbox, ScaledTranslation

from plots import style, text

MARGIN, PAD, AXIS = 0.1, 0.06, 0.42             # inches; AXIS: for a panel's ticks and its name
HEAD = MARGIN + text.height(1, style.TITLE)     # inches down to what is below the title
INSIDE = style.WIDTH - 2 * MARGIN


class Sheet:
    """Has a title, and ends with its caption said, foot inches down. Artists are named by gid for tests."""

    def __init__(self, foot, title, cases, said):
        lines = text.wrap(said, style.CAPTION, INSIDE)
        self.height = foot + text.height(len(lines), style.CAPTION) + MARGIN
        self.figure = Figure(figsize=(style.WIDTH, self.height))
        FigureCanvasAgg(self.figure)
        # What is left without title and caption, which a page says in words of its own.
        self.figure.inner = Bbox([[0, self.height - foot - 0.03], [style.WIDTH, self.height - HEAD + 0.02]])
        self.figure.set_label(title)
        title += " (virtual testbed)" if any(case.virtual for case in cases) else ""
        self.write(MARGIN, MARGIN, title, style.TITLE, weight="bold", gid="title")
        self.write(MARGIN, foot, "\n".join(lines), style.CAPTION, gid="caption", color=style.SOFT_INK)

    def write(self, x, y, said, size, **options):
        """Text with its upper left corner x, y inches from the figure's."""
        options = {"va": "top", "ha": "left", "linespacing": 1.3, **options}
        return self.figure.text(x / style.WIDTH, 1 - y / self.height, said, fontsize=size, **options)

    def axes(self, x, y, width, height, name):
        """Bare axes with their upper left corner at x, y."""
        return self.figure.add_axes((x / style.WIDTH, 1 - (y + height) / self.height, width / style.WIDTH,
                                     height / self.height), label=name)

    def panel(self, *place, unit, grid="x"):
        """Axes for values along x or y, and what they are in along x."""
        axes = self.axes(*place)
        for side in ("top", "right"):
            axes.spines[side].set_visible(False)
        axes.grid(axis=grid, color=style.GRID, linewidth=0.6)
        axes.set_axisbelow(True)
        axes.set_xlabel(unit, fontsize=7, labelpad=2)
        axes.tick_params(length=2.5, pad=2)
        return axes

    def beside(self, axes, x, y, said, size, points=(PAD * 72, 0), **options):
        """Text so many points right of and above a value's place in axes."""
        shift = ScaledTranslation(points[0] / 72, points[1] / 72, self.figure.dpi_scale_trans)
        return axes.text(x, y, said, fontsize=size, transform=axes.transData + shift,
                         **{"va": "center", **options})

    def legend(self, y, handles, columns):
        """What the marks mean, y inches down."""
        if handles:
            self.figure.legend(handles=handles, loc="upper left", ncol=columns, frameon=False,
                               borderaxespad=0, fontsize=style.SMALL + 0.5, handlelength=1.8,
                               columnspacing=1.6, borderpad=0.1,
                               bbox_to_anchor=(MARGIN / style.WIDTH, 1 - y / self.height))
