"""How unevenly elements are kept, and how many are good, beside the baseline."""

import math
from collections.abc import Callable

from benchmark.analysis.elements import WELL_TRAINED
from benchmark.report.kept.stored import by_seed, elements_of, kept_by_seed, well_trained
from benchmark.report.numbers import ABSENT
from benchmark.report.statistics.interval import Interval, Summary, paired_interval, summarise
from benchmark.report.table import Group, Row
from benchmark.report.tables.columns import counts, fraction, means, words
from benchmark.report.tables.sheet import Column, Line, Sheet
from benchmark.training.elements import Elements

_NOTE = (
    "Spread is the standard deviation over elements of the share of pairs that keep one, in the "
    "last epoch: the smaller it is, the more each pair relies on elements of its own. For a "
    "baseline it is that of what DAM would keep. Well trained are elements whose variance between "
    f"test classes is at least {WELL_TRAINED:g} times that within them (F of the analysis of "
    "variance); directions are the effective dimension of the test features. Δ is arm minus "
    "baseline at the same seed with its 95 % paired t-interval."
)


def elements_sheet(group: Group) -> Sheet | None:
    """One line an arm; None where no run stored its elements."""
    lines = []
    for comparison in group.comparisons:
        for row in comparison.rows:
            found = by_seed(row)
            if not found:
                continue
            kept = [float(one.std()) for one in kept_by_seed(row).values()]
            dim = next(iter(found.values())).kept.shape[1]
            values = [row.label, len(found), dim, summarise(kept)]
            for measure in (_well_trained, _directions):
                values += [summarise([measure(one) for one in found.values()])]
                values += [_difference(row, measure)]
            lines.append(Line(comparison.label, values))
    if not lines:
        return None
    columns = [
        words("Arm"),
        counts("Runs"),
        counts("Elements"),
        means("Spread of the kept"),
        _numbers("Well trained"),
        _changes("Δ well trained"),
        _numbers("Directions"),
        _changes("Δ directions"),
    ]
    title = f"Elements on {group.label}"
    return Sheet(f"{group.label}-elements", title, columns, lines, notes=[_NOTE])


def _well_trained(one: Elements) -> float:
    return float(well_trained(one)[-1])


def _directions(one: Elements) -> float:
    return float(one.test_dimension[-1])


def _difference(row: Row, measure: Callable[[Elements], float]) -> Interval:
    """Over the pairs of which both runs stored their elements."""
    pairs = row.pairs.runs.values() if row.pairs else ()
    both = [(elements_of(arm), elements_of(baseline)) for arm, baseline in pairs]
    return paired_interval([measure(one) - measure(other) for one, other in both if one and other])


def _numbers(heading: str) -> Column:
    """A `Summary` of numbers that are no fractions."""

    def text(summary: Summary) -> str:
        if math.isnan(summary.mean):
            return ABSENT
        return f"{summary.mean:.1f}" + ("" if math.isnan(summary.sd) else f" ± {summary.sd:.1f}")

    def parts(summary: Summary) -> dict[str, str]:
        return {"mean": fraction(summary.mean), "sd": fraction(summary.sd)}

    return Column(heading, text, parts)


def _changes(heading: str) -> Column:
    """An `Interval` of numbers that are no fractions."""

    def text(interval: Interval) -> str:
        if not interval.n:
            return ABSENT
        numbers = (interval.mean, interval.low, interval.high)
        mean, low, high = (ABSENT if math.isnan(n) else _signed(n) for n in numbers)
        return f"{mean} [{ABSENT if low == ABSENT else f'{low}, {high}'}]"

    def parts(interval: Interval) -> dict[str, str]:
        bounds = {"": interval.mean, "low95": interval.low, "high95": interval.high}
        return {name: fraction(value) for name, value in bounds.items()}

    return Column(heading, text, parts)


def _signed(number: float) -> str:
    """With one decimal and a sign, but for what rounds to zero."""
    value = round(number, 1) + 0.0
    return (f"{value:+.1f}" if value else "0.0").replace("-", "−")
