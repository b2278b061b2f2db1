"""The structure: what loads with torch alone, who imports whom, and that versions agree."""

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
ORDER = [
    ["bench", "report"],
    ["suite"],
    ["training"],
    ["data", "models", "evaluation", "analysis"],
    ["registry"],
    ["losses"],
    ["dam", "baselines"],
]


@pytest.mark.parametrize("module", ["benchmark.dam", "benchmark.losses", "baselines"])
def test_loads_with_torch_alone(module: str) -> None:
    code = f"""
import sys
import torch
before = set(sys.modules)
import {module}, baselines.proxy, baselines.pair
import benchmark.losses
new = {{name.partition(".")[0] for name in set(sys.modules) - before}}
print(sorted(new - set(sys.stdlib_module_names)))
"""
    answer = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert set(ast.literal_eval(answer.stdout)) <= {"baselines", "benchmark", "torch"}


def imports(path: Path) -> set[str]:
    """The parts of the house that a file imports."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names = []
        if isinstance(node, ast.ImportFrom) and node.module:
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        for name in names:
            first, *rest = name.split(".")
            if first == "baselines":
                found.add("baselines")
            elif first == "benchmark" and rest:
                found.add(rest[0])
    return found


def test_a_part_imports_only_what_stands_to_its_right() -> None:
    rank = {part: place for place, parts in enumerate(ORDER) for part in parts}
    wrong = []
    for path in [*ROOT.glob("benchmark/**/*.py"), *ROOT.glob("baselines/**/*.py")]:
        inside = path.relative_to(ROOT).with_suffix("").parts
        part = "baselines" if inside[0] == "baselines" else inside[1]
        if part not in rank:
            continue
        wrong += [
            f"{path.relative_to(ROOT)} imports {other}"
            for other in imports(path) & set(rank)
            if rank[other] < rank[part]
        ]
    assert not wrong


def pinned(name: str) -> dict[str, str]:
    """Package -> version of a requirements file; every line is name==version, maybe a marker."""
    found = {}
    for line in (ROOT / name).read_text(encoding="utf-8").splitlines():
        requirement = Requirement(line)
        assert re.fullmatch(r"==[^,*]+", str(requirement.specifier)), line
        found[canonicalize_name(requirement.name)] = str(requirement.specifier)[2:]
    return found


def test_requirement_files_agree() -> None:
    pins = pinned("requirements.txt") | pinned("requirements-faiss-cpu.txt")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    needed = [Requirement(text) for text in project["dependencies"] + extras["cpu"]]
    for requirement in needed:
        version = pins[canonicalize_name(requirement.name)]
        assert requirement.specifier.contains(version), f"{requirement} is pinned to {version}"

    parts = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))["dependencies"]
    (listed,) = [part["pip"] for part in parts if isinstance(part, dict)]
    conda = {}
    for text in listed:
        name, version = text.split("==")
        conda[canonicalize_name(name)] = version
    assert conda == {canonicalize_name(r.name): pins[canonicalize_name(r.name)] for r in needed}

    tests = pinned("requirements-test.txt") | pins
    for text in extras["test"]:
        requirement = Requirement(text)
        assert requirement.specifier.contains(tests[canonicalize_name(requirement.name)])
    gpu = pinned("requirements-faiss-gpu.txt")
    assert gpu["faiss-gpu"] == pins["faiss-cpu"]
    assert Requirement(extras["gpu"][0]).specifier.contains(gpu["faiss-gpu"])


def test_torch_floor_is_the_documented_one() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    floors = {Requirement(t).name: str(Requirement(t).specifier) for t in project["dependencies"]}
    assert floors["torch"] == ">=2.6"
    assert project["requires-python"] == ">=3.11"
