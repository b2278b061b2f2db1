"""Backbones: feature maps, the weights that make them, frozen batch norms, and what is refused."""

import csv
import json
from pathlib import Path
from unittest.mock import patch

import numpy as np
import pytest
import torch
import torchvision
from PIL import Image
from safetensors.torch import save_file
from torch import Tensor, nn

from benchmark import registry
from benchmark.data.photographs.transforms import IMAGENET_MEAN, IMAGENET_STD, pixels
from benchmark.entries import Entry
from benchmark.errors import UserError
from benchmark.models import BNInception, EfficientNetLite0, GlyphNet, ResNet50
from benchmark.models.backbones.photo import PhotoBackbone
from benchmark.models.backbones.pretrained import choose

PHOTO = [ResNet50, EfficientNetLite0, BNInception]
STRIDED = [ResNet50, EfficientNetLite0]
RESNET_FILE = "resnet50-0676ba61.pth"


def photographs(number: int, height: int, width: int) -> list[Image.Image]:
    pixels = np.random.default_rng(0).integers(0, 256, (number, height, width, 3), dtype=np.uint8)
    return [Image.fromarray(image) for image in pixels]


def colours(number: int, height: int, width: int) -> Tensor:
    """The photographs as [number, 3, height, width] from 0 to 1."""
    images = np.stack([np.asarray(image) for image in photographs(number, height, width)])
    return torch.from_numpy(images).permute(0, 3, 1, 2) / 255


def transformed(number: int, height: int, width: int) -> Tensor:
    """The photographs as a transform gives them."""
    images = [pixels(image) for image in photographs(number, height, width)]
    return torch.from_numpy(np.stack(images))


def published_bn_inception() -> dict[str, Tensor]:
    """Names and shapes of the published file, with numbers that follow from a seed."""
    random = np.random.default_rng(0)

    def numbers(scale: float, *shape: int) -> Tensor:
        return torch.from_numpy(random.standard_normal(shape) * scale).float()

    state = {}
    with (Path(__file__).parent / "bn_inception.csv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            name, out, ins, size = (
                row["name"],
                *(int(row[k]) for k in ("outputs", "inputs", "size")),
            )
            state[f"{name}.weight"] = numbers((2 / (ins * size**2)) ** 0.5, out, ins, size, size)
            state[f"{name}.bias"] = numbers(0.1, out)
            for kind in ("weight", "bias", "running_mean", "running_var"):
                state[f"{name}_bn.{kind}"] = numbers(0.1, out) + float(kind[-3:] in ("ght", "var"))
    state["last_linear.weight"] = numbers(0.1, 1000, 1024)
    state["last_linear.bias"] = numbers(0.1, 1000)
    return state


def features(net: nn.Module, images: Tensor) -> Tensor:
    with torch.no_grad():
        return net.eval()(images)


def eighths(feature_map: Tensor) -> list[float]:
    """The mean of each eighth of the channels."""
    return feature_map.mean((0, 2, 3)).reshape(8, -1).mean(1).tolist()


def test_glyphnet_gives_a_map() -> None:
    net = GlyphNet(width=8)
    assert net(torch.randn(3, 1, 32, 32)).shape == (3, net.out_features, 4, 4) == (3, 32, 4, 4)


@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
def test_resnet_is_torchvisions(
    suffix: str, resnet_weights: dict[str, Tensor], tmp_path: Path
) -> None:
    path = tmp_path / f"resnet50{suffix}"
    if suffix == ".pth":
        torch.save(resnet_weights, path)
    else:
        save_file({k: v.contiguous() for k, v in resnet_weights.items()}, path)
    images = torch.randn(2, 3, 64, 64, dtype=torch.float64)
    whole = torchvision.models.resnet50(weights=None).eval()
    whole.load_state_dict(resnet_weights)
    whole.fc = nn.Identity()
    whole.double()
    net = ResNet50(str(path)).double()
    grey = images[:, :1]
    with torch.no_grad():
        torch.testing.assert_close(features(net, images).mean((2, 3)), whole(images))
        torch.testing.assert_close(features(net, grey).mean((2, 3)), whole(grey.repeat(1, 3, 1, 1)))


def test_lite0_gives_what_the_weights_own_network_gives() -> None:
    """The figures are those of efficientnet_lite_pytorch 0.1.0, the partner of the weights."""
    expected = [0.09644, 0.07712, 0.12152, 0.10763, 0.09352, 0.13788, 0.09468, 0.10229]
    net = EfficientNetLite0()
    result = features(net, transformed(2, 96, 64))
    assert result.shape == (2, net.out_features, 3, 2)
    assert eighths(result) == pytest.approx(expected, rel=1e-3)


def test_bn_inception_gives_what_the_published_network_gives(tmp_path: Path) -> None:
    """The figures are those of pretrainedmodels 0.7.4 with the same weights."""
    expected = [81.42368, 85.59103, 81.10271, 53.27316, 54.76753, 51.12008, 41.88404, 130.94427]
    torch.save(published_bn_inception(), tmp_path / "weights.pth")
    net = BNInception(str(tmp_path / "weights.pth"))
    result = features(net, transformed(2, 96, 64))
    assert result.shape == (2, net.out_features, 3, 2)
    assert eighths(result) == pytest.approx(expected, rel=1e-3)
    assert features(net, torch.randn(1, 3, 227, 227)).shape == (1, 1024, 7, 7)


def test_bn_inception_reads_files_from_before_torch_04(tmp_path: Path) -> None:
    """They hold batch norms as rows; so did the first file that was published."""
    state = published_bn_inception()
    torch.save(state, tmp_path / "new.pth")
    rows = {name: value[None] if "_bn." in name else value for name, value in state.items()}
    torch.save(rows, tmp_path / "old.pth", _use_new_zipfile_serialization=False)
    new, old = (BNInception(str(tmp_path / f"{age}.pth")).state_dict() for age in ("new", "old"))
    assert new.keys() == old.keys()
    assert all(torch.equal(new[name], old[name]) for name in new)


def test_bn_inception_tells_which_sides_it_takes() -> None:
    with pytest.raises(UserError, match=r"multiples of 32.*not 200 x 64"):
        BNInception(None)(torch.randn(1, 3, 200, 64))


def network_input(backbone: PhotoBackbone, images: Tensor) -> Tensor:
    """What the network behind the normalisation gets."""
    with patch.object(backbone, "feature_map", lambda images: images):
        found: Tensor = backbone(images)
    assert found.is_contiguous(memory_format=torch.channels_last)
    return found


@pytest.mark.parametrize("backbone", PHOTO)
def test_levels_are_normalised_once_as_floats_are(backbone: type[PhotoBackbone]) -> None:
    levels, expected = transformed(2, 8, 6), colours(2, 8, 6).double()
    assert levels.dtype == torch.uint8
    imagenet = [torch.tensor(one).double()[:, None, None] for one in (IMAGENET_MEAN, IMAGENET_STD)]
    floats = ((expected - imagenet[0]) / imagenet[1]).float()
    largest = 1.0
    if backbone is ResNet50:
        expected = floats.double()
    elif backbone is EfficientNetLite0:
        expected = (255 * expected - 127) / 128
    else:
        caffe = torch.tensor([104.0, 117, 128], dtype=torch.float64)[:, None, None]
        expected, largest = expected[:, [2, 1, 0]] * 255 - caffe, 151.0
    net = backbone(weights=None)
    for images in (levels, floats):
        found = network_input(net, images)
        assert found.dtype == torch.float32
        torch.testing.assert_close(found.double(), expected, rtol=0, atol=1e-6 * largest)
    if backbone is ResNet50:
        assert torch.equal(network_input(net, floats), floats)


@pytest.mark.parametrize("backbone", PHOTO)
def test_frozen_batch_norms_keep_their_statistics_and_learn_scale_and_shift(
    backbone: type[PhotoBackbone],
) -> None:
    images = torch.randn(2, 3, 32, 32)
    for frozen in (True, False):
        net = backbone(weights=None, freeze_batch_norm=frozen).train()
        before = {name: value.clone() for name, value in net.named_buffers() if "running" in name}
        net(images).square().mean().backward()
        same = [torch.equal(value, net.get_buffer(name)) for name, value in before.items()]
        assert all(same) if frozen else not any(same)
        norms = [module for module in net.modules() if isinstance(module, nn.BatchNorm2d)]
        assert all(norm.weight.grad is not None and norm.bias.grad is not None for norm in norms)
        assert net.training
        net.eval()
        assert not any(module.training for module in net.modules())


@pytest.mark.parametrize("backbone", STRIDED)
def test_last_stride_1_doubles_the_map(backbone: type[PhotoBackbone]) -> None:
    images = torch.randn(1, 3, 128, 64)
    torch.manual_seed(0)
    usual = backbone(weights=None)
    torch.manual_seed(0)
    wide = backbone(weights=None, last_stride=1)
    assert features(usual, images).shape == (1, usual.out_features, 4, 2)
    assert features(wide, images).shape == (1, wide.out_features, 8, 4)
    assert usual.state_dict().keys() == wide.state_dict().keys()
    for stride in (0, 3, 1.5, "1"):
        with pytest.raises(ValueError, match="last_stride must be 1 or 2"):
            backbone(weights=None, last_stride=stride)


@pytest.mark.parametrize("backbone", PHOTO)
def test_only_the_networks_own_tensors_are_stored(backbone: type[PhotoBackbone]) -> None:
    assert {name.partition(".")[0] for name in backbone(weights=None).state_dict()} == {"network"}


def test_pretrained_is_resnet_where_its_weights_lie_and_says_so_where_not(hub: Path) -> None:
    options = {"freeze_batch_norm": True, "last_stride": 1}
    entry = Entry.of("pretrained", **options)
    options["weights"] = "imagenet"
    chosen, note = choose(entry)
    assert chosen == Entry.of("efficientnet_lite0", **options)
    assert note is not None
    assert str(hub / RESNET_FILE) in note
    assert "backbone.type=resnet50" in note
    assert isinstance(registry.build(registry.BACKBONES, entry, "backbone"), EfficientNetLite0)

    (hub / RESNET_FILE).touch()
    assert choose(entry) == (Entry.of("resnet50", **options), None)
    assert choose(Entry.of("pretrained"))[0].options["last_stride"] == 2
    for chosen in (choose(entry)[0], choose(Entry.of("pretrained"))[0]):
        assert registry.resolve(registry.BACKBONES, chosen, "backbone") == chosen
        assert Entry.model_validate(json.loads(chosen.model_dump_json())) == chosen
    with pytest.raises(UserError, match="pretrained has no option 'weights'"):
        choose(Entry.of("pretrained", weights="imagenet"))
