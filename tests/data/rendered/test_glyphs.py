import numpy as np
import pytest
import torch

from benchmark.data.rendered.glyphs import GlyphAugmentation, GlyphImages
from benchmark.errors import UserError

RNG = np.random.default_rng(0)
GREY = RNG.integers(0, 256, (40, 32, 32), dtype=np.uint8)
SEEDS = RNG.integers(0, 2**64, 40, dtype=np.uint64)
ALL = np.arange(40)


def test_images_for_evaluation_come_as_they_are():
    images = GlyphImages(GREY, GlyphAugmentation())
    batch = images.batch(ALL[::-1].copy(), None)
    assert len(images) == 40
    assert batch.dtype == torch.float32
    assert np.array_equal(batch[:, 0].numpy(), GREY[::-1].astype(np.float32) / 127.5 - 1)


def test_an_augmented_image_depends_on_its_seed_alone():
    images = GlyphImages(GREY, GlyphAugmentation())
    whole = images.batch(ALL, SEEDS)
    for size in (1, 3, 17):
        chosen = RNG.permutation(40)[:size]
        assert torch.equal(images.batch(chosen, SEEDS[chosen]), whole[chosen])
    same_image = images.batch(np.zeros(40, dtype=np.int64), SEEDS)
    assert len(torch.unique(same_image, dim=0)) == 40
    assert torch.equal(same_image[7], images.batch(ALL[:1], SEEDS[7:8])[0])


def test_augmentation_changes_the_image_and_none_does_not():
    plain = GlyphImages(GREY).batch(ALL, SEEDS)
    assert torch.equal(plain, GlyphImages(GREY).batch(ALL, None))
    moved = GlyphImages(GREY, GlyphAugmentation()).batch(ALL, SEEDS)
    assert ((moved - plain).abs().amax(dim=(1, 2, 3)) > 0.1).all()
    still = GlyphAugmentation(shift=0, scale=0, rotation=0, shear=0)
    torch.testing.assert_close(GlyphImages(GREY, still).batch(ALL, SEEDS), plain, atol=1e-4, rtol=0)


def test_each_seed_is_the_key_of_a_stream_of_its_own():
    edges = np.array([0, 2**63, 2**64 - 1], dtype=np.uint64)
    seeds = np.concatenate([SEEDS, edges])
    words = np.stack([np.random.Philox(key=int(seed)).random_raw(5) for seed in seeds])
    shifts = (words[:, :2] >> np.uint64(11)) * 2.0**-52 - 1
    found = GlyphAugmentation(shift=16, scale=0, rotation=0, shear=0).maps(seeds, 32)[:, :, 2]
    assert np.array_equal(found, shifts.astype(np.float32))


def test_parameters_fill_their_ranges():
    seeds = RNG.integers(0, 2**64, 2000, dtype=np.uint64)
    shifts = GlyphAugmentation(shift=2, scale=0, rotation=0, shear=0).maps(seeds, 32)
    pixels = shifts[:, :, 2] * 16
    assert np.abs(pixels).max() <= 2
    np.testing.assert_allclose(pixels.min(axis=0), -2, atol=0.02)
    np.testing.assert_allclose(pixels.max(axis=0), 2, atol=0.02)
    turned = GlyphAugmentation(shift=0, scale=0, rotation=5, shear=0).maps(seeds, 32)
    products = turned[:, :, :2] @ turned[:, :, :2].mT
    np.testing.assert_allclose(products, np.broadcast_to(np.eye(2), products.shape), atol=1e-6)
    angles = np.rad2deg(np.arcsin(turned[:, 0, 1]))
    np.testing.assert_allclose([angles.min(), angles.max()], [-5, 5], atol=0.02)
    sizes = np.linalg.det(GlyphAugmentation(0, 0.1, 5, 0.1).maps(seeds, 32)[:, :, :2]) ** -0.5
    np.testing.assert_allclose([sizes.min(), sizes.max()], [0.9, 1.1], atol=0.002)


def test_a_whole_pixel_shift_moves_the_image_by_it():
    class OnePixel(GlyphAugmentation):
        def maps(self, seeds, size):
            return np.tile(np.array([[1, 0, 2 / size], [0, 1, 0]], np.float32), (len(seeds), 1, 1))

    moved = GlyphImages(GREY, OnePixel()).batch(ALL, SEEDS)
    plain = GlyphImages(GREY).batch(ALL, None)
    torch.testing.assert_close(moved[..., :-1], plain[..., 1:], atol=1e-4, rtol=0)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"shift": -1}, "shift must be at least 0"),
        ({"rotation": float("nan")}, "rotation must be at least 0"),
        ({"scale": 1}, "scale must be below 1"),
        ({"shear": "much"}, "shear must be a number"),
        ({"shear": True}, "shear must be a number"),
    ],
)
def test_wrong_options_are_refused(options, message):
    with pytest.raises(UserError, match=message):
        GlyphAugmentation(**options)


def test_a_transform_for_files_is_refused():
    with pytest.raises(UserError, match="typefaces holds glyphs in memory and takes"):
        GlyphAugmentation.expect(object(), "typefaces")
