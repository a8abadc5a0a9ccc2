"""What a figure must never be without, in whatever form: that it is a lower bound, or of a disturbed case."""
from typing import NamedTuple, Optional

import recorded


class Row(NamedTuple):
    """One metric of one case of one run; metric None: the case has none."""

    run: recorded.Run
    case: recorded.Case
    metric: Optional[recorded.Metric]

    @property
    def mark(self):
        """"" for a figure that stands as it is, else what is to be said of it."""
        least = self.metric is not None and self.metric.at_least
        disturbed = [self.case.status] if self.case.status != "ok" else []
        return ", ".join(["at least"] * least + disturbed)

    def name(self, several, between=": "):
        """Of the case and metric, with its mark, so that marked figures are never set beside others; of
        several runs with their ids."""
        run = f"{self.run.about['id']} " if several else ""
        mark = f" ({self.mark})" if self.mark else ""
        return f"{run}{self.case.id}{between}{self.metric.name}{mark}"


def rows(runs):
    """A Row for each metric that a case has a value of, or for a case without."""
    for run in runs:
        for case in run.cases:
            for metric in case.metrics or (None,):
                yield Row(run, case, metric)
