"""What is counted of elements while a run trains, and what is stored of them when evaluated."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from benchmark.analysis.selection import kept_elements
from benchmark.data.dataset import DataSet, Split
from benchmark.training import elements, train
from benchmark.training.checkpoint import WORK, Checkpoints
from benchmark.training.elements import (
    FILE,
    HALVES,
    Elements,
    Quality,
    read_elements,
    write_elements,
)
from benchmark.training.hooks.elements import EVERY, PAIRS, ElementsHook
from benchmark.training.hooks.record import Progress
from tests.training.small_runs import FEW_IMAGES, configured, finished, keep_in

SHORT = ["sampler.classes=20", "sampler.samples=5", "epochs=1"]


@pytest.fixture
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    keep_in(monkeypatch, tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("objective", "arm"),
    [("norm_softmax", "baseline"), ("multi_similarity", "dam")],
)
def test_a_run_stores_its_elements(runs: Path, objective: str, arm: str) -> None:
    config = configured(objective, arm, *SHORT)
    result, _ = finished(config, runs / "run")
    found = read_elements(runs / "run")
    assert found is not None
    assert bool(found.acts) == (arm == "dam")
    kept = int(np.ceil(0.8 * config.dim))
    assert found.kept.shape == (config.epochs, config.dim)
    assert found.kept.sum(1) == pytest.approx(kept)
    proxies = objective == "norm_softmax"
    assert found.kept_by_pair.shape == ((PAIRS if proxies else 0), config.dim)
    for row in found.kept_by_pair:
        assert row.sum() == pytest.approx(kept)
    assert found.removed[0] == 0
    # On up to 1,000 of the images that the metric is taken on.
    assert found.epochs.tolist() == [config.epochs]
    [without] = found.test_without_best
    assert without[0] == pytest.approx(result["metrics"]["recall@1"], abs=0.25)
    assert 1 <= found.test_dimension[0] <= config.dim


def test_what_is_counted_is_what_the_rule_keeps() -> None:
    from benchmark.training.building import build_model

    config = configured("norm_softmax", "dam", "similarity.type=dam", "similarity.keep=0.5")
    model = build_model(config, 30).train()
    hook = ElementsHook(model.loss, 30)
    hook.before_train_iter(_Runner(EVERY), 0)
    model.loss(torch.randn(4, config.dim), torch.arange(4))
    proxies = torch.nn.functional.normalize(model.loss.proxies.detach())
    expected = kept_elements(proxies, hook.pairs, "quantile", 0.5)
    hook.after_train_iter(_Runner(EVERY), 0)
    hook.after_train_epoch(_Runner(EVERY))
    counted = hook.counted()
    assert np.array_equal(counted["kept_by_pair"], expected.double().numpy())
    assert counted["kept"][0] == pytest.approx(expected.double().mean(0).numpy())


class _Runner:
    def __init__(self, step: int, steps: int = EVERY) -> None:
        self.iter = step
        self.train_dataloader = range(steps)


def test_every_epoch_is_looked_at_however_short() -> None:
    from benchmark.training.building import build_model

    config = configured("norm_softmax", "dam")
    model = build_model(config, 30).train()
    hook = ElementsHook(model.loss, 30)
    looked = []
    for step in range(4 * 3):
        hook.before_train_iter(_Runner(step, 3), step % 3)
        model.loss(torch.randn(4, config.dim), torch.arange(4))
        looked.append(hook._batch is not None)
        hook.after_train_iter(_Runner(step, 3), step % 3)
        if step % 3 == 2:
            hook.after_train_epoch(_Runner(step, 3))
    assert [step for step, one in enumerate(looked) if one] == [0, 3, 6, 9, 10]
    assert hook.counted()["kept"].shape == (4, config.dim)


def test_an_interrupted_run_stores_the_same(runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Every epoch is saved, however short.
    monkeypatch.setattr("benchmark.training.hooks.resume.APART", 0)
    monkeypatch.setattr("benchmark.training.hooks.resume.SHARE", 1e9)
    config = configured("norm_softmax", "dam", *FEW_IMAGES, "epochs=3", "evaluate_every=1")
    finished(config, runs / "whole")

    class _StoppedError(Exception):
        pass

    def stop(progress: Progress) -> None:
        if progress.epoch == 3:
            raise _StoppedError

    (runs / "broken").mkdir()
    with pytest.raises(_StoppedError):
        train(config, runs / "broken", stop)
    saved = Checkpoints(runs / "broken" / WORK, "broken", print).newest()
    assert saved is not None
    assert saved[1]["parts"]["quality"]["epochs"] == [1, 2]
    finished(config, runs / "broken")
    whole, broken = (np.load(runs / name / FILE) for name in ("whole", "broken"))
    assert set(whole.files) == set(broken.files)
    for name in whole.files:
        assert np.array_equal(whole[name], broken[name], equal_nan=True), name
    stored = read_elements(runs / "broken")
    assert stored is not None
    assert stored.epochs.tolist() == [1, 2, 3]
    for half in HALVES:  # the numbers are each epoch's own
        first, second, third = getattr(stored, f"{half}_variance_ratio")
        assert not np.array_equal(first, second) and not np.array_equal(second, third)


def test_an_epoch_without_statistics_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    split = Split(torch.zeros(8, 1), np.repeat([0, 1], 4))  # type: ignore[arg-type]
    dataset = DataSet(name="few", protocol="retrieval", note="", train=split, query=split)
    model: Any = SimpleNamespace(loss=SimpleNamespace(metric="euclidean"))
    features = torch.randn(8, 4, generator=torch.Generator().manual_seed(0))
    given = iter([features, features, features.log(), 2 * features, 2 * features])
    monkeypatch.setattr(elements, "embed", lambda *_, **__: next(given))
    quality = Quality(model, dataset, "cpu")
    assert [quality.take(epoch) for epoch in (1, 2, 4)] == [True, False, True]
    arrays = quality.arrays()
    assert arrays["epochs"].tolist() == [1, 4]
    assert arrays["train_recall"].shape == (2, 4)


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    assert read_elements(tmp_path) is None
    (tmp_path / FILE).write_bytes(b"PK nothing")
    with pytest.raises(ValueError, match=r"elements\.npz can't be read"):
        read_elements(tmp_path)
    np.savez(tmp_path / FILE, acts=np.array(True))
    lacking = r"elements\.npz can't be read \(it lacks kept, .*; another version may have"
    with pytest.raises(ValueError, match=lacking):
        read_elements(tmp_path)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"epochs": np.array([2, 1])}, "epochs must count from 1 and ascend"),
        ({"epochs": np.array([0, 1])}, "epochs must count from 1 and ascend"),
        ({"epochs": np.array([1.0, 2.0])}, "epochs must be a list of whole numbers"),
        ({"epochs": np.zeros(0, np.int64)}, "epochs must be a list of whole numbers"),
        ({"test_recall": np.zeros(3)}, r"test_recall must be \[2, 3\], not \[3\]"),
        ({"train_dimension": np.zeros(())}, r"train_dimension must be \[2\], not \[\]"),
        ({"test_without_best": np.zeros((2, 5))}, r"test_without_best must be \[2, 4\]"),
        ({"kept_by_pair": np.zeros((1, 3))}, "kept_by_pair"),
    ],
)
def test_a_file_of_another_shape_is_refused(
    tmp_path: Path, changes: dict[str, Any], reason: str
) -> None:
    arrays: dict[str, Any] = {
        "acts": np.array(True),
        "kept": np.zeros((2, 3)),
        "pairs": np.zeros((0, 2), np.int64),
        "kept_by_pair": np.zeros((0, 3)),
        "removed": np.arange(4),
        "epochs": np.array([1, 2]),
    }
    for half in HALVES:
        arrays |= {f"{half}_{name}": np.zeros((2, 3)) for name in ("variance_ratio", "recall")}
        arrays |= {
            f"{half}_dimension": np.zeros(2),
            f"{half}_without_best": np.zeros((2, 4)),
        }
    write_elements(tmp_path, Elements(**arrays))
    assert read_elements(tmp_path) is not None
    np.savez(tmp_path / FILE, **(arrays | changes))
    with pytest.raises(ValueError, match=rf"elements\.npz can't be read \(.*{reason}"):
        read_elements(tmp_path)
