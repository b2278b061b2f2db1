"""The remarks that a reader of a data set's numbers needs."""

from collections.abc import Collection, Iterator

from benchmark.printable import printable
from benchmark.report.facts import off_recipe
from benchmark.report.kept.stored import element_faults
from benchmark.report.metrics import metric_name
from benchmark.report.numbers import listed, plural
from benchmark.report.statistics.stored_queries import query_faults
from benchmark.report.table import Comparison, Group, Row
from benchmark.suite.store.runs import StoredRun

UNFINISHED = ("failed", "interrupted", "going on", "not run")
"""The states of runs without a result."""
INTERVAL = (
    "Δ is the mean over seeds of arm minus baseline at the same seed, with the 95 % paired "
    "t-interval of that mean"
)


def seeds(row: Row) -> str:
    """The number of finished seeds, and in parentheses of those in another state."""
    others = [f"{len(runs)} {state}" for state in UNFINISHED if (runs := row.in_state(state))]
    return f"{len(row.finished)} ({', '.join(others)})" if others else str(len(row.finished))


def legend(group: Group) -> list[str]:
    """What a reader must know of the group's numbers."""
    numbers = sorted({run.config.seed for run in group.runs})
    epochs = sorted({one.shared["epochs"] for one in group.comparisons})
    pairs = sorted({len(row.pairs.runs) for row in group.rows if row.pairs and row.pairs.runs})
    spread = " ± sample standard deviation" if len(numbers) > 1 else ""
    over = f"seed{'s' * (len(numbers) > 1)} {listed(numbers)}"
    sentences = [f"Per cent, mean{spread} over {over}, after {_last(epochs)}."]
    if pairs:
        count = plural(pairs[-1], "pair")
        if pairs[0] != pairs[-1]:
            count = f"{pairs[0]}–{count}"
        sentences.append(f"{INTERVAL} (percentage points, {count}).")
    elif any(row.pairs for row in group.rows):
        sentences.append("No arm has a pair with its baseline, so there is no difference to show.")
    sentences += _off_recipes(group)
    if group.note:
        sentences.append(f"{group.label}: {group.note}")
    return sentences


def _off_recipes(group: Group) -> Iterator[str]:
    """In what runs differ from their recipes, one sentence a recipe and difference."""
    found: dict[tuple[str, str], list[str]] = {}
    for comparison in group.comparisons:
        changes = ", ".join(off_recipe(comparison.config))
        if changes:
            found.setdefault((comparison.config.recipe, changes), []).append(comparison.label)
    for (recipe, changes), labels in found.items():
        yield printable(f"Not as in the recipe {recipe}: {changes} ({'; '.join(labels)}).")


def _last(epochs: list[int]) -> str:
    """Which epoch the values are those of."""
    if epochs == [1]:
        return "a single epoch"
    if len(epochs) == 1:
        return f"the last of {epochs[0]} epochs"
    return f"the last epoch, of {epochs[0]} to {epochs[-1]}"


def remarks(group: Group) -> list[str]:
    """Rows that lack runs or pairs, one line each."""
    lines = []
    for comparison in group.comparisons:
        for row in comparison.rows:
            where = f"{comparison.label}, {row.label}"
            lines += [
                f"{where}, seed {run.config.seed} failed: {_error(run)}"
                for run in row.in_state("failed")
            ]
            for state in UNFINISHED[1:]:
                seeds = [run.config.seed for run in row.in_state(state)]
                if seeds:
                    lines.append(f"{where}: {state} (seed{'s' * (len(seeds) > 1)} {listed(seeds)})")
            found = (*row.notes, *gaps(group, comparison, row), *_flags(row))
            lines += [f"{where}: {note}" for note in found]
    return lines


def _flags(row: Row) -> Iterator[str]:
    """What was wrong with runs that ended, and what changed between attempts at one."""
    for seed, run in row.runs.items():
        for fault in (*query_faults(run), *element_faults(run)):
            yield f"seed {seed}: {printable(fault)}"
        for warning in run.warnings:
            yield f"seed {seed}: {printable(warning)}"
        for change in run.changed_between_attempts():
            yield f"seed {seed}: {printable(change)}"


def _error(run: StoredRun) -> str:
    return printable(" ".join((run.error or "no error message").split()))


def gaps(group: Group, comparison: Comparison, row: Row) -> list[str]:
    """Which numbers of a row come from other seeds than a reader would expect."""
    found: dict[str, list[str]] = {}
    baseline = comparison.baseline
    for metric in group.metrics:
        values, differences = set(row.values(metric)), set(row.differences(metric))
        finished = {seed for seed, run in row.runs.items() if run.state == "finished"}
        if not values and metric not in group.main_metrics:
            continue  # it wasn't measured
        gaps_of_metric = []
        if finished - values:
            gaps_of_metric.append(f"no value {seed_list(finished - values)}")
        beside = set(baseline.values(metric)) if baseline else set()
        if differences and (values != differences or beside != differences):
            means = f"the mean is {over_seeds(values)}"
            if values != beside:
                means += f", the baseline's {over_seeds(beside)}"
            gaps_of_metric.append(f"{means}, Δ {over_seeds(differences)}")
        for one in gaps_of_metric:
            found.setdefault(one, []).append(metric_name(metric))
    return [f"{', '.join(names)}: {one}" for one, names in found.items()]


def seed_list(seeds: Collection[int]) -> str:
    """Some seeds by number."""
    return f"in seed{'s' * (len(seeds) > 1)} {listed(seeds)}"


def over_seeds(seeds: Collection[int]) -> str:
    """The seeds that a mean was taken over."""
    return f"over seed{'s' * (len(seeds) > 1)} {listed(seeds)}"
