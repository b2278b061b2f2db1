"""The small runs that `bench gpu` makes, and what must be equal between two of them."""

import contextlib
import io
import json
import signal
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file

from benchmark.bench.gpu.checks import Conditions
from benchmark.bench.gpu.runs.photographs import make_folder
from benchmark.run_config import RunConfig
from benchmark.suite.plan import plan
from benchmark.training import remove_checkpoints, train
from benchmark.training.hooks.record import Progress
from benchmark.training.interruption import Interruption, RunInterruptedError

_ARMS = """
arms = dict(
    baseline=dict(),
    dam=dict(similarity=dict(type="dam")),
    everything=dict(similarity=dict(type="dam", rule="all")),
    erasing=dict(rivals=[dict(type="random_erasing")]),
)
seeds = [0]
"""
_NOISE = """
cases = [
    dict(dataset="noise", recipe="glyphs", objectives=dict(norm_softmax=dict(type="norm_softmax"))),
    dict(
        dataset="noise",
        recipe="glyph_pairs",
        objectives=dict(
            multi_similarity=dict(type="multi_similarity"), triplet=dict(type="triplet")
        ),
    ),
]
"""
_PHOTOGRAPHS = """
cases = [
    dict(
        dataset="image_folder",
        recipe="proxy_anchor",
        objectives=dict(proxy_anchor=dict(type="proxy_anchor")),
    ),
    dict(
        dataset="image_folder",
        recipe="multi_similarity",
        objectives=dict(multi_similarity=dict(type="multi_similarity")),
    ),
]
"""
_SMALL = [
    *("epochs=2", "dim=32", "backbone.width=8", "sampler.classes=4", "sampler.samples=4"),
    *("dataset.classes=8", "dataset.images=24"),
]
_RESNET = [
    *("backbone.type=resnet50", "backbone.weights=null", "schedule.frozen=0"),
    *("schedule.milestones=[]", "epochs=2", "dataset.test_share=0.1"),
]
_RESNET_SMALL = [
    *("sampler.classes=6", "sampler.samples=4", "transform.size=128", "transform.resize=144"),
    "dataset.test_share=0.3",
]
Configs = dict[tuple[str, str], RunConfig]
"""Runs by objective and arm."""


@dataclass(frozen=True)
class Outcome:
    """What a run left: its result, its weights, and the loss of each step that it took."""

    result: dict[str, Any]
    weights: dict[str, torch.Tensor]
    steps: list[float]

    @property
    def losses(self) -> list[float]:
        """The mean loss of each epoch."""
        return [epoch["loss"] for epoch in self.result["history"]]

    def differences(self, other: "Outcome") -> str:
        """What differs from another run, in words; "" where nothing does."""
        names = {
            "metrics": self.result["metrics"] == other.result["metrics"],
            "losses": self.losses == other.losses,
            "digests": self.result["digests"] == other.result["digests"],
            "weights": self.weights.keys() == other.weights.keys()
            and all(torch.equal(self.weights[name], other.weights[name]) for name in self.weights),
        }
        return ", ".join(name for name, equal in names.items() if not equal)


def noise_runs(conditions: Conditions, *changes: str) -> Configs:
    """Runs of a second each, with proxies and pairs."""
    return _planned(conditions, "noise", _NOISE, [*_SMALL, *changes])


def small_photograph_runs(conditions: Conditions, *changes: str) -> Configs:
    """Runs of ResNet-50 on small crops of few photographs."""
    folder = conditions.work / "few photographs"
    if not folder.exists():
        make_folder(folder, conditions.data_root, 12, 20, conditions.quick)
    return _planned(
        conditions,
        "photographs",
        _PHOTOGRAPHS,
        [f"dataset.path={json.dumps(str(folder))}", *_RESNET, *_RESNET_SMALL, *changes],
    )


def photograph_runs(conditions: Conditions, folder: Path, *changes: str) -> Configs:
    """Runs of ResNet-50 under the suites' own recipes on the photographs in `folder`."""
    path = f"dataset.path={json.dumps(str(folder))}"
    return _planned(conditions, "photographs", _PHOTOGRAPHS, [path, *_RESNET, *changes])


def _planned(conditions: Conditions, name: str, cases: str, overrides: list[str]) -> Configs:
    path = conditions.work / f"{name}.py"
    path.write_text(cases + _ARMS, encoding="utf-8")
    runs = plan(str(path), overrides=overrides, device=conditions.device)
    return {(run.config.objective_name, run.config.arm): run.config for run in runs}


def changed(config: RunConfig, **changes: Any) -> RunConfig:
    """The configuration with some of its keys exchanged."""
    return RunConfig.model_validate({**dict(config), **changes})


def finished(config: RunConfig, folder: Path, loaders: int = 0) -> Outcome:
    """A run from its beginning, or from its last checkpoint in `folder`, to its end."""
    folder.mkdir(parents=True, exist_ok=True)
    losses: list[float] = []
    with contextlib.redirect_stdout(io.StringIO()):
        result = train(config, folder, lambda progress: losses.append(progress.loss), loaders)
    remove_checkpoints(folder)
    return Outcome(result, load_file(folder / "weights.safetensors"), losses)


def stopped(config: RunConfig, folder: Path, step: int, loaders: int = 0) -> int:
    """Begin a run, and ask it to end once the loss of a step is known; returns when it ended."""
    folder.mkdir(parents=True, exist_ok=True)
    interruption, last = Interruption(), 0

    def report(progress: Progress) -> None:
        nonlocal last
        last = progress.step
        if progress.step >= step and interruption.requested is None:
            interruption.request(signal.SIGTERM)

    with (
        contextlib.redirect_stdout(io.StringIO()),
        contextlib.suppress(RunInterruptedError),
    ):
        train(config, folder, report, loaders, interruption=interruption)
        raise RuntimeError(f"the run ended before it was stopped after step {step}")
    return last
