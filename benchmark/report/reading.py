"""The compact table that Markdown and the terminal share, and the sentences that explain it."""

from benchmark.report.metrics import metric_name
from benchmark.report.numbers import difference, mean_sd
from benchmark.report.table import Group, Row

INTERVAL = (
    "Δ is the mean over seeds of arm minus baseline at the same seed, with the 95 % paired "
    "t-interval of that mean"
)


def columns(group: Group) -> list[str]:
    """Headings of the compact table."""
    metrics = [metric_name(metric) for metric in group.main_metrics]
    return ["Arm", "Seeds", *(part for name in metrics for part in (name, f"Δ {name}"))]


def cells(group: Group, row: Row) -> list[str]:
    """One arm's cells, below `columns`."""
    numbers = [
        text
        for metric in group.main_metrics
        for text in (mean_sd(row.summary(metric)), difference(row.difference(metric)))
    ]
    return [row.label, seeds(row), *numbers]


def seeds(row: Row) -> str:
    """The number of finished seeds, and of those that failed or were not run."""
    parts = [str(len(row.finished))]
    parts += [
        f"{len(runs)} {state}" for state in ("failed", "not run") if (runs := row.in_state(state))
    ]
    return ", ".join(parts)


def legend(group: Group) -> list[str]:
    """What a reader must know of the group's numbers."""
    numbers = sorted({run.config.seed for run in group.runs})
    epochs = sorted({str(run.config.epochs) for run in group.runs}, key=len)
    pairs = sorted({len(row.pairs.runs) for row in group.rows if row.pairs})
    spread = "–".join(dict.fromkeys(map(str, (pairs[0], pairs[-1])))) if pairs else "0"
    sentences = [
        f"Per cent, mean ± sample standard deviation over seeds {', '.join(map(str, numbers))}, "
        f"after the last of {' or '.join(epochs)} epochs.",
        f"{INTERVAL} (percentage points, n = {spread} pairs).",
    ]
    if group.note:
        sentences.append(f"{group.label}: {group.note}")
    return sentences


def remarks(group: Group) -> list[str]:
    """Rows that lack runs or pairs, one line each."""
    lines = []
    for comparison in group.comparisons:
        for row in comparison.rows:
            where = f"{comparison.label}, {row.label}"
            lines += [
                f"{where}, seed {run.config.seed} failed: {run.error or 'no error text'}"
                for run in row.in_state("failed")
            ]
            missing = [str(run.config.seed) for run in row.in_state("not run")]
            if missing:
                lines.append(f"{where}: not run (seed {', '.join(missing)})")
            lines += [f"{where}: {note}" for note in row.notes]
    return lines
