"""The interval of a median by order statistics."""
import math


def order_statistic_interval(values, target=0.95):
    """((lo, hi), coverage) for the median, as near to target as n allows; None for n < 5."""
    ordered, n = sorted(values), len(values)
    if n < 5:
        return None
    cut, coverage, tail = 0, 1 - 0.5 ** (n - 1), 0.5 ** n
    for k in range(1, n // 2):
        tail += math.comb(n, k) * 0.5 ** n
        if 1 - 2 * tail < target:
            break
        cut, coverage = k, 1 - 2 * tail
    return (ordered[cut], ordered[n - 1 - cut]), coverage
