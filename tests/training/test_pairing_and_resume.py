"""Paired runs, end to end on a few classes: what must be equal, and exact resume."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from benchmark.data.dataset import DataSet, Split
from benchmark.data.rendered.glyphs import GlyphAugmentation, GlyphImages
from benchmark.errors import UserError
from benchmark.suite.plan import plan
from benchmark.training import Progress, train
from benchmark.training.building import build_model, build_optimiser

SMALL = [
    "epochs=2",
    "dim=16",
    "backbone.width=4",
    "sampler.classes=4",
    "sampler.samples=4",
]


@pytest.fixture(autouse=True)
def few_classes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Eight training and six test classes of noise around a picture each, in place of glyphs."""
    random = np.random.default_rng(0)
    means = random.integers(40, 215, (14, 1, 32, 32))
    noise = random.integers(-40, 41, (14, 12, 32, 32))
    grey = (means + noise).astype(np.uint8).reshape(-1, 32, 32)
    labels = np.repeat(np.arange(14), 12)
    few = DataSet(
        name="few",
        protocol="retrieval",
        note="noise",
        train=Split(GlyphImages(grey[:96], GlyphAugmentation()), labels[:96]),
        query=Split(GlyphImages(grey[96:]), labels[96:]),
    )
    monkeypatch.setattr("benchmark.training.run.load_dataset", lambda config: few)


def configured(objective: str, arm: str, *changes: str, seed: int = 0) -> dict[str, Any]:
    runs = plan("smoke", overrides=[*SMALL, *changes], seeds=[seed], device="cpu")
    found = [
        run.config
        for run in runs
        if (run.config["objective_name"], run.config["arm"]) == (objective, arm)
    ]
    assert len(found) == 1
    return found[0]


def finished(
    config: dict[str, Any], folder: Path
) -> tuple[dict[str, Any], dict[str, torch.Tensor]]:
    folder.mkdir()
    result = train(config, folder, lambda progress: None)
    return result, load_file(folder / "weights.safetensors")


@pytest.mark.parametrize(
    "objective", ["norm_softmax", "proxy_anchor", "multi_similarity", "triplet"]
)
def test_arms_are_paired_and_all_is_the_baseline(objective: str, tmp_path: Path) -> None:
    baseline, weights = finished(configured(objective, "baseline"), tmp_path / "baseline")
    everything = "arms.dam.similarity.rule=all"
    same, same_weights = finished(configured(objective, "dam", everything), tmp_path / "all")
    assert same["digests"] == baseline["digests"]
    assert same["metrics"] == baseline["metrics"]
    assert [e["loss"] for e in same["history"]] == [e["loss"] for e in baseline["history"]]
    assert weights.keys() == same_weights.keys()
    assert all(torch.equal(weights[name], same_weights[name]) for name in weights)

    for arm in ("dam", "random"):
        other, _ = finished(configured(objective, arm), tmp_path / arm)
        assert other["untrained"] == baseline["untrained"]
        for digest in ("initial_weights", "batches"):
            assert other["digests"][digest] == baseline["digests"][digest]
        assert other["digests"]["final_weights"] != baseline["digests"]["final_weights"]


def test_seeds_change_weights_and_batches(tmp_path: Path) -> None:
    first, _ = finished(configured("triplet", "baseline"), tmp_path / "0")
    second, _ = finished(configured("triplet", "baseline", seed=1), tmp_path / "1")
    assert first["digests"]["initial_weights"] != second["digests"]["initial_weights"]
    assert first["digests"]["batches"] != second["digests"]["batches"]


class StopError(Exception):
    pass


def interrupted(config: dict[str, Any], folder: Path, loaders: int = 0) -> dict[str, Any]:
    """The result of a run that is stopped in its last epoch and resumed."""

    def stop(progress: Progress) -> None:
        if progress.epoch == progress.epochs:
            raise StopError

    folder.mkdir()
    with pytest.raises(StopError):
        train(config, folder, stop, loaders)
    epochs: list[int] = []
    torch.manual_seed(12345)  # what another program may have done meanwhile
    result = train(config, folder, lambda progress: epochs.append(progress.epoch), loaders)
    assert set(epochs) == {config["epochs"]}
    return result


def same(found: dict[str, Any], expected: dict[str, Any]) -> bool:
    """Whether two results are equal but for their times."""
    losses = [[epoch["loss"] for epoch in one["history"]] for one in (found, expected)]
    kept = ("digests", "metrics", "untrained")
    return losses[0] == losses[1] and all(found[key] == expected[key] for key in kept)


@pytest.mark.parametrize("arm", ["baseline", "random"])
def test_resumed_run_equals_an_uninterrupted_one(arm: str, tmp_path: Path) -> None:
    config = configured("norm_softmax", arm, "epochs=3")
    expected, weights = finished(config, tmp_path / "through")
    assert same(interrupted(config, tmp_path / "broken"), expected)
    found = load_file(tmp_path / "broken" / "weights.safetensors")
    assert all(torch.equal(weights[name], found[name]) for name in weights)


@pytest.mark.parametrize("arm", ["random", "dropout", "drop_block", "random_erasing"])
def test_what_an_arm_draws_is_the_same_with_loaders_and_after_a_resume(
    arm: str, tmp_path: Path
) -> None:
    rival = [] if arm == "random" else [f'rivals=[{{"type": "{arm}"}}]']
    config = configured("norm_softmax", "random" if arm == "random" else "baseline", *rival)
    expected, _ = finished(config, tmp_path / "through")
    assert same(interrupted(config, tmp_path / "broken"), expected)
    (tmp_path / "loaders").mkdir()
    found = train(config, tmp_path / "loaders", lambda progress: None, loaders=2)
    assert same(found, expected)
    assert same(interrupted(config, tmp_path / "broken_loaders", loaders=2), expected)


def test_folder_holds_weights_and_log_and_no_checkpoint(tmp_path: Path) -> None:
    result, weights = finished(configured("proxy_anchor", "dam"), tmp_path / "run")
    assert sorted(path.name for path in (tmp_path / "run").iterdir()) == [
        "log.txt",
        "weights.safetensors",
    ]
    assert "Epoch(train)" in (tmp_path / "run" / "log.txt").read_text()
    assert weights["loss.proxies"].shape == (8, 16)
    assert [entry["epoch"] for entry in result["history"]] == [1, 2]
    assert result["dataset"]["train_classes"] == 8
    assert result["dataset"]["query_images"] == 72


def test_a_loss_that_is_no_number_is_refused(tmp_path: Path) -> None:
    config = configured("norm_softmax", "baseline", "optimiser.lr=1e30")
    with pytest.raises(UserError, match="the loss became nan in epoch 1, step"):
        finished(config, tmp_path / "run")


def test_every_parameter_is_in_a_group_and_proxies_have_their_rate() -> None:
    config = configured("norm_softmax", "baseline")
    model = build_model(config, classes=8)
    groups = build_optimiser(config, model).optimizer.param_groups
    held = {id(p) for group in groups for p in group["params"]}
    assert held == {id(p) for p in model.parameters()}
    rates = {id(p): group["lr"] for group in groups for p in group["params"]}
    rate = config["optimiser"]["lr"]
    assert rates[id(model.loss.proxies)] == rate * config["proxy_rate"]
    assert rates[id(model.embedding.weight)] == rate
