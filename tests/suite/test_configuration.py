"""One run's settings: joint objectives, rivals, defaults, and what is refused."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import pytest
from run_configs import DEFAULT, run_config

from benchmark.entries import PLAIN, Entry, JointSimilarity
from benchmark.errors import UserError
from benchmark.run_config import Memory, Settings
from benchmark.signatures import options_model
from benchmark.suite.configuration import merged, resolved
from benchmark.suite.plan import plan
from benchmark.training.building import build_loss
from benchmark.validation import validated

JOINT = {"type": "joint", "proxy": {"type": "norm_softmax"}, "pair": {"type": "triplet"}}
SETTINGS = {key: value for key, value in DEFAULT.items() if key in Settings.model_fields}


def settings(**changes: Any) -> Settings:
    return resolved(merged(SETTINGS, changes), "here")[0]


def replaced(**changes: Any) -> Settings:
    return resolved(SETTINGS | changes, "here")[0]


def test_what_is_left_out_has_its_default() -> None:
    found = settings(schedule={"warmup": 1}, proxy_rate=1)
    assert (found.pooling, found.neck, found.rivals) == ("avg", None, ())
    assert found.similarity == PLAIN
    assert (found.schedule.decay, found.schedule.milestones) == ("cosine", ())
    assert found.memory == Memory(size=0, start=0.0)
    assert isinstance(found.proxy_rate, float) and isinstance(found.schedule.warmup, float)


def test_a_configuration_is_what_json_gives_back() -> None:
    config = run_config(schedule={"decay": "step", "milestones": [1, 2.5]}, rivals=({"type": "a"},))
    assert type(config).model_validate_json(config.model_dump_json()) == config
    assert type(config).model_validate(config.as_json()) == config
    with pytest.raises(ValueError, match="frozen"):
        config.epochs = 3  # type: ignore[misc]


def test_an_objective_that_asks_for_it_gets_the_number_of_elements() -> None:
    asking = {"type": "triplet", "mining": "distance_weighted", "normalise": True}
    found = replaced(objective=asking)
    assert isinstance(found.objective, Entry) and "dim" not in found.objective.options
    config = run_config(objective=found.objective.model_dump())
    assert build_loss(config, classes=4, dim=16).objective.dim == 16
    with pytest.raises(UserError, match="triplet has no option 'dim'"):
        replaced(objective=asking | {"dim": 8})


def test_merging_goes_into_entries_and_replaces_lists() -> None:
    base = {"a": {"b": 1, "c": [1, 2]}, "d": 1}
    assert merged(base, {"a": {"c": [3]}}) == {"a": {"b": 1, "c": [3]}, "d": 1}
    assert merged(base, {"a": {"_delete_": True, "e": 1}}) == {"a": {"e": 1}, "d": 1}
    assert base["a"] == {"b": 1, "c": [1, 2]}


def test_both_parts_of_a_joint_objective_are_completed() -> None:
    found = replaced(objective=JOINT | {"weights": [1, 0.5]}).objective
    assert not isinstance(found, Entry)
    assert found.weights == (1.0, 0.5)
    assert found.proxy.options["scale"] == 20.0
    assert found.pair.options["margin"] == 0.3


def joined(**similarity: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    found = replaced(objective=JOINT, similarity=similarity).similarity
    assert isinstance(found, JointSimilarity)
    return found.proxy.model_dump(), found.pair.model_dump()


def test_dam_reaches_both_parts_unless_one_is_left_plain() -> None:
    proxy, pair = joined(type="dam", rule="random", pair={"keep": 0.5})
    assert (proxy["rule"], pair["rule"]) == ("random", "random")
    assert (proxy["keep"], pair["keep"]) == (0.8, 0.5)
    assert (proxy["joint"], pair["joint"]) == (0.0, 1.0)
    proxy, pair = joined(type="dam", pair=None)
    assert pair == {"type": "plain"}
    assert proxy["rule"] == "quantile"
    with pytest.raises(UserError, match=r"similarity\.pair: dam has no option 'shape'"):
        joined(type="dam", pair={"shape": 1})


def test_rivals_are_completed() -> None:
    found = settings(rivals=[{"type": "dropout", "p": 0.5}, {"type": "cbam"}]).rivals
    assert found == (Entry.of("dropout", p=0.5), Entry.of("cbam", reduction=16, kernel=7))


def test_a_pretrained_backbone_is_named_and_noted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    found, notes = resolved(SETTINGS | {"backbone": {"type": "pretrained"}}, "here")
    assert found.backbone.type == "efficientnet_lite0"
    assert len(notes) == 1 and "ResNet-50" in notes[0]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"epoch": 1}, "here: unknown key 'epoch'. Did you mean 'epochs'? Known: dataset, "),
        ({"pooling": "mean"}, "pooling must be 'avg' or 'max' or 'avg+max', not 'mean'"),
        ({"neck": "ln"}, "neck must be 'bn' or none, not 'ln'"),
        ({"dim": 0}, "dim must be a whole number from 1 to 100,000 or none, not 0"),
        ({"dim": True}, "dim must be a whole number from 1 to 100,000 or none, not True"),
        ({"nmi": 1}, "nmi must be true or false, not 1"),
        (
            {"rivals": {"type": "dropout"}},
            "rivals must be a list, each item a dict, not {",
        ),
        ({"rivals": [3]}, "rivals.0 must be a dict, not 3"),
        ({"rivals": [{"type": "dropuot"}]}, "rivals.0.type: there is no rival named 'dropuot'"),
        ({"rivals": [{"type": "dropuot"}]}, "Did you mean 'dropout'?"),
        ({"rivals": [{"type": "cbam", "channels": 3}]}, "rivals.0: cbam has no option 'channels'"),
        ({"schedule": {"decay": "exp"}}, "schedule.decay must be 'cosine' or 'step', not 'exp'"),
        ({"schedule": {"warmups": 1}}, "schedule has no option 'warmups'. Did you mean 'warmup'?"),
        ({"schedule": {"milestones": 3}}, "schedule.milestones must be a list, each item a number"),
        ({"schedule": {"milestones": [1, "a"]}}, "schedule.milestones.1 must be a number from 0"),
        ({"schedule": {"frozen": 4}}, "schedule.frozen=4 leaves nothing of epochs=4"),
        ({"memory": {"size": 100}}, "memory.size belongs to pair objectives"),
        ({"memory": {"size": -1}}, "memory.size must be a whole number from 0 to 10,000,000"),
        ({"memory": {"start": 1}}, "memory.start must be a number from 0 to below 1, not 1"),
        ({"sampler": {"classes": 2.5}}, "sampler.classes must be a whole number from 1"),
        ({"objective": {"type": "softmx"}}, "no objective 'softmx'. Did you mean 'softmax'"),
        ({"backbone": {"type": "glyphnet", "width": "a"}}, "backbone.width must be a whole number"),
        ({"backbone": {"type": "pretrained", "width": 3}}, "pretrained has no option 'width'"),
        ({"similarity": {"type": "dam", "proxy": {}, "pair": {}}}, "similarity.proxy.type is"),
        (
            {"neck": "bn", "sampler": {"classes": 1, "samples": 1}},
            "neck=bn normalises",
        ),
        ({"optimiser": {"lr": float("inf")}}, "optimiser.lr must be a finite number, not inf"),
        ({"optimiser": {"betas": [0.9]}}, "optimiser.betas.1 is missing; it must be a number"),
        ({"optimiser": {"type": "AdamWW"}}, "torch has none named 'AdamWW'. Did you mean 'AdamW'?"),
        ({"dataset": {"path": "\udc80"}}, "dataset.path must be a string of Unicode characters"),
        ({"epochs": 10**30}, "epochs must be a number of at most 64 bits, not 1000000000000"),
        ({"epochs": 10**5000}, "epochs must be a number of at most 64 bits, not a number of"),
        (
            {"rivals": [{"type": "cbam", "x": {1: 2}}]},
            "rivals.0.x has a key that",
        ),
    ],
)
def test_wrong_settings_are_named(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=re.escape(message)) as raised:
        settings(**changes)
    assert str(raised.value).startswith("here: ")
    assert len(str(raised.value).splitlines()) == 1


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({"proxy": {"type": "norm_softmax"}}, "objective.pair is missing"),
        ({**JOINT, "weight": 1}, "objective has no option 'weight'. Did you mean 'weights'?"),
        ({**JOINT, "weights": [1]}, r"objective.weights.1 is missing; it must be a number from 0"),
        (
            {**JOINT, "weights": [-1, 1]},
            "objective.weights.0 must be a number",
        ),
        ({**JOINT, "weights": [0, 0]}, "weights can't both be 0"),
        ({**JOINT, "pair": {"type": "norm_softmax"}}, "no pair objective named 'norm_softmax'"),
    ],
)
def test_wrong_joint_objectives_are_named(entry: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message):
        replaced(objective={"type": "joint", **entry})


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


def options(**values: Any) -> dict[str, Any]:
    model = options_model(Annotated, frozenset())
    return validated(model, values, "here", "it").model_dump(exclude_unset=True)


@pytest.mark.parametrize(
    "values",
    [
        {"rate": 2, "name": None, "scale": [0, 1.5], "sizes": [], "way": "down", "flag": True},
        {"either": 3, "anything": {"a": [None]}, "own": 4, "bare": 5, "place": "/a"},
    ],
)
def test_values_of_a_parameters_type_are_taken(values: dict[str, Any]) -> None:
    taken = options(**values)
    assert taken.keys() == values.keys()
    assert isinstance(taken.get("rate", 1.0), float)
    assert isinstance(taken.get("place", Path()), Path)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"rate": "1"}, "here.rate must be a number, not '1'"),
        ({"rate": True}, "here.rate must be a number, not True"),
        ({"rate": None}, "here.rate must be a number, not None"),
        ({"name": 3}, "here.name must be a string or none, not 3"),
        ({"scale": [1]}, "here.scale.1 is missing; it must be a number"),
        ({"scale": ["a", 1]}, "here.scale.0 must be a number, not 'a'"),
        ({"sizes": "many"}, "here.sizes must be a list, each item a whole number, not 'many'"),
        ({"way": "left"}, "here.way must be 'up' or 'down', not 'left'"),
        ({"flag": 1}, "here.flag must be true or false, not 1"),
        ({"rat": 1}, "here: it has no option 'rat'. Did you mean 'rate'? Known: rate, name, "),
    ],
)
def test_values_of_another_type_are_named(values: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=re.escape(message)):
        options(**values)


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
    assert [(run.config.dim, run.config.arm) for run in runs] == [
        (128, "baseline"),
        (128, "dam"),
        (32, "baseline"),
        (32, "dam"),
    ]
