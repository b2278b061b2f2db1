"""winners.json: what a search found, and from what."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmark.durable import write_json
from benchmark.suite.tuning.search import SearchPlan, Winner

FILE = "winners.json"


def write_winners(out: Path, found: SearchPlan, winners: Sequence[Winner]) -> Path:
    """Write the winners' file into `out`. Raises UserError where it can't be written."""
    path = out / FILE
    write_json(
        path,
        {
            "suite": found.suite,
            "search": found.search.model_dump(mode="json"),
            "seeds": list(found.seeds),
            "winners": [_entry(winner) for winner in winners],
        },
    )
    return path


def _entry(winner: Winner) -> dict[str, Any]:
    outcome = winner.outcome
    trial, base = outcome.trial, outcome.trial.track.base
    return {
        "dataset": base.dataset.type,
        "recipe": base.recipe,
        "objective": base.objective_name,
        "arm": base.arm,
        "trial": trial.number,
        "values": trial.values,
        "metric": outcome.metric,
        "mean": outcome.mean,
        "folds": list(outcome.folds),
        "trials": winner.trials,
        "failed": winner.failed,
        "search_runs": [run.id for run in trial.runs],
        "runs": [run.id for run in winner.runs],
    }
