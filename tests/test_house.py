"""The structure: what loads with torch alone, and who imports whom."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ORDER = [
    ["bench", "report"],
    ["suite"],
    ["training"],
    ["data", "models", "evaluation", "analysis"],
    ["registry", "signatures"],
    ["run_config", "validation"],
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
