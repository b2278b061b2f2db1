import math
from collections import Counter

import numpy as np
import pytest

from benchmark import registry
from benchmark.data.rendered import arrays, cameras, typefaces_reid
from benchmark.data.rendered.cameras import CAMERAS, Camera
from benchmark.data.rendered.typefaces_reid import TypefacesReid
from benchmark.entries import Entry

RNG = np.random.default_rng(0)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DAM_BENCHMARK_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="module")
def data(folder):
    return registry.build(registry.DATASETS, Entry.of("typefaces_reid"), "data set").load()


def test_the_images_have_the_published_digest(folder):
    assert arrays.digest(typefaces_reid.shoot()) == typefaces_reid.DIGEST


def test_splits(data):
    assert data.protocol == "reid"
    assert data.classes == 100
    assert "not photographs" in data.note
    assert not set(data.train.labels) & set(data.query.labels)
    assert set(data.query.labels) == set(data.gallery.labels)
    for split, shots in ((data.train, 4), (data.query, 1), (data.gallery, 3)):
        shown = Counter(zip(split.labels.tolist(), split.cameras.tolist(), strict=True))
        assert len(shown) == 100 * len(CAMERAS)
        assert set(shown.values()) == {shots}


def test_every_query_has_matches_by_other_cameras(data):
    for label, camera in zip(data.query.labels, data.query.cameras, strict=True):
        matches = (data.gallery.labels == label) & (data.gallery.cameras != camera)
        assert matches.sum() == 15


def test_status_counts_what_load_returns(data):
    status = TypefacesReid().status()
    assert status.found
    assert status.counts == {
        "train classes": data.classes,
        "train images": len(data.train.images),
        "test classes": len(set(data.query.labels)),
        "query images": len(data.query.images),
        "gallery images": len(data.gallery.images),
        "cameras": len(set(data.train.cameras)),
    }


def test_no_image_is_in_two_places(data):
    splits = (data.train, data.query, data.gallery)
    images = [s.images.batch(np.arange(len(s.labels)), None).flatten(1).numpy() for s in splits]
    assert len(np.unique(np.concatenate(images), axis=0)) == sum(map(len, images))


@pytest.mark.parametrize("camera", range(len(CAMERAS)))
def test_warp_agrees_with_a_loop_over_pixels(camera):
    glyph = RNG.integers(0, 256, (9, 9), dtype=np.uint8)
    homography = CAMERAS[camera].homography

    def level(row, column):
        inside = 0 <= row < 9 and 0 <= column < 9
        return float(glyph[row, column]) if inside else 0.0

    expected = np.empty((9, 9))
    for y in range(9):
        for x in range(9):
            u, v, w = np.array(homography, dtype=np.float64) @ [x - 4, y - 4, 1]
            column, row = u / w + 4, v / w + 4
            left, upper = math.floor(column), math.floor(row)
            s, t = column - left, row - upper
            expected[y, x] = (
                level(upper, left) * (1 - s) * (1 - t)
                + level(upper, left + 1) * s * (1 - t)
                + level(upper + 1, left) * (1 - s) * t
                + level(upper + 1, left + 1) * s * t
            )
    assert np.abs(cameras.warp(glyph, homography) - expected).max() <= 0.5 + 1e-9


def test_blur_and_grain_agree_with_their_definitions():
    grey = RNG.integers(0, 256, (2, 8, 8))
    padded = np.pad(grey, [(0, 0), (1, 1), (1, 1)], mode="edge").astype(float)
    kernel = np.outer([1, 2, 1], [1, 2, 1]) / 16
    windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), axis=(1, 2))
    smooth = (windows * kernel).sum(axis=(-2, -1))
    assert np.abs(cameras.blur(grey, 1) - smooth).max() <= 1
    assert np.array_equal(cameras.blur(grey, 0), grey)
    coarse = cameras.coarsen(grey, 2)
    assert abs(coarse[1, 2, 4] - grey[1, 2:4, 4:6].mean()) <= 0.5
    assert coarse[1, 2, 4] == coarse[1, 3, 5]


def test_light_and_noise_follow_the_camera():
    page = np.full((400, 32, 32), 200, dtype=np.uint8)
    words = RNG.integers(0, 2**64, page.shape, dtype=np.uint64)
    shot = cameras.photograph(page, Camera(gain=128, black=20, noise=10), words).astype(float)
    assert shot.mean() == pytest.approx(120, abs=0.6)
    assert shot.std() == pytest.approx(10, rel=0.02)
    slope = cameras.photograph(page, Camera(gain=128, slope=(2, 0)), words)[0].astype(int)
    assert (np.diff(slope, axis=1) >= 1).all()
    assert (np.diff(slope, axis=0) == 0).all()


def test_cameras_differ_clearly():
    glyph = np.zeros((32, 32), dtype=np.uint8)
    glyph[4:23, 10:14] = glyph[4:8, 10:22] = 255
    silent = np.full((32, 32), 0x7F80_7F80_7F80_7F80, dtype=np.uint64)
    shots = [cameras.photograph(glyph, camera, silent).astype(float) for camera in CAMERAS]
    for first in range(len(shots)):
        for second in range(first):
            assert np.abs(shots[first] - shots[second]).mean() > 5
