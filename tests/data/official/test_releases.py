import os
import signal

import numpy as np
import pytest
from registered import make

from benchmark import registry
from benchmark.data.official import cars196, counts
from benchmark.data.photographs.transforms import Reid, RetrievalCrop
from benchmark.data.root import VARIABLE
from benchmark.ending import SuiteInterruptedError
from benchmark.entries import Entry
from benchmark.errors import UserError
from benchmark.training.interruption import RunInterruptedError

TINY = RetrievalCrop(size=8, resize=8)
KINDS = ["cub200", "cars196", "cars196_devkit", "market1501", "msmt17"]


def stems(split):
    return [path.name for path in split.images.paths]


@pytest.mark.parametrize("kind", ["cub200", "cars196", "cars196_devkit"])
def test_zero_shot_halves(build, kind):
    build(kind)
    data = make(kind).load(TINY)
    assert data.name == make(kind).title
    assert (data.protocol, data.gallery, data.classes) == ("retrieval", None, 4)
    assert data.train.labels.tolist() == np.repeat([0, 1, 2, 3], 3).tolist()
    assert data.query.labels.tolist() == np.repeat([5, 6, 7, 8], 3).tolist()
    assert data.train.images.batch(np.arange(6), np.arange(6, dtype=np.uint64)).shape == (
        6,
        3,
        8,
        8,
    )


def test_cub_takes_names_with_spaces_and_umlauts(build):
    build("cub200")
    data = make("cub200").load(TINY)
    assert [str(p).split("images/")[1] for p in data.query.images.paths][:2] == [
        "005.Bird 4/Vögel_0.jpg",
        "005.Bird 4/Vögel_1.jpg",
    ]


def test_cars_annotations_decide_the_class(build):
    build("cars196")
    data = make("cars196").load(TINY)
    assert stems(data.train) == [f"{n + k:06}.jpg" for n in (1, 2, 3, 4) for k in (0, 8, 16)]
    assert stems(data.query) == [f"{n + k:06}.jpg" for n in (5, 6, 7, 8) for k in (0, 8, 16)]


def test_cars_devkit_joins_both_folders(build):
    folder = build("cars196_devkit")
    first = make("cars196").load(TINY)
    parts = [path.parent.name for path in first.train.images.paths]
    assert parts == ["cars_test", "cars_train", "cars_train"] * 4
    labels = folder / "devkit" / "cars_test_annos_withlabels.mat"
    labels.rename(folder / labels.name)
    assert make("cars196").load(TINY).train.images.paths == first.train.images.paths


@pytest.mark.parametrize("kind", ["market1501", "reid_folder"])
def test_market_junk_is_out_and_distractors_are_in(build, kind):
    build(kind)
    data = make(kind).load(Reid(height=16, width=8))
    assert data.protocol == "reid"
    assert data.train.labels.tolist() == np.repeat([0, 1, 2, 3], 4).tolist()
    assert data.train.cameras.tolist() == [1, 1, 3, 3] * 4
    assert data.query.labels.tolist() == [1, 1, 3, 3, 1501, 1501]
    assert data.gallery.labels.tolist() == [0, 0, 1, 1, 3, 3, 1501, 1501]
    assert data.gallery.cameras.tolist() == [1, 2, 1, 3, 1, 3, 1, 3]
    assert not any(name.startswith("-1") for name in stems(data.gallery))


@pytest.mark.parametrize("version", ["V1", "V2"])
@pytest.mark.parametrize(("train_on", "images"), [("train+val", 24), ("train", 16)])
def test_msmt17_layouts_and_lists(build, version, train_on, images):
    build("msmt17", version=version)
    data = make("msmt17", version=version, train_on=train_on).load(TINY)
    assert data.name == f"MSMT17-{version}{', train alone' * (train_on == 'train')}"
    assert f"version {version}, trained on {train_on}" in data.note
    assert len(data.train.labels) == images
    assert set(data.train.cameras) == {1, 15}
    assert data.classes == 4
    assert len(data.query.labels) == 6
    assert len(data.gallery.labels) == 12
    assert any("val" in name for name in stems(data.train)) == (train_on == "train+val")


def test_msmt17_of_the_other_version_is_told(build):
    folder = build("msmt17", version="V2")
    folder.rename(folder.with_name("MSMT17"))
    with pytest.raises(UserError, match=r"MSMT17 of version V2 is\. .*dataset\.version=V2"):
        make("msmt17").load(TINY)
    (folder.with_name("MSMT17") / "mask_train_v2").rename(folder.with_name("MSMT17") / "other")
    for version in ("V1", "V2"):
        with pytest.raises(UserError, match=r"has no folder \w*train.* dataset\.version=V1"):
            make("msmt17", version=version).load(TINY)


@pytest.mark.parametrize("inside", ["MSMT17", "msmt17"])
def test_msmt17_in_a_folder_beside_the_other_version(build, inside, tmp_path):
    folder = build("msmt17", version="V2")
    folder.rename(tmp_path / "aside")
    (tmp_path / inside).mkdir()
    (tmp_path / "aside").rename(tmp_path / inside / "MSMT17_V2")
    assert make("msmt17", version="V2").find() == tmp_path / inside / "MSMT17_V2"
    with pytest.raises(UserError, match="MSMT17_V2 of version V2 is"):
        make("msmt17").find()


@pytest.mark.parametrize("kind", KINDS)
def test_status_counts_what_load_returns(build, kind):
    assert not make(kind).status().found
    build(kind)
    status = make(kind).status()
    assert status.found
    assert status.remedy == ""
    assert status.counts == counts.OFFICIAL[make(kind).title]
    data = make(kind).load(TINY)
    assert sum(n for what, n in status.counts.items() if what.endswith("images")) == sum(
        len(split.labels) for split in (data.train, data.query, data.gallery) if split
    )


@pytest.mark.parametrize("kind", KINDS)
def test_order_does_not_follow_the_disk(build, kind, monkeypatch):
    build(kind)
    expected = make(kind).load(TINY)
    listdir, scandir = os.listdir, os.scandir

    class Reversed:
        def __init__(self, path):
            with scandir(path) as found:
                self.entries = sorted(found, key=lambda entry: entry.name, reverse=True)

        def __enter__(self):
            return iter(self.entries)

        def __exit__(self, *_):
            pass

    monkeypatch.setattr("os.scandir", Reversed)
    monkeypatch.setattr("os.listdir", lambda path: sorted(listdir(path), reverse=True))
    again = make(kind).load(TINY)
    for name in ("train", "query"):
        assert getattr(again, name).images.paths == getattr(expected, name).images.paths


def test_the_order_of_lines_does_not_matter(build):
    folder = build("cub200")
    expected = make("cub200").load(TINY)
    for name in ("images.txt", "image_class_labels.txt"):
        lines = (folder / name).read_text(encoding="utf-8").splitlines(keepends=True)
        (folder / name).write_text("".join(reversed(lines)), encoding="utf-8")
    again = make("cub200").load(TINY)
    assert again.train.images.paths == expected.train.images.paths


@pytest.mark.parametrize(
    ("kind", "option", "value"),
    [("cub200", "allow_partial", 1), ("msmt17", "version", "V3"), ("msmt17", "train_on", "val")],
)
def test_wrong_options_are_told(kind, option, value):
    with pytest.raises(UserError, match=f"dataset.{option}.*{value}"):
        make(kind, **{option: value})


@pytest.mark.parametrize("kind", [*KINDS, "image_folder", "reid_folder"])
def test_no_root_and_no_folder_are_told(kind, monkeypatch, tmp_path):
    monkeypatch.delenv(VARIABLE, raising=False)
    assert not make(kind).status().found
    with pytest.raises(UserError, match="--data-root DIR") as raised:
        make(kind).load(TINY)
    assert kind not in KINDS or str(make(kind).source) in str(raised.value)
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    assert not make(kind).status().found
    with pytest.raises(UserError, match=f"{tmp_path}"):
        make(kind).load(TINY)


@pytest.mark.parametrize("request_to_end", [RunInterruptedError, SuiteInterruptedError])
def test_a_request_to_end_is_not_taken_for_a_damaged_file(build, monkeypatch, request_to_end):
    def interrupted(*_, **__):
        raise request_to_end(signal.SIGTERM)

    build("cars196")
    monkeypatch.setattr(cars196, "loadmat", interrupted)
    with pytest.raises(request_to_end):
        make("cars196").load(TINY)


@pytest.mark.parametrize("kind", KINDS)
def test_the_remedy_names_the_page_and_the_terms(kind):
    message = make(kind).remedy
    assert "page '" in message
    assert "research" in message


def test_glyphs_are_refused_their_transform(build):
    build("cub200")
    with pytest.raises(UserError, match="retrieval_crop"):
        make("cub200").load(registry.build(registry.TRANSFORMS, Entry.of("glyph_affine"), ""))
