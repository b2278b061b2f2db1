"""Seeds until the differences are precise: the rule of `run --precision`.

An interval whose number of pairs depends on what they show holds its mean less often than it says,
the less the earlier it may stop (Chow and Robbins, Annals of Mathematical Statistics 36, 1965, have
it right in the limit of narrow intervals alone). So the rule looks at widths and never at signs or
means, and a row has at least `FEWEST` pairs before it may end; docs/statistics.md has what coverage
remains.
"""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from benchmark.durable import write_json
from benchmark.errors import UserError
from benchmark.report.statistics.interval import Interval
from benchmark.report.table import Group, Row, Table
from benchmark.suite.plan import PlannedRun
from benchmark.validation import Part, validated

FILE = "precision.json"
"""The file of an output folder that keeps the rule for later reports."""
FEWEST = 5
"""The pairs that a row has at least before its width may end it."""

Ending = Literal["width", "seeds", "no pair", "open"]


class Precision(Part):
    """The rule: a half-width to reach, and the number of seeds at which a row ends without it."""

    half_width: Annotated[float, Field(gt=0, le=1)]
    """That of the 95 % interval of each main metric's difference, as a fraction."""
    max_seeds: Annotated[int, Field(ge=2, le=100_000)]
    """Seeds of a row at most."""

    def ending(self, group: Group, row: Row) -> Ending:
        """What ended an arm of a comparison; "open" where it needs another seed."""
        intervals = [row.difference(metric) for metric in group.main_metrics]
        if self.reached(intervals):
            return "width"
        if len(row.runs) >= self.max_seeds:
            return "seeds"
        return "no pair" if len(row.runs) >= FEWEST and not any(i.n for i in intervals) else "open"

    def reached(self, intervals: Iterable[Interval]) -> bool:
        """Whether all are narrow enough, and of enough pairs."""
        return all(one.n >= FEWEST and one.half_width <= self.half_width for one in intervals)

    def store(self, out: Path) -> None:
        """Keep the rule for later reports on `out`."""
        write_json(out / FILE, self.model_dump())


def read_precision(out: Path) -> Precision | None:
    """The rule by which the runs in `out` were made; None without one.

    Raises UserError where its file is damaged.
    """
    path = out / FILE
    try:
        return validated(Precision, json.loads(path.read_text(encoding="utf-8")), FILE)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, UserError) as error:
        raise UserError(f"{path} can't be read ({error}). Remove it.") from error


def wanting(table: Table, rule: Precision, runs: list[PlannedRun]) -> list[PlannedRun]:
    """Those of `runs`, one of each arm, whose arm needs another seed; with them its baseline."""
    wanted: set[str] = set()
    for group in table.groups:
        for comparison in group.comparisons:
            wide = [
                row for row in comparison.rows if row.pairs and rule.ending(group, row) == "open"
            ]
            if wide and comparison.baseline is not None:
                rows = [comparison.baseline, *wide]
                stored = [run for row in rows for run in row.runs.values()]
                wanted.update(PlannedRun(run.config).id for run in stored)
    return [run for run in runs if run.id in wanted]


def with_seed(runs: list[PlannedRun], seed: int) -> list[PlannedRun]:
    """The same runs with another seed."""
    return [PlannedRun(run.config.model_copy(update={"seed": seed})) for run in runs]
