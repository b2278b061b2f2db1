from pathlib import Path
from typing import Any

import pytest
from run_configs import run_config

from benchmark.report.facts import facts, off_recipe
from benchmark.report.reading import legend
from benchmark.suite.plan import plan
from benchmark.suite.suite_file import read_config

PHOTOS: dict[str, Any] = {
    "backbone": {
        "type": "resnet50",
        "weights": "imagenet",
        "freeze_batch_norm": True,
        "last_stride": 1,
    },
    "pooling": "avg+max",
    "neck": "bn",
    "dim": None,
    "sampler": {"classes": 16, "samples": 4},
    "memory": {"size": 8192, "start": 0.1},
    "epochs": 120,
    "optimiser": {"type": "Adam", "lr": 3.5e-4},
    "schedule": {
        "warmup": 10.0,
        "frozen": 5.0,
        "decay": "step",
        "milestones": [40.0, 70.0],
        "gamma": 0.1,
    },
}


def test_every_condition_that_papers_leave_in_code_is_named() -> None:
    assert facts(run_config(**PHOTOS)) == {
        "backbone": "resnet50 last_stride=1",
        "weights": "imagenet",
        "batch norm": "frozen",
        "pooling": "avg+max",
        "neck": "bn",
        "dim": "the backbone's",
        "batch": "64 (16 × 4)",
        "memory": "8192 features, after 10 % of training",
        "epochs": "120",
        "optimiser": "Adam lr=0.00035",
        "schedule": "× 0.1 at 40, 70; warm-up 10; backbone at rest 5",
    }


def test_a_rate_without_steps_is_constant() -> None:
    schedule = {**PHOTOS["schedule"], "milestones": [], "warmup": 0.0}
    found = facts(run_config(**PHOTOS | {"schedule": schedule}))
    assert found["schedule"] == "constant; backbone at rest 5"


@pytest.mark.parametrize("backbone", [{"type": "glyphnet"}, {"type": "resnet50", "weights": None}])
def test_weights_that_were_not_loaded_are_random(backbone: dict[str, str | None]) -> None:
    found = facts(run_config(backbone=backbone))
    assert (found["weights"], found["batch norm"]) == ("random", "trained")


def test_what_differs_from_the_recipe_is_named(store: Any, group_of: Any) -> None:
    planned = plan("smoke", seeds=[0], device="cpu", overrides=["epochs=3", "transform.shift=1.0"])
    config = planned[0].config
    assert off_recipe(config) == ["transform.shift=1", "epochs=3"]
    store(**config.as_json() | {"objective": "norm_softmax"})
    assert "Not as in the recipe glyphs: transform.shift=1, epochs=3 (norm_softmax)." in legend(
        group_of()
    )
    assert off_recipe(run_config(recipe="of an older version")) == []


def test_the_network_that_stands_for_another_is_no_difference(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))  # without ResNet-50's weights
    recipe = {"recipe": "multi_similarity"} | read_config("recipes", "multi_similarity")
    for backbone in ({"type": "efficientnet_lite0", "weights": None}, {"type": "resnet50"}):
        found = off_recipe(run_config(**recipe | {"backbone": backbone}))
        assert ("backbone.weights=none" in found) == ("weights" in backbone)
        assert not [one for one in found if one.startswith("backbone.type")]
