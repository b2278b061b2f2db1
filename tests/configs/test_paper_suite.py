"""The suite paper: what it holds, its recipes by the weights that are there, and views on it."""

import contextlib
import io
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from benchmark.__main__ import main
from benchmark.data.dataset import Status
from benchmark.entries import PLAIN
from benchmark.models.backbones.bn_inception import IMAGENET
from benchmark.report.facts import off_recipe
from benchmark.run_config import Settings
from benchmark.suite.plan import PlannedRun, plan
from benchmark.training.building import build_loss

SETS = ["cub200", "cars196", "market1501", "msmt17"]
PHOTOS = {"norm_softmax", "proxy_anchor", "multi_similarity", "triplet"}
REID = {"softmax", "triplet", "joint"}
Planned = Callable[..., list[PlannedRun]]


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder of weights."""
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    return IMAGENET.file


@pytest.fixture
def planned(monkeypatch: pytest.MonkeyPatch, hub: Path) -> Planned:
    """`planned(there=..., classes=...)`: the suite's runs at seed 0, without reading any image."""

    def runs(there: tuple[str, ...] = (*SETS,), classes: int = 100, **options: Any) -> Any:
        module = "benchmark.suite.plan."
        status = {name: Status(name in there, remedy=f"Get {name}.") for name in SETS}
        monkeypatch.setattr(f"{module}_status", status.__getitem__)
        monkeypatch.setattr(f"{module}load_dataset", lambda _: SimpleNamespace(classes=classes))
        monkeypatch.setattr(f"{module}check_first_steps", lambda configs: None)
        return plan("paper", **{"seeds": [0], "device": "cpu"} | options)

    return runs


def test_it_crosses_data_sets_losses_and_arms(planned: Planned) -> None:
    runs = planned(seeds=None)
    found = {(c.dataset.type, c.objective_name, c.arm, c.seed) for c in (r.config for r in runs)}
    arms = ("baseline", "dam", "random", "shrunk")
    assert found == {
        (name, objective, arm, seed)
        for name in SETS
        for objective in (PHOTOS if name in ("cub200", "cars196") else REID)
        for arm in arms
        for seed in range(5)
    }
    assert len(runs) == (2 * 4 + 2 * 3) * 4 * 5
    assert not [run.label for run in runs if off_recipe(run.config)]


def test_every_arm_makes_the_loss_that_its_name_says(planned: Planned) -> None:
    for config in (run.config for run in planned()):
        assert (config.similarity == PLAIN) == (config.arm == "baseline")
        build_loss(config, classes=4, dim=8)
        if config.arm == "shrunk":
            dumped = config.similarity.model_dump()
            parts = (
                [dumped] if config.objective_name != "joint" else [dumped["proxy"], dumped["pair"]]
            )
            assert all("shrunk" in (part.get("mapping"), part.get("similarity")) for part in parts)


def recipes(runs: list[PlannedRun]) -> set[str]:
    return {run.config.recipe for run in runs}


def test_the_recipe_follows_the_weights_that_are_there(planned: Planned, hub: Path) -> None:
    notes: list[str] = []
    without = planned(only=["cub200"], log=notes.append)
    assert recipes(without) == {"proxy_anchor", "multi_similarity"}
    [note] = [note for note in notes if IMAGENET.url in note]
    assert "proxy_anchor for proxy_anchor_bn_inception" in note
    hub.parent.mkdir(parents=True)
    hub.touch()
    notes.clear()
    inception = planned(only=["cub200"], log=notes.append)
    assert recipes(inception) == {"proxy_anchor_bn_inception", "multi_similarity_bn_inception"}
    assert {run.config.backbone.type for run in inception} == {"bn_inception"}
    assert not notes
    assert {run.id for run in without}.isdisjoint(run.id for run in inception)


def test_what_is_missing_is_said_with_how_to_get_it(planned: Planned) -> None:
    notes: list[str] = []
    runs = planned(there=("market1501",), log=notes.append)
    assert {run.config.dataset.type for run in runs} == {"market1501"}
    for name in ("cub200", "cars196", "msmt17"):
        assert f"{name} is not in the data root, and left out of the suite. Get {name}." in notes
    assert planned(there=(), if_found=True, log=notes.append) == []
    assert "none of its data sets (cub200, cars196, market1501, msmt17) is in" in notes[-1]


def test_batches_fit_a_part_of_a_set_and_a_note_says_so(planned: Planned) -> None:
    notes: list[str] = []
    runs = planned(only=["cub200"], classes=25, log=notes.append)
    assert {run.config.sampler.classes for run in runs} == {16, 25}
    assert "cub200 has 25 classes to train on, so batches take no more" in notes
    assert len([note for note in notes if "25 classes" in note]) == 1


def schedule_of(planned: Planned, *overrides: str) -> Settings:
    runs = planned(only=["market1501"], overrides=list(overrides))
    return runs[0].config


def test_stages_shrink_with_epochs_that_leave_them_no_room(planned: Planned) -> None:
    short = schedule_of(planned, "epochs=6").schedule
    assert (short.warmup, short.milestones) == (0.5, (2.0, 3.5))  # of 10, 40, 70 in 120 epochs
    roomy = schedule_of(planned, "epochs=60").schedule
    assert (roomy.warmup, roomy.milestones) == (10, (40, 70))
    own = schedule_of(planned, "epochs=6", "schedule.warmup=1").schedule
    assert (own.warmup, own.milestones) == (1, (40, 70))


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        ("--suite smoke --only cub200", 2, "no data set 'cub200' in suite smoke. Known: typefaces"),
        ("--suite smoke --only cub200 --if-found", 0, "has none of the data sets in --only"),
        ("--suite paper --only cub --if-found", 2, "no data set 'cub'. Did you mean 'cub200'?"),
        (
            "--suite paper --if-found",
            0,
            "none of its data sets (cub200, cars196, market1501, msmt17) is in",
        ),
        ("--suite paper", 2, "cub200 is not in the data root, and left out of the suite. Get CUB"),
        ("--suite paper --only cub200,", 2, "'cub200,' is no list of names"),
    ],
)
def test_data_sets_that_are_named_or_missing(
    arguments: str, status: int, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DAM_BENCHMARK_DATA_ROOT", raising=False)
    output = io.StringIO()
    with contextlib.redirect_stderr(output):
        assert main(["plan", *arguments.split()]) == status
    assert said in output.getvalue()
    if "--if-found" in arguments:
        assert len(output.getvalue().splitlines()) == 1
