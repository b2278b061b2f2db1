"""The runs that a report is on."""

from collections.abc import Collection

from benchmark.errors import UserError
from benchmark.suite.store.runs import Stored
from benchmark.validation import known, shown


def runs_on(stored: Stored, datasets: Collection[str]) -> Stored:
    """The runs on these data sets alone. Raises UserError for one on which there is none."""
    present = sorted({run.config.dataset.type for run in stored.runs})
    for name in datasets:
        if name not in present:
            raise UserError(f"--only: no run is on {shown(name)}. {known(name, present)}")
    kept = [run for run in stored.runs if run.config.dataset.type in datasets]
    return Stored(kept, stored.damaged)
