import numpy as np
import pytest

from benchmark.data.dataset import Subset
from benchmark.data.own.image_folder import ImageFolder
from benchmark.data.own.reid_folder import ReidFolder
from benchmark.data.photographs.transforms import RetrievalCrop
from benchmark.data.root import VARIABLE
from benchmark.errors import UserError

TINY = RetrievalCrop(size=8, resize=8)


def names(split):
    images, places = split.images, slice(None)
    if isinstance(images, Subset):
        images, places = images.whole, images.places
    return {path.parent.name for path in np.array(images.paths)[places]}


def test_image_folder_splits_by_class(build):
    build("image_folder")
    data = ImageFolder().load(TINY)
    assert (data.name, data.protocol, data.classes) == ("image_folder", "retrieval", 4)
    assert data.train.labels.tolist() == np.repeat([0, 1, 2, 3], 3).tolist()
    assert len(names(data.train)) == len(names(data.query)) == 4
    assert not names(data.train) & names(data.query)
    assert data.query.images.batch(np.arange(2), None).shape == (2, 3, 8, 8)


def test_image_folder_seed_and_share(build):
    folder = build("image_folder")
    splits = {frozenset(names(ImageFolder(seed=s).load(TINY).query)) for s in range(20)}
    assert len(splits) > 10
    assert ImageFolder(path=str(folder), test_share=0.25).load(TINY).classes == 6
    status = ImageFolder(test_share=0.25).status()
    assert status.found
    assert status.counts["train classes"] == 6


def test_image_folder_validation(build):
    build("image_folder")
    option = {"folds": 2, "fold": 1, "seed": 0}
    with pytest.raises(UserError, match="fewer than 2 classes to train on"):
        ImageFolder(test_share=0.75, validation=option).load(TINY)
    data = ImageFolder(test_share=0.25, validation=option).load(TINY)
    assert data.name == "image_folder, validation fold 2 of 2"
    assert (data.classes, len(names(data.query))) == (3, 3)


def test_image_folder_says_what_is_wrong(build, paint):
    folder = build("image_folder")
    (folder / "notes.txt").write_text("no class")
    (folder / "kind 0" / "notes.txt").write_text("no image")
    (folder / ".cache").mkdir()
    assert len(ImageFolder().load(TINY).train.labels) == 12
    paint(folder / "kind 1" / "more" / "0.jpg")
    with pytest.raises(UserError, match="kind 1/more is a folder within a class"):
        ImageFolder().load(TINY)
    (folder / "kind 0" / "empty").mkdir()
    (folder / "kind 0" / "empty").rename(folder / "a class")
    with pytest.raises(UserError, match="a class has no images"):
        ImageFolder().load(TINY)
    assert "a class has no images" in ImageFolder().status().remedy


@pytest.mark.parametrize("kind", [ImageFolder, ReidFolder])
def test_the_user_names_the_data_set(build, kind):
    build("image_folder"), build("reid_folder")
    assert kind(name="My flowers").load(TINY).name == "My flowers"
    for name in ("", " ", "two\nlines", 5):
        with pytest.raises(UserError, match=r"dataset\.name"):
            kind(name=name)


@pytest.mark.parametrize("name", ["CUB-200-2011", "cub-50", "MSMT17-V2", "Market-1501 mine"])
def test_ones_own_images_never_pass_for_a_release(build, name):
    folder = build("image_folder")
    folder.rename(folder.with_name(name))
    for dataset in (ImageFolder(path=name), ImageFolder(path=f"./{name}/", name=name)):
        data = dataset.load(TINY)
        assert data.name == f"{name} (own images)"
        assert not data.official


def test_a_home_folder_and_the_current_one(build, monkeypatch):
    folder = build("image_folder")
    monkeypatch.setenv("HOME", str(folder.parent))
    assert ImageFolder(path="~/image_folder").load(TINY).classes == 4
    monkeypatch.delenv(VARIABLE)
    with pytest.raises(UserError, match=r"no folder .*/image_folder, and no data root is given"):
        ImageFolder().load(TINY)
    monkeypatch.chdir(folder)
    assert ImageFolder(path=".").load(TINY).name == "image_folder"


def test_a_folder_too_many_is_named(build):
    for name, kind in (("image_folder", ImageFolder), ("reid_folder", ReidFolder)):
        folder = build(name)
        inner = folder.with_name("outer") / name
        inner.parent.mkdir(exist_ok=True)
        folder.rename(inner)
        with pytest.raises(UserError, match=rf"Give dataset\.path={inner}\b"):
            kind(path="outer").load(TINY)
        inner.rename(folder)


def test_the_largest_seed_splits(build):
    build("image_folder")
    option = {"folds": 2, "fold": 0, "seed": 2**63 - 1}
    assert ImageFolder(seed=2**63 - 1, validation=option).load(TINY).classes == 2


@pytest.mark.parametrize(
    "option",
    [{"test_share": 1}, {"test_share": "x"}, {"seed": -1}, {"seed": 2**63}, {"seed": 10**42}],
)
def test_image_folder_options(option):
    with pytest.raises(UserError, match=f"dataset.{next(iter(option))}"):
        ImageFolder(**option)


@pytest.mark.parametrize("path", ["", 5, "nowhere", "/nowhere", "a\0b"])
def test_a_wrong_path_is_told(build, path):
    build("image_folder")
    for kind in (ImageFolder, ReidFolder):
        with pytest.raises(UserError, match=r"dataset\.path"):
            kind(path=path).load(TINY)


def test_reid_folder_says_what_is_wrong(build, paint):
    folder = build("reid_folder")
    assert ReidFolder().status().counts["gallery images"] == 8
    paint(folder / "query" / "0002_c1_twice.jpg")
    with pytest.raises(UserError, match="identity 2 is in both"):
        ReidFolder().load(TINY)
    (folder / "query" / "0002_c1_twice.jpg").rename(folder / "query" / "0000_c1_none.jpg")
    with pytest.raises(UserError, match=r"query/0000_c1_none\.jpg: identity 0000"):
        ReidFolder().load(TINY)
    (folder / "query" / "0000_c1_none.jpg").rename(folder / "query" / "person.jpg")
    with pytest.raises(UserError, match=r"query/person\.jpg: the name"):
        ReidFolder().load(TINY)
