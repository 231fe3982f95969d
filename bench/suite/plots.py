"""Pictures of what a scenario found, by matplotlib: Debian has it, and it writes SVG."""
import statistics

import ratios
from responders import is_ours

try:
    import matplotlib
    matplotlib.use("svg")
    import matplotlib.pyplot as pyplot
except ImportError:
    pyplot = None

OURS, OTHERS = "#2166ac", "#999999"


def draw_bars(axes, title, runs):
    """The median rate of each, with its 95 % interval; the fastest on top."""
    rates = {name: [run["connections_per_s"] for run in some] for name, some in runs.items()}
    names = sorted(rates, key=lambda name: statistics.median(rates[name]))
    middles = [statistics.median(rates[name]) for name in names]
    spans = [ratios.interval(rates[name]) for name in names]
    errors = [[middle - low for middle, (low, _) in zip(middles, spans)],
              [high - middle for middle, (_, high) in zip(middles, spans)]]
    axes.barh(names, middles, xerr=errors, capsize=3, error_kw={"ecolor": "#333333"},
              color=[OURS if is_ours(name) else OTHERS for name in names])
    axes.set_title(title, fontsize=10, loc="left")
    axes.set_xlabel("connections/s, median and 95 %")


def draw_lines(axes, curve):
    for name, points in curve.lines.items():
        axes.plot(*zip(*points), marker="o", markersize=4, label=name)
    if curve.logarithmic:
        axes.set_xscale("log")
    axes.set_ylim(bottom=0)
    axes.set_title(curve.name, fontsize=10, loc="left")
    axes.set_xlabel(curve.x)
    axes.set_ylabel(curve.y)
    axes.legend(frameon=False, fontsize=8)


def draw(document, folder):
    """Write NAME.svg: one picture below the other. Returns False where there is no matplotlib."""
    bars = {title: runs for title, runs in document.raw.items() if runs and all(
        isinstance(some, list) and isinstance(some[0], dict) for some in runs.values())}
    count = len(bars) + len(document.curves)
    if not pyplot or not count:
        return False
    figure, axes = pyplot.subplots(count, 1, figsize=(8, 3.2 * count), squeeze=False,
                                   layout="constrained")
    places = iter(axes[:, 0])
    for title, runs in bars.items():
        draw_bars(next(places), title, runs)
    for curve in document.curves:
        draw_lines(next(places), curve)
    figure.savefig(folder / f"{document.name}.svg", metadata={"Date": None})
    pyplot.close(figure)
    return True
