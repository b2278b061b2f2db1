"""The table of cues: what an arm holds of each, beside its baseline."""

from benchmark.report.cues.known import HEADLINES, accuracies_of
from benchmark.report.metrics import metric_name
from benchmark.report.reading import seeds
from benchmark.report.table import Group
from benchmark.report.tables.columns import counts, differences, means, words
from benchmark.report.tables.sheet import Line, Sheet


def cues_sheet(group: Group) -> Sheet | None:
    """One line an arm: the measures of cues with their paired differences, then single cues.

    None where no cues are known.
    """
    single = accuracies_of(group)
    if not single:
        return None
    columns = [words("Arm"), counts("Seeds")]
    for metric in HEADLINES:
        columns += [means(metric_name(metric)), differences(f"Δ {metric_name(metric)}")]
    columns += [means(metric_name(metric)) for metric in single]
    lines = []
    for comparison in group.comparisons:
        for row in comparison.rows:
            values: list[object] = [row.label, seeds(row)]
            for metric in HEADLINES:
                values += [row.summary(metric), row.difference(metric)]
            values += [row.summary(metric) for metric in single]
            lines.append(Line(comparison.label, values))
    return Sheet(f"{group.label}-cues", f"Cues on {group.label}", columns, lines)
