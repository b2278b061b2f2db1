"""The recipes are complete, known to the registries, and consistent."""

from pathlib import Path
from typing import Any

import pytest
from mmengine.config import Config

import benchmark
from benchmark.entries import Entry
from benchmark.run_config import Sampler, Settings
from benchmark.suite.configuration import merged, resolved

CONFIGS = Path(benchmark.__file__).parent / "configs"
RECIPES = sorted(path.stem for path in (CONFIGS / "recipes").glob("*.py"))


def read(kind: str, name: str) -> dict[str, Any]:
    return Config.fromfile(CONFIGS / kind / f"{name}.py").to_dict()


def resolved_recipe(name: str, objective: dict[str, Any], **changes: Any) -> Settings:
    run = {"dataset": {"type": "typefaces"}, "objective": objective, "device": "cpu"}
    recipe = {**read("recipes", name), **run}
    return resolved(merged(recipe, changes), name)[0]


@pytest.fixture(autouse=True)
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))


@pytest.mark.parametrize("name", RECIPES)
def test_recipes_resolve(name: str) -> None:
    config = resolved_recipe(name, {"type": "proxy_anchor"})
    schedule = config.schedule
    assert list(schedule.milestones) == sorted(schedule.milestones)
    assert all(0 < epoch < config.epochs for epoch in schedule.milestones)
    assert bool(schedule.milestones) == (schedule.decay == "step")


def test_variants_keep_what_they_do_not_change() -> None:
    base, inception = (
        resolved_recipe(name, {"type": "proxy_anchor"})
        for name in ("proxy_anchor", "proxy_anchor_bn_inception")
    )
    assert base.backbone.type == "efficientnet_lite0"
    assert inception.backbone == Entry.of(
        "bn_inception", weights="imagenet", freeze_batch_norm=True
    )
    assert inception.sampler == Sampler(classes=45, samples=4)
    changed = {"backbone", "sampler", "schedule"}
    assert base.model_dump(exclude=changed) == inception.model_dump(exclude=changed)
    assert inception.schedule.gamma == base.schedule.gamma == 0.5
