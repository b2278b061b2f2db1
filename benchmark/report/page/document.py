"""The report as one HTML file that needs nothing else: no network, no script."""

import re
from collections.abc import Sequence
from html import escape

import pandas as pd

from benchmark.report.ablation.axes import axis_of, find_axes, without_axes
from benchmark.report.figures.catalogue import Drawing
from benchmark.report.metrics import metric_name
from benchmark.report.numbers import ABSENT, difference, mean_sd, percent
from benchmark.report.page.ablation import ablation_sections
from benchmark.report.page.conditions import conditions_text
from benchmark.report.page.html import cell, definitions, figure, html_table, items, section
from benchmark.report.page.stylesheet import STYLESHEET
from benchmark.report.reading import INTERVAL, legend, remarks, seeds
from benchmark.report.table import Comparison, Group, Row, Table

_READING = (
    f"{INTERVAL}. It assumes roughly normal differences, is wide with few seeds, and is not "
    "adjusted for the number of rows: among many rows a few intervals miss zero by chance.",
    "Where all differences of a row are equal, its interval has width zero: that is a matter of "
    "few queries or seeds, and no certainty.",
    "Seeds change the initial weights, the batches and the augmentations. The data and their split "
    "stay the same, so the interval says nothing about other data.",
    "A pair is two runs whose initial weights and batches have equal digests. Where they differ, "
    "or a run of the pair is missing, the seed is left out of the difference and the row says so.",
    "All values are those of the final epoch. No epoch, seed or setting was chosen by this report "
    "on the images that the values are measured on.",
    "Ties are resolved against the model: at equal similarity an image of another class ranks "
    "before one of the query's class.",
)
_LEFT = ("Settings", "Backbone", "Weights", "Optimiser", "Schedule")


def page_text(
    table: Table, drawings: Sequence[Drawing], reference: pd.DataFrame | None = None
) -> str:
    """The whole page.

    `reference` holds published values (columns `dataset`, `protocol`, `source`, `confidence` and
    any others); only rows on a data set of the table are shown.
    """
    sections = [
        section("What was compared", map(_compared, table.groups)),
        _figures("differences", drawings, "Paired differences to the baseline"),
        *ablation_sections(table, drawings),
        section("All results", map(_results, table.groups)),
        _figures("values", drawings, "Absolute values"),
        _figures("training", drawings, "Training curves"),
        section("Conditions", map(conditions_text, table.groups)),
        section("Missing runs and pairs", map(_missing, table.groups)),
        section("How to read this", [items(map(escape, _READING))]),
        section("Published values", (_published(group, reference) for group in table.groups)),
    ]
    states = [run.state for run in table.runs]
    counts = ", ".join(f"{states.count(s)} {s}" for s in ("finished", "failed", "not run"))
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width">\n'
        f"<title>DAM benchmark report</title>\n<style>{STYLESHEET}</style>\n</head>\n<body>\n"
        f'<h1>DAM benchmark report</h1>\n<p class="lead">{len(states)} runs: {counts}.</p>\n'
        + "".join(sections)
        + "</body>\n</html>\n"
    )


def _compared(group: Group) -> str:
    """The data set, its note, the objectives and the arms."""
    sizes = [(name.replace("_", " "), value) for name, value in group.counts.items() if value]
    counts = ", ".join(f"{value:,} {name}" for name, value in sizes)
    arms: dict[str, list[str]] = {}
    for row in group.rows:
        if axis_of(row) is None:
            arms.setdefault(row.label, []).append(row.short)
    facts = {
        "Protocol": escape(group.protocol or "not known: no run has loaded the data"),
        "Size": escape(counts or ABSENT),
        "Objectives": escape("; ".join(one.label for one in without_axes(group).comparisons)),
        "Arms": "<br>".join(
            f"<b>{escape(arm)}</b>: {escape(' / '.join(dict.fromkeys(settings)))}"
            for arm, settings in arms.items()
        ),
    }
    axes = dict.fromkeys(axis.name for axis in find_axes(group))
    if axes:
        facts["Axes"] = escape(f"{', '.join(axes)}: one setting at a time, see below")
    note = f'<p class="note"><b>Note.</b> {escape(group.note)}</p>' if group.note else ""
    return f"<h3>{escape(group.label)}</h3>{note}{definitions(facts)}"


def _results(group: Group) -> str:
    """Every metric of every row, and what it was measured under."""
    main = group.main_metrics[0]
    headings = ["Arm", "Seeds"]
    for metric in group.metrics:
        headings += [metric_name(metric), f"Δ {metric_name(metric)}"]
    headings += [f"Untrained {metric_name(main)}", "Settings"]
    headings += [name.capitalize() for name in group.comparisons[0].facts()]
    headings += ["Device", "torch"]
    lines = []
    for comparison in group.comparisons:
        lines.append(
            f'<tr class="objective"><th colspan="{len(headings)}"><span>'
            f"{escape(comparison.label)}</span></th></tr>"
        )
        for row in comparison.rows:
            lines.append(_result(group, comparison, row))
            lines += [
                f'<tr class="flag"><td class="left" colspan="{len(headings)}">'
                f"<span>{escape(note)}</span></td></tr>"
                for note in row.notes
            ]
    below = "".join(f"<p>{escape(sentence)}</p>" for sentence in legend(group))
    return (
        f"<h3>{escape(group.label)}</h3>{html_table(headings, lines, left=_LEFT)}"
        f'<div class="legend">{below}</div>'
    )


def _result(group: Group, comparison: Comparison, row: Row) -> str:
    """One line of the full table."""
    conditions = row.conditions()
    cells = [cell(seeds(row))]
    for metric in group.metrics:
        interval = row.difference(metric)
        cells += [cell(mean_sd(row.summary(metric))), cell(difference(interval))]
    cells.append(cell(percent(row.untrained(group.main_metrics[0]).mean)))
    cells.append(cell(row.short, "left"))
    for name, text in comparison.facts().items():
        cells.append(cell(text, "left" if name.capitalize() in _LEFT else ""))
    cells += [cell(conditions[name]) for name in ("device", "torch")]
    return f'<tr><th scope="row">{escape(row.label)}</th>{"".join(cells)}</tr>'


def _missing(group: Group) -> str:
    """Failed runs with their errors, runs that were not made, and broken pairs."""
    lines = remarks(group)
    return f"<h3>{escape(group.label)}</h3>{items(map(escape, lines))}" if lines else ""


def _published(group: Group, reference: pd.DataFrame | None) -> str:
    """Published values on the group's data set, if it is the whole release."""
    if reference is None or not group.official:
        return ""
    # Publications seldom say which version of MSMT17 they took.
    rows = reference[reference["dataset"] == re.sub(r"^MSMT17-V[12]$", "MSMT17", group.name)]
    if rows.empty:
        return ""
    lines = [
        "<tr>" + "".join(cell(ABSENT if pd.isna(v) else str(v), "left") for v in row) + "</tr>"
        for row in rows.itertuples(index=False)
    ]
    headings = [str(name) for name in reference.columns]
    return f"<h3>{escape(group.label)}</h3>{html_table(headings, lines, left=headings)}"


def _figures(kind: str, drawings: Sequence[Drawing], title: str) -> str:
    """All figures of one kind."""
    return section(title, (figure(drawing) for drawing in drawings if drawing.kind == kind))
