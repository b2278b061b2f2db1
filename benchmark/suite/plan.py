"""From a suite's configuration to the list of its runs, each one resolved and checked.

A suite is a Python file with

    cases        list of dict(dataset=..., recipe=..., objectives=...): the names of two files in
                 configs/, and name -> entry of the objectives that are trained so
    arms         name -> what the arm exchanges in the run's configuration
    seeds        list of whole numbers

and its runs are objective x arm x seed of each case. A run's configuration is the data set's file
and the recipe's file put together, the objective, and then what the arm exchanges; every option
that is left out is filled in with its default, so that the run's identity names them all.
"""

import ast
import copy
import difflib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from mmengine.config import Config

from benchmark.data.loading import training_loader
from benchmark.errors import UserError
from benchmark.registry import (
    BACKBONES,
    DATASETS,
    PAIR_OBJECTIVES,
    PROXY_OBJECTIVES,
    TRANSFORMS,
    names,
    resolve,
)
from benchmark.suite.store import canonical, identity
from benchmark.training.building import (
    build_loss,
    build_model,
    build_optimiser,
    load_dataset,
    registries,
)

CONFIGS = Path(__file__).parents[1] / "configs"
SUITE_KEYS = ("cases", "arms", "seeds")
CASE_KEYS = ("dataset", "recipe", "objectives")
# Each key of a recipe with the type of its value; nested entries with those of their options.
RECIPE_KEYS: dict[str, Any] = {
    "transform": dict,
    "backbone": dict,
    "dim": int,
    "sampler": {"classes": int, "samples": int},
    "optimiser": dict,
    "proxy_rate": float,
    "schedule": {"warmup": float},
    "epochs": int,
    "threads": int,
}
RUN_KEYS = ("dataset", *RECIPE_KEYS, "objective", "similarity", "device")


@dataclass(frozen=True)
class PlannedRun:
    """A run that is to be made: its resolved configuration and its id."""

    config: dict[str, Any]

    @property
    def id(self) -> str:
        """The hash of the configuration."""
        return identity(self.config)

    @property
    def label(self) -> str:
        """How a person calls it."""
        c = self.config
        return f"{c['dataset']['type']} {c['objective_name']} {c['arm']} seed {c['seed']}"


def suites() -> list[str]:
    """The names of the suites that come with the package."""
    return sorted(path.stem for path in (CONFIGS / "suites").glob("*.py"))


def plan(
    suite: str,
    *,
    overrides: list[str] | None = None,
    seeds: list[int] | None = None,
    device: str | None = None,
) -> list[PlannedRun]:
    """The runs of a suite, by its name or the path of its file.

    `overrides` are texts `key.path=value`: those that begin with one of a suite's keys change the
    suite, the others every run. `device` is "cpu" or "cuda"; None takes the GPU where there is
    one. Raises UserError for anything that could not be trained as written.
    """
    content = _read_suite(suite)
    changes = [_parse(override) for override in overrides or []]
    for path, value in changes:
        if path[0] in SUITE_KEYS:
            _put(content, path, value, f"suite {suite}")
    if seeds is not None:
        content["seeds"] = seeds
    _check_suite(content, suite)
    if device is None:
        device = "cuda" if torch.cuda.is_available() else "cpu"
    run_changes = [(path, value) for path, value in changes if path[0] not in SUITE_KEYS]
    runs = [
        PlannedRun(_resolve(case, objective, entry, arm, exchanged, seed, device, run_changes))
        for case in content["cases"]
        for objective, entry in case["objectives"].items()
        for arm, exchanged in content["arms"].items()
        for seed in content["seeds"]
    ]
    _check_buildable(runs)
    return runs


def _read(path: Path) -> dict[str, Any]:
    """A configuration file's values."""
    try:
        content = Config.fromfile(path)
    except Exception as error:  # whatever the file's own code raises
        raise UserError(f"{path} is no configuration: {error}") from error
    values: dict[str, Any] = content.to_dict()
    return values


def _read_named(kind: str, name: str) -> dict[str, Any]:
    path = CONFIGS / kind / f"{name}.py"
    if not path.is_file():
        known = ", ".join(sorted(p.stem for p in (CONFIGS / kind).glob("*.py")))
        raise UserError(f"There is no {name!r} in configs/{kind}. Known: {known}.")
    return _read(path)


def _read_suite(suite: str) -> dict[str, Any]:
    if suite.endswith(".py"):
        if not Path(suite).is_file():
            raise UserError(f"There is no suite file {suite}.")
        return _read(Path(suite))
    if suite not in suites():
        raise UserError(
            f"There is no suite {suite!r}. Known: {', '.join(suites())}; "
            "or give the path of a suite's .py file."
        )
    return _read_named("suites", suite)


def _parse(override: str) -> tuple[list[str], Any]:
    key, equals, text = override.partition("=")
    if not equals or not all(key.split(".")):
        raise UserError(f"{override!r} is no override; write key.path=value, such as epochs=2")
    words = {"true": True, "false": False, "null": None, "none": None}
    if text.lower() in words:
        return key.split("."), words[text.lower()]
    try:
        return key.split("."), ast.literal_eval(text)
    except (SyntaxError, ValueError):
        return key.split("."), text


def _put(target: dict[str, Any], path: list[str], value: Any, where: str) -> None:
    """Set target[path[0]][path[1]]... = value."""
    holder: Any = target
    for depth, key in enumerate(path):
        here = ".".join(path[: depth + 1])
        if isinstance(holder, list):
            if not key.isdigit() or int(key) >= len(holder):
                raise UserError(f"{where}: {here}: there are {len(holder)} entries, from 0")
            place: Any = int(key)
        elif isinstance(holder, dict):
            place = key
        else:
            raise UserError(f"{where}: {'.'.join(path[:depth])} has no entries of its own")
        if depth == len(path) - 1:
            holder[place] = value
        elif isinstance(holder, dict) and place not in holder:
            raise UserError(f"{where}: there is no {here}. {_known(key, holder)}")
        else:
            holder = holder[place]


def _known(key: str, known: Any) -> str:
    near = difflib.get_close_matches(key, list(known), n=1)
    hint = f"Did you mean {near[0]!r}? " if near else ""
    return f"{hint}Known: {', '.join(known)}."


def _check_suite(content: dict[str, Any], suite: str) -> None:
    for key in content:
        if key not in SUITE_KEYS:
            raise UserError(f"suite {suite}: unknown key {key!r}. {_known(key, SUITE_KEYS)}")
    for key, kind in (("cases", list), ("arms", dict), ("seeds", list)):
        if not isinstance(content.get(key), kind) or not content[key]:
            raise UserError(f"suite {suite}: {key} must be a {kind.__name__} that is not empty")
    for case in content["cases"]:
        if not isinstance(case, dict) or set(case) != set(CASE_KEYS) or not case["objectives"]:
            raise UserError(
                f"suite {suite}: a case is dict(dataset=..., recipe=..., objectives=dict(...)), "
                f"not {case}"
            )
    for seed in content["seeds"]:
        if not isinstance(seed, int) or isinstance(seed, bool) or seed < 0:
            raise UserError(f"suite {suite}: seeds are whole numbers from 0, not {seed!r}")
    if len(set(content["seeds"])) < len(content["seeds"]):
        raise UserError(f"suite {suite}: a seed stands twice in {content['seeds']}")
    if "baseline" not in content["arms"]:
        raise UserError(f"suite {suite}: arms needs 'baseline', what the others are compared with")


def _resolve(
    case: dict[str, Any],
    objective: str,
    entry: dict[str, Any],
    arm: str,
    exchanged: dict[str, Any],
    seed: int,
    device: str,
    changes: list[tuple[list[str], Any]],
) -> dict[str, Any]:
    """One run's configuration, complete and checked key by key."""
    where = f"{case['dataset']} {objective} {arm}"
    config: dict[str, Any] = {
        **_read_named("datasets", case["dataset"]),
        **_read_named("recipes", case["recipe"]),
        "objective": copy.deepcopy(entry),
        "similarity": {"type": "plain"},
        "device": device,
    }
    config.update(copy.deepcopy(exchanged))
    for path, value in changes:
        if path[0] not in RUN_KEYS:
            raise UserError(
                f"unknown key {path[0]!r} in {'.'.join(path)}. "
                f"{_known(path[0], (*RUN_KEYS, *SUITE_KEYS))}"
            )
        _put(config, path, value, where)
    for key in config:
        if key not in RUN_KEYS:
            raise UserError(f"{where}: unknown key {key!r}. {_known(key, RUN_KEYS)}")
    for key, kind in RECIPE_KEYS.items():
        config[key] = _typed(config.get(key), kind, f"{where}: {key}")
    if config["schedule"]["warmup"] >= config["epochs"]:
        raise UserError(
            f"{where}: schedule.warmup={config['schedule']['warmup']:g} leaves nothing of "
            f"epochs={config['epochs']}; lower it, such as schedule.warmup=0"
        )
    if config["device"] not in ("cpu", "cuda"):
        raise UserError(f"{where}: device is 'cpu' or 'cuda', not {config['device']!r}")
    config["dataset"] = resolve(DATASETS, config["dataset"], f"{where}: dataset")
    config["transform"] = resolve(TRANSFORMS, config["transform"], f"{where}: transform")
    config["backbone"] = resolve(BACKBONES, config["backbone"], f"{where}: backbone")
    objectives, mappings = registries(config)
    if config["objective"].get("type") not in names(objectives):
        both = [*names(PROXY_OBJECTIVES), *names(PAIR_OBJECTIVES)]
        raise UserError(
            f"{where}: there is no objective {config['objective'].get('type')!r}. "
            f"{_known(str(config['objective'].get('type')), both)}"
        )
    config["objective"] = resolve(objectives, config["objective"], f"{where}: objective")
    if config["similarity"] != {"type": "plain"}:
        config["similarity"] = resolve(mappings, config["similarity"], f"{where}: similarity")
    return {
        **config,
        "recipe": case["recipe"],
        "objective_name": objective,
        "arm": arm,
        "seed": seed,
    }


def _typed(value: Any, kind: Any, where: str) -> Any:
    """The value, if it is of the kind that its key wants."""
    if isinstance(kind, dict):
        if not isinstance(value, dict) or set(value) != set(kind):
            raise UserError(f"{where} must have just the options {', '.join(kind)}, not {value!r}")
        return {key: _typed(value[key], kind[key], f"{where}.{key}") for key in kind}
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        value = float(value)
    if not isinstance(value, kind) or isinstance(value, bool):
        raise UserError(f"{where} must be a {kind.__name__}, not {value!r}")
    if kind is int and value < 1:
        raise UserError(f"{where} must be at least 1, not {value}")
    if kind is float and value < 0:
        raise UserError(f"{where} must be at least 0, not {value}")
    return value


def _check_buildable(runs: list[PlannedRun]) -> None:
    """Build what the runs will build, so that a wrong value or absent data are found now."""
    if any(run.config["device"] == "cuda" for run in runs) and not torch.cuda.is_available():
        raise UserError("device=cuda: torch sees no GPU here. Use device=cpu.")
    seen: set[str] = set()

    def unseen(*keys: str) -> Iterator[dict[str, Any]]:
        for run in runs:
            kind = canonical({key: run.config[key] for key in keys})
            if kind not in seen:
                seen.add(kind)
                yield run.config

    for config in unseen("dataset", "transform", "sampler"):
        training_loader(load_dataset(config).train, **config["sampler"], seed=0)
    for config in unseen("backbone", "optimiser", "proxy_rate"):
        build_optimiser(config, build_model(config, classes=2))
    for config in unseen("objective", "similarity", "dim"):
        build_loss(config, classes=2)
