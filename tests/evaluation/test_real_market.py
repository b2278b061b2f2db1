"""Metrics of features of real images: Market-1501's split, from a tar with a part of it."""

import io
import os
import tarfile
from pathlib import Path

import numpy as np
import pytest
import torch
from metric_oracles import assert_reid_equals_oracles, assert_retrieval_equals_oracles
from PIL import Image

from benchmark.evaluation import nearest, positive_ranks

TAR = "Market-1501-v15.09.15.tar"


@pytest.fixture(scope="module")
def market():
    """Part -> (features [N, 384], identities, cameras): pixels of 8 x 16, their mean taken off."""
    given = os.environ.get("DAM_BENCHMARK_TEST_DATA")
    if not given:
        pytest.skip("DAM_BENCHMARK_TEST_DATA is not set to the folder of the images' tars")
    tar = Path(given) / TAR
    if not tar.is_file():
        pytest.skip(f"there is no {tar}")
    parts = {"query": [], "bounding_box_test": []}
    with tarfile.open(tar) as archive:
        for member in archive:
            path = Path(member.name)
            if path.suffix == ".jpg" and path.parent.name in parts:
                data = archive.extractfile(member).read()
                with Image.open(io.BytesIO(data)) as image:
                    pixels = np.asarray(image.convert("RGB").reduce(8), np.float32)
                person, camera = path.name.split("_")[:2]
                parts[path.parent.name].append((pixels.ravel(), int(person), int(camera[1])))
    mean = np.mean([pixels for pixels, _, _ in parts["bounding_box_test"]], axis=0)
    return {
        name: (
            np.stack([pixels - mean for pixels, _, _ in found]),
            np.array([person for _, person, _ in found]),
            np.array([camera for _, _, camera in found]),
        )
        for name, found in parts.items()
    }


@pytest.mark.parametrize("distance", ["cosine", "euclidean"])
def test_reid(market, distance):
    """Every fifth query, in the whole gallery."""
    (q, ql, qc), (g, gl, gc) = market["query"], market["bounding_box_test"]
    assert_reid_equals_oracles(q[::5], ql[::5], g, gl, qc[::5], gc, distance)


def test_retrieval(market):
    x, labels, _ = market["query"]
    assert_retrieval_equals_oracles(x, labels)


def test_nearest_from_torch_is_nearest_from_faiss(market):
    pytest.importorskip("faiss")
    q, g = (torch.from_numpy(market[part][0]) for part in ("query", "bounding_box_test"))
    ours, theirs = (nearest(q[::9], g, 10, backend=backend) for backend in ("torch", "faiss"))
    assert torch.equal(ours.indices, theirs.indices)


def test_neither_order_nor_block_matters(market):
    (q, ql, _), (g, gl, _) = market["query"], market["bounding_box_test"]
    order = np.random.default_rng(0).permutation(len(g))
    q, g = torch.from_numpy(q), torch.from_numpy(g)
    ranks = positive_ranks(q, ql, g, gl)
    moved = positive_ranks(q, ql, g[order], gl[order], block=100)
    assert torch.equal(ranks.ranks, moved.ranks)
