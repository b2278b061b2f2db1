"""The folder of the method can be copied into another project under another name."""

import ast
from pathlib import Path

DAM = Path(__file__).parents[2] / "benchmark" / "dam"


def test_it_names_its_own_files_by_relative_imports_alone() -> None:
    found = 0
    for path in DAM.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                found += node.level > 0
                names = [node.module or ""] if node.level == 0 else []
            assert not [name for name in names if name.startswith(("benchmark", "baselines"))], path
    assert found
