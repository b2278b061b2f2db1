import importlib
import json
from collections import Counter
from itertools import groupby

import numpy as np
import pytest
from PIL import ImageFont

from benchmark import registry
from benchmark.data.rendered import arrays, styles, typefaces
from benchmark.data.rendered.rendering import BASELINE, CAP_HEIGHT, CHARACTERS, SIZE
from benchmark.data.rendered.typefaces import Typefaces
from benchmark.entries import Entry
from benchmark.errors import UserError


@pytest.fixture(scope="module")
def grey(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DAM_BENCHMARK_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield typefaces.rendered()


def halves():
    manifest = styles.styles()
    return [[s for s in manifest if s.split == split] for split in ("train", "test")]


def test_the_manifest_has_200_classes_in_the_order_of_their_labels():
    manifest = styles.styles()
    train, test = halves()
    assert [style.label for style in manifest] == list(range(200))
    assert [style.split for style in manifest] == ["train"] * 100 + ["test"] * 100
    assert len(train) == len(test) == typefaces.TRAIN_CLASSES
    assert len({(style.family, style.style) for style in manifest}) == typefaces.CLASSES
    assert len({style.family for style in manifest}) == typefaces.FAMILIES


def test_halves_share_no_family_and_there_is_one_family_of_a_superfamily():
    train, test = ({style.family for style in half} for half in halves())
    assert not train & test
    first_words = Counter(family.split("-")[0] for family in train | test)
    assert max(first_words.values()) == 1


def test_families_go_to_the_halves_in_turn_within_category_and_number_of_styles():
    manifest = styles.styles()
    number = Counter(style.family for style in manifest)
    families = {s.family: (s.category, number[s.family], s.family, s.split) for s in manifest}
    for _, stratum in groupby(sorted(families.values()), key=lambda family: family[:2]):
        splits = [split for *_, split in stratum]
        assert splits == ["train", "test"] * (len(splits) // 2)


def test_every_style_is_upright_free_latin_and_of_its_weight():
    for style in styles.styles():
        root = styles.package_root(style.family)
        metadata = json.loads((root / "metadata.json").read_text(encoding="utf-8"))
        entry = next(item for item in metadata["files"] if item["path"] == style.file)
        assert metadata["license"] == "OFL-1.1"
        assert "latin" in metadata["subsets"]
        assert entry["style"] == "normal"
        assert entry["variable"] == bool(style.axes)
        assert style.weight in (style.axes if style.axes else (entry["weight"],))


def test_the_rendered_images_have_the_published_digest(grey):
    assert grey.shape == typefaces.SHAPE
    assert arrays.digest(grey) == typefaces.DIGEST


def test_no_two_classes_look_alike(grey):
    flat = grey.reshape(len(grey), -1).astype(np.float32) / 255
    squares = (flat**2).sum(axis=1)
    apart = squares[:, None] + squares - 2 * flat @ flat.T
    np.fill_diagonal(apart, np.inf)
    # In units of fully white pixels, as a mean over the 62 glyphs.
    assert apart.min() / len(CHARACTERS) > 7


def test_glyphs_fill_the_frame_on_one_baseline_and_are_hardly_clipped(grey):
    ink = grey > 127
    capital = ink[:, CHARACTERS.index("H")].any(axis=2)
    top = capital.argmax(axis=1)
    bottom = SIZE - capital[:, ::-1].argmax(axis=1)
    assert np.abs(top - (BASELINE - CAP_HEIGHT)).max() <= 1
    # The H of some script faces reaches below the baseline.
    assert (bottom == BASELINE).mean() > 0.95
    assert np.abs(bottom - BASELINE).max() <= 2
    edges = np.concatenate(
        [grey[..., 0, :], grey[..., -1, :], grey[..., :, 0], grey[..., :, -1]], axis=-1
    )
    clipped = edges.max(axis=-1) > 40
    assert clipped.sum(axis=1).max() <= 3
    assert clipped.mean() < 0.002
    assert ink.any(axis=(2, 3)).all()


def test_the_data_set_comes_from_the_registry_with_its_halves(grey, monkeypatch):
    monkeypatch.setattr(typefaces, "rendered", lambda: grey)
    data = registry.build(registry.DATASETS, Entry.of("typefaces"), "data set").load()
    assert data.protocol == "retrieval"
    assert data.gallery is None
    assert data.classes == 100
    assert "not photographs" in data.note
    for split in (data.train, data.query):
        assert set(Counter(split.labels.tolist()).values()) == {len(CHARACTERS)}
    assert not set(data.train.labels) & set(data.query.labels)
    batch = data.query.images.batch(np.array([0, 63]), None)
    expected = grey[[100, 101], [0, 1]].astype(np.float32) / 127.5 - 1
    assert np.array_equal(batch[:, 0].numpy(), expected)


def test_status_counts_what_load_returns(grey, monkeypatch):
    monkeypatch.setattr(typefaces, "rendered", lambda: grey)
    status, data = Typefaces().status(), Typefaces().load()
    assert status.found
    assert status.remedy == ""
    assert status.counts == {
        "train classes": len(set(data.train.labels)),
        "train images": len(data.train.images),
        "test classes": len(set(data.query.labels)),
        "test images": len(data.query.images),
    }


def test_a_missing_package_is_named_with_the_command(monkeypatch, tmp_path):
    monkeypatch.setenv("DAM_BENCHMARK_CACHE", str(tmp_path))
    files = importlib.resources.files

    def without_abel(package):
        if package == "fontpkg_abel":
            raise ModuleNotFoundError(package)
        return files(package)

    monkeypatch.setattr(styles.importlib.resources, "files", without_abel)
    status = Typefaces().status()
    assert not status.found
    assert status.remedy == "pip install fontpkg-abel==1.3"
    with pytest.raises(UserError, match=r"fontpkg-abel is not installed.*pip install fontpkg-abel"):
        Typefaces().load()


def test_a_package_of_another_commit_is_refused(monkeypatch, tmp_path):
    monkeypatch.setenv("DAM_BENCHMARK_CACHE", str(tmp_path / "cache"))
    package = tmp_path / "abel"
    package.mkdir()
    (package / "metadata.json").write_text(json.dumps({"source": {"commit": "0" * 40}}))
    root = styles.package_root
    monkeypatch.setattr(
        styles, "package_root", lambda family: package if family == "abel" else root(family)
    )
    with pytest.raises(UserError, match="fontpkg-abel is of commit 0000"):
        Typefaces().load()


def test_fonts_are_opened_without_layout_features():
    font = styles.open_font(styles.styles()[0], 20)
    assert font.layout_engine == ImageFont.Layout.BASIC
