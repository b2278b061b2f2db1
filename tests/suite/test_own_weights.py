"""A user's own weights again: runs that start from a run, and images that a run embeds."""

from pathlib import Path

import numpy as np
import pytest
from noise_folder import noise_folder
from safetensors.torch import load_file, save_file

from benchmark.__main__ import main
from benchmark.durable import write_json
from benchmark.errors import UserError
from benchmark.models.initial import WEIGHTS, load_initial
from benchmark.suite.embedding import embed_folder, image_names, write_features
from benchmark.suite.plan import PlannedRun, plan
from benchmark.training import train
from benchmark.training.building import build_model

OPTIONS = [
    "backbone={'type': 'efficientnet_lite0', 'weights': None}",
    "transform={'type': 'retrieval_crop', 'size': 32, 'resize': 32}",
    "dim=8", "schedule.frozen=0", "epochs=1", "sampler.samples=2",
]  # fmt: skip


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return noise_folder(tmp_path_factory.mktemp("own") / "images", shots=3)


def planned(images: Path, *options: str) -> PlannedRun:
    runs = plan("own", overrides=[f"dataset.path={images}", *OPTIONS, *options], seeds=[0])
    return next(run for run in runs if run.config.arm == "baseline")


def trained(run: PlannedRun, out: Path) -> Path:
    folder = out / "runs" / run.id
    write_json(folder / "config.json", run.config.as_json())
    write_json(folder / "result.json", train(run.config, folder, lambda progress: None))
    return folder


@pytest.fixture(scope="module")
def finished(images: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return trained(planned(images), tmp_path_factory.mktemp("out"))


def test_a_run_starts_from_the_weights_of_another(finished: Path, images: Path) -> None:
    stored = load_file(finished / WEIGHTS)
    for loss in (False, True):
        given = (f"init.path={finished}", f"init.loss={loss}") if loss else (f"init={finished}",)
        run = planned(images, *given)
        assert run.id != finished.name
        assert run.config.init is not None and run.config.init.loss is loss
        model = build_model(run.config, classes=2)
        before = {name: value.clone() for name, value in model.state_dict().items()}
        load_initial(run.config.init, model, loss=loss)
        for name, value in model.state_dict().items():
            expected = stored if loss or not name.startswith("loss.") else before
            if name != "loss.step":
                assert value.equal(expected[name]), name
        assert model.loss.proxies.equal(before["loss.proxies"]) is not loss
        assert int(model.loss.step) == 0 < int(stored["loss.step"])


def test_training_goes_on_from_them(finished: Path, images: Path, tmp_path: Path) -> None:
    frozen = ("optimiser.lr=0.0", "optimiser.weight_decay=0.0", f"init={finished}")
    folder = trained(planned(images, *frozen), tmp_path)
    after, before = load_file(folder / WEIGHTS), load_file(finished / WEIGHTS)
    assert after["embedding.weight"].equal(before["embedding.weight"])
    started_anew = load_file(trained(planned(images, *frozen[:2]), tmp_path) / WEIGHTS)
    assert not started_anew["embedding.weight"].equal(before["embedding.weight"])


def test_the_identity_is_the_weights_content(finished: Path, images: Path, tmp_path: Path) -> None:
    state = load_file(finished / WEIGHTS)
    save_file(state, tmp_path / WEIGHTS)
    run = planned(images, f"init={tmp_path}")
    assert run.config.init is not None
    state["embedding.bias"] += 1
    save_file(state, tmp_path / WEIGHTS)
    assert planned(images, f"init={tmp_path}").id != run.id
    with pytest.raises(UserError, match="isn't what it was when the run was planned"):
        load_initial(run.config.init, build_model(run.config, 2), loss=False)


@pytest.mark.parametrize(
    ("option", "said"),
    [
        ("init=nowhere", "there is no file nowhere.* id of a run in --out"),
        ("init.loss=true", "init.path"),
        ("init={'path': 'x', 'weights': 1}", "init has no option 'weights'"),
    ],
)
def test_what_cannot_be_started_from(images: Path, option: str, said: str) -> None:
    with pytest.raises(UserError, match=said):
        planned(images, option)


def test_weights_of_another_model_are_refused(finished: Path, images: Path) -> None:
    with pytest.raises(UserError, match=r"has no embedding\.weight, embedding\.bias of the shape"):
        planned(images, f"init={finished}", "dim=9")


def test_embed_writes_names_and_features(
    finished: Path, images: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "features.npz"
    command = ["embed", "--run", str(finished), "--images", str(images), "--out", str(file)]
    assert main(command) == 0
    assert "12 images" in capsys.readouterr().out
    with np.load(file, allow_pickle=False) as stored:
        assert stored["name"].tolist() == image_names(images)
        assert stored["features"].shape == (12, 8)
        np.testing.assert_allclose(np.linalg.norm(stored["features"], axis=1), 1, rtol=1e-5)
        features = stored["features"]
    _, again = embed_folder(finished, images / "kind 2")
    np.testing.assert_allclose(again, features[6:9], rtol=1e-4, atol=1e-5)
    assert not np.allclose(features[0], features[1])


def test_what_cannot_be_embedded(finished: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(UserError, match="there are no images in it or below it"):
        embed_folder(finished, tmp_path / "empty")
    with pytest.raises(UserError, match="No such file"):
        image_names(tmp_path / "nowhere")
    assert main(["embed", "--run", "0123", "--images", ".", "--out", "x.npz"]) == 2
    assert main(["embed", "--run", str(finished), "--images", ".", "--out", "x.csv"]) == 2


def test_parquet_holds_the_same(tmp_path: Path) -> None:
    features = np.arange(6, dtype=np.float32).reshape(2, 3)
    try:
        write_features(tmp_path / "x.parquet", ["a", "ü"], features)
    except UserError as refused:
        assert "pyarrow" in str(refused)
        assert not (tmp_path / "x.parquet").exists()
        return
    import pandas as pd

    table = pd.read_parquet(tmp_path / "x.parquet")
    assert table["name"].tolist() == ["a", "ü"]
    np.testing.assert_array_equal(table.drop(columns="name").to_numpy(), features)
