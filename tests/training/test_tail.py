"""Training the last stages of a network on maps that its first stages made once."""

from pathlib import Path

import numpy as np
import pytest
import torch
from noise_folder import noise_folder
from safetensors.torch import load_file, save_file
from small_runs import finished
from torch import Tensor

from benchmark.data.cache_folder import VARIABLE
from benchmark.data.photographs import decoded
from benchmark.durable import write_json
from benchmark.errors import UserError
from benchmark.models import EfficientNetLite0, ResNet50
from benchmark.models.backbones import staged
from benchmark.models.backbones.staged import StagedBackbone
from benchmark.models.initial import load_initial, with_digest
from benchmark.report.facts import facts
from benchmark.run_config import Initial, RunConfig
from benchmark.suite.embedding import embed_folder
from benchmark.suite.plan import PlannedRun, plan
from benchmark.training.building import build_model, load_dataset, load_inputs, make_features

SUITE = """
cases = [dict(
    dataset="image_folder",
    recipe="tail",
    objectives=dict(softmax=dict(type="norm_softmax")),
    changes=dict(
        dataset=dict(path=PATH),
        transform=dict(size=32, resize=32),
        backbone=dict(
            network=dict(_delete_=True, type="efficientnet_lite0", weights=None), views=2
        ),
        dim=8, epochs=1, sampler=dict(classes=2, samples=2),
    ),
)]
arms = dict(
    baseline=dict(),
    dam=dict(similarity=dict(type="dam")),
)
seeds = [0]
"""


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(VARIABLE, str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return noise_folder(tmp_path_factory.mktemp("own") / "images", shots=4)


def planned(images: Path, *changes: str) -> dict[str, PlannedRun]:
    """The runs by arm."""
    suite = images.parent / "tail.py"
    suite.write_text(SUITE.replace("PATH", repr(str(images))))
    runs = plan(str(suite), overrides=[*changes], device="cpu")
    return {run.config.arm: run for run in runs}


def configured(images: Path, *changes: str) -> RunConfig:
    return planned(images, *changes)["baseline"].config


def distance(found: Tensor, expected: Tensor) -> float:
    return float((found - expected).detach().norm() / expected.detach().norm())


@pytest.mark.parametrize("kind", [EfficientNetLite0, ResNet50])
def test_the_tail_on_maps_is_the_network_whose_first_stages_rest(
    kind: type[EfficientNetLite0] | type[ResNet50], monkeypatch: pytest.MonkeyPatch
) -> None:
    torch.manual_seed(0)
    backbone = kind(weights=None).train()
    names = list(backbone.stages())
    first = names.index(backbone.last_halving)
    for name in names[:first]:
        for module in backbone.stages()[name]:
            module.eval()
    trained = [
        weight
        for name in names[first:]
        for module in backbone.stages()[name]
        for weight in module.parameters()
    ]

    def gradients(maps: Tensor) -> Tensor:
        loss = (maps * torch.linspace(-1, 1, maps.numel()).view(maps.shape)).sum()
        return torch.cat([one.flatten() for one in torch.autograd.grad(loss, trained)])

    photographs = torch.randint(256, (4, 3, 64, 64), dtype=torch.uint8)
    expected = backbone(photographs)
    meant = gradients(expected)
    backbone.cut_before(backbone.last_halving)
    assert [id(p) for p in backbone.parameters() if p.requires_grad] == [id(p) for p in trained]
    assert torch.equal(backbone(photographs), expected)
    # A float16 has 11 binary digits, and an element that it rounds across a kink turns a gradient.
    for kept, allowed, turned in ((torch.float16, 0.01, 0.2), (torch.float64, 0.0, 0.0)):
        monkeypatch.setattr(staged, "MAPS", kept)
        maps = backbone.maps_before_cut(photographs)
        assert maps.dtype == kept
        found = backbone(maps)
        assert distance(found, expected) <= allowed
        assert distance(gradients(found), meant) <= turned


def test_resting_stages_stay_as_they_are() -> None:
    backbone = EfficientNetLite0(weights=None)
    backbone.cut_before("blocks.4")
    backbone.requires_grad_(False)  # as a schedule does that lets the backbone begin late
    backbone.requires_grad_(True)
    backbone.train()
    resting = backbone.resting()
    before = {name: value.clone() for name, value in resting.state_dict().items()}
    optimiser = torch.optim.SGD([one for one in backbone.parameters() if one.requires_grad], 0.1)
    backbone(torch.randint(256, (4, 3, 32, 32), dtype=torch.uint8)).square().mean().backward()
    optimiser.step()
    assert all(torch.equal(value, before[name]) for name, value in resting.state_dict().items())
    assert not any(module.training for module in resting.modules() if module is not resting)
    moved = backbone.get_buffer("network.blocks.4.0.bn1.running_mean")
    assert moved.abs().sum() > 0


def test_maps_are_made_once_and_their_size_is_said(images: Path, cache: Path) -> None:
    config = configured(images)
    assert config.backbone.options["stage"] == "blocks.5"
    notes: list[str] = []
    progress: list[tuple[int, int]] = []
    make_features([config], lambda done, total: progress.append((done, total)), notes.append)
    # 8 training images in two views and 8 others, a map of 2 x 2 places in 112 channels each.
    assert progress[-1] == (24, 24)
    assert len(notes) == 1 and "2 x 2 x 112 each, 0.00 GB" in notes[0]
    make_features([config], lambda done, total: progress.append((done, total)), notes.append)
    assert len(notes) == 1 and progress[-1] == (24, 24)
    assert len(list(cache.rglob("features.npy"))) == 2

    data, plain = load_inputs(config), load_dataset(config)
    backbone: StagedBackbone = build_model(config, 2).backbone
    chosen = np.array([3, 0])
    drawn = np.random.default_rng(1).integers(2**63, size=len(plain.train.images))
    view = plain.train.images.batch(chosen, drawn[chosen].astype(np.uint64))
    found = data.train.images.batch(chosen, np.array([1, 7], np.uint64))
    torch.testing.assert_close(found, backbone.eval().maps_before_cut(view), rtol=2e-3, atol=1e-3)
    assert not data.official and "efficientnet_lite0 trained from blocks.5 on" in data.note
    named = facts(config)
    assert named["backbone"].endswith(", trained from blocks.5 on (tail views=2)")
    assert named["batch norm"] == "trained from blocks.5 on"


def test_maps_keep_to_the_budget(
    images: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(decoded.VARIABLE, "0.00001")
    with pytest.raises(UserError, match=r"more than the 0\.00 GB that DAM_BENCHMARK_IMAGE_CACHE"):
        load_inputs(configured(images))
    assert not list(cache.rglob("features.npy"))


def test_a_run_trains_the_tail_alone_and_embeds_images(images: Path, tmp_path: Path) -> None:
    run = planned(images)["dam"]
    folder = tmp_path / run.id
    result, weights = finished(run.config, folder)
    assert "never got a gradient" not in str(result["warnings"])
    weights = {name: value for name, value in weights.items() if name.startswith("backbone.")}
    begun = build_model(run.config, 2).state_dict()
    moved = {name for name, value in weights.items() if not torch.equal(value, begun[name])}
    assert {".".join(name.split(".")[:4]) for name in moved} == {
        *("backbone.network.blocks.5", "backbone.network.blocks.6"),
        *("backbone.network.conv_head.weight", "backbone.network.bn2.weight"),
        *(f"backbone.network.bn2.{name}" for name in ("bias", "running_mean", "running_var")),
        "backbone.network.bn2.num_batches_tracked",
    }
    write_json(folder / "config.json", run.config.as_json())
    write_json(folder / "result.json", result)
    names, features = embed_folder(folder, images)
    assert len(names) == len(features) == 16 and np.isfinite(features).all()


def test_other_weights_before_the_cut_are_refused(images: Path, tmp_path: Path) -> None:
    config = configured(images)
    state = build_model(config, 2).state_dict()
    for name in ("backbone.network.blocks.6.0.conv_pw.weight", "backbone.network.conv_stem.weight"):
        state[name] = state[name] + 1
        path = tmp_path / f"{name}.safetensors"
        save_file(state, path)
        given = with_digest(Initial(path=str(path)), "here")
        if "blocks.6" in name:
            model = build_model(config, 2)
            load_initial(given, model, loss=False)
            assert torch.equal(model.state_dict()[name], load_file(path)[name])
        else:
            with pytest.raises(UserError, match="other weights in the stages that rest"):
                load_initial(given, build_model(config, 2), loss=False)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("backbone.stage=blocks.7", r"can't be cut before 'blocks\.7'; .* blocks\.6, head"),
        ("backbone.stage=stem", "can't be cut before 'stem'"),
        ("backbone.views=0", "views must be from 1 to 1000"),
        ("backbone.network={'type': 'glyphnet'}", "glyphnet can't be cut into stages"),
        ("backbone.network={'type': 'tail', 'network': {'type': 'glyphnet'}}", "of its own"),
        ("rivals=[{'type': 'random_erasing'}]", "random_erasing acts on images"),
    ],
)
def test_what_is_refused(images: Path, change: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        run = configured(images, change)
        build_model(run, 2)
