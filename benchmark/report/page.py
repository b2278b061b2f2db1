"""The report as one HTML file that needs nothing else: no network, no script."""

import base64
from collections.abc import Iterable, Sequence
from html import escape

import pandas as pd

from benchmark.report.figures import Drawing
from benchmark.report.numbers import ABSENT, difference, mean_sd, percent
from benchmark.report.reading import INTERVAL, legend, remarks, seeds
from benchmark.report.settings import describe, value_text
from benchmark.report.stylesheet import STYLESHEET
from benchmark.report.table import Comparison, Group, Row, Table, metric_name

_READING = (
    f"{INTERVAL}. It assumes roughly normal differences, is wide with few seeds, and is not "
    "adjusted for the number of rows: among many rows a few intervals miss zero by chance.",
    "Seeds change the initial weights, the batches and the augmentations. The data and their split "
    "stay the same, so the interval says nothing about other data.",
    "A pair is two runs whose initial weights and batches have equal digests. Where they differ, "
    "or a run of the pair is missing, the seed is left out of the difference and the row says so.",
    "All values are those of the final epoch. No epoch, seed or setting was chosen by this report "
    "on the images that the values are measured on.",
    "Ties are resolved against the model: at equal similarity an image of another class ranks "
    "before one of the query's class.",
)
# Configuration entries with a line of their own among the conditions; all others follow by name.
_SHOWN = {
    *("dataset", "recipe", "objective", "objective_name", "backbone", "dim", "sampler", "epochs"),
    *("optimiser", "device", "threads"),
}


def page_text(
    table: Table, drawings: Sequence[Drawing], reference: pd.DataFrame | None = None
) -> str:
    """The whole page.

    `reference` holds published values (columns `dataset`, `protocol`, `source`, `confidence` and
    any others); only rows on a data set of the table are shown.
    """
    sections = [
        _section("What was compared", map(_compared, table.groups)),
        _figures("differences", drawings, "Paired differences to the baseline"),
        _section("All results", map(_results, table.groups)),
        _figures("values", drawings, "Absolute values"),
        _figures("training", drawings, "Training curves"),
        _section("Conditions", map(_conditions, table.groups)),
        _section("Missing runs and pairs", map(_missing, table.groups)),
        _section("How to read this", [_items(map(escape, _READING))]),
        _section("Published values", (_published(group, reference) for group in table.groups)),
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
        arms.setdefault(row.label, []).append(row.settings)
    facts = {
        "Protocol": escape(group.protocol or "not known: no run has loaded the data"),
        "Size": escape(counts or ABSENT),
        "Objectives": escape("; ".join(comparison.label for comparison in group.comparisons)),
        "Arms": "<br>".join(
            f"<b>{escape(arm)}</b>: {escape(' / '.join(dict.fromkeys(settings)))}"
            for arm, settings in arms.items()
        ),
    }
    note = f'<p class="note"><b>Note.</b> {escape(group.note)}</p>' if group.note else ""
    return f"<h3>{escape(group.label)}</h3>{note}{_definitions(facts)}"


def _results(group: Group) -> str:
    """Every metric of every row, and what it was measured under."""
    main = group.main_metrics[0]
    headings = ["Arm", "Settings", "Seeds"]
    for metric in group.metrics:
        headings += [metric_name(metric), f"Δ {metric_name(metric)}"]
    headings += [f"Untrained {metric_name(main)}"]
    headings += ["Backbone", "Dim", "Batch", "Epochs", "Device", "torch"]
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
        f"<h3>{escape(group.label)}</h3>{_table(headings, lines, left=('Settings', 'Backbone'))}"
        f'<div class="legend">{below}</div>'
    )


def _result(group: Group, comparison: Comparison, row: Row) -> str:
    """One line of the full table."""
    shared, conditions = comparison.facts(), row.conditions()
    cells = [_cell(row.settings, "left"), _cell(seeds(row))]
    for metric in group.metrics:
        interval = row.difference(metric)
        cells += [_cell(mean_sd(row.summary(metric))), _cell(difference(interval))]
    cells.append(_cell(percent(row.untrained(group.main_metrics[0]).mean)))
    cells.append(_cell(shared["backbone"], "left"))
    cells += [_cell(shared[name]) for name in ("dim", "batch", "epochs")]
    cells += [_cell(conditions[name]) for name in ("device", "torch")]
    return f'<tr><th scope="row">{escape(row.label)}</th>{"".join(cells)}</tr>'


def _conditions(group: Group) -> str:
    """What the runs were made under: first what all comparisons share, then what they do not."""
    columns = [_condition(comparison) for comparison in group.comparisons]
    shared = {
        name: escape(text)
        for name, text in columns[0].items()
        if all(column[name] == text for column in columns)
    }
    own = [name for name in columns[0] if name not in shared]
    lines = [
        f'<tr><th scope="row">{escape(comparison.label)}</th>'
        f"{''.join(_cell(column[name], 'left') for name in own)}</tr>"
        for comparison, column in zip(group.comparisons, columns, strict=True)
    ]
    headings = ["Comparison", *own]
    differing = _table(headings, lines, left=headings) if own else ""
    return f"<h3>{escape(group.label)}</h3>{_definitions(shared)}{differing}"


def _condition(comparison: Comparison) -> dict[str, str]:
    """One comparison's conditions; all values where its runs differ."""
    facts = comparison.facts()
    merged = _merged([row.conditions() for row in comparison.rows])
    runs = [run for row in comparison.rows for run in row.runs.values()]
    others = {
        name.replace("_", " ").capitalize(): value_text(value).strip("()")
        for name, value in comparison.config.items()
        if name not in _SHOWN
    }
    return {
        "Objective": describe(comparison.config["objective"]),
        "Recipe": str(comparison.config.get("recipe", ABSENT)),
        "Backbone": facts["backbone"],
        "Embedding size": facts["dim"],
        "Batch": facts["batch"],
        "Epochs": facts["epochs"],
        "Optimiser": facts["optimiser"],
        **others,
        "Device": merged["device"],
        "Device name": merged["device name"],
        "Threads": merged["threads"],
        "torch": merged["torch"],
        "Python": merged["python"],
        "Commit": merged["commit"],
        "Time of all runs": _duration(sum(run.timing.get("total_s", 0.0) for run in runs)),
    }


def _merged(conditions: list[dict[str, str]]) -> dict[str, str]:
    """The conditions of several rows, each value once."""
    return {
        name: " / ".join(
            dict.fromkeys(
                part for one in conditions for part in one[name].split(" / ") if one[name] != ABSENT
            )
        )
        or ABSENT
        for name in conditions[0]
    }


def _duration(seconds: float) -> str:
    """Hours and minutes, or minutes and seconds."""
    whole = round(seconds)
    if whole >= 3600:
        return f"{whole // 3600} h {whole % 3600 // 60:02d} min"
    return f"{whole // 60} min {whole % 60:02d} s"


def _missing(group: Group) -> str:
    """Failed runs with their errors, runs that were not made, and broken pairs."""
    lines = remarks(group)
    return f"<h3>{escape(group.label)}</h3>{_items(map(escape, lines))}" if lines else ""


def _published(group: Group, reference: pd.DataFrame | None) -> str:
    """Published values on the group's data set."""
    if reference is None:
        return ""
    rows = reference[reference["dataset"] == group.name]
    if rows.empty:
        return ""
    lines = [
        "<tr>" + "".join(_cell(ABSENT if pd.isna(v) else str(v), "left") for v in row) + "</tr>"
        for row in rows.itertuples(index=False)
    ]
    headings = [str(name) for name in reference.columns]
    return f"<h3>{escape(group.label)}</h3>{_table(headings, lines, left=headings)}"


def _figures(kind: str, drawings: Sequence[Drawing], title: str) -> str:
    """All figures of one kind, embedded."""
    parts = []
    for drawing in drawings:
        if drawing.kind != kind:
            continue
        data = base64.b64encode(drawing.svg.read_bytes()).decode()
        parts.append(
            f'<figure><img alt="{escape(drawing.title)}, {escape(drawing.group)}" '
            f'src="data:image/svg+xml;base64,{data}"><figcaption><b>{escape(drawing.group)}.</b> '
            f"{escape(drawing.caption)}</figcaption></figure>"
        )
    return _section(title, parts)


def _section(title: str, parts: Iterable[str]) -> str:
    """A section with a heading; nothing where it would be empty."""
    body = "".join(parts)
    return f"<section>\n<h2>{escape(title)}</h2>\n{body}\n</section>\n" if body else ""


def _table(headings: Sequence[str], lines: Sequence[str], left: Sequence[str]) -> str:
    """A table in a box that scrolls by itself; the first column stands at the left."""
    head = "".join(
        f"<th{' class=left' if place == 0 or heading in left else ''}>{escape(heading)}</th>"
        for place, heading in enumerate(headings)
    )
    body = "\n".join(lines)
    return (
        f'<div class="scroll"><table>\n<thead><tr>{head}</tr></thead>\n'
        f"<tbody>\n{body}\n</tbody></table></div>"
    )


def _definitions(facts: dict[str, str]) -> str:
    """Names and their texts, which are HTML already."""
    return (
        "<dl>"
        + "".join(f"<dt>{name}</dt><dd>{text}</dd>" for name, text in facts.items())
        + "</dl>"
    )


def _cell(text: str, kind: str = "") -> str:
    return f"<td{f' class={kind}' if kind else ''}>{escape(text)}</td>"


def _items(lines: Iterable[str]) -> str:
    return "<ul>" + "".join(f"<li>{line}</li>" for line in lines) + "</ul>"
