"""The numbers behind the label leak, as a table."""

import math
from typing import Any

from benchmark.report.ablation.leak import drawable
from benchmark.report.metrics import metric_name
from benchmark.report.numbers import ABSENT
from benchmark.report.statistics.interval import Summary
from benchmark.report.table import Group
from benchmark.report.tables.columns import differences, fraction, means, words
from benchmark.report.tables.sheet import Column, Line, Sheet


def leak_sheet(group: Group) -> Sheet | None:
    """One line a mapping: final training loss and retrieval; None without arms on that axis."""
    metric = group.main_metrics[0]
    lines = [
        Line(label, [arm.label, arm.loss, arm.row.summary(metric), arm.row.difference(metric)])
        for label, arms in drawable(group)
        for arm in arms
    ]
    if not lines:
        return None
    name = metric_name(metric)
    columns = [
        words("Mapping"),
        Column("Final training loss", _loss_text, _loss_parts),
        means(name),
        differences(f"Δ {name}"),
    ]
    return Sheet(f"{group.label}-leak", f"Mappings on {group.label}", columns, lines)


def _loss_text(loss: Summary) -> str:
    if not loss.n:
        return ABSENT
    return f"{loss.mean:.3g}" + ("" if math.isnan(loss.sd) else f" ± {loss.sd:.2g}")


def _loss_parts(loss: Summary) -> dict[str, Any]:
    return {"mean": fraction(loss.mean), "sd": fraction(loss.sd)}
