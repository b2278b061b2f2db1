"""Made-up features in the shape of two test sets and of one with few classes, to time with.

    python -m benchmark.bench.evaluation.features FOLDER [--quick]

writes them. Time and memory depend only on sizes and on the number of positives of a query.
Features of unit length are made from a few latent numbers, so that retrieval is neither hopeless
nor perfect.
"""

import sys
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Ids = npt.NDArray[np.int64]
LATENT = 24


class Sizes(NamedTuple):
    """The sizes of the test sets. `cub` has no gallery of its own."""

    elements: int
    queries: int  # of MSMT17
    gallery: int
    identities: int
    cameras: int
    images: int  # of CUB-200-2011's test half
    classes: int
    slice: int  # MSMT17's queries that a slow peer is measured on
    crowd_queries: int
    crowd: int  # gallery images in few large classes, where a query has many positives
    crowd_classes: int


FULL = Sizes(512, 11_659, 82_161, 3_060, 15, 5_924, 100, 400, 1_600, 120_000, 10)
QUICK = Sizes(64, 600, 4_000, 160, 15, 400, 10, 100, 200, 1_000, 10)
SEED = 0


def msmt17(sizes: Sizes) -> dict[str, npt.NDArray]:
    """`q`, `g` float32 [., D], `ql`, `gl` identities, `qc`, `gc` cameras.

    As in MSMT17, an identity has one query for each camera that saw it, 3.8 on average. The number
    of its gallery images is log-normal (σ = 0.6), and each is by one of its cameras.
    """
    rng = np.random.default_rng(SEED)
    share = rng.lognormal(sigma=0.6, size=sizes.identities)
    gl = np.sort(rng.choice(sizes.identities, sizes.gallery, p=share / share.sum()))
    seen = np.argsort(rng.random((sizes.identities, sizes.cameras)), axis=1)
    # Each identity has one camera; the others go to identities at random.
    more = rng.permutation(sizes.identities * (sizes.cameras - 1))
    more = more[: sizes.queries - sizes.identities] % sizes.identities
    number = 1 + np.bincount(more, minlength=sizes.identities)
    ql = np.repeat(np.arange(sizes.identities), number)
    qc = np.concatenate([row[:n] for row, n in zip(seen, number, strict=True)])
    gc = seen[gl, rng.integers(0, number[gl])]
    shuffled = rng.permutation(sizes.queries)
    ql, qc = ql[shuffled], qc[shuffled]
    both = _features(rng, np.concatenate([ql, gl]), sizes.elements)
    q, g = np.split(both, [sizes.queries])
    return {"q": q, "ql": ql, "qc": qc, "g": g, "gl": gl, "gc": gc}


def cub(sizes: Sizes) -> dict[str, npt.NDArray]:
    """`x` float32 [N, D] and `labels`, in classes of equal size but for one image."""
    rng = np.random.default_rng(SEED + 1)
    labels = np.sort(np.arange(sizes.images) % sizes.classes)
    return {"x": _features(rng, labels, sizes.elements), "labels": labels}


def crowd(sizes: Sizes) -> dict[str, npt.NDArray]:
    """`q`, `g` float32 [., D] and their labels `ql`, `gl`, in a few classes of equal size."""
    rng = np.random.default_rng(SEED + 2)
    labels = np.arange(sizes.crowd_queries + sizes.crowd) % sizes.crowd_classes
    q, g = np.split(_features(rng, labels, sizes.elements), [sizes.crowd_queries])
    return {"q": q, "ql": labels[: len(q)], "g": g, "gl": labels[len(q) :]}


def _features(rng: np.random.Generator, labels: Ids, elements: int) -> npt.NDArray[np.float32]:
    latent = rng.standard_normal((labels.max() + 1, LATENT), np.float32)[labels]
    latent += 0.9 * rng.standard_normal(latent.shape, np.float32)
    made = latent @ rng.standard_normal((LATENT, elements), np.float32)
    return made / np.linalg.norm(made, axis=1, keepdims=True)


if __name__ == "__main__":
    chosen = QUICK if "--quick" in sys.argv else FULL
    for data, make in (("msmt17", msmt17), ("cub", cub), ("crowd", crowd)):
        for key, array in make(chosen).items():
            np.save(Path(sys.argv[1]) / f"{data}-{key}.npy", array)
