"""How many classes and queries each arm improves."""

from benchmark.report.metrics import metric_name
from benchmark.report.queries.changes import Changes, changes_of
from benchmark.report.table import Group
from benchmark.report.tables.columns import counts, words
from benchmark.report.tables.sheet import Line, Sheet

_NOTE = (
    "By the mean over the pairs. A query is gained where the arm finds an image of its class first "
    "in more of its runs than the baseline does, and lost where in fewer. Seeds alone move many "
    "single queries: an arm that erases at random shows how many."
)


def changes_sheet(group: Group) -> Sheet | None:
    """One line an arm; None where no pair stored the values of each query."""
    metric = group.main_metrics[0]
    lines = [
        Line(comparison.label, [row.label, *_numbers(found)])
        for comparison in group.comparisons
        for row in comparison.rows
        if (found := changes_of(row, metric)) is not None
    ]
    if not lines:
        return None
    columns = [
        words("Arm"),
        counts("Pairs"),
        counts("Classes better"),
        counts("Worse"),
        counts("Better in every pair"),
        counts("Worse in every pair"),
        counts("Queries gained"),
        counts("Queries lost"),
    ]
    title = f"Classes and queries in {metric_name(metric)} on {group.label}"
    return Sheet(f"{group.label}-class-changes", title, columns, lines, notes=[_NOTE])


def _numbers(found: Changes) -> list[int]:
    mean = found.by_class.mean(axis=0)
    return [
        len(found.by_class),
        int((mean > 0).sum()),
        int((mean < 0).sum()),
        int((found.by_class > 0).all(axis=0).sum()),
        int((found.by_class < 0).all(axis=0).sum()),
        int((found.by_query > 0).sum()),
        int((found.by_query < 0).sum()),
    ]
