"""Medians, ratios of paired runs, and how far to believe them."""
import random
import statistics

RESAMPLES = 2000
CONFIDENCE = 0.95


def median(values):
    return statistics.median(values)


def interval(values, seed=1):
    """The bootstrap confidence interval of the median: (low, high)."""
    if len(values) == 1:
        return values[0], values[0]
    draw = random.Random(seed)
    medians = sorted(median(draw.choices(values, k=len(values))) for _ in range(RESAMPLES))
    tail = (1 - CONFIDENCE) / 2
    return medians[int(tail * RESAMPLES)], medians[int((1 - tail) * RESAMPLES) - 1]


def paired(values, others):
    """The ratios of runs of the same round: (median, low, high)."""
    ratios = [value / other for value, other in zip(values, others, strict=True)]
    return (median(ratios), *interval(ratios))


def verdict(low, high):
    """What the confidence interval of a ratio of speeds says."""
    if low > 1:
        return "faster"
    if high < 1:
        return "slower"
    return "cannot tell"
