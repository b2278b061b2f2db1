"""The files in configs/ and a user's own suites: read, and checked for what they hold.

A suite is a Python file with

    cases        list of dict(dataset=..., recipe=..., objectives=...): the names of two files in
                 configs/, and name -> entry of the objectives that are trained so. A case may
                 have `changes` of the settings, baselines included; `arms` of its own beside the
                 suite's; be `optional`: left out where its data set isn't there;
                 `fit_batches`: take fewer classes in a batch where its data set has fewer; and
                 name in `without_weights` the recipe to take where the file of the other one's
                 pretrained weights isn't there
    arms         name -> what the arm exchanges in the run's settings: `similarity`, `rivals` or
                 both, and nothing else
    seeds        list of whole numbers
    tune         optional: name of an objective -> key of a setting -> the values among which
                 'tune' searches, such as {"objective.scale": dict(low=5, high=80, log=True)}
"""

import ast
import copy
from functools import cache
from pathlib import Path
from typing import Annotated, Any

from mmengine.config import Config
from pydantic import AfterValidator, Field, model_validator

from benchmark.entries import Name
from benchmark.errors import UserError
from benchmark.paths import expanded
from benchmark.registry import DATASETS, names
from benchmark.run_config import Seed
from benchmark.suite.arms import BASELINE, EXCHANGED
from benchmark.suite.tuning.ranges import Range
from benchmark.validation import Part, json_value, known, shown, validated

CONFIGS = Path(__file__).parents[1] / "configs"


def _exchanges(entries: dict[str, Any]) -> dict[str, Any]:
    """What an arm exchanges; runs that differ in anything else are no pair."""
    for key in entries:
        if key not in EXCHANGED:
            raise ValueError(
                f"an arm exchanges {' or '.join(EXCHANGED)}, not {shown(key)}; other settings go "
                "in a case's 'changes'"
            )
    return entries


Arm = Annotated[dict[str, Any], AfterValidator(_exchanges)]


class Case(Part):
    """Objectives that are trained by one recipe on one data set."""

    dataset: Name
    """A data set's name."""
    recipe: Name
    """A recipe's name."""
    without_weights: Name | None = None
    """The recipe that is taken instead where the weights of the recipe's backbone aren't there."""
    objectives: Annotated[dict[Name, dict[str, Any]], Field(min_length=1)]
    """The objectives by the names that tables show, each an entry with a type."""
    changes: dict[str, Any] = Field(default_factory=dict)
    """Settings that differ from the recipe's, in all arms."""
    arms: dict[Name, Arm] = Field(default_factory=dict)
    """Arms beside the suite's."""
    optional: bool = False
    """Whether the case is left out where its data set isn't there."""
    fit_batches: bool = False
    """Whether a batch takes fewer classes than the recipe's where the data set has fewer."""


class Suite(Part):
    """The runs behind a set of tables: objective x arm x seed of each case."""

    cases: Annotated[list[Case], Field(min_length=1)]
    """Which objectives are trained by which recipe on which data set."""
    arms: dict[Name, Arm]
    """The sides of the comparison: a name, and the similarity and rivals that it exchanges."""
    seeds: Annotated[list[Seed], Field(min_length=1)]
    """Each run is made once with each of them."""
    tune: dict[Name, Annotated[dict[Name, Range], Field(min_length=1)]] = Field(
        default_factory=dict
    )
    """What a search tunes: an objective's name, and its settings with their ranges."""

    @model_validator(mode="before")
    @classmethod
    def _check_json(cls, value: Any) -> Any:
        return json_value(value)

    @model_validator(mode="after")
    def _check_together(self) -> "Suite":
        if BASELINE not in self.arms:
            raise ValueError(f"arms needs {BASELINE!r}, what the others are compared with")
        if len(set(self.seeds)) < len(self.seeds):
            raise ValueError(f"a seed stands twice in seeds={shown(self.seeds)}")
        objectives = list(dict.fromkeys(name for case in self.cases for name in case.objectives))
        for name in self.tune:
            if name not in objectives:
                raise ValueError(f"tune: no objective {shown(name)}. {known(name, objectives)}")
        return self


def suites() -> list[str]:
    """The names of the suites that come with the package."""
    return _named("suites")


def datasets() -> list[str]:
    """The names of all data sets that a case may name."""
    return sorted({*names(DATASETS), *_named("datasets")})


def read_suite(suite: str) -> dict[str, Any]:
    """What a suite's file holds, by its name or the path of the file; unchecked."""
    if not suite.endswith(".py"):
        return read_config("suites", suite, "; or give the path of a suite's .py file")
    path = expanded(suite)
    if not path.is_file():
        raise UserError(f"There is no suite file {suite}.")
    return _read(path)


def checked_suite(content: dict[str, Any], suite: str) -> Suite:
    """The suite as a model. Raises UserError for its first fault."""
    return validated(Suite, content, f"suite {suite}")


def read_config(kind: str, name: str, otherwise: str = "") -> dict[str, Any]:
    """What the file `name` in configs/`kind` holds. Raises UserError where there is none."""
    return copy.deepcopy(_read_config(kind, name, otherwise))


@cache
def _read_config(kind: str, name: str, otherwise: str) -> dict[str, Any]:
    if name not in _named(kind):
        raise UserError(
            f"There is no {kind.removesuffix('s')} {shown(name)} in configs/{kind}. "
            f"{known(name, _named(kind)).removesuffix('.')}{otherwise}."
        )
    return _read(CONFIGS / kind / f"{name}.py")


def read_dataset(name: str) -> dict[str, Any]:
    """The data set's file in configs/datasets; one without a file is taken with its defaults."""
    if name in names(DATASETS) and name not in _named("datasets"):
        return {"dataset": {"type": name}}
    return read_config("datasets", name)


def _named(kind: str) -> list[str]:
    return sorted(path.stem for path in (CONFIGS / kind).glob("*.py"))


def _read(path: Path) -> dict[str, Any]:
    """A configuration file's values.

    Names that begin with an underscore are its own business, and so is what it imports.
    """
    try:
        content = Config.fromfile(path)
    except SyntaxError as error:
        raise UserError(f"{path} is no configuration: {_syntax_fault(path, error)}") from error
    except SystemExit as error:
        raise UserError(f"{path} is no configuration: it ends the program (sys.exit)") from error
    except Exception as error:  # whatever the file's own code raises
        raise UserError(f"{path} is no configuration: {error}") from error
    left_out = _imported(path)
    return {
        key: value
        for key, value in content.to_dict().items()
        if not key.startswith("_") and key not in left_out
    }


def _imported(path: Path) -> set[str]:
    """The names that a file's own imports bind, those of bases aside.

    mmengine drops them or keeps them, by where Python's own library lies.
    """
    body = ast.parse(path.read_text(encoding="utf-8")).body
    imports = [node for node in body if isinstance(node, ast.Import | ast.ImportFrom)]
    return {alias.asname or alias.name.partition(".")[0] for one in imports for alias in one.names}


def _syntax_fault(path: Path, error: SyntaxError) -> str:
    """What isn't Python, and where: mmengine says "<unknown>" for whichever file it read."""
    try:
        ast.parse(path.read_text(encoding="utf-8"))
    except SyntaxError as own:
        return f"{own.msg} in line {own.lineno}"
    return f"{error.msg} in line {error.lineno} of a file that it takes in"
