"""The mappings of DAM on the CPU against the readable reference, over random sizes and shares."""

from typing import Any
from unittest.mock import patch

import torch
from torch import Tensor

from baselines.proxy import SoftTriple
from benchmark.bench.conformance.agreement import Agreement, measure, value_and_gradients
from benchmark.dam import pair_similarity, proxy_similarity
from benchmark.dam.definition import pair_reference, proxy_reference
from benchmark.dam.kernels import numba_functions as compiled
from benchmark.dam.selection import Selection

RULES = ("quantile", "mean", "random", "inverse")
# With the centres of a class, and the ways in which each is computed: `loops` compiled by numba,
# or `blocks` in torch.
PROXY_MAPPINGS = (
    ("margin", 1, "loops"),
    ("margin", 1, "blocks"),
    ("margin", 2, "blocks"),
    ("margin_cosine", 1, "blocks"),
)
PAIR_SIMILARITIES = (
    ("masked_distance", "loops"),
    ("masked_distance", "blocks"),
    ("masked_cosine", "blocks"),
)
BLOCK = 200  # numbers held at a time: so few that many cases take several blocks
GRID = 1024
SOURCE = "benchmark/dam/definition.py"


def draw(case: int, centres: int = 1) -> tuple[torch.Generator, Tensor, Tensor, Tensor, float]:
    """A generator to go on with, features [B, D], proxies [C K, D], labels [B] and a share.

    Elements are odd multiples of 1 / 2048. Their differences are exact in float32 too, and some
    are equal, so that both dtypes keep the same elements. None is below 0.49 in size: the cosine
    of a masked vector near zero amplifies rounding without a bound.
    """
    generator = torch.Generator().manual_seed(case)
    B, D, C = torch.randint(1, 14, (3,), generator=generator).tolist()
    features = _vectors(B + 1, D, generator)
    proxies = _vectors(C * centres, D, generator)
    labels = torch.randint(0, C, (B + 1,), generator=generator)
    keep = 0.05 + 0.95 * torch.rand((), generator=generator).item()
    return generator, features, proxies, labels, keep


def _vectors(number: int, dim: int, generator: torch.Generator) -> Tensor:
    drawn = torch.randn(number, dim, generator=generator, dtype=torch.float64)
    away = drawn + drawn.sign() / 2
    return (away.mul(GRID).floor() + 0.5) / GRID


def _by(way: str, *arguments: Any, weights: Tensor) -> list[Tensor] | None:
    with patch.object(compiled, "available", lambda features: way == "loops"):
        return value_and_gradients(*arguments, weights=weights)


def proxy_mapping(
    mapping: str, centres: int, way: str, rule: str, dtype: torch.dtype, cases: int
) -> Agreement:
    """A proxy mapping with a rule, computed in `dtype`, against the reference in float64."""
    # Products of these vectors are large: with SoftTriple's own gamma one centre would take all.
    to_class = SoftTriple(gamma=10.0).to_class
    several: dict[str, Any] = {"centres": centres, "to_class": to_class} if centres > 1 else {}

    def compare(case: int) -> tuple[list[Tensor] | None, list[Tensor] | None]:
        generator, features, proxies, labels, keep = draw(case, centres)
        weights = torch.randn(len(labels), len(proxies), generator=generator, dtype=torch.float64)
        rescale = bool(case % 2)

        def mapped(features: Tensor, proxies: Tensor) -> Tensor:
            return proxy_similarity(
                features,
                proxies,
                labels,
                rule,
                keep,
                rescale=rescale,
                mapping=mapping,
                seed=case,
                block=BLOCK,
                **several,
            )

        def reference(features: Tensor, proxies: Tensor) -> Tensor:
            selection = Selection(rule, keep, case)
            return proxy_reference(
                features, proxies, labels, selection, rescale=rescale, mapping=mapping, **several
            )

        lowered = features.to(dtype), proxies.to(dtype)
        found = _by(way, mapped, *lowered, weights=weights.to(dtype))
        return found, value_and_gradients(reference, features, proxies, weights=weights)

    subject = f"DAM {mapping} {rule}{f', {centres} centres' if several else ''} in {way}"
    return measure(subject, "reference", SOURCE, dtype, ("features", "proxies"), compare, cases)


def pair_mapping(similarity: str, way: str, rule: str, dtype: torch.dtype, cases: int) -> Agreement:
    """The same for the pair mapping, with references beside the batch in every second case."""

    def compare(case: int) -> tuple[list[Tensor] | None, list[Tensor] | None]:
        generator, features, references, labels, keep = draw(case)
        past = torch.randint(0, 4, (len(references),), generator=generator)
        beside = bool(case % 2)
        rescale = bool(case // 2 % 2)
        shape = len(labels), len(past if beside else labels)
        weights = torch.randn(shape, generator=generator, dtype=torch.float64)

        def mapped(features: Tensor) -> Tensor:
            return pair_similarity(
                features,
                labels,
                rule,
                keep,
                similarity,
                references=references.to(dtype) if beside else None,
                reference_labels=past if beside else None,
                rescale=rescale,
                seed=case,
                block=BLOCK,
            )

        def reference(features: Tensor) -> Tensor:
            return pair_reference(
                features,
                labels,
                Selection(rule, keep, case),
                similarity,
                rescale,
                references if beside else None,
                past if beside else None,
            )

        found = _by(way, mapped, features.to(dtype), weights=weights.to(dtype))
        return found, value_and_gradients(reference, features, weights=weights)

    subject = f"DAM {similarity} {rule} in {way}"
    return measure(subject, "reference", SOURCE, dtype, ("features",), compare, cases)
