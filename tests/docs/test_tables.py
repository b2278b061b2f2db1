"""The tables of the documentation hold what the registries hold, no more and no less."""

import inspect
import re
from collections import Counter
from typing import get_args

import pytest
from mmengine.config import Config
from pages import ROOT, names, read, table

from benchmark.dam import PairDAM, ProxyDAM
from benchmark.dam.proxy import Mapping
from benchmark.dam.selection import Rule
from benchmark.registry import DATASETS
from benchmark.registry import names as registered
from benchmark.suite.plan import plan
from benchmark.suite.suite_file import CONFIGS, suites

DOCS = ROOT / "docs"


def configs(kind: str) -> list[str]:
    return sorted(path.stem for path in (CONFIGS / kind).glob("*.py"))


def first_names(page: str, heading: str) -> list[str]:
    """The names in the first column of a table; each stands there once."""
    found = [name for row in table(DOCS / page, heading) for name in names(row[0])]
    assert not [name for name, count in Counter(found).items() if count > 1]
    return sorted(found)


def test_suites() -> None:
    assert first_names("suites.md", "suite") == suites()


def test_seeds_of_the_suites() -> None:
    for row in table(DOCS / "suites.md", "suite"):
        for name in names(row[0]):
            seeds = Config.fromfile(CONFIGS / "suites" / f"{name}.py").seeds
            assert row[2] == str(len(seeds)), name


def test_data_sets() -> None:
    found = first_names("data_sets.md", "name")
    assert found == registered(DATASETS) == configs("datasets")


def test_rendered_sets_are_called_so() -> None:
    for row in table(DOCS / "data_sets.md", "name"):
        rendered = any(name.startswith("typefaces") for name in names(row[0]))
        assert ("**rendered**" in row[2]) == rendered


def test_recipes() -> None:
    assert first_names("recipes.md", "recipe") == configs("recipes")


SETTINGS = {row[0].strip("`"): row for row in table(DOCS / "method.md", "setting")}


@pytest.mark.parametrize(("mapping", "column"), [(ProxyDAM, 2), (PairDAM, 3)])
def test_settings_of_the_method(mapping: type, column: int) -> None:
    parameters = inspect.signature(mapping).parameters
    documented = {name: row[column] for name, row in SETTINGS.items() if row[column] != "–"}
    defaults = {name: parameter.default for name, parameter in parameters.items()}
    shown = {
        name: value if isinstance(value, str) else str(value).lower()
        for name, value in defaults.items()
    }
    assert {name: value.strip("`") for name, value in documented.items()} == shown


def test_choices_of_the_method() -> None:
    assert set(names(SETTINGS["mapping"][1])) == set(get_args(Mapping))


def test_rules_of_the_method() -> None:
    assert first_names("method.md", "rule") == sorted(get_args(Rule))


def test_requirement_files() -> None:
    files = sorted(path.name for path in ROOT.glob("requirements*.txt"))
    assert first_names("installation.md", "file") == files


def test_the_readme_links_to_every_page() -> None:
    linked = set(re.findall(r"\]\((docs/\w+\.md)\)", read(ROOT / "README.md")))
    assert linked == {f"docs/{path.name}" for path in DOCS.glob("*.md")}


def test_every_folder_of_results_is_in_their_table() -> None:
    listed = [
        name for row in table(ROOT / "results" / "README.md", "folder") for name in names(row[0])
    ]
    assert sorted(listed) == sorted(
        path.name for path in (ROOT / "results").iterdir() if path.is_dir()
    )


def test_smoke_holds_what_its_row_says() -> None:
    runs = [run.config for run in plan("smoke", device="cpu")]
    assert {config.arm for config in runs} == {"baseline", "dam", "random"}
    assert {config.dataset.type for config in runs} == {"typefaces"}
