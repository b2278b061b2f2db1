"""What is counted of elements while a run trains, and what is stored of them at its end."""

from pathlib import Path

import numpy as np
import pytest
import torch

from benchmark.analysis.selection import kept_elements
from benchmark.training import train
from benchmark.training.elements import FILE, read_elements
from benchmark.training.hooks.elements import EVERY, PAIRS, ElementsHook
from benchmark.training.hooks.record import Progress
from tests.training.small_runs import configured, finished, keep_in

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
    assert found.test_without_best[0] == pytest.approx(result["metrics"]["recall@1"], abs=0.25)
    assert 1 <= found.test_dimension <= config.dim


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
    def __init__(self, step: int) -> None:
        self.iter = step


def test_an_interrupted_run_counts_the_same(runs: Path) -> None:
    config = configured("norm_softmax", "dam", *SHORT, "epochs=2")
    finished(config, runs / "whole")

    class _StoppedError(Exception):
        pass

    def stop(progress: Progress) -> None:
        if progress.epoch == 2:
            raise _StoppedError

    (runs / "broken").mkdir()
    with pytest.raises(_StoppedError):
        train(config, runs / "broken", stop)
    finished(config, runs / "broken")
    whole, broken = (np.load(runs / name / FILE) for name in ("whole", "broken"))
    assert set(whole.files) == set(broken.files)
    for name in whole.files:
        assert np.array_equal(whole[name], broken[name], equal_nan=True), name


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    assert read_elements(tmp_path) is None
    (tmp_path / FILE).write_bytes(b"PK nothing")
    with pytest.raises(ValueError, match=r"elements\.npz can't be read"):
        read_elements(tmp_path)
    np.savez(tmp_path / FILE, acts=np.array(True))
    with pytest.raises(ValueError, match=r"elements\.npz can't be read"):
        read_elements(tmp_path)
