"""From a suite to its runs: identity, defaults, overrides, and what is refused before training."""

from pathlib import Path

import pytest

from benchmark.entries import Entry
from benchmark.errors import UserError
from benchmark.suite.plan import plan
from benchmark.suite.store.runs import identity


def test_smoke_is_objectives_by_arms_by_seeds() -> None:
    runs = plan("smoke", device="cpu")
    assert len(runs) == 36
    assert len({run.id for run in runs}) == 36
    assert {run.config.objective_name for run in runs} == {
        "norm_softmax",
        "proxy_anchor",
        "multi_similarity",
        "triplet",
    }
    assert {run.config.arm for run in runs} == {"baseline", "dam", "random"}


def test_a_pair_differs_in_the_arm_and_one_entry() -> None:
    runs = {
        run.config.arm: run.config
        for run in plan("smoke", seeds=[0], device="cpu")
        if run.config.objective_name == "triplet"
    }
    for arm in ("dam", "random"):
        one, other = dict(runs[arm]), dict(runs["baseline"])
        differing = {key for key in one if one[key] != other[key]}
        assert differing == {"arm", "similarity"}


def test_expectednames_every_option_and_ignores_the_order_of_keys() -> None:
    config = plan("smoke", seeds=[0], device="cpu")[0].config
    assert config.objective == Entry.of("norm_softmax", scale=20.0, normalise=True)
    assert config.transform.options["shift"] == 2.0
    expected = identity(config.as_json())
    shuffled = dict(reversed(config.as_json().items()))
    assert identity(shuffled) == expected
    spelled = plan(
        "smoke", seeds=[0], device="cpu", overrides=["cases.0.objectives.norm_softmax.scale=20.0"]
    )
    assert spelled[0].id == expected
    changed = plan(
        "smoke", seeds=[0], device="cpu", overrides=["cases.0.objectives.norm_softmax.scale=21.0"]
    )
    assert changed[0].id != expected


def test_overrides_reach_runs_and_suite() -> None:
    runs = plan("smoke", overrides=["epochs=2", "arms.dam.similarity.keep=0.5"], device="cpu")
    assert {run.config.epochs for run in runs} == {2}
    defaulted = plan("smoke", overrides=["memory.start=0.5"], device="cpu")
    assert {run.config.memory.start for run in defaulted} == {0.5}
    kept = {run.config.similarity.options["keep"] for run in runs if run.config.arm == "dam"}
    assert kept == {0.5}


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (["epoch=2"], "unknown key 'epoch'.*Did you mean 'epochs'"),
        (["epochs"], "is no override"),
        (["epochs=many"], "epochs must be a whole number from 1 to 1,000,000, not 'many'"),
        (["epochs=0"], "epochs must be a whole number from 1 to 1,000,000, not 0"),
        (["dim=-3"], "dim must be a whole number from 1 to 100,000 or none, not -3"),
        (["proxy_rate=-1"], "proxy_rate must be a number from 0"),
        (["schedule.warmups=1"], "schedule has no option 'warmups'. Did you mean 'warmup'"),
        (["sampler.classes=101"], "the training split has 100 classes"),
        (["dataset.type=cub200"], "CUB-200-2011 holds photographs and takes the transforms"),
        (["sampler.classes=2.5"], "sampler.classes must be a whole number"),
        (["dataset.type=typeface"], "no dataset named 'typeface'. Did you mean 'typefaces'"),
        (["dataset.colour=red"], "typefaces has no option 'colour'"),
        (["backbone.depth=3"], "glyphnet has no option 'depth'. .*Known: width"),
        (["transform.flip=true"], "glyph_affine has no option 'flip'"),
        (["transform.shift=-1"], "shift must be at least 0"),
        (["optimiser.type=Adamm"], "torch has none named 'Adamm'"),
        (["optimiser.type=3"], "optimiser.type must be a string.*, not 3"),
        (["optimiser.type=null"], "optimiser.type must be a string.*, not None"),
        (["optimiser.learning_rate=1"], "optimiser: .*learning_rate"),
        (["optimiser.lr=abc"], "optimiser.lr must be a number, not 'abc'"),
        (["optimiser.lr=null"], "optimiser.lr must be a number, not None"),
        (["optimiser.lr=1e999"], "optimiser.lr must be a finite number, not inf"),
        (["optimiser.betas=3"], "optimiser.betas must be a list of 2: a number, a number, not 3"),
        (["proxy_rate=1e999"], "proxy_rate must be a finite number, not inf"),
        (["schedule.milestones=[1e999]"], "schedule.milestones.0 must be a finite number"),
        (["transform.shift={1}"], "transform.shift must be a number, a string, .*not {1}"),
        (["sampler={1: 2}"], "sampler has a key that isn't a string: 1"),
        (["sampler.classes={[]: 1}"], "sampler.classes must be a whole number"),
        (["backbone.width=-3"], "backbone: no glyphnet has width=-3"),
        (["backbone.width=0"], "backbone: .*makes no features"),
        (["backbone.width=abc"], "backbone.width must be a whole number, not 'abc'"),
        (["backbone.width=true"], "backbone.width must be a whole number, not True"),
        (["epochs=2", "schedule.warmup=2"], "schedule.warmup=2 leaves nothing of epochs=2"),
        (["device=tpu"], "device must be 'cpu' or 'cuda'"),
        (
            ["cases.1.objectives.triplet.type=triplets"],
            "no objective 'triplets'. Did you mean 'triplet'",
        ),
        (["cases.1.objectives.triplet.margins=1"], "triplet has no option 'margins'"),
        (
            ["arms.dam.similarity.rule=quartile"],
            r"similarity.rule must be 'quantile' or .*, not 'quartile'",
        ),
        (["arms.dam.similarity.keep=1.5"], "keep must be above 0 and at most 1"),
        (["arms.dam.similarity.keep=abc"], "dam: similarity.keep must be a number, not 'abc'"),
        (["arms.dam.similarity.joint=nan"], "dam: similarity.joint must be a number, not 'nan'"),
        (["arms.dam=null"], "arms.dam must be a dict, not None"),
        (["arms.dam.epochs=3"], "arms.dam: an arm exchanges similarity or rivals, not 'epochs'"),
        (["arms.dam.similarity.kep=1"], "dam has no option 'kep'"),
        (
            ["arms.dam.similarities.keep=1"],
            "arms.dam: an arm exchanges similarity or rivals, not 'similarities'",
        ),
        (["arms.other.similarity.rule=all"], "other: similarity.type is missing"),
        (["seeds.²=1"], "there are 3 entries"),
        (["seeds.7=1"], "seeds.7: there are 3 entries"),
        (["cases.0.recipe=none_such"], "There is no recipe 'none_such' in configs/recipes"),
    ],
)
def test_mistakes_are_found_before_training(overrides: list[str], message: str) -> None:
    with pytest.raises(UserError, match=message):
        plan(
            "smoke",
            overrides=overrides,
            device="cpu",
            seeds=[0] if "seeds" not in message else None,
        )


def test_seeds() -> None:
    assert [r.config.seed for r in plan("smoke", seeds=[7], device="cpu")] == [7] * 12
    with pytest.raises(UserError, match="a seed stands twice in seeds="):
        plan("smoke", seeds=[1, 1], device="cpu")
    with pytest.raises(
        UserError, match=r"seeds\.0 must be a whole number from 0 to 2,147,483,647, not -1"
    ):
        plan("smoke", seeds=[-1], device="cpu")
    with pytest.raises(
        UserError, match=r"seeds\.0 must be a whole number from 0 to 2,147,483,647, not 2147"
    ):
        plan("smoke", seeds=[2**31], device="cpu")


def test_a_home_folder_in_a_suites_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "mine.py").write_text(
        "cases = [dict(dataset='typefaces', recipe='glyphs',\n"
        "              objectives=dict(hot=dict(type='norm_softmax')))]\n"
        "arms = dict(baseline=dict())\n"
        "seeds = [0]\n"
    )
    assert len(plan("~/mine.py", device="cpu")) == 1


def test_suite_files(tmp_path: Path) -> None:
    with pytest.raises(
        UserError, match=r"There is no suite 'smokey' in configs/suites\. Did you mean 'smoke'"
    ):
        plan("smokey")
    with pytest.raises(UserError, match="There is no suite file"):
        plan(str(tmp_path / "mine.py"))
    mine = tmp_path / "mine.py"
    body = (
        "cases = [dict(dataset='typefaces', recipe='glyphs',\n"
        "              objectives=dict(hot=dict(type='norm_softmax', scale=30.0)))]\n"
        "arms = dict(baseline=dict(), mean=dict(similarity=dict(type='dam', rule='mean')))\n"
        "seeds = [0]\n"
    )
    mine.write_text(body)
    runs = plan(str(mine), device="cpu")
    assert [run.config.arm for run in runs] == ["baseline", "mean"]
    assert runs[0].config.objective.options["scale"] == 30.0
    for change, message in (
        (body + "colour = 'red'\n", "unknown key 'colour'"),
        (body.replace("baseline=", "plain="), "arms needs 'baseline'"),
        (body.replace("[0]", "[]"), "seeds must be a list with something in it"),
        (body.replace("recipe=", "receipt="), "cases.0 has no option 'receipt'"),
        (body + "1 / 0\n", "is no configuration"),
        (body + "import sys\nsys.exit(3)\n", "it ends the program"),
        (body + "x y\n", r"^\S+mine.py is no configuration: invalid syntax in line 5$"),
        (body + "arms['mean'] = 'dam'\n", "arms.mean must be a dict, not 'dam'"),
        (body + "arms[1] = dict()\n", "arms has a key that isn't a string: 1"),
        (
            body + "arms['mean']['epochs'] = 3\n",
            "arms.mean: an arm exchanges similarity or rivals, not 'epochs'",
        ),
        (body + "arms['mean']['similarity'] = 3\n", "similarity must be a dict, not 3"),
        (body + "cases[0]['arms'] = dict(x=3)\n", "cases.0.arms.x must be a dict, not 3"),
        (
            body + "cases[0]['arms'] = dict(x=dict(dim=3))\n",
            "cases.0.arms.x: an arm exchanges similarity or rivals, not 'dim'",
        ),
        (
            body + "cases[0]['objectives'] = {1: dict()}\n",
            "cases.0.objectives has a key that isn't a string: 1",
        ),
        (
            body + "cases[0]['objectives']['hot'] = None\n",
            "cases.0.objectives.hot must be a dict, not None",
        ),
        (
            body.replace("30.0", "float('nan')"),
            "cases.0.objectives.hot.scale must be a finite number, not nan",
        ),
    ):
        mine.write_text(change)
        with pytest.raises(UserError, match=message):
            plan(str(mine), device="cpu")


def test_a_syntax_error_in_what_a_suite_takes_in_is_not_the_suites(tmp_path: Path) -> None:
    (tmp_path / "taken.py").write_text("cases = [\n")
    suite = tmp_path / "mine.py"
    suite.write_text("_base_ = 'taken.py'\n")
    with pytest.raises(UserError, match="in line 1 of a file that it takes in"):
        plan(str(suite), device="cpu")


@pytest.mark.parametrize("in_the_library", [True, False])
def test_what_a_suite_imports_is_no_part_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, in_the_library: bool
) -> None:
    """mmengine knows Python's own library by its folder, and misses it in some installations."""
    for module in ("config", "utils"):
        name = f"mmengine.config.{module}._is_builtin_module"
        monkeypatch.setattr(name, lambda module: in_the_library)
    mine = tmp_path / "mine.py"
    mine.write_text(
        "from typing import Any as Anything\n"
        "_case: dict[str, 'Anything'] = dict(dataset='typefaces', recipe='glyphs')\n"
        "cases = [dict(_case, objectives=dict(hot=dict(type='norm_softmax')))]\n"
        "arms = dict(baseline=dict())\n"
        "seeds = [2]\n"
    )
    assert [run.config.seed for run in plan(str(mine), device="cpu")] == [2]
