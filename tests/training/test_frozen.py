"""Training on the features of a network that isn't trained."""

from pathlib import Path

import numpy as np
import pytest
import torch
from small_runs import finished

from benchmark.data.cache_folder import VARIABLE
from benchmark.data.features import FeatureImages
from benchmark.errors import UserError
from benchmark.models.backbones.frozen import frozen_network
from benchmark.run_config import RunConfig
from benchmark.suite.plan import plan
from benchmark.training.building import load_dataset, load_inputs, make_features

SUITE = """
cases = [dict(
    dataset="noise",
    recipe="glyphs",
    objectives=dict(softmax=dict(type="norm_softmax")),
    changes=dict(
        backbone=dict(
            _delete_=True, type="frozen", network=dict(type="glyphnet", width=4), views=3
        ),
        dim=16, epochs=2, sampler=dict(classes=4, samples=4),
    ),
)]
arms = dict(
    baseline=dict(),
    dam=dict(similarity=dict(type="dam")),
    all=dict(similarity=dict(type="dam", rule="all")),
)
seeds = [0]
"""


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(VARIABLE, str(tmp_path / "cache"))
    return tmp_path / "cache"


def configured(tmp_path: Path, *changes: str) -> dict[str, RunConfig]:
    """The runs by arm."""
    suite = tmp_path / "frozen.py"
    suite.write_text(SUITE)
    return {r.config.arm: r.config for r in plan(str(suite), overrides=[*changes], device="cpu")}


def test_planning_makes_no_features(tmp_path: Path, cache: Path) -> None:
    config = configured(tmp_path)["baseline"]
    assert config.backbone.options["network"] == {"type": "glyphnet", "width": 4}
    assert not (cache / "features").exists()


def test_features_are_the_networks_own(tmp_path: Path) -> None:
    config = configured(tmp_path)["baseline"]
    plain, frozen = load_dataset(config), load_inputs(config)
    network = frozen_network(config)
    chosen = np.array([5, 0, 17, 5])
    with torch.inference_mode():
        for view in range(3):
            drawn = np.random.default_rng(view).integers(2**63, size=len(plain.train.images))
            expected = network(plain.train.images.batch(chosen, drawn[chosen].astype(np.uint64)))
            seeds = np.array([view, view + 3, view + 300, view + 9], np.uint64)
            found = frozen.train.images.batch(chosen, seeds)
            assert found.shape == (4, expected.shape[1], 1, 1)
            torch.testing.assert_close(found[..., 0, 0], expected)
        expected = network(plain.query.images.batch(chosen, None))
    torch.testing.assert_close(frozen.query.images.batch(chosen, None)[..., 0, 0], expected)
    assert not torch.equal(
        frozen.train.images.batch(chosen, np.zeros(4, np.uint64)),
        frozen.train.images.batch(chosen, np.ones(4, np.uint64)),
    )
    assert not frozen.official
    assert "Frozen features of glyphnet, 3 views" in frozen.note
    assert frozen.digests() == plain.digests()


def test_features_are_made_once_and_again_when_damaged(tmp_path: Path, cache: Path) -> None:
    configs = configured(tmp_path)
    progress: list[tuple[int, int]] = []
    make_features(configs.values(), lambda done, total: progress.append((done, total)))
    images = len(load_dataset(configs["dam"]).train.labels)
    assert progress[-1] == (4 * images, 4 * images)  # three views, and as many test images
    assert progress == sorted(progress)
    number = len(progress)
    first = load_inputs(configs["dam"], lambda done, total: progress.append((done, total)))
    assert len(progress) == number

    damaged = min(cache.rglob("features.npy"), key=lambda path: path.stat().st_size)
    kept = damaged.read_bytes()
    damaged.write_bytes(kept[:100])
    again = load_inputs(configs["dam"], lambda done, total: progress.append((done, total)))
    assert progress[-1] == (images, images)
    assert damaged.read_bytes() == kept
    assert isinstance(again.query.images, FeatureImages)
    assert isinstance(first.query.images, FeatureImages)

    load_inputs(configured(tmp_path, "backbone.views=2")["dam"])
    load_inputs(configured(tmp_path, "backbone.network.width=8")["dam"])
    # Another number of views is of the training half alone, another network of both.
    assert len(list(cache.rglob("features.npy"))) == 5


def test_folds_share_the_features_of_the_training_half(tmp_path: Path, cache: Path) -> None:
    load_inputs(configured(tmp_path)["baseline"])
    before = set(cache.rglob("features.npy"))
    for fold in range(2):
        change = f"dataset.validation={{'folds': 2, 'fold': {fold}, 'seed': 0}}"
        config = configured(tmp_path, change)["baseline"]
        plain, frozen = load_dataset(config), load_inputs(config)
        network = frozen_network(config)
        chosen = np.array([5, 0, 17, 5])
        with torch.inference_mode():
            expected = network(plain.query.images.batch(chosen, None))
        torch.testing.assert_close(frozen.query.images.batch(chosen, None)[..., 0, 0], expected)
        assert frozen.digests() == plain.digests()
    # Views of the training images are there already; they lack one without augmentation.
    assert len(set(cache.rglob("features.npy")) - before) == 1


def test_arms_are_paired_on_features(tmp_path: Path) -> None:
    configs = configured(tmp_path)
    results = {arm: finished(config, tmp_path / arm)[0] for arm, config in configs.items()}
    assert results["all"]["digests"] == results["baseline"]["digests"]
    assert results["all"]["metrics"] == results["baseline"]["metrics"]
    for digest in ("initial_weights", "batches"):
        assert results["dam"]["digests"][digest] == results["baseline"]["digests"][digest]
    assert results["dam"]["digests"]["final_weights"] != results["all"]["digests"]["final_weights"]


def test_a_hidden_layer_is_trained_too(tmp_path: Path) -> None:
    config = configured(tmp_path, "backbone.hidden=8")["baseline"]
    _, weights = finished(config, tmp_path / "run")
    assert weights["backbone.layer.0.weight"].shape[0] == 8
    assert weights["embedding.weight"].shape == (16, 8)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("pooling=max", r"pooling acts on images or maps, .*; its pooling is backbone\.pooling"),
        ("rivals=[{'type': 'random_erasing'}]", "rivals acts on images or maps"),
        ("backbone.network.type=frozen", "there is no option|has no option|has none of its own"),
        ("backbone.network.type=nothing", "backbone.network.type: there is no backbone"),
        ("backbone.network.width=x", "backbone.network.*width"),
        ("backbone.views=0", "views must be from 1 to 1000"),
        ("backbone.hidden=0", "hidden must be from 1"),
    ],
)
def test_what_is_refused(tmp_path: Path, change: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        configured(tmp_path, change)
