"""How unevenly elements are kept, with DAM and in its baseline."""

import numpy as np

from benchmark.report.kept.shares import kept_shares
from benchmark.report.statistics.interval import paired_interval, summarise
from benchmark.report.table import Group
from benchmark.report.tables.columns import counts, differences, means, words
from benchmark.report.tables.sheet import Line, Sheet
from benchmark.suite.arms import DAM

_NOTE = (
    "The share of class pairs that keep an element, by the proxies after the last epoch and DAM's "
    "rule; the baseline was trained without it. An element that is kept seldom is one by which "
    "most classes are told apart already. The spread is the standard deviation over elements: the "
    "smaller it is, the more each class pair relies on elements of its own."
)


def kept_sheet(group: Group) -> Sheet | None:
    """Two lines a proxy objective; None where no run left proxies."""
    lines = []
    for comparison in group.comparisons:
        found = kept_shares(comparison)
        if found is None:
            continue
        spreads = {arm: shares.std(axis=1) for arm, shares in found.arms()}
        change = paired_interval((spreads[DAM] - spreads["baseline"]).tolist())
        none = paired_interval([])
        for arm, shares in found.arms():
            lines.append(
                Line(
                    comparison.label,
                    [
                        arm,
                        len(shares),
                        shares.shape[1],
                        summarise(shares.min(axis=1).tolist()),
                        summarise(np.median(shares, axis=1).tolist()),
                        summarise(shares.max(axis=1).tolist()),
                        summarise(spreads[arm].tolist()),
                        change if arm == DAM else none,
                    ],
                )
            )
    if not lines:
        return None
    columns = [
        words("Arm"),
        counts("Runs"),
        counts("Elements"),
        means("Least kept"),
        means("Median"),
        means("Most kept"),
        means("Spread"),
        differences("Δ spread"),
    ]
    title = f"Kept elements on {group.label}"
    return Sheet(f"{group.label}-kept", title, columns, lines, notes=[_NOTE])
