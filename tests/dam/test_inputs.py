"""What the mappings take: labels of every integer type, vectors in any memory order; what not."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from benchmark.dam import pair_similarity, proxy_similarity
from benchmark.dam.inputs import INTEGERS
from benchmark.dam.naive import NAIVE

pytestmark = pytest.mark.usefixtures("technology")

LAYOUTS: dict[str, Callable[[Tensor], Tensor]] = {
    "column-major": lambda t: t.T.contiguous().T,
    "every second column": lambda t: t.repeat_interleave(2, 1)[:, ::2],
    "every second row": lambda t: t.repeat_interleave(2, 0)[::2],
    "a column block": lambda t: torch.cat([t, t, t], 1)[:, t.shape[1] : 2 * t.shape[1]],
    "one row expanded": lambda t: t[:1].expand_as(t),
    "one column expanded": lambda t: t[:, :1].expand_as(t),
    "negated view": lambda t: torch.complex(t, -t).conj().imag,
}


def draw(rows: int, seed: int) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(rows, 6, generator=generator, dtype=torch.float64).requires_grad_()


def mappings(features: Tensor, others: Tensor, labels: Tensor) -> list[Tensor]:
    """Each similarity of features [5, D] to `others` [4, D] or among themselves."""
    of_others = torch.arange(4)
    settings = {"seed": 0, "keep": 0.5}
    return [
        *(
            proxy_similarity(features, others, labels, mapping=mapping, **settings)
            for mapping in ("margin", "margin_cosine", *NAIVE)
        ),
        proxy_similarity(features, others, labels, difference="class_means", **settings),
        proxy_similarity(
            features,
            others.repeat(2, 1),
            labels,
            centres=2,
            to_class=lambda S: S.logsumexp(-1),
            **settings,
        ),
        *(
            pair_similarity(features, labels, references=references, reference_labels=past, **kind)
            for references, past in ((None, None), (others, of_others))
            for kind in (
                settings,
                settings | {"similarity": "masked_cosine"},
                settings | {"metric": "euclidean", "select": "positives"},
                settings | {"metric": "inner_product"},
            )
        ),
    ]


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("which", ["features", "others", "labels"])
def test_memory_order_changes_neither_value_nor_gradient(layout: str, which: str) -> None:
    found = []
    for contiguous in (False, True):
        features, others, labels = draw(5, 0), draw(4, 1), torch.tensor([0, 3, 3, 1, 0])
        inputs = {"features": features, "others": others, "labels": labels}
        if which == "labels":
            viewed = torch.stack([labels, labels + 1], 1)[:, 0]
        else:
            viewed = LAYOUTS[layout](inputs[which])
        inputs[which] = viewed.contiguous().resolve_neg() if contiguous else viewed
        S = mappings(**inputs)
        loss = sum((part * (n + part)).sum() for n, part in enumerate(S))
        found.append([*S, *torch.autograd.grad(loss, (features, others))])
    torch.testing.assert_close(*found)
    assert found[0][-1].abs().max() > 0.1
    assert found[0][-2].abs().max() > 0.1


def test_memory_order_of_the_upstream_gradient() -> None:
    labels = torch.tensor([0, 3, 3, 1, 0])
    for number in range(len(mappings(draw(5, 0), draw(4, 1), labels))):
        found = []
        for contiguous in (False, True):
            features, others = draw(5, 0), draw(4, 1)
            S = mappings(features, others, labels)[number]
            rows, columns = S.shape
            for upstream in (
                torch.arange(rows * columns).double().view(columns, rows).T,
                torch.ones(()).double().expand(rows, columns),
                torch.arange(2 * columns).double()[::2].expand(rows, columns),
            ):
                upstream = upstream.contiguous() if contiguous else upstream
                inputs = (features, others)
                found.append(
                    torch.autograd.grad(
                        S, inputs, upstream, retain_graph=True, materialize_grads=True,
                        allow_unused=True,
                    )
                )  # fmt: skip
        torch.testing.assert_close(found[:3], found[3:])


@pytest.mark.parametrize("dtype", INTEGERS, ids=str)
def test_labels_of_every_integer_type(dtype: torch.dtype) -> None:
    features, others, labels = draw(5, 0), draw(4, 1), torch.tensor([0, 3, 3, 1, 0])
    expected = mappings(features, others, labels)
    for found, wanted in zip(mappings(features, others, labels.to(dtype)), expected, strict=True):
        assert torch.equal(found, wanted)
    for references in (labels.to(dtype), labels.short()):
        found = pair_similarity(
            features, labels, references=features, reference_labels=references, keep=0.5
        )
        wanted = pair_similarity(
            features, labels, references=features, reference_labels=labels, keep=0.5
        )
        assert torch.equal(found, wanted)


@pytest.mark.parametrize(("dtype", "classes"), [(torch.uint8, 256), (torch.int8, 128)])
def test_as_many_classes_as_a_type_can_name(dtype: torch.dtype, classes: int) -> None:
    features, proxies = draw(3, 0), draw(classes, 1)
    labels = torch.tensor([classes - 1, 0, classes // 2])
    found = proxy_similarity(features, proxies, labels.to(dtype))
    assert torch.equal(found, proxy_similarity(features, proxies, labels))


@pytest.mark.parametrize(
    "labels",
    [
        torch.ones(5), torch.ones(5).half(), torch.ones(5).bool(), torch.ones(5) * 1j,
        [0, 1, 2, 0, 1],
    ],
)  # fmt: skip
def test_labels_that_are_no_integers_are_refused(labels: object) -> None:
    features, others = draw(5, 0), draw(5, 1)
    whole = torch.arange(5)
    for call in (
        lambda: proxy_similarity(features, others, labels),
        lambda: proxy_similarity(features, others, labels, rule="all"),
        lambda: pair_similarity(features, labels),
        lambda: pair_similarity(features, labels, rule="all"),
        lambda: pair_similarity(features, whole, references=others, reference_labels=labels),
    ):
        with pytest.raises(ValueError, match="must be a tensor of whole class numbers, not "):
            call()


@pytest.mark.parametrize("shape", [(1,), (), (5, 1), (6,)])
def test_labels_of_another_shape_are_refused(shape: tuple[int, ...]) -> None:
    features, others = draw(5, 0), draw(5, 1)
    wrong, labels = torch.zeros(shape).long(), torch.zeros(5).long()
    for call, name in (
        (lambda: proxy_similarity(features, others, wrong), "labels"),
        (lambda: pair_similarity(features, wrong), "labels"),
        (lambda: pair_similarity(features, wrong, rule="all"), "labels"),
        (
            lambda: pair_similarity(features, labels, references=others, reference_labels=wrong),
            "reference_labels",
        ),
    ):
        with pytest.raises(ValueError, match=rf"^{name} must be \[5\], one class each, not \["):
            call()


def test_vectors_that_do_not_fit_are_refused() -> None:
    features, labels = draw(5, 0), torch.zeros(5).long()
    for others in (features[:, :3], torch.cat([features, features], 1), features[0]):
        with pytest.raises(ValueError, match=r"can't be compared with proxies \[N, D\]"):
            proxy_similarity(features, others, labels)
        with pytest.raises(ValueError, match=r"can't be compared with references \[N, D\]"):
            pair_similarity(features, labels, references=others, reference_labels=labels)
    with pytest.raises(ValueError, match="D must be at least 1"):
        pair_similarity(features[:, :0], labels)
