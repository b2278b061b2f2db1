"""Which published values are shown beside which runs, and how their conditions differ.

Only runs on a data set with the official counts are compared with a published value: never those on
a part of one, a validation fold, a rendered set or a user's own images, whatever their names.
"""

import math
from collections.abc import Iterator

from benchmark.report.metrics import metric_name
from benchmark.report.numbers import percent
from benchmark.report.published.values import Published, published_on
from benchmark.report.statistics.interval import Interval, paired_interval
from benchmark.report.table import Comparison, Group, Row
from benchmark.report.tables.columns import counts, fraction, fractions, words
from benchmark.report.tables.sheet import Column, Line, Sheet
from benchmark.suite.arms import BASELINE, DAM

METHODS = {
    "norm_softmax": ("Normalized Softmax",),
    "softmax": ("Softmax",),
    "cos_face": ("CosFace", "AM-Softmax"),
    "arc_face": ("ArcFace",),
    "proxy_nca": ("ProxyNCA",),
    "proxy_nca_plus": ("ProxyNCA++",),
    "proxy_anchor": ("Proxy-Anchor", "Proxy-Anchor (official code)", "Proxy-Anchor (re-run)"),
    "soft_triple": ("SoftTriple",),
    "contrastive": ("Contrastive",),
    "triplet": ("Triplet",),
    "multi_similarity": ("Multi-Similarity", "Multi-Similarity (miner)"),
    "circle": ("Circle",),
    "joint": ("BoT", "BoT (softmax + triplet)"),
}
"""An objective's type, and the methods whose published values are those of its baseline."""
_OF_DAM = "DAM"
_BACKBONES = {
    "resnet50": "ResNet-50",
    "bn_inception": "BN-Inception",
    "efficientnet_lite0": "EfficientNet-Lite0",
}


def pairs_with(group: Group) -> Iterator[tuple[Comparison, Row, Published]]:
    """Each row that may stand beside a published value, with that value."""
    if not group.official:
        return
    metric = group.main_metrics[0]
    known = [one for one in published_on(group.name) if one.value(metric) is not None]
    for comparison in group.comparisons:
        methods = METHODS.get(comparison.shared["objective"]["type"], ())
        for row in comparison.rows:
            if not row.values(metric):
                continue
            wanted = {BASELINE: methods, DAM: (_OF_DAM,)}.get(row.arm, ())
            yield from ((comparison, row, one) for one in known if one.method in wanted)


def ours(row: Row, metric: str) -> Interval:
    """The mean over seeds with its 95 % t-interval."""
    return paired_interval(list(row.values(metric).values()))


def what_differs(comparison: Comparison, published: Published) -> list[str]:
    """The conditions in which a published value and ours differ, as far as its source says."""
    found = []
    if _backbone(comparison) != published.backbone:
        found.append(f"backbone {_backbone(comparison)} here, {published.backbone} there")
    dim = comparison.shared["dim"]
    if dim is not None and str(dim) != published.dim:
        found.append(f"dimension {dim} here, {published.dim or 'not said'} there")
    if "best test epoch" in published.protocol:
        found.append("last epoch here, best test epoch there")
    if "4 folds" in published.protocol:
        found.append("one network here, four of half the size concatenated there")
    return found


def published_sheet(group: Group) -> Sheet | None:
    """One line a published value that a run stands beside; None where there is none."""
    metric = group.main_metrics[0]
    lines = []
    for comparison, row, one in pairs_with(group):
        value, mean = one.value(metric), ours(row, metric)
        assert value is not None
        lines.append(
            Line(
                comparison.label,
                [
                    row.label,
                    one.method if one.confirmed else f"{one.method} (unconfirmed)",
                    math.nan if one.independent else value,
                    value if one.independent else math.nan,
                    mean,
                    mean.mean - value,
                    "; ".join([*what_differs(comparison, one), "batch and crop not said there"]),
                    one.protocol,
                    one.source if one.confirmed else f"{one.source} ({one.confidence})",
                ],
            )
        )
    if not lines:
        return None
    columns = [
        words("Arm"),
        words("Method"),
        fractions("Published"),
        fractions("Re-run by others"),
        Column("Ours", _mean_text, _mean_parts),
        Column("Difference", _signed, lambda value: {"(fraction)": fraction(value)}),
        words("What differs"),
        words("Obtained by"),
        words("Source"),
    ]
    title = f"{metric_name(metric)} beside published values on {group.label}"
    return Sheet(f"{group.label}-published", title, columns, lines)


def ledger_sheet(group: Group) -> Sheet | None:
    """Every published value on the data set: within our interval, outside it, or not tried."""
    if not group.official:
        return None
    metric = group.main_metrics[0]
    beside = list(pairs_with(group))
    lines = []
    for one in published_on(group.name):
        value = one.value(metric)
        if value is not None:
            tried = [(comparison, row) for comparison, row, other in beside if other is one]
            shown = [one.method, one.backbone, one.dim, value, _outcome(metric, one, tried)]
            lines.append(Line("", [*shown, one.confidence]))
    if not lines:
        return None
    columns = [
        words("Method"),
        words("Backbone"),
        counts("Dimension"),
        fractions(metric_name(metric)),
        words("Here"),
        words("Confidence"),
    ]
    title = f"Ledger of published values on {group.label}"
    return Sheet(f"{group.label}-ledger", title, columns, lines)


def _outcome(metric: str, published: Published, tried: list[tuple[Comparison, Row]]) -> str:
    """Whether the interval of one of our runs holds the value, under the same backbone."""
    if not tried:
        return "not tried"
    alike = [
        ours(row, metric)
        for comparison, row in tried
        if _backbone(comparison) == published.backbone
    ]
    if not alike:
        return f"tried with {' and '.join(sorted({_backbone(one) for one, _ in tried}))} only"
    measured = [one for one in alike if not math.isnan(one.low)]
    if not measured:
        return "tried with one seed, which has no interval"
    value = published.value(metric)
    assert value is not None
    within = [one for one in measured if one.low <= value <= one.high]
    result = "within our interval" if within else "outside our interval"
    return f"{result}, {'; '.join(_mean_text(one) for one in within or measured)}"


def _backbone(comparison: Comparison) -> str:
    kind = comparison.shared["backbone"]["type"]
    return _BACKBONES.get(kind, str(kind))


def _signed(value: float) -> str:
    return percent(value, signed=True)


def _mean_text(interval: Interval) -> str:
    if math.isnan(interval.low):
        return percent(interval.mean)
    return f"{percent(interval.mean)} [{percent(interval.low)}, {percent(interval.high)}]"


def _mean_parts(interval: Interval) -> dict[str, str]:
    return {
        "mean (fraction)": fraction(interval.mean),
        "low95 (fraction)": fraction(interval.low),
        "high95 (fraction)": fraction(interval.high),
    }
