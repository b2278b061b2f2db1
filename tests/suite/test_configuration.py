"""One run's configuration: joint objectives, rivals, defaults, and what is refused."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import pytest

from benchmark.errors import UserError
from benchmark.registry import check_types
from benchmark.suite.configuration import DEFAULTS, merged, resolved
from benchmark.suite.plan import plan
from benchmark.training.building import build_loss

JOINT = {"type": "joint", "proxy": {"type": "norm_softmax"}, "pair": {"type": "triplet"}}


def config(**changes: Any) -> dict[str, Any]:
    base = {
        "dataset": {"type": "typefaces"},
        "transform": {"type": "glyph_affine"},
        "backbone": {"type": "glyphnet"},
        "dim": 16,
        "objective": {"type": "norm_softmax"},
        "sampler": {"classes": 4, "samples": 2},
        "optimiser": {"type": "AdamW"},
        "proxy_rate": 1,
        "epochs": 4,
        "threads": 1,
        "device": "cpu",
    }
    return resolved(merged(merged(DEFAULTS, base), changes), "here")[0]


def test_what_is_left_out_has_its_default() -> None:
    found = config()
    assert found["pooling"] == "avg"
    assert found["neck"] is None
    assert found["rivals"] == []
    assert found["similarity"] == {"type": "plain"}
    assert found["schedule"]["decay"] == "cosine"
    assert found["memory"] == {"size": 0, "start": 0.0}
    assert found["proxy_rate"] == 1.0 and isinstance(found["proxy_rate"], float)
    assert config(schedule={"warmup": 1})["schedule"]["milestones"] == []


def test_an_objective_that_asks_for_it_gets_the_number_of_elements() -> None:
    asking = {"type": "triplet", "mining": "distance_weighted", "normalise": True}
    base = config() | {"objective": asking}
    found = resolved(base, "here")[0] | {"seed": 0}
    assert "dim" not in found["objective"]
    assert build_loss(found, classes=4, dim=16).objective.dim == 16
    with pytest.raises(UserError, match="triplet has no option 'dim'"):
        resolved(base | {"objective": asking | {"dim": 8}}, "here")


def test_merging_goes_into_entries_and_replaces_lists() -> None:
    base = {"a": {"b": 1, "c": [1, 2]}, "d": 1}
    assert merged(base, {"a": {"c": [3]}}) == {"a": {"b": 1, "c": [3]}, "d": 1}
    assert base["a"] == {"b": 1, "c": [1, 2]}


def test_both_parts_of_a_joint_objective_are_completed() -> None:
    found = config(objective={**JOINT, "type": "joint"} | {"weights": [1, 0.5]})["objective"]
    assert found["weights"] == [1.0, 0.5]
    assert found["proxy"]["scale"] == 20.0
    assert found["pair"]["margin"] == 0.3


def joined(**similarity: Any) -> dict[str, Any]:
    changes = {"objective": {"type": "joint", **JOINT}, "similarity": similarity}
    base = config()
    del base["objective"]
    found: dict[str, Any] = resolved({**base, **changes}, "here")[0]["similarity"]
    return found


def test_dam_reaches_both_parts_unless_one_is_left_plain() -> None:
    both = joined(type="dam", rule="random", pair={"keep": 0.5})
    assert (both["proxy"]["rule"], both["pair"]["rule"]) == ("random", "random")
    assert (both["proxy"]["keep"], both["pair"]["keep"]) == (0.8, 0.5)
    assert (both["proxy"]["joint"], both["pair"]["joint"]) == (0.0, 1.0)
    one = joined(type="dam", pair=None)
    assert one["pair"] == {"type": "plain"}
    assert one["proxy"]["rule"] == "quantile"
    with pytest.raises(UserError, match=r"similarity\.pair: dam has no option 'shape'"):
        joined(type="dam", pair={"shape": 1})


def test_rivals_are_completed() -> None:
    found = config(rivals=[{"type": "dropout", "p": 0.5}, {"type": "cbam"}])["rivals"]
    assert found == [
        {"type": "dropout", "p": 0.5},
        {"type": "cbam", "reduction": 16, "kernel": 7},
    ]


def test_a_pretrained_backbone_is_named_and_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    found, told = resolved(config() | {"backbone": {"type": "pretrained"}}, "here")
    assert found["backbone"]["type"] == "efficientnet_lite0"
    assert len(told) == 1 and "ResNet-50" in told[0]


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"colour": 1}, "here: unknown key 'colour'"),
        ({"pooling": "mean"}, "pooling must be 'avg' or 'max' or 'avg.max', not 'mean'"),
        ({"neck": "ln"}, "neck must be None or 'bn'"),
        ({"dim": 0}, "dim must be None or a whole number from 1, not 0"),
        ({"dim": True}, "dim must be None or a whole number"),
        ({"nmi": 1}, "nmi must be true or false, not 1"),
        ({"rivals": {"type": "dropout"}}, "rivals must be a list"),
        ({"rivals": [{"type": "dropuot"}]}, "rivals.0: there is no rival named 'dropuot'"),
        ({"rivals": [{"type": "cbam", "channels": 3}]}, "cbam has no option 'channels'"),
        ({"schedule": {"decay": "exp"}}, "decay must be 'cosine' or 'step', not 'exp'"),
        ({"schedule": {"milestones": 3}}, "milestones must be a list"),
        ({"schedule": {"frozen": 4}}, "schedule.frozen=4 leaves nothing of epochs=4"),
        ({"memory": {"size": 100}}, "memory.size belongs to pair objectives"),
        ({"memory": {"size": -1}}, "memory.size must be 0 or a whole number from 1"),
        ({"memory": {"start": 1}}, "memory.start is a share of training, below 1"),
        ({"objective": {"type": "softmx"}}, "no objective 'softmx'. Did you mean 'softmax'"),
        ({"objective": {"type": "joint"}}, "joint has no option 'scale'|objective.proxy must be"),
        ({"backbone": {"type": "pretrained", "width": 3}}, "'width'"),
    ],
)
def test_wrong_entries_are_told(changes: dict[str, Any], told: str) -> None:
    with pytest.raises(UserError, match=told):
        config(**changes)


@pytest.mark.parametrize(
    ("entry", "told"),
    [
        ({"proxy": {"type": "norm_softmax"}}, "objective.pair must be"),
        ({**JOINT, "weight": 1}, "joint has no option 'weight'"),
        ({**JOINT, "weights": [1]}, "weights is two numbers"),
        ({**JOINT, "weights": [0, 0]}, "not both 0"),
        ({**JOINT, "pair": {"type": "norm_softmax"}}, "no pair objective named 'norm_softmax'"),
    ],
)
def test_wrong_joint_objectives_are_told(entry: dict[str, Any], told: str) -> None:
    base = config()
    with pytest.raises(UserError, match=told):
        resolved({**base, "objective": {"type": "joint", **entry}}, "here")


class Annotated:
    def __init__(
        self,
        rate: float = 1.0,
        name: str | None = "n",
        scale: tuple[float, float] = (0.0, 1.0),
        sizes: Sequence[int] = (1,),
        way: Literal["up", "down"] = "up",
        flag: bool = False,
        either: int | Path = 1,
        anything: Any = 1,
        place: Path | None = None,
        own: "Missing" = 3,  # type: ignore[name-defined]  # noqa: F821
        bare=2,
    ) -> None:
        """Parameters as classes of baselines, data sets and torch have them."""


@pytest.mark.parametrize(
    "options",
    [
        {"rate": 2, "name": None, "scale": [0, 1.5], "sizes": [], "way": "down", "flag": True},
        {"either": 3, "anything": {"a": [None]}, "own": 4, "bare": 5},
        {"unheard_of": object()},
    ],
)
def test_values_of_a_parameters_type_are_taken(options: dict[str, Any]) -> None:
    check_types(Annotated, options, "here")


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"rate": "1"}, "here.rate must be a number, not '1'"),
        ({"rate": True}, "here.rate must be a number, not True"),
        ({"rate": None}, "here.rate must be a number, not None"),
        ({"name": 3}, "here.name must be a text or none, not 3"),
        ({"scale": [1]}, "here.scale must be a list of 2: a number, a number, not [1]"),
        ({"scale": ["a", 1]}, "here.scale must be a list of 2"),
        ({"sizes": "many"}, "here.sizes must be a list, not 'many'"),
        ({"way": "left"}, "here.way must be 'up' or 'down', not 'left'"),
        ({"flag": 1}, "here.flag must be true or false, not 1"),
        ({"either": "x"}, "here.either must be a whole number, not 'x'"),
        ({"bare": "x"}, "here.bare must be a whole number, not 'x'"),
    ],
)
def test_values_of_another_type_are_told(options: dict[str, Any], told: str) -> None:
    with pytest.raises(UserError, match=re.escape(told)):
        check_types(Annotated, options, "here")


def test_changes_of_a_case_reach_its_baselines_too(tmp_path: Path) -> None:
    suite = tmp_path / "mine.py"
    suite.write_text(
        """
_case = dict(
    dataset="typefaces", recipe="glyphs", objectives=dict(softmax=dict(type="norm_softmax"))
)
cases = [_case, dict(_case, changes=dict(dim=32)), dict(_case, changes=dict(dim=128))]
arms = dict(baseline=dict(), dam=dict(similarity=dict(type="dam")))
seeds = [0]
"""
    )
    runs = plan(str(suite), device="cpu")
    # The recipe's own dim is 128, so that the first and the last case are one.
    assert [(run.config["dim"], run.config["arm"]) for run in runs] == [
        (128, "baseline"),
        (128, "dam"),
        (32, "baseline"),
        (32, "dam"),
    ]
