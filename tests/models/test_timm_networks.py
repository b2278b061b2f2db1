"""The backbone timm: any of its networks, with random weights and from a file."""

from pathlib import Path

import pytest
import timm
import torch
from safetensors.torch import save_file

from benchmark.entries import Entry
from benchmark.errors import UserError
from benchmark.models.backbones.frozen import frozen_network
from benchmark.models.backbones.timm_network import TimmNetwork
from benchmark.registry import BACKBONES, build
from benchmark.suite.plan import plan

SMALL = {"test_vit.r160_in1k": 160, "test_resnet.r160_in1k": 64}
"""Networks that timm has for tests, and sizes that they take."""


@pytest.mark.parametrize(("name", "size"), SMALL.items())
def test_the_map_is_the_feature_that_timm_classifies(name: str, size: int) -> None:
    torch.manual_seed(0)
    backbone = build(BACKBONES, Entry.of("timm", name=name, weights=None), "backbone").eval()
    images = torch.randint(256, (2, 3, size, size), dtype=torch.uint8)
    found = backbone(images)
    assert found.shape == (2, backbone.out_features, 1, 1)
    settings = backbone.network.pretrained_cfg
    own_mean, own_std = (torch.tensor(settings[key])[:, None, None] for key in ("mean", "std"))
    expected = backbone.network((images / 255 - own_mean) / own_std)
    torch.testing.assert_close(found[..., 0, 0], expected, rtol=1e-4, atol=1e-5)


def test_weights_come_from_a_file(tmp_path: Path) -> None:
    name = "test_resnet.r160_in1k"
    torch.manual_seed(1)
    whole = timm.create_model(name, pretrained=False)
    save_file(whole.state_dict(), tmp_path / "w.safetensors")
    backbone = TimmNetwork(name, str(tmp_path / "w.safetensors"))
    for key, value in backbone.network.state_dict().items():
        assert torch.equal(value, whole.state_dict()[key])
    with pytest.raises(UserError, match="doesn't hold weights of VisionTransformer"):
        TimmNetwork("test_vit.r160_in1k", str(tmp_path / "w.safetensors"))


def test_mistakes_are_named() -> None:
    with pytest.raises(UserError, match=r"has no network 'resnot50'. The nearest are resnet50"):
        TimmNetwork("resnot50", None)
    backbone = TimmNetwork("vit_tiny_patch16_224", None)
    with pytest.raises(UserError, match=r"takes images of 224 px, not of 96 x 96: set transform"):
        backbone(torch.rand(1, 3, 96, 96))


def test_a_frozen_network_may_be_one_of_timms() -> None:
    network = (
        "backbone={'type': 'frozen', 'network': {'type': 'timm', 'name': %r, 'weights': None}}"
    )
    changes = [network % "test_vit.r160_in1k", "pooling=avg"]
    runs = plan("smoke", overrides=changes, seeds=[0], device="cpu")
    config = runs[0].config
    assert config.backbone.options["network"]["name"] == "test_vit.r160_in1k"
    assert frozen_network(config)(torch.rand(2, 1, 160, 160)).shape == (2, 64)
