"""Whatever a suite holds, `plan` refuses it with one message, or its runs take their first step.

`DAM_BENCHMARK_ODD_CONFIGURATIONS` is how many suites are drawn, 500 by default.
"""

import copy
import math
import os
import random
import time
from typing import Any

import pytest
import torch
from mmengine.registry import OPTIMIZERS

from benchmark.data.loading import TrainingLoader
from benchmark.errors import UserError
from benchmark.registry import (
    PAIR_MAPPINGS,
    PAIR_OBJECTIVES,
    PROXY_MAPPINGS,
    PROXY_OBJECTIVES,
    RIVALS,
    names,
)
from benchmark.run_config import RunConfig
from benchmark.signatures import options_model
from benchmark.suite.plan import PlannedRun, plan
from benchmark.training.building import build_model, build_optimiser, build_schedule, load_dataset

EXAMPLES = int(os.environ.get("DAM_BENCHMARK_ODD_CONFIGURATIONS", "500"))
SECONDS = 10.0

NUMBERS = [-1, 0, 1, 2, 3, 0.5, 1.0, -0.5, 1e-308, 1e308, -1e308, 1e30, 10**11, 10**30, 10**400]
NAMES = [
    "",
    "x",
    "../x",
    "../../x",
    "[/red]",
    "$\\frac{$",
    "\ud800",
    "=1+1",
    "\x1b[31m",
    "名前",
    "'",
]
OTHERS = [
    *(math.nan, math.inf, -math.inf, None, True, False, [], {}, [1], (1, 2), {"type": "x"}),
    *({"type": 3}, "a" * 1000, b"bytes", {1, 2}, object(), [[[]]], {"": 0}, {3: 4}, 1j),
]
SETTINGS = [
    *("dataset.type", "dataset.classes", "dataset.images", "dataset.seed", "dataset.noise"),
    *("transform.type", "transform.shift", "transform.scale", "transform.rotation"),
    *("transform.shear", "backbone.type", "backbone.width", "backbone.weights", "dim", "pooling"),
    *("neck", "memory", "memory.size", "memory.start", "sampler", "sampler.classes"),
    *("sampler.samples", "optimiser", "optimiser.lr", "optimiser.momentum", "optimiser.betas"),
    *("optimiser.eps", "optimiser.weight_decay", "optimiser.capturable", "optimiser.fused"),
    *("optimiser.foreach", "optimiser.differentiable", "optimiser.nesterov", "proxy_rate"),
    *("schedule", "schedule.warmup", "schedule.frozen", "schedule.decay", "schedule.milestones"),
    *("schedule.gamma", "epochs", "nmi", "threads", "device", "init", "init.path", "rivals", "odd"),
    *("precision", "memory_format", "deterministic", "compile"),
]
SUITE = ["seeds", "arms", "cases", "cases.0", "cases.0.dataset", "cases.0.recipe", "cases.0.arms"]


def suite(draw: random.Random) -> dict[str, Any]:
    """A sound suite of one objective, with DAM or a rival in most."""
    pair = draw.random() < 0.5
    objective = draw.choice(names(PAIR_OBJECTIVES if pair else PROXY_OBJECTIVES))
    case = {
        "dataset": "noise",
        "recipe": "glyph_pairs" if pair else "glyphs",
        "objectives": {"o": {"type": objective}},
        "changes": {"epochs": 2, "dim": 8, "backbone": {"width": 2}, "threads": 1},
    }
    case["changes"]["sampler"] = {"classes": 4, "samples": 3}
    arms: dict[str, Any] = {"baseline": {}}
    if draw.random() < 0.4:
        arms["dam"] = {"similarity": {"type": "dam"}}
    if draw.random() < 0.3:
        arms["rival"] = {"rivals": [{"type": draw.choice(names(RIVALS))}]}
    return {"cases": [case], "arms": arms, "seeds": [0]}


def odd(draw: random.Random) -> Any:
    return copy.copy(draw.choice(draw.choice([NUMBERS, NUMBERS, NAMES, OTHERS])))


def put(target: Any, path: str, value: Any) -> None:
    *holders, last = path.split(".")
    for key in holders:
        if not isinstance(target, dict | list):
            return
        inner = target[int(key)] if isinstance(target, list) else target.setdefault(key, {})
        target = inner
    if isinstance(target, dict):
        target[last] = value
    elif isinstance(target, list) and target and last == "0":
        target[0] = value


def spoil(content: dict[str, Any], draw: random.Random) -> None:
    """Put something odd into a suite."""
    case = content["cases"][0]
    where = draw.choice(["setting"] * 4 + ["objective"] * 2 + ["similarity"] * 2)
    where = draw.choice([where] * 6 + ["rival", "optimiser", "suite", "name", "joint"])
    if where == "setting":
        put(case["changes"], draw.choice(SETTINGS), odd(draw))
    elif where == "objective":
        entry = case["objectives"]["o"]
        kinds = PROXY_OBJECTIVES.module_dict | PAIR_OBJECTIVES.module_dict
        entry[draw.choice([*options(kinds[entry["type"]]), "type", "odd"])] = odd(draw)
    elif where == "similarity":
        kind = draw.choice([PROXY_MAPPINGS, PAIR_MAPPINGS]).module_dict["dam"]
        option = draw.choice([*options(kind), "type", "proxy"])
        content["arms"]["dam"] = {"similarity": {"type": "dam", option: odd(draw)}}
    elif where == "rival":
        name = draw.choice(names(RIVALS))
        option = draw.choice([*options(RIVALS.module_dict[name]), "type"])
        content["arms"]["rival"] = {"rivals": [{"type": name, option: odd(draw)}]}
    elif where == "optimiser":
        kind = draw.choice(sorted(OPTIMIZERS.module_dict))
        case["changes"]["optimiser"] = {"type": kind, "_delete_": True}
    elif where == "suite":
        put(content, draw.choice(SUITE), odd(draw))
    elif where == "joint":
        case["objectives"]["o"] = {
            "type": "joint",
            "proxy": {"type": draw.choice(["norm_softmax", "triplet", odd(draw)])},
            "pair": {"type": draw.choice(["triplet", "norm_softmax"])},
            "weights": draw.choice([[1.0, 1.0], [0, 0], [1], odd(draw)]),
        }
    else:
        name = odd(draw)
        holder = draw.choice([content["arms"], case["objectives"]])
        holder[name if name.__hash__ else "x"] = next(iter(holder.values()))


def options(kind: Any) -> list[str]:
    return list(options_model(kind, frozenset(("channels", "dim"))).model_fields)


def first_step(config: RunConfig) -> float:
    """The loss of a run's first step, by what trains it."""
    dataset = load_dataset(config)
    loader = TrainingLoader(dataset.train, **dict(config.sampler), seed=config.seed)
    model = build_model(config, dataset.classes)
    wrapper = build_optimiser(config, model)
    schedule = build_schedule(config, wrapper, len(loader))
    model.loss.progress = 0.0
    loss = model.train().train_step(next(iter(loader)), wrapper)["loss"]
    for one in schedule:
        one.step()
    assert all(bool(parameter.isfinite().all()) for parameter in model.parameters())
    return float(loss.detach())


@pytest.fixture
def planned(monkeypatch: pytest.MonkeyPatch) -> Any:
    """`plan` of what a suite's file would hold."""

    def planned(content: dict[str, Any], overrides: list[str] | None = None) -> list[PlannedRun]:
        monkeypatch.setattr("benchmark.suite.plan.read_suite", lambda name: copy.deepcopy(content))
        return plan("odd", overrides=overrides, device="cpu")

    return planned


@pytest.mark.parametrize("part", range(10))
def test_odd_suites_are_refused_or_take_their_first_step(part: int, planned: Any) -> None:
    torch.set_num_threads(1)
    wrong, taken, refused = [], 0, 0
    for number in range(part, EXAMPLES, 10):
        draw = random.Random(number)
        content = suite(draw)
        for _ in range(draw.choice([1, 1, 1, 2, 3])):
            try:
                spoil(content, draw)
            except (KeyError, TypeError, IndexError, StopIteration, AttributeError):
                continue  # what was spoilt before has no such place any more
        begun = time.perf_counter()
        try:
            runs = planned(content)
        except UserError as error:
            assert str(error).strip() and len(str(error)) < 2000
            refused += 1
            runs = []
        except Exception as error:
            wrong.append(f"{number}: {error!r}: {content}")
            runs = []
        if time.perf_counter() - begun > SECONDS:
            wrong.append(f"{number}: took {time.perf_counter() - begun:.0f} s: {content}")
        for run in runs:
            taken += 1
            try:
                loss = first_step(run.config)
                if not math.isfinite(loss):
                    wrong.append(f"{number}: the loss is {loss}: {content}")
            except Exception as error:
                wrong.append(f"{number}: {error!r} in the first step: {content}")
    assert not wrong, "\n".join(wrong)
    assert refused and taken, "the generator makes only one kind"


def simple(objective: str, recipe: str = "glyphs") -> dict[str, Any]:
    content = suite(random.Random(0))
    content["arms"] = {"baseline": {}}
    content["cases"][0] |= {"recipe": recipe, "objectives": {"o": {"type": objective}}}
    return content


@pytest.mark.parametrize(
    ("objective", "overrides", "words"),
    [
        ("soft_triple", ["objective.centres=100000"], "Lower centres"),
        ("soft_triple", ["objective.centres=1000000000"], "Lower centres"),
        ("soft_triple", ["objective.gamma=0"], "gamma must be above 0"),
        ("norm_softmax", ["objective.scale=-1"], "scale must be above 0"),
        ("norm_softmax", ["objective.scale=1e308"], "the loss"),
        ("triplet", ["memory.size=10000000", "dim=100000"], "Lower memory.size or dim"),
        ("triplet", ["dim=1e11"], "dim must be a whole number from 1 to 100,000"),
        ("triplet", ["dataset.images=1000", "sampler.samples=10000000"], "sampler.samples must be"),
        ("triplet", ["sampler.classes=1", "sampler.samples=1"], "at least 2 samples"),
        ("triplet", ["optimiser.lr=1e308"], "parameters become infinite"),
        ("triplet", ["optimiser.capturable=true"], "capturable"),
        ("triplet", ["dataset.noise=-1"], "has no option 'noise'"),
        ("triplet", ["threads=10000"], "threads must be a whole number from 1 to 256"),
        ("triplet", ["epochs=" + "9" * 400], "epochs must be a number of at most 64 bits"),
        ("triplet", ["epochs=" + "9" * 5000], "epochs must be a whole number"),
        ("triplet", [f"epochs={10**30}"], "epochs must be a number of at most 64 bits"),
        ("triplet", ["schedule.warmup=2"], "leaves nothing of epochs=2"),
        (
            "triplet",
            ["schedule.warmup=1.9999999"],
            "in optimiser or schedule: end should be larger",
        ),
        ("triplet", ["neck='bn'", "sampler.classes=1", "sampler.samples=1"], "batches of 1 image"),
        ("triplet", ["cases.0.recipe='../x'"], "There is no recipe '../x'"),
        ("triplet", ["backbone.width=20000000000"], "no glyphnet has width"),
    ],
)
def test_what_was_once_accepted_or_a_traceback(
    objective: str, overrides: list[str], words: str, planned: Any
) -> None:
    with pytest.raises(UserError) as refused:
        planned(simple(objective), overrides)
    assert words in str(refused.value)


def test_nmi_belongs_to_retrieval(planned: Any) -> None:
    content = simple("triplet", "glyph_pairs")
    content["cases"][0]["dataset"] = "typefaces_reid"
    assert len(planned(content)) == 1
    with pytest.raises(UserError, match=r"nmi is measured for retrieval.*set nmi=false"):
        planned(content, ["nmi=true"])
