"""The tables of this folder, and what its rule says, from the runs of `remake.sh`.

Usage: python results/readings/tables.py OUT [FOLDER], with the folder that the runs lie in and, for
runs that the rule isn't about, the folder that gets the three tables alone.
"""

import csv
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmark.report.grouping import build_table
from benchmark.report.metrics import metric_name
from benchmark.report.pairing import pair
from benchmark.report.search.trials import Searched, searches
from benchmark.report.statistics.interval import Interval, paired_interval
from benchmark.report.statistics.stored_queries import over_classes
from benchmark.report.table import Comparison, Group, arm_order
from benchmark.suite.store.runs import read_runs

HERE = Path(__file__).parent
MARGIN, LOSS = 0.003, 0.01
"""Of the rule, in shares of one: what a candidate is ahead, and what it may lose on a data set."""
CONTROLS = ("baseline", "shrunk", "random", "rule=inverse", "mapping=naive_feature")
REFERENCES = ("baseline", "shrunk")
OWN = "own shrunk"
"""The control that is as hard as a reading itself, in place of the default."""
KINDS = {"norm_softmax": "proxies", "triplet": "pairs"}

Best = dict[str, dict[str, float]]
"""An arm's best mean over the folds, by data set."""


def main(out: Path, folder: Path = HERE) -> None:
    """Write folds.csv, tests.csv, runs.csv and, here, rule.txt.

    Arms whose search isn't complete are left out of folds.csv.
    """
    stored = read_runs(out)
    folds = [
        {
            "data set": searched.dataset,
            "objective": searched.objective,
            "arm": arm,
            "setting": ", ".join(f"{key}={value}" for key, value in trial.values.items()),
            **{f"fold {fold}": f"{one:.6f}" for fold, one in trial.folds.items()},
            "mean": f"{trial.mean:.6f}",
            "chosen": "yes" if trial is searched.best(arm) else "",
        }
        for searched in searches(stored.runs)
        for arm in sorted(searched.trials, key=arm_order)
        if _complete(searched, arm)
        for trial in sorted(searched.trials[arm], key=lambda one: list(one.values.values()))
    ]
    if not folds:
        sys.exit(f"{out}: no arm's search is complete; give it to remake.sh, which goes on with it")
    _write(folder / "folds.csv", folds)
    groups = build_table(stored).groups
    tests = [
        line | {"data set": group.label}
        for group in groups
        for comparison in group.comparisons
        for metric in group.main_metrics
        for line in _tests(comparison, metric)
    ]
    _write(folder / "tests.csv", [{"data set": line.pop("data set"), **line} for line in tests])
    _write(folder / "runs.csv", [line for group in groups for line in _runs(group)])
    if not folder.samefile(HERE):
        return
    lines = [line for objective in KINDS for line in _verdict(objective, folds)]
    (HERE / "rule.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(*lines, sep="\n")


def _complete(searched: Searched, arm: str) -> bool:
    """Whether all folds of as many trials as the longest search has are measured."""
    longest = max(map(len, searched.trials.values()))
    return len(searched.trials[arm]) == longest and not any(
        trial.missing for trial in searched.trials[arm]
    )


def _tests(comparison: Comparison, metric: str) -> Iterator[dict[str, Any]]:
    """Each arm of an objective on the test half, and its differences to the references."""
    rows = {row.arm: row for row in comparison.rows}
    for arm, row in rows.items():
        summary = row.summary(metric)
        if not summary.n:
            continue
        line = {
            "objective": comparison.config.objective_name,
            "arm": arm,
            "metric": metric_name(metric),
            "seeds": summary.n,
            "mean": f"{summary.mean:.6f}",
            "untrained": f"{row.untrained(metric).mean:.6f}",
        }
        own = f"shrunk, {arm.replace('=', ' ')}"
        for reference, other in [*((one, one) for one in REFERENCES), (OWN, own)]:
            found, wider = None, None
            if other in rows and arm != other:
                pairs = pair(row.runs, rows[other].runs)
                found = paired_interval(list(pairs.differences(metric).values()))
                wider = over_classes(pairs, metric)
            line |= _interval(f"minus {reference}", found)
            line |= _interval(f"minus {reference} over classes too", wider)
        yield line


def _interval(name: str, interval: Interval | None) -> dict[str, str]:
    """The columns of a difference and its 95 % interval; empty without one."""
    known = interval is not None and interval.n > 1
    return {
        f"{name}{'' if key == 'mean' else f' {key}95'}": (
            f"{getattr(interval, key):+.6f}" if known else ""
        )
        for key in ("mean", "low", "high")
    }


def _runs(group: Group) -> Iterator[dict[str, Any]]:
    """Each run on the test half, with which any difference can be computed anew."""
    for comparison in group.comparisons:
        for row in comparison.rows:
            for seed, run in sorted(row.runs.items()):
                if run.state == "finished":
                    yield {
                        "data set": group.label,
                        "objective": comparison.config.objective_name,
                        "arm": row.arm,
                        "settings": row.settings,
                        "seed": seed,
                        "weights": run.digests["final_weights"],
                        "commit": run.environment.commit,
                        **{name: f"{value:.6f}" for name, value in run.metrics.items()},
                    }


def _verdict(objective: str, folds: list[dict[str, Any]]) -> Iterator[str]:
    """What the rule of README.md says for the readings under an objective.

    On all data sets together, of the arms that were searched on each; then on those of them on
    which more arms were; and on each by itself.
    """
    best: Best = defaultdict(dict)
    for line in folds:
        if line["objective"] == objective and line["chosen"]:
            best[line["arm"]][line["data set"]] = float(line["mean"])
    sets = set.intersection(*(set(best[arm]) for arm in REFERENCES))
    if not sets:
        yield f"{KINDS[objective]}, under {objective}: the search isn't complete"
    together = {frozenset(sets & set(one)) for one in best.values()} | {
        frozenset([one]) for one in sets
    }
    for some in sorted(map(sorted, together - {frozenset()}), key=lambda one: (-len(one), one)):
        shared = {arm: one for arm, one in best.items() if set(some) <= set(one)}
        yield f"{KINDS[objective]}, under {objective}, on {' and '.join(some)}:"
        yield from _choice(some, shared)


def _choice(sets: list[str], best: Best) -> Iterator[str]:
    """The arms by their mean on the folds, and which one the rule chooses."""
    means = {arm: sum(one[name] for name in sets) / len(sets) for arm, one in best.items()}
    for arm in sorted(means, key=means.__getitem__, reverse=True):
        yield f"  {arm}: {100 * means[arm]:.2f}"
    ahead = max(means[arm] for arm in REFERENCES) + MARGIN
    candidates = [
        arm
        for arm in means
        if arm not in CONTROLS
        and not arm.startswith("shrunk,")
        and means[arm] >= ahead
        and all(best[arm][one] >= best["baseline"][one] - LOSS for one in sets)
    ]
    if not candidates:
        yield "  no candidate: nothing is chosen, and the default stays"
        return
    chosen = max(candidates, key=means.__getitem__)
    if "dam" in candidates and means[chosen] <= means["dam"] + MARGIN:
        chosen = "dam"
    yield f"  chosen: {chosen}"
    equal = [arm for arm in ("random", "rule=inverse") if means.get(arm, 0) >= means[chosen]]
    if equal:
        yield f"  at least as good, and controls: {', '.join(equal)}"


def _write(path: Path, lines: list[dict[str, Any]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(dict.fromkeys(key for line in lines for key in line)))
        writer.writeheader()
        writer.writerows(lines)


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
