"""The figure of the frames that each RX queue received, of the cases that have several."""
import functools

from matplotlib.patches import Rectangle

from plots import caption, rows, style
from plots.sheet import AXIS, HEAD, MARGIN, PAD, Sheet

BAR, GAP = 0.12, 0.16                       # inches of a queue's bar, between cases
PAGE = 48                                   # bars
COLORS = (style.BLUE, style.SKY)            # of every other queue
MOST = 16                                   # queues of a case that are drawn, the first ones


def figures(run):
    """The pages (rows.paged) of a run: none without a case that tells of several queues."""
    cases = [case for case in run.cases if case.queues > 1 and case.has_figure]
    if not any(case.per_queue for case in cases):
        return ()
    most = max(PAGE // max((_bars(case) for case in cases), default=1), 1)
    return rows.paged("queues", len(cases), most,
                      lambda page: caption.queues(run, cases[page]),
                      functools.partial(_Drawing, cases),
                      lambda page: numbers(cases[page]))


def numbers(cases):
    """(columns, rows) of what is drawn: of each queue, and at the end the even share."""
    made = []
    for case in cases:
        frames = case.per_queue or ()
        made += [(case.id, queue, count, 100 * count / sum(frames), 100 / len(frames))
                 for queue, count in enumerate(frames[:MOST]) if sum(frames)]
    return ("case", "queue", "frames", "share, %", "even share, %"), made


def _bars(case):
    return min(len(case.per_queue or (0,)), MOST)


class _Drawing(Sheet):
    """The figure of a page of cases: a bar for each queue, side by side in a group for each case."""

    def __init__(self, all_cases, page, said):
        cases = all_cases[page]
        names, width = self._names(all_cases)
        heights = [BAR * max(_bars(case), 2) + GAP for case in cases]
        left, top = MARGIN + width + 2 * PAD, HEAD + 0.12
        super().__init__(top + sum(heights) + AXIS, "Frames per queue", cases, said)
        axes = self.panel(left, top, style.WIDTH - left - MARGIN - 0.55, sum(heights), "queues",
                          unit="% of the received frames")
        axes.set_ylim(sum(heights), 0)
        axes.set_yticks([])
        axes.set_xlim(0, max([50.0, *(100 * max(case.per_queue) / sum(case.per_queue)
                                      for case in all_cases if sum(case.per_queue or ()))]))
        y = 0
        for i, (case, height) in enumerate(zip(cases, heights)):
            self.write(left - PAD, top + y + height / 2, names[page][i], style.SMALL, ha="right", va="center",
                       linespacing=1.2, gid=f"name-{i}")
            self._case(axes, i, case, y + GAP / 2, height - GAP)
            y += height

    @staticmethod
    def _names(cases):
        names, details, width = rows.labels(cases)
        labels = [f"{name}\n{detail}" if detail and detail != case.id else name
                  for case, name, detail in zip(cases, names, details)]
        return labels, width

    def _case(self, axes, i, case, y, height):
        frames = case.per_queue
        if not frames or not sum(frames):
            self.beside(axes, 0, y + height / 2, "not told by queue", style.SMALL, color=style.SOFT_INK,
                        gid=f"absent-{i}")
            return
        for queue, count in enumerate(frames[:MOST]):
            share, at = 100 * count / sum(frames), y + BAR * (queue + 0.5)
            color = COLORS[queue % 2]
            axes.add_patch(Rectangle((0, at - BAR * 0.43), share, BAR * 0.86, facecolor=color, linewidth=0.4,
                                     edgecolor=style.edge(color), zorder=2, gid=f"queue-{i}-{queue}"))
            self.beside(axes, share, at, f"{queue}: {share:.1f}%", 5.5, (3, 0),
                        gid=f"share-{i}-{queue}", zorder=4,
                        bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.3})
        if len(frames) > MOST:
            self.beside(axes, 0, y + height + GAP * 0.3, f"and {len(frames) - MOST} queues more", 5.5)
        axes.plot([100 / len(frames)] * 2, [y, y + height], color=style.INK, linewidth=0.9, linestyle=":",
                  zorder=3, gid=f"even-{i}")
