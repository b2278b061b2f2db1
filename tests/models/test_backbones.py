"""Backbones: shapes, weights from a file, and what is said when there are none."""

from pathlib import Path

import pytest
import torch
import torchvision
from safetensors.torch import save_file

from benchmark.errors import UserError
from benchmark.models import GlyphNet, ResNet50
from benchmark.models import resnet as resnet_module


def test_glyphnet_shapes() -> None:
    net = GlyphNet(width=8)
    assert net(torch.randn(3, 1, 32, 32)).shape == (3, net.out_features) == (3, 32)


@pytest.fixture(scope="module")
def weights() -> dict[str, torch.Tensor]:
    torch.manual_seed(0)
    return torchvision.models.resnet50(weights=None).state_dict()


@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
def test_resnet_from_a_file(suffix: str, weights: dict[str, torch.Tensor], tmp_path: Path) -> None:
    path = tmp_path / f"resnet50{suffix}"
    if suffix == ".pth":
        torch.save(weights, path)
    else:
        save_file({k: v.contiguous() for k, v in weights.items()}, path)
    net = ResNet50(str(path)).eval()
    assert torch.equal(net.network.conv1.weight, weights["conv1.weight"])
    images = torch.randn(2, 3, 64, 64)
    whole = torchvision.models.resnet50(weights=None).eval()
    whole.load_state_dict(weights)
    whole.fc = torch.nn.Identity()
    with torch.no_grad():
        assert net(images).shape == (2, 2048)
        torch.testing.assert_close(net(images), whole(images))
        grey = images[:, :1]
        torch.testing.assert_close(net(grey), whole(grey.repeat(1, 3, 1, 1)))


def test_frozen_batch_norm_stays_in_evaluation_mode() -> None:
    net = ResNet50(None, freeze_batch_norm=True).train()
    before = net.network.bn1.running_mean.clone()
    net(torch.randn(2, 3, 32, 32))
    assert torch.equal(net.network.bn1.running_mean, before)
    assert net.network.layer1.training
    assert not net.network.bn1.training


def test_messages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UserError, match="there is no file"):
        ResNet50(str(tmp_path / "no.pth"))
    bad = tmp_path / "bad.pth"
    bad.write_bytes(b"<html>log in</html>")
    with pytest.raises(UserError, match=r"bad.pth is no state dictionary"):
        ResNet50(str(bad))

    def offline(**_: object) -> None:
        raise OSError("no network")

    monkeypatch.setattr(type(resnet_module.WEIGHTS), "get_state_dict", lambda self, **_: offline())
    with pytest.raises(UserError, match=r"could not download .*give its path"):
        ResNet50("imagenet")
