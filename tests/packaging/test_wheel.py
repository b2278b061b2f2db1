"""The wheel: what is in it, and that it runs where torch and nothing else is installed."""

import re
import shutil
import subprocess
import sys
import zipfile
from email import message_from_bytes
from pathlib import Path

import pytest
from torch_alone import link_torch, run_with

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built without a network from a copy, as setuptools leaves its work beside the source."""
    source = tmp_path_factory.mktemp("source")
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    for name in ("baselines", "benchmark"):
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    built = subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation"],
        cwd=source,
        capture_output=True,
        text=True,
        check=False,
    )
    assert built.returncode == 0, built.stdout + built.stderr
    (path,) = (source / "dist").glob("*.whl")
    return path


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """The folders of an environment that holds the wheel and torch."""
    folder = tmp_path_factory.mktemp("installed")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    torch = tmp_path_factory.mktemp("torch")
    link_torch(torch)
    return [folder, torch]


def test_it_holds_every_file_of_both_packages(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        held = {name for name in archive.namelist() if ".dist-info/" not in name}
    files = [path for name in ("baselines", "benchmark") for path in (ROOT / name).rglob("*")]
    expected = {
        path.relative_to(ROOT).as_posix()
        for path in files
        if path.is_file() and path.parent.name != "__pycache__"
    }
    assert held == expected


def test_torch_is_all_that_it_requires(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        (name,) = [name for name in archive.namelist() if name.endswith("/METADATA")]
        metadata = message_from_bytes(archive.read(name))
        assert any(name.endswith("/licenses/LICENSE") for name in archive.namelist())
    required = [text for text in metadata.get_all("Requires-Dist") if "extra ==" not in text]
    assert required == ["torch>=2.6"]
    assert metadata["License-Expression"] == "MIT"


def test_dam_in_three_lines_runs_with_torch_alone(installed: list[Path], tmp_path: Path) -> None:
    shown = (ROOT / "README.md").read_text(encoding="utf-8")
    block = re.findall(r"```python\n(.*?)```", shown, flags=re.DOTALL)[0]
    before = (
        "import torch\n"
        "embedding = torch.nn.Linear(8, 512)\n"
        "optimiser = torch.optim.SGD(embedding.parameters(), lr=0.1)\n"
        "features, labels = embedding(torch.randn(12, 8)), torch.arange(12) // 3\n"
    )
    after = (
        "assert embedding.weight.grad.norm() > 0 and loss.proxies.grad.norm() > 0\n"
        "import benchmark, importlib.util\n"
        "assert importlib.util.find_spec('numba') is None\n"
        "print(benchmark.__file__)\n"
    )
    printed = run_with(installed, before + block + after, tmp_path)
    assert Path(printed.strip()).parent.parent == installed[0]


def test_the_method_can_be_copied_into_another_package(
    installed: list[Path], tmp_path: Path
) -> None:
    """As docs/installation.md says; neither `benchmark` nor `baselines` is there."""
    shutil.copytree(installed[0] / "benchmark" / "dam", tmp_path / "your_package" / "dam")
    (tmp_path / "your_package" / "__init__.py").touch()
    page = (ROOT / "docs" / "installation.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"```python\n(.*?)```", page, flags=re.DOTALL)
    after = (
        "import torch\n"
        "features, labels = torch.randn(6, 8, requires_grad=True), torch.arange(6) // 2\n"
        "S = pair_similarity(features, labels)\n"
        "S.sum().backward()\n"
        "print(*S.shape, *proxy_similarity(features.detach(), torch.randn(3, 8), labels).shape)\n"
    )
    assert run_with([tmp_path, installed[1]], block + after, tmp_path).split() == list("6663")
