"""The structure: what loads with torch alone, and who imports whom."""

import ast
import subprocess
import sys
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).parents[1]
ORDER = [
    ["__main__"],
    ["commands"],
    ["bench", "report"],
    ["suite"],
    ["training"],
    ["data", "models", "evaluation", "analysis"],
    ["registry", "signatures"],
    ["run_config", "entries", "validation"],
    ["losses"],
    ["dam", "baselines"],
    ["durable", "ending", "errors", "paths", "printable"],
]
"""The parts, the highest first: a part may import those below it, and its equals."""
FILES = 12
"""The most files in a folder, beside its `__init__.py`."""
MANY_FILES = {
    "benchmark/configs/suites": "one for each suite",
    "benchmark/configs/recipes": "one for each recipe",
}
"""Folders with more, and why."""
LINES = 300
"""The most lines in a file."""
MANY_LINES = {
    "tests/losses/test_loss_modules.py": "one subject, and tables of cases",
    "tests/baselines/test_pair_objectives.py": "one test an objective",
    "tests/data/damage/pictures/whole.py": "a table of damage",
    "tests/suite/test_execution.py": "one subject, the life of a run",
}
"""Files with more, and why."""


def test_the_method_losses_objectives_and_their_test_on_a_gpu_load_with_torch_alone() -> None:
    code = """
import sys
import torch
before = set(sys.modules)
import benchmark.dam, benchmark.losses, baselines.proxy, baselines.pair
import benchmark.bench.gpu.kernels, benchmark.bench.gpu.objectives, benchmark.bench.gpu.compiled
new = {name.partition(".")[0] for name in set(sys.modules) - before}
print(sorted(new - set(sys.stdlib_module_names)))
"""
    answer = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert set(ast.literal_eval(answer.stdout)) - {"torch"} == {"baselines", "benchmark"}


def imports(path: Path) -> set[str]:
    """The parts of the house that a file imports."""
    package = path.relative_to(ROOT).parent.parts
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names: list[str] = []
        if isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else ()
            origin = ".".join([*above, *([node.module] if node.module else [])])
            names = [f"{origin}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        for name in names:
            first, *rest = name.split(".")
            if first == "baselines":
                found.add("baselines")
            elif first == "benchmark" and rest:
                found.add(rest[0])
    return found


def part_of(path: Path) -> str:
    """The part of the house that a file belongs to."""
    first, *rest = path.relative_to(ROOT).with_suffix("").parts
    return "baselines" if first == "baselines" else rest[0]


def code() -> list[Path]:
    """The files of both packages but configurations, which are data."""
    found = [*ROOT.glob("benchmark/**/*.py"), *ROOT.glob("baselines/**/*.py")]
    return [path for path in found if part_of(path) not in ("configs", "__init__")]


def test_a_part_imports_only_what_stands_below_it() -> None:
    rank = {part: place for place, parts in enumerate(ORDER) for part in parts}
    assert {part_of(path) for path in code()} == set(rank), "a part is missing here, or gone"
    wrong = [
        f"{path.relative_to(ROOT)} imports {other}"
        for path in code()
        for other in imports(path)
        if other != "__version__" and rank[other] < rank[part_of(path)]
    ]
    assert not wrong


def test_the_method_and_the_objectives_know_nothing_of_the_suite() -> None:
    wrong = [
        f"{path.relative_to(ROOT)} imports {other}"
        for path in code()
        if part_of(path) in ("dam", "baselines")
        for other in imports(path) - {part_of(path)}
    ]
    assert not wrong


def python_files() -> list[Path]:
    """All Python files of the project."""
    return [
        path
        for room in ("benchmark", "baselines", "tests")
        for path in ROOT.glob(f"{room}/**/*.py")
    ]


def test_no_folder_has_more_than_a_dozen_files() -> None:
    files = Counter(
        path.parent.relative_to(ROOT).as_posix()
        for path in python_files()
        if path.name != "__init__.py"
    )
    assert {folder for folder, number in files.items() if number > FILES} == set(MANY_FILES)


def test_no_file_is_long() -> None:
    lines = {
        path.relative_to(ROOT).as_posix(): len(path.read_text(encoding="utf-8").splitlines())
        for path in python_files()
    }
    assert {path for path, number in lines.items() if number > LINES} == set(MANY_LINES)


def test_no_two_test_files_share_a_name() -> None:
    """Outside packages pytest can't hold two modules of one name."""
    names = Counter(path.name for path in ROOT.glob("tests/**/test_*.py"))
    assert not [name for name, number in names.items() if number > 1]
