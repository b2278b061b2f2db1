"""From a suite's configuration to the list of its runs, each one resolved and checked.

A suite is a Python file with

    cases        list of dict(dataset=..., recipe=..., objectives=...): the names of two files in
                 configs/, and name -> entry of the objectives that are trained so. A case may
                 have `changes` of the configuration, baselines included; `arms` of its own
                 beside the suite's; and be `optional`: left out where its data set isn't there
    arms         name -> what the arm exchanges in the run's configuration: `similarity`, `rivals`
                 or both, and nothing else
    seeds        list of whole numbers

and its runs are objective x arm x seed of each case. A run's configuration is the data set's file
and the recipe's file put together, the objective, and then what the arm exchanges (see
`benchmark.suite.configuration`); every option that is left out is filled in with its default, so
that the run's identity names them all.
"""

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from mmengine.config import Config

from benchmark.data.loading import TrainingLoader
from benchmark.errors import UserError
from benchmark.registry import DATASETS, build, names, resolve
from benchmark.suite.arms import BASELINE, check_arms
from benchmark.suite.configuration import DEFAULTS, KINDS, known, merged, resolved
from benchmark.suite.overrides import parse, put
from benchmark.suite.store import canonical, identity
from benchmark.training.building import (
    build_loss,
    build_model,
    build_optimiser,
    load_dataset,
)

CONFIGS = Path(__file__).parents[1] / "configs"
SUITE_KEYS = ("cases", "arms", "seeds")
SEEDS = 2**31  # from 0, so that every generator takes them
CASE = {"dataset": str, "recipe": str, "objectives": dict}
OPTIONAL = {"changes": dict, "arms": dict, "optional": bool}


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
    allow_partial: bool = False,
    tell: Callable[[str], None] = lambda note: None,
) -> list[PlannedRun]:
    """The runs of a suite, by its name or the path of its file.

    `overrides` are texts `key.path=value`: those that begin with one of a suite's keys change the
    suite, the others every run. `device` is "cpu" or "cuda"; None takes the GPU where there is
    one. `allow_partial` takes a part of a release for the whole. `tell` gets what a user should
    know, each sentence once. Raises UserError for anything that could not be trained as written.
    """
    content = _read_suite(suite)
    changes = [parse(override) for override in overrides or []]
    for path, value in changes:
        if path[0] in SUITE_KEYS:
            put(content, path, value, f"suite {suite}")
    if seeds is not None:
        content["seeds"] = seeds
    _check_suite(content, suite)
    if device is None:
        device = "cuda" if torch.cuda.is_available() else "cpu"
    run_changes = [(path, value) for path, value in changes if path[0] not in SUITE_KEYS]
    notes: dict[str, None] = {}
    runs = {}
    for case in content["cases"]:
        if case.get("optional") and not _found(case["dataset"]):
            notes[f"{case['dataset']} is not in the data root, and left out of the suite"] = None
            continue
        arms = {**content["arms"], **case.get("arms", {})}
        for objective, entry in case["objectives"].items():
            for arm, exchanged in arms.items():
                where = f"{case['dataset']} {objective} {arm}"
                config, told = _resolve(case, entry, exchanged, device, run_changes, where)
                if allow_partial and "allow_partial" in config["dataset"]:
                    config["dataset"]["allow_partial"] = True
                notes.update(dict.fromkeys(told))
                called = {"recipe": case["recipe"], "objective_name": objective, "arm": arm}
                for seed in content["seeds"]:
                    run = PlannedRun({**config, **called, "seed": seed})
                    # Two cases may share a run, such as the default on several axes.
                    runs[run.id] = run
    for note in notes:
        tell(note)
    if not runs:
        raise UserError(f"suite {suite}: none of its data sets is there. Give --data-root DIR.")
    _check_buildable(list(runs.values()))
    return list(runs.values())


def _read(path: Path) -> dict[str, Any]:
    """A configuration file's values; names that begin with an underscore are its own business."""
    try:
        content = Config.fromfile(path)
    except SyntaxError as error:
        raise UserError(f"{path} is no configuration: {_syntax_fault(path, error)}") from error
    except SystemExit as error:
        raise UserError(f"{path} is no configuration: it ends the program (sys.exit)") from error
    except Exception as error:  # whatever the file's own code raises
        raise UserError(f"{path} is no configuration: {error}") from error
    return {key: value for key, value in content.to_dict().items() if not key.startswith("_")}


def _syntax_fault(path: Path, error: SyntaxError) -> str:
    """What isn't Python, and where: mmengine says "<unknown>" for whichever file it read."""
    try:
        ast.parse(path.read_text(encoding="utf-8"))
    except SyntaxError as own:
        return f"{own.msg} in line {own.lineno}"
    return f"{error.msg} in line {error.lineno} of a file that it takes in"


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


def _check_suite(content: dict[str, Any], suite: str) -> None:
    for key in content:
        if key not in SUITE_KEYS:
            raise UserError(f"suite {suite}: unknown key {key!r}. {known(key, SUITE_KEYS)}")
    for key, kind in (("cases", list), ("arms", dict), ("seeds", list)):
        if not isinstance(content.get(key), kind) or not content[key]:
            raise UserError(f"suite {suite}: {key} must be a {kind.__name__} that is not empty")
    for case in content["cases"]:
        kinds = CASE | OPTIONAL
        fits = isinstance(case, dict) and CASE.keys() <= case.keys() <= kinds.keys()
        if not fits or not all(isinstance(value, kinds[key]) for key, value in case.items()):
            raise UserError(
                f"suite {suite}: a case is dict(dataset=..., recipe=..., objectives=dict(...)), "
                f"and perhaps {', '.join(OPTIONAL)}, not {case}"
            )
        if not case["objectives"] or not all(isinstance(name, str) for name in case["objectives"]):
            raise UserError(f"suite {suite}: a case's objectives are dict(name=dict(type=...))")
        check_arms(case.get("arms", {}), f"suite {suite}: a case on {case['dataset']}")
    for seed in content["seeds"]:
        if not isinstance(seed, int) or isinstance(seed, bool) or not 0 <= seed < SEEDS:
            raise UserError(
                f"suite {suite}: seeds are whole numbers from 0 to {SEEDS - 1}, not {seed!r}"
            )
    if len(set(content["seeds"])) < len(content["seeds"]):
        raise UserError(f"suite {suite}: a seed stands twice in {content['seeds']}")
    check_arms(content["arms"], f"suite {suite}")
    if BASELINE not in content["arms"]:
        raise UserError(
            f"suite {suite}: arms needs {BASELINE!r}, what the others are compared with"
        )


def _dataset(name: str) -> dict[str, Any]:
    """The data set's file in configs/datasets; one without a file is taken with its defaults."""
    if name in names(DATASETS) and not (CONFIGS / "datasets" / f"{name}.py").is_file():
        return {"dataset": {"type": name}}
    return _read_named("datasets", name)


def _found(dataset: str) -> bool:
    """Whether a data set is there."""
    entry = _dataset(dataset)["dataset"]
    found: bool = build(DATASETS, resolve(DATASETS, entry, dataset), dataset).status().found
    return found


def _resolve(
    case: dict[str, Any],
    objective: dict[str, Any],
    exchanged: dict[str, Any],
    device: str,
    changes: list[tuple[list[str], Any]],
    where: str,
) -> tuple[dict[str, Any], list[str]]:
    """A run's configuration but for its seed, and what a user should be told of it."""
    config = DEFAULTS
    for part in (
        _dataset(case["dataset"]),
        _read_named("recipes", case["recipe"]),
        {"objective": objective, "device": device},
        case.get("changes", {}),
        exchanged,
    ):
        config = merged(config, part)
    for path, value in changes:
        if path[0] not in KINDS:
            raise UserError(
                f"unknown key {path[0]!r} in {'.'.join(path)}. "
                f"{known(path[0], (*KINDS, *SUITE_KEYS))}"
            )
        put(config, path, value, where)
    return resolved(config, where)


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
        TrainingLoader(load_dataset(config).train, **config["sampler"], seed=0)
    for config in unseen("backbone", "neck", "rivals", "optimiser", "proxy_rate"):
        build_optimiser(config, build_model(config, classes=2))
    for config in unseen("objective", "similarity", "memory"):
        build_loss(config, classes=2, dim=2)
