"""Runs of the default suite made small enough for a second each."""

from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from benchmark.run_config import RunConfig
from benchmark.suite.plan import plan
from benchmark.training import remove_checkpoints, train

SMALL = [
    "epochs=2",
    "dim=16",
    "backbone.width=4",
    "sampler.classes=4",
    "sampler.samples=4",
]
FEW_IMAGES = [
    "dataset={'type': 'cues', 'cues': 6, 'images': 4}",
    "transform={'type': 'as_drawn'}",
    "backbone={'type': 'cuenet', 'width': 4}",
]
"""Another data set, for runs that are evaluated often."""


def keep_in(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """Keep the metrics before training in `folder`; the rest of the cache serves all tests."""
    monkeypatch.setattr("benchmark.evaluation.untrained.cache_folder", lambda: folder)


def configured(objective: str, arm: str, *changes: str, seed: int = 0) -> RunConfig:
    """The configuration of a run of the default suite, made small and changed."""
    runs = plan("smoke", overrides=[*SMALL, *changes], seeds=[seed], device="cpu")
    found = [
        run.config
        for run in runs
        if (run.config.objective_name, run.config.arm) == (objective, arm)
    ]
    assert len(found) == 1
    return found[0]


def finished(
    config: RunConfig, folder: Path, **options: Any
) -> tuple[dict[str, Any], dict[str, torch.Tensor]]:
    """The result and the weights of a run that is made in `folder` without a break."""
    folder.mkdir(exist_ok=True)
    result = train(config, folder, lambda progress: None, **options)
    remove_checkpoints(folder)
    return result, load_file(folder / "weights.safetensors")
