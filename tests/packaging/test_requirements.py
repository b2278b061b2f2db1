"""The versions that pyproject.toml, the pinned files and environment.yml name agree."""

import ast
import re
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
EXTRAS = PROJECT["optional-dependencies"]
FAISS = ("cpu", "gpu")


def requirements(*extras: str) -> list[Requirement]:
    """What the package needs with these extras."""
    texts = [*PROJECT["dependencies"], *(text for extra in extras for text in EXTRAS[extra])]
    return [Requirement(text) for text in texts]


def pinned(path: Path) -> dict[str, str]:
    """Package -> version of a requirements file; every line is name==version, maybe a marker."""
    found = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        requirement = Requirement(line)
        assert re.fullmatch(r"==[^,*]+", str(requirement.specifier)), line
        found[canonicalize_name(requirement.name)] = str(requirement.specifier)[2:]
    return found


PINS = {path.name: pinned(path) for path in sorted(ROOT.glob("requirements*.txt"))}
BASE = PINS["requirements.txt"]


def test_torch_is_all_that_the_package_itself_needs() -> None:
    assert PROJECT["dependencies"] == ["torch>=2.6"]
    assert PROJECT["requires-python"] == ">=3.11"


def test_a_public_index_would_refuse_the_package() -> None:
    assert "Private :: Do Not Upload" in PROJECT["classifiers"]


@pytest.mark.parametrize("extra", [*EXTRAS])
def test_every_requirement_is_pinned_to_a_version_that_it_allows(extra: str) -> None:
    for requirement in requirements(extra):
        name = canonicalize_name(requirement.name)
        versions = {pins[name] for pins in PINS.values() if name in pins}
        assert versions, f"{requirement} is pinned nowhere"
        wrong = {v for v in versions if not requirement.specifier.contains(v)}
        assert not wrong, f"{requirement} is pinned to {wrong}"


def test_no_two_files_pin_a_package_differently() -> None:
    found: dict[str, set[str]] = {}
    for pins in PINS.values():
        for name, version in pins.items():
            found.setdefault(name, set()).add(version)
    # Two versions of one file carry markers that exclude each other; dict keeps the last.
    assert not {name: versions for name, versions in found.items() if len(versions) > 1}


def test_both_builds_of_faiss_have_one_version() -> None:
    cpu, gpu = PINS["requirements-faiss-cpu.txt"], PINS["requirements-faiss-gpu.txt"]
    assert gpu["faiss-gpu"] == cpu["faiss-cpu"]


def test_conda_lists_what_the_suite_and_the_notebooks_need_but_no_faiss() -> None:
    """run_all.sh chooses the build of faiss: two of them own the same folder."""
    parts = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))["dependencies"]
    (listed,) = [part["pip"] for part in parts if isinstance(part, dict)]
    found = dict(text.split("==") for text in listed)
    expected = {r.name: BASE[canonicalize_name(r.name)] for r in requirements("suite", "notebooks")}
    assert found == expected
    assert not [name for name in BASE if name.startswith("faiss")]


def imported(folder: Path) -> dict[str, str]:
    """Third-party module -> a file that imports it, below a folder."""
    found = {}
    for path in sorted(folder.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                names = [node.module]
            for name in names:
                found[name.partition(".")[0]] = path.relative_to(ROOT).as_posix()
    own = {"baselines", "benchmark", *sys.stdlib_module_names}
    return {name: path for name, path in found.items() if name not in own}


def test_every_import_is_declared() -> None:
    """By `suite` or an extra; a bench may also import what the tests need."""
    distributions = packages_distributions()
    names = {canonicalize_name(r.name) for r in requirements(*EXTRAS)}
    names |= {"triton", "faiss", "mlflow"}  # of torch, faiss-cpu and mlflow-skinny
    for folder in ("baselines", "benchmark"):
        for module, path in imported(ROOT / folder).items():
            known = {canonicalize_name(name) for name in distributions.get(module, [module])}
            assert known & names, f"{path} imports {module}, which pyproject.toml doesn't name"
