"""The suites ablation, objectives and rivals: what they hold, and that all of it trains."""

import runpy
from collections import Counter
from collections.abc import Iterator
from itertools import islice, product
from pathlib import Path
from typing import Any, get_args

import pytest
import torch

from baselines.pair.triplet import Mining
from benchmark.data.loading import TrainingLoader
from benchmark.entries import PLAIN, Entry
from benchmark.models.retrieval import RetrievalModel
from benchmark.registry import PAIR_OBJECTIVES, PROXY_OBJECTIVES, RIVALS, names
from benchmark.report.settings import flatten
from benchmark.run_config import RunConfig, Sampler
from benchmark.suite.plan import PlannedRun, plan
from benchmark.suite.suite_file import CONFIGS
from benchmark.training.building import build_loss, build_model, build_optimiser, load_dataset

SMALL = ["backbone.width=4", "dim=16"]
PROXY_AXES = {"rule", "keep", "start", "rescale", "joint", "difference", "own", "mapping"}
PAIR_AXES = {"rule", "keep", "start", "rescale", "joint", "select", "similarity"}


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    """Small tensors: threads cost more than they bring, on a busy machine many times more."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def suite(name: str) -> dict[str, Any]:
    """A suite as it is written, with the cases that the typefaces alone make."""
    content = runpy.run_path(str(CONFIGS / "suites" / f"{name}.py"))
    return {key: content[key] for key in ("cases", "arms", "seeds")}


ARMS = [*suite("rivals")["arms"], "all", "keep=1.0"]


@pytest.fixture(scope="module")
def ablation(tmp_path_factory: pytest.TempPathFactory) -> list[PlannedRun]:
    """Its runs on the typefaces, whatever the data root of this machine holds."""
    content = suite("ablation")
    cases = [case for case in content["cases"] if not case.get("optional")]
    path = tmp_path_factory.mktemp("ablation") / "typefaces.py"
    path.write_text(f"cases = {cases}\narms = {content['arms']}\nseeds = {content['seeds']}\n")
    return plan(str(path), device="cpu")


def arms_of(runs: list[PlannedRun], objective: str) -> dict[str, RunConfig]:
    """The default case's arms of an objective at seed 0."""
    return {
        run.config.arm: run.config
        for run in reversed(runs)
        if run.config.objective_name == objective and run.config.seed == 0
    }


@pytest.mark.parametrize(
    ("objective", "axes"),
    [("norm_softmax", PROXY_AXES), ("proxy_anchor", PROXY_AXES), ("multi_similarity", PAIR_AXES)],
)
def test_every_axis_is_swept(ablation: list[PlannedRun], objective: str, axes: set[str]) -> None:
    found = {arm.partition("=")[0] for arm in arms_of(ablation, objective) if "=" in arm}
    assert found == axes


@pytest.mark.parametrize("objective", ["norm_softmax", "proxy_anchor", "multi_similarity"])
def test_an_arm_of_an_axis_exchanges_that_option_alone(
    ablation: list[PlannedRun], objective: str
) -> None:
    arms = arms_of(ablation, objective)
    default = flatten(arms["dam"].as_json())
    points = {arm: flatten(config.as_json()) for arm, config in arms.items() if "=" in arm}
    assert len(points) > 10
    for arm, config in points.items():
        axis, _, value = arm.partition("=")
        differing = {key for key in default | config if config.get(key) != default.get(key)}
        assert differing == {"arm", f"similarity.{axis}"}
        assert str(config[f"similarity.{axis}"]) == value


def test_cases_of_the_ablation_differ_from_the_default_in_one_setting(
    ablation: list[PlannedRun],
) -> None:
    baselines: dict[str, list[dict[str, Any]]] = {}
    for run in ablation:
        if run.config.arm == "baseline" and run.config.seed == 0:
            baselines.setdefault(run.config.objective_name, []).append(
                flatten(run.config.as_json())
            )
    varied = Counter(
        next(iter(keys))
        for first, *others in baselines.values()
        for other in others
        if len(keys := {key for key in first | other if first.get(key) != other.get(key)}) == 1
    )
    swept = {"objective.scale": 8, "objective.beta": 4, "objective.margin": 2}
    assert varied == {"dim": 9, "objective.normalise": 3} | swept
    assert sum(len(others) for others in baselines.values()) == 26 + len(baselines)


def test_each_value_of_a_swept_setting_has_an_arm_as_hard_as_dam(
    ablation: list[PlannedRun],
) -> None:
    scales: dict[float, set[str]] = {}
    for run in ablation:
        config = run.config
        if config.objective_name == "norm_softmax" and config.dim == 128:
            options = flatten(config.as_json())
            if options["objective.normalise"] and "=" not in config.arm:
                scales.setdefault(options["objective.scale"], set()).add(config.arm)
    assert scales == {key: {"baseline", "dam", "shrunk"} for key in (5, 10, 20, 40, 80)}


def test_the_real_sets_have_every_axis_of_the_ablation() -> None:
    optional = [case for case in suite("ablation")["cases"] if case.get("optional")]
    datasets = list(dict.fromkeys(case["dataset"] for case in optional))
    assert datasets == ["cub200", "cars196", "market1501", "msmt17"]
    for dataset in datasets:
        cases = [case for case in optional if case["dataset"] == dataset]
        arms = [{arm.partition("=")[0] for arm in case.get("arms", {})} for case in cases]
        # Softmax is on inner products, and triplets are on distances, where cosines have no form.
        photos = dataset in ("cub200", "cars196")
        lacking = [set(), set()] if photos else [{"mapping"}, {"similarity"}]
        for axes, without in zip((PROXY_AXES, PAIR_AXES), lacking, strict=True):
            assert axes - without in arms
        changes = [case["changes"] for case in cases if "changes" in case]
        assert {"dim", "objective"} == {key for change in changes for key in change}


@pytest.mark.parametrize("dataset", ["cub200", "cars196", "market1501", "msmt17"])
def test_the_real_sets_arms_can_be_built(
    dataset: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On the recipe's backbone; the data stay unread."""
    content = suite("ablation")
    cases = [
        {key: value for key, value in case.items() if key != "optional"}
        for case in content["cases"]
        if case["dataset"] == dataset
    ]
    path = tmp_path / "real.py"
    path.write_text(f"cases = {cases}\narms = {content['arms']}\nseeds = [0]\n")
    monkeypatch.setattr("benchmark.suite.plan.check_first_steps", lambda configs: None)
    configs = [run.config for run in plan(str(path), device="cpu")]
    assert len(configs) > 40
    for config in configs:
        build_loss(config, classes=4, dim=config.dim or 8)


@pytest.fixture(scope="module")
def objectives() -> list[PlannedRun]:
    """The runs of the suite of that name."""
    return plan("objectives", device="cpu")


def test_every_objective_is_in_its_suite_with_and_without_dam(objectives: list[PlannedRun]) -> None:
    known = {*names(PROXY_OBJECTIVES), *names(PAIR_OBJECTIVES), "joint"}
    assert {run.config.objective.type for run in objectives} == known
    assert {run.config.arm for run in objectives} == {"baseline", "dam"}
    minings = {
        run.config.objective.options.get("mining")
        for run in objectives
        if isinstance(run.config.objective, Entry)
    } - {None, "all"}
    assert minings == set(get_args(Mining))
    assert len(objectives) == (len(known) + len(minings) - 1) * 2 * 3


def test_every_rival_stands_alone_and_with_dam() -> None:
    configs = [run.config for run in plan("rivals", seeds=[0], device="cpu")]
    for objective in ("norm_softmax", "multi_similarity"):
        arms = {c.arm: c for c in configs if c.objective_name == objective}
        assert arms["random"].similarity.options["rule"] == "random"
        assert arms["inverse"].similarity.options["rule"] == "inverse"
        for rival in names(RIVALS):
            alone, joined = arms[rival], arms[f"dam+{rival}"]
            assert [entry.type for entry in alone.rivals] == [rival]
            assert alone.similarity == PLAIN
            assert joined.rivals == alone.rivals
            assert joined.similarity == arms["dam"].similarity
        assert len(arms) == 4 + 2 * len(names(RIVALS))


@pytest.fixture(scope="module")
def everything() -> list[RunConfig]:
    """Every objective in every arm, small."""
    return [run.config for run in plan("arms", overrides=SMALL, device="cpu")]


@pytest.fixture(scope="module")
def batches(everything: list[RunConfig]) -> dict[Sampler, list[Any]]:
    """The first batches of the typefaces, by the sampler that draws them."""
    train = load_dataset(everything[0]).train
    return {
        sampler: list(islice(TrainingLoader(train, **dict(sampler), seed=0), 3))
        for sampler in {config.sampler for config in everything}
    }


def started(config: RunConfig) -> RetrievalModel:
    """The model of a run at its start."""
    torch.manual_seed(0)
    return build_model(config, classes=100).train()


def test_every_objective_is_crossed_with_every_rival(
    everything: list[RunConfig], objectives: list[PlannedRun]
) -> None:
    found = Counter((config.objective_name, config.arm) for config in everything)
    assert set(found) == set(product({run.config.objective_name for run in objectives}, ARMS))
    assert set(found.values()) == {1}


@pytest.mark.parametrize("arm", ARMS)
def test_every_objective_trains_in_every_arm(
    everything: list[RunConfig], batches: dict[Sampler, list[Any]], arm: str
) -> None:
    for config in (config for config in everything if config.arm == arm):
        model = started(config)
        optimiser = build_optimiser(config, model)
        before = {name: value.clone() for name, value in model.named_parameters()}
        for batch in batches[config.sampler]:
            loss = model.train_step(batch, optimiser)["loss"]
            assert torch.isfinite(loss), config.objective_name
        for name, value in model.named_parameters():
            assert torch.isfinite(value).all(), (config.objective_name, name)
            if value.requires_grad:
                assert not torch.equal(value, before[name]), (config.objective_name, name)


def beside_baseline(everything: list[RunConfig], arm: str) -> Iterator[list[RunConfig]]:
    """Each objective's baseline and its run in `arm`."""
    baselines = {c.objective_name: c for c in everything if c.arm == "baseline"}
    for config in everything:
        if config.arm == arm:
            yield [baselines[config.objective_name], config]


def test_rule_all_is_every_objectives_baseline_bit_for_bit(
    everything: list[RunConfig], batches: dict[Sampler, list[Any]]
) -> None:
    for pair in beside_baseline(everything, "all"):
        ends = []
        for config in pair:
            model = started(config)
            optimiser = build_optimiser(config, model)
            steps = batches[config.sampler]
            losses = [model.train_step(batch, optimiser)["loss"] for batch in steps]
            ends.append({"losses": torch.stack(losses), **model.state_dict()})
        assert ends[0].keys() == ends[1].keys()
        for name, expected in ends[0].items():
            assert torch.equal(ends[1][name], expected), (pair[0].objective_name, name)


def test_keeping_every_element_is_every_objectives_baseline_to_rounding(
    everything: list[RunConfig], batches: dict[Sampler, list[Any]]
) -> None:
    for pair in beside_baseline(everything, "keep=1.0"):
        gradients = []
        for config in pair:
            model = started(config)
            batch = batches[config.sampler][0]
            inputs = model.data_preprocessor(batch, training=True)
            torch.manual_seed(0)  # what distance-weighted mining draws
            loss = model(**inputs, mode="loss")["loss"]
            loss.backward()
            found = {name: p.grad for name, p in model.named_parameters() if p.grad is not None}
            gradients.append({"loss": loss.detach(), **found})
        torch.testing.assert_close(gradients[1], gradients[0], atol=1e-5, rtol=1e-3)
