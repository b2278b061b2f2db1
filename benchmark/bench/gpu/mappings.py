"""The mappings of small batches on a device against their definition in float64."""

from collections.abc import Iterator
from typing import Any

import torch

from baselines.proxy import SoftTriple
from benchmark.bench.gpu.checks import Check
from benchmark.bench.gpu.comparison import (
    BATCH,
    CLASSES,
    COARSE,
    FINE,
    PRESENT,
    compared,
    drawn_weights,
    expected_of,
    found_on,
    labels_of_batch,
    seeded,
    vectors,
)
from benchmark.dam import definition, pair_similarity, proxy_similarity, readings
from benchmark.dam.selection import Rule, Selection


def proxies(rule: Rule, dim: int, rescale: bool, grid: int, device: str) -> Iterator[Check]:
    """The margins of the proxy mapping, with classes that have several samples, one, or none."""
    generator = seeded("proxies", rule, dim)
    inputs = [vectors(BATCH, dim, grid, generator), vectors(CLASSES, dim, grid, generator)]
    labels, weights = labels_of_batch(generator), drawn_weights((BATCH, CLASSES), generator)
    selection, there = Selection(rule, 0.6, dim, rescale), labels.to(device)
    found = found_on(
        lambda f, w: proxy_similarity(f, w, there, rule, 0.6, seed=dim, rescale=rescale),
        inputs, weights, device,
    )  # fmt: skip
    expected = expected_of(
        lambda f, w: definition.proxy_similarity(f, w, labels, selection), inputs, weights
    )
    yield compared(
        _title("proxies", rule, dim, rescale, grid), found, expected, ("features", "proxies")
    )


def pairs(rule: Rule, dim: int, rescale: bool, grid: int, device: str) -> Iterator[Check]:
    """Distances of pairs, in the batch and to references."""
    yield from _of_pairs("pairs", rule, dim, rescale, grid, device)


def cosines(rule: Rule, dim: int, rescale: bool, grid: int, device: str) -> Iterator[Check]:
    """Cosines of pairs, which aren't rescaled, in the batch and to references."""
    yield from _of_pairs("cosines", rule, dim, True, grid, device)


def _of_pairs(
    kind: str, rule: Rule, dim: int, rescale: bool, grid: int, device: str
) -> Iterator[Check]:
    """Among the batch, and between the batch and references with a gradient of their own."""
    similarity: Any = "masked_cosine" if kind == "cosines" else "masked_distance"
    define = readings.masked_cosine if kind == "cosines" else definition.pair_similarity
    generator = seeded(kind, rule, dim)
    features = vectors(BATCH, dim, grid, generator)
    references = vectors(CLASSES, dim, grid, generator)
    labels, past = labels_of_batch(generator), torch.arange(CLASSES) % PRESENT
    selection = Selection(rule, 0.6, dim, rescale)
    title = _title(kind, rule, dim, rescale, grid)
    there, past_there = labels.to(device), past.to(device)
    settings: dict[str, Any] = {"seed": dim, "rescale": rescale}

    weights = drawn_weights((BATCH, BATCH), generator)
    found = found_on(
        lambda f: pair_similarity(f, there, rule, 0.6, similarity, **settings),
        [features], weights, device,
    )  # fmt: skip
    expected = expected_of(lambda f: define(f, labels, selection), [features], weights)
    yield compared(f"{title}, in the batch", found, expected, ("features",))

    weights = drawn_weights((BATCH, CLASSES), generator)
    found = found_on(
        lambda f, r: pair_similarity(
            f, there, rule, 0.6, similarity, references=r, reference_labels=past_there, **settings
        ),
        [features, references], weights, device,
    )  # fmt: skip
    expected = expected_of(
        lambda f, r: define(f, labels, selection, r, past), [features, references], weights
    )
    yield compared(f"{title}, to references", found, expected, ("features", "references"))


def _title(kind: str, rule: Rule, dim: int, rescale: bool, grid: int) -> str:
    ties = ", many ties" if grid == COARSE else ""
    return f"{kind} {rule}, D = {dim}{'' if rescale else ', not rescaled'}{ties}"


def centres(rule: Rule, dim: int, device: str) -> Iterator[Check]:
    """Several centres a class, which torch computes on a GPU too."""
    # The mean of four is exact.
    generator, centres = seeded("centres", rule, dim), 4
    # Products of these vectors are large: with SoftTriple's own gamma one centre would dominate.
    several: dict[str, Any] = {"centres": centres, "to_class": SoftTriple(gamma=10.0).to_class}
    inputs = [
        vectors(BATCH, dim, FINE, generator) / dim**0.5,
        vectors(CLASSES * centres, dim, FINE, generator),
    ]
    labels = labels_of_batch(generator)
    weights = drawn_weights((BATCH, CLASSES * centres), generator)
    selection, there = Selection(rule, 0.6, dim), labels.to(device)
    found = found_on(
        lambda f, w: proxy_similarity(f, w, there, rule, 0.6, seed=dim, **several),
        inputs, weights, device,
    )  # fmt: skip
    expected = expected_of(
        lambda f, w: readings.margin(f, w, labels, selection, **several), inputs, weights
    )
    title = f"proxies {rule}, D = {dim}, {centres} centres"
    yield compared(title, found, expected, ("features", "proxies"))
