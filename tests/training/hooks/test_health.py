"""Runs that end without having trained say so, and none that has trained does."""

from pathlib import Path
from typing import Any

import pytest
import torch
from small_runs import configured, finished
from torch import nn

from benchmark.training.hooks.health import HealthHook, evaluation_warnings

few = pytest.mark.usefixtures("few_classes")


def warned(result: dict[str, Any], words: str) -> bool:
    return any(words in warning for warning in result["warnings"])


@few
@pytest.mark.parametrize("objective", ["norm_softmax", "multi_similarity"])
def test_a_run_that_trains_has_no_warning(objective: str, tmp_path: Path) -> None:
    result, _ = finished(configured(objective, "dam", "epochs=4"), tmp_path / "run")
    assert result["warnings"] == []


@few
def test_a_loss_that_never_moves(tmp_path: Path) -> None:
    """With one image a class there is no positive, so a triplet loss is 0 in every step."""
    config = configured("triplet", "baseline", "sampler.samples=1")
    result, _ = finished(config, tmp_path / "run")
    assert warned(result, "the loss never moved: it was 0 in every step")
    assert warned(result, "parameters that never got a gradient: backbone")


@few
def test_a_network_that_got_worse_or_collapsed(tmp_path: Path) -> None:
    config = configured("norm_softmax", "baseline", "optimiser.lr=1e4")
    result, _ = finished(config, tmp_path / "run")
    assert warned(result, "worse than the untrained network: recall@1")
    assert warned(result, "the embedding collapsed")


@few
def test_nothing_reaches_what_lies_behind_a_full_dropout(tmp_path: Path) -> None:
    everything = "arms.erased={'rivals': [{'type': 'dropout', 'p': 1.0}]}"
    result, _ = finished(configured("norm_softmax", "erased", everything), tmp_path / "run")
    assert warned(result, "parameters that never got a gradient")


@few
def test_warnings_survive_a_resume(tmp_path: Path) -> None:
    """The second half alone would not know that parameters were reached in the first."""
    health = HealthHook()
    health.lowest, health.highest, health.reached = 1.0, 2.0, {"weight"}
    again = HealthHook()
    again.load_state_dict(health.state_dict())
    assert (again.lowest, again.highest, again.reached) == (1.0, 2.0, {"weight"})


def test_parameters_without_a_gradient_or_a_group_are_named() -> None:
    model = nn.ModuleDict({"a": nn.Linear(2, 2, bias=False), "b": nn.Linear(2, 2)})
    model["b"].bias.requires_grad_(False)
    health = HealthHook()
    health.lowest, health.highest = 0.5, 0.7
    health.reached = {"a.weight"}
    optimiser = torch.optim.SGD(model["b"].parameters(), lr=0.1)
    assert health.warnings(model, optimiser) == [
        "parameters that never got a gradient: b.weight",
        "parameters that no optimiser group holds: a.weight",
    ]


def test_features_that_are_alike_or_not_finite_are_named() -> None:
    generator = torch.Generator().manual_seed(0)
    spread = torch.randn(50, 8, generator=generator)
    alike = torch.ones(50, 8) + 1e-4 * spread
    assert evaluation_warnings(spread, {"recall@1": 0.5}, {"recall@1": 0.4}) == []
    (warning,) = evaluation_warnings(alike, {}, {})
    assert "collapsed" in warning
    (warning,) = evaluation_warnings(spread.log(), {}, {})
    assert "aren't finite" in warning
    (warning,) = evaluation_warnings(spread, {"map": 0.1, "minp": 0.1}, {"map": 0.2, "minp": 0.3})
    assert warning == "worse than the untrained network: map 10.0 % after 20.0 %"
