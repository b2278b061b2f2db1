"""Weights to load, and a folder of torch hub's to load them from."""

from pathlib import Path

import pytest
import torch
import torchvision
from torch import Tensor


@pytest.fixture(scope="session")
def resnet_weights() -> dict[str, Tensor]:
    torch.manual_seed(0)
    return torchvision.models.resnet50(weights=None).state_dict()


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder of torch hub's."""
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    folder = tmp_path / "hub" / "checkpoints"
    folder.mkdir(parents=True)
    return folder
