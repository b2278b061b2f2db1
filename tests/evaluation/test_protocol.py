"""Images to features to metrics."""

import numpy as np
import pytest
import torch
from torch import nn

from benchmark.data.dataset import DataSet, Split
from benchmark.errors import UserError
from benchmark.evaluation import embed, evaluate


class Pixels:
    """Images [n, 1, 1, D] held in memory, which note how they are asked for."""

    def __init__(self, values):
        self.values = torch.as_tensor(values, dtype=torch.float32)[:, None, None, :]
        self.asked = []

    def __len__(self):
        return len(self.values)

    def batch(self, indices, seeds):
        assert seeds is None and indices.dtype == np.int64
        self.asked.append(len(indices))
        return self.values[indices]


def split(values, labels, cameras=None):
    return Split(
        Pixels(values), np.asarray(labels), None if cameras is None else np.asarray(cameras)
    )


def flatten(images):
    return images.flatten(1)


TRAIN = split(np.zeros((2, 2)), [0, 1])


@pytest.mark.parametrize("batch_size", [1, 4, 10, 64])
def test_features_come_in_order(batch_size):
    images = Pixels(np.random.default_rng(0).normal(size=(10, 6)))
    features = embed(flatten, images, batch_size=batch_size, device="cpu")
    assert torch.equal(features, images.values.flatten(1))
    assert sum(images.asked) == 10 and max(images.asked) == min(batch_size, 10)


def test_features_are_float32_and_usable_in_training():
    features = embed(
        lambda x: x.flatten(1).half(), Pixels(np.ones((3, 2))), batch_size=2, device="cpu"
    )
    assert features.dtype == torch.float32 and not features.is_inference()
    weight = torch.ones(2, requires_grad=True)
    (features @ weight).sum().backward()
    assert weight.grad.tolist() == [3.0, 3.0]


def test_a_model_is_evaluated_and_put_back_part_by_part():
    frozen = nn.BatchNorm1d(3)
    model = nn.Sequential(nn.Flatten(), frozen, nn.Dropout(0.5), nn.BatchNorm1d(3))
    model.train()
    frozen.eval()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    modes = [part.training for part in model.modules()]
    images = Pixels(np.random.default_rng(0).normal(size=(8, 3)))
    features = embed(model, images, batch_size=3, device="cpu")
    assert torch.allclose(features, images.values.flatten(1), atol=1e-4)
    assert [part.training for part in model.modules()] == modes
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())


def test_the_mode_is_put_back_after_an_error():
    model = nn.Linear(5, 2).train()
    with pytest.raises(RuntimeError):
        embed(model, Pixels(np.ones((3, 4))), batch_size=2, device="cpu")
    assert model.training


def test_bad_calls_are_errors():
    with pytest.raises(ValueError, match="no images"):
        embed(flatten, Pixels(np.ones((0, 4))), batch_size=2, device="cpu")
    with pytest.raises(ValueError, match="batch_size"):
        embed(flatten, Pixels(np.ones((3, 4))), batch_size=0, device="cpu")
    with pytest.raises(ValueError, match=r"must give \[2, D\] features, not \[2, 1, 1, 4\]"):
        embed(lambda x: x, Pixels(np.ones((3, 4))), batch_size=2, device="cpu")


def test_retrieval_searches_among_the_queries():
    query = split([[1, 0], [2, 0.1], [0, 1], [1, 0.05], [5, 5]], [0, 0, 1, 1, 2])
    result = evaluate(flatten, DataSet("toy", "retrieval", "", TRAIN, query), batch_size=2)
    assert (result.queries, result.left_out) == (5, 1)
    # Queries 0 and 1 find each other second, behind query 3; queries 2 and 3 find each other last.
    assert result.metrics["recall@1"] == 0.0
    assert result.metrics["recall@2"] == 0.5
    assert result.metrics["recall@4"] == 1.0
    assert set(result.metrics) == {
        "recall@1", "recall@2", "recall@4", "recall@8", "map@r", "r_precision", "map",
    }  # fmt: skip
    assert result.per_query["label"].tolist() == [0, 0, 1, 1, 2]
    assert set(result.per_query) == {"label", *result.metrics}
    for name, metric in result.metrics.items():
        values = result.per_query[name]
        assert np.isnan(values).tolist() == [False] * 4 + [True]
        assert np.nanmean(values) == pytest.approx(metric)


def test_reid_searches_the_gallery_without_the_own_camera_and_junk():
    query = split([[1, 0], [0, 1]], [5, 6], [0, 0])
    gallery = split(
        [[1, 0], [1, 0.01], [1, 0.1], [1, 0.2], [0, 1]], [5, -1, 0, 5, 6], [0, 1, 1, 1, 0]
    )
    result = evaluate(flatten, DataSet("toy", "reid", "", TRAIN, query, gallery))
    expected = {"cmc@1": 0.0, "cmc@5": 1.0, "cmc@10": 1.0, "map": 0.5, "minp": 0.5}
    assert result.metrics == expected
    assert (result.queries, result.left_out) == (2, 1)


def test_distance_is_passed_on():
    query = split([[1, 0], [1, 0.5], [9, 0]], [0, 1, 0])
    dataset = DataSet("toy", "retrieval", "", TRAIN, query)
    assert evaluate(flatten, dataset, distance="cosine").metrics["recall@1"] == 1.0
    assert evaluate(flatten, dataset, distance="euclidean").metrics["recall@1"] == 0.5


def test_nmi_is_measured_when_asked_for():
    query = split([[1, 0], [1, 0.1], [0, 1], [0.1, 1]], [0, 0, 1, 1])
    dataset = DataSet("toy", "retrieval", "", TRAIN, query)
    assert evaluate(flatten, dataset, nmi=True).metrics["nmi"] == 1.0
    reid = DataSet("toy", "reid", "", TRAIN, query, query)
    with pytest.raises(UserError, match="toy: NMI is measured for retrieval"):
        evaluate(flatten, reid, nmi=True)


def test_workers_change_nothing():
    images = Pixels(np.random.default_rng(0).normal(size=(10, 6)))
    features = embed(flatten, images, batch_size=4, device="cpu", workers=2)
    assert torch.equal(features, images.values.flatten(1))


def test_reid_without_cameras_is_an_error():
    dataset = DataSet("toy", "reid", "", TRAIN, split([[1, 0]], [1]), split([[1, 0]], [1]))
    with pytest.raises(ValueError, match="toy: protocol 'reid' needs the camera"):
        evaluate(flatten, dataset)
