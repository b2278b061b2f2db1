"""How often the report's intervals hold the true difference: a simulation.

    python tests/report/statistics/interval_coverage.py

prints the figures that docs and page quote, as Markdown. With 20,000 samples a row, a coverage of
.95 is uncertain by ± .003.
"""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from scipy import stats

from benchmark.report.statistics.classes import interval_over_classes
from benchmark.report.statistics.interval import paired_interval
from benchmark.report.statistics.normality import looks_skewed

Draw = Callable[[np.random.Generator, int], npt.NDArray[np.float64]]
SHAPES: dict[str, Draw] = {
    "normal": lambda generator, n: generator.normal(0.0, 1.0, n),
    "uniform": lambda generator, n: generator.uniform(-1.0, 1.0, n),
    "Student's t, 3 degrees of freedom": lambda generator, n: generator.standard_t(3, n),
    "exponential": lambda generator, n: generator.exponential(1.0, n) - 1.0,
}


def t_coverage(draw: Draw, n: int, samples: int) -> float:
    """The share of t-intervals of `n` differences that hold their true mean, 0."""
    generator = np.random.default_rng(n)
    found = [paired_interval(draw(generator, n).tolist()) for _ in range(samples)]
    return float(np.mean([one.low <= 0 <= one.high for one in found]))


def flagged(draw: Draw, n: int, samples: int) -> float:
    """The share of samples that look skewed."""
    generator = np.random.default_rng(n)
    return float(np.mean([looks_skewed(draw(generator, n).tolist()) for _ in range(samples)]))


def pairs_at_the_end(
    drawn: npt.NDArray[np.float64], half_width: float, fewest: int
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Pairs are added to each row of `drawn` [rows, most] until its interval is narrow enough.

    Returns the number of pairs [rows] at which that is, `most` where it never is, and the mean and
    half-width there.
    """
    n = np.arange(1, drawn.shape[1] + 1)
    mean = drawn.cumsum(1) / n
    variance = np.maximum((drawn**2).cumsum(1) - n * mean**2, 0) / np.maximum(n - 1, 1)
    half = stats.t.ppf(0.975, np.maximum(n - 1, 1)) * np.sqrt(variance / n)
    ended = (half <= half_width) & (n >= fewest)
    ended[:, -1] = True
    last = ended.argmax(1)
    at = (np.arange(len(drawn)), last)
    return last + 1, mean[at], half[at]


def sequential_coverage(draw: Draw, ratio: float, fewest: int, samples: int) -> float:
    """The share of t-intervals that hold 0 where pairs, 30 at most, are added for precision.

    `ratio` is the standard deviation of the differences in wanted half-widths; a row has at least
    `fewest` pairs.
    """
    generator = np.random.default_rng(fewest)
    spread = float(np.std(draw(generator, 100_000)))
    drawn = np.stack([draw(generator, 30) for _ in range(samples)])
    _, mean, half = pairs_at_the_end(drawn, spread / ratio, fewest)
    return float(np.mean(np.abs(mean) <= half))


def class_coverage(
    seeds: int, classes: int, of_seed: float, of_class: float, samples: int
) -> float:
    """The share of intervals over seeds and classes that hold 0, with 30 queries a class."""
    generator = np.random.default_rng(seeds + classes)
    labels = np.repeat(np.arange(classes), 30)
    held = 0
    for _ in range(samples):
        values = of_seed * generator.normal(size=(seeds, 1))
        values = values + of_class * generator.normal(size=classes)[labels]
        values = values + generator.normal(size=(seeds, len(labels)))
        one = interval_over_classes(values, labels)
        held += one.low <= 0 <= one.high
    return held / samples


def main() -> None:
    """Print all tables."""
    counts = (3, 5, 10)
    print("| differences |", " | ".join(f"n = {n}" for n in counts), "| look skewed, n = 10 |")
    print("|:--|" + "--:|" * (len(counts) + 1))
    for name, draw in SHAPES.items():
        cells = [f"{t_coverage(draw, n, 20_000):.3f}" for n in counts]
        print(f"| {name} |", " | ".join(cells), f"| {flagged(draw, 10, 5_000):.2f} |")
    ratios = (0.5, 1.0, 2.0, 3.0)
    print("\n| differences, pairs at least |", " | ".join(f"{one:g}" for one in ratios), "|")
    print("|:--|" + "--:|" * len(ratios))
    for name in ("normal", "exponential"):
        for fewest in (3, 5, 10):
            found = [sequential_coverage(SHAPES[name], one, fewest, 20_000) for one in ratios]
            print(f"| {name}, {fewest} |", " | ".join(f"{one:.3f}" for one in found), "|")
    print("\n| seeds | classes | seeds' sd | classes' sd | coverage |\n" + "|--:" * 5 + "|")
    for seeds in counts:
        for classes in (25, 100):
            for sizes in ((0.1, 0.1), (0.02, 0.3), (0.3, 0.02)):
                held = class_coverage(seeds, classes, *sizes, samples=2_000)
                print(f"| {seeds} | {classes} | {sizes[0]} | {sizes[1]} | {held:.3f} |")


if __name__ == "__main__":
    main()
