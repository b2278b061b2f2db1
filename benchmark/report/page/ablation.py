"""The page's sections on axes: what each setting changes, and which mappings leak the label."""

from collections.abc import Sequence
from html import escape

from benchmark.report.ablation.axes import Axis, find_axes
from benchmark.report.ablation.leak import EXPLANATION, Place, drawable, finding
from benchmark.report.ablation.texts import READING, axis_sentences
from benchmark.report.figures.catalogue import Drawing
from benchmark.report.metrics import metric_name
from benchmark.report.numbers import ABSENT, difference, mean_sd
from benchmark.report.page.html import cell, figure, html_table, items, section
from benchmark.report.table import Group, Table


def ablation_sections(table: Table, drawings: Sequence[Drawing]) -> list[str]:
    """Both sections; empty where no arm and no comparison is on an axis."""
    found: dict[str, list[Axis]] = {}
    for group in table.groups:
        for axis in find_axes(group):
            found.setdefault(axis.name, []).append(axis)
    parts = [_axis(name, axes, drawings) for name, axes in found.items()]
    parts = [f"<p>{escape(READING)}</p>", *parts] if any(parts) else []
    leaks = [_leak(group, drawings) for group in table.groups]
    leaks = [f"<p>{escape(EXPLANATION)}</p>", *leaks] if any(leaks) else []
    return [section("One setting at a time", parts), section("Mappings that leak the label", leaks)]


def _axis(name: str, axes: list[Axis], drawings: Sequence[Drawing]) -> str:
    """An axis: what is varied, and a figure a data set."""
    figures = [figure(one) for one in drawings if one.kind == "axis" and one.title == name]
    if not figures:
        return ""
    return f"<h3>{escape(name)}</h3><p>{escape(axis_sentences(axes))}</p>{''.join(figures)}"


def _leak(group: Group, drawings: Sequence[Drawing]) -> str:
    """One data set's figure, its numbers, and what they say."""
    shown = drawable(group)
    if not shown:
        return ""
    metric = group.main_metrics[0]
    name = metric_name(metric)
    headings = ["Mapping", "Final training loss", name, f"Δ {name}"]
    lines = [line for label, arms in shown for line in _lines(metric, label, arms)]
    drawn = [figure(one) for one in drawings if (one.kind, one.group) == ("leak", group.label)]
    said = items(escape(finding(metric, label, arms)) for label, arms in shown)
    numbers = html_table(headings, lines, left=())
    return f"<h3>{escape(group.label)}</h3>{''.join(drawn)}{numbers}{said}"


def _lines(metric: str, label: str, arms: list[Place]) -> list[str]:
    """One objective's lines of the table."""
    lines = [f'<tr class="objective"><th colspan="4"><span>{escape(label)}</span></th></tr>']
    for arm in arms:
        spread = "" if arm.loss.n < 2 else f" ± {arm.loss.sd:.2g}"
        cells = [
            cell(f"{arm.loss.mean:.3g}{spread}" if arm.loss.n else ABSENT),
            cell(mean_sd(arm.row.summary(metric))),
            cell(difference(arm.row.difference(metric))),
        ]
        lines.append(f'<tr><th scope="row">{escape(arm.label)}</th>{"".join(cells)}</tr>')
    return lines
