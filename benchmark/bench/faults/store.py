"""The small suite that is made and killed, and when two stores of it are the same."""

import json
from pathlib import Path
from typing import Any

from benchmark.suite.plan import PlannedRun, plan
from benchmark.suite.store.runs import read_runs
from benchmark.suite.store.upkeep import check_store

_SUITE = """
cases = [
    dict(dataset="noise", recipe="glyphs", objectives=dict(norm_softmax=dict(type="norm_softmax"))),
    dict(
        dataset="noise",
        recipe="glyph_pairs",
        objectives=dict(multi_similarity=dict(type="multi_similarity")),
        changes=dict(memory=dict(size=24, start=0.2)),
    ),
]
arms = dict(
    baseline=dict(),
    random=dict(similarity=dict(type="dam", rule="random")),
)
seeds = [0]
"""
_SMALL = ["epochs=2", "dim=8", "backbone.width=2", "sampler.classes=4", "sampler.samples=4"]


def planned(folder: Path) -> list[PlannedRun]:
    """Four runs of a second each, with proxies, pairs and a memory; their suite's file is here."""
    path = folder / "faults.py"
    path.write_text(_SUITE, encoding="utf-8")
    return plan(str(path), overrides=_SMALL, device="cpu")


def outcome(out: Path) -> dict[str, Any]:
    """All that a run is to leave, however often it was killed; by its id."""
    found = {}
    for run in read_runs(out).runs:
        losses = [epoch.loss for epoch in run.history]
        found[run.id] = json.dumps(
            {
                "state": run.state,
                "metrics": run.metrics,
                "untrained": run.untrained,
                "losses": losses,
                "digests": run.digests,
                "weights": run.result.files["weights.safetensors"] if run.result.files else None,
                "queries": run.result.files["per_query.npz"] if run.result.files else None,
                "warnings": run.warnings,
            },
            sort_keys=True,
        )
    return found


def differences(out: Path, expected: dict[str, Any]) -> list[str]:
    """What is otherwise in `out` than it should be after an uninterrupted suite."""
    found = outcome(out)
    wrong = [f"{name} is missing" for name in expected.keys() - found.keys()]
    wrong += [
        f"{name} differs: {found[name]}"
        for name, content in expected.items()
        if name in found and found[name] != content
    ]
    for checked in check_store(out):
        wrong += [f"{checked.folder.name}: {fault}" for fault in (*checked.faults, *checked.notes)]
        wrong += [
            f"{checked.folder.name}: {path.name} stayed"
            for path in checked.folder.glob("claim-*.json")
        ]
    return wrong
