"""The mappings of DAM on the CPU against their definition, over random sizes and shares."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from baselines.proxy import SoftTriple
from benchmark.bench.conformance.agreement import Agreement, measure, value_and_gradients
from benchmark.dam import definition, pair_similarity, proxy_similarity, readings
from benchmark.dam.kernels import Technology, use
from benchmark.dam.pair import Similarity
from benchmark.dam.selection import Rule, Selection

RULES: tuple[Rule, ...] = ("quantile", "mean", "random", "inverse", "soft")
# Each with the number of centres a class, and the technology that computes it.
PROXY_MAPPINGS: tuple[tuple[str, int, Technology], ...] = (
    ("margin", 1, "numba"),
    ("margin", 1, "torch"),
    ("margin", 2, "torch"),
    ("margin_cosine", 1, "numba"),
    ("margin_cosine", 1, "torch"),
    ("masked_distance", 1, "numba"),
    ("contributions", 1, "numba"),
    ("contributions", 1, "torch"),
    ("shrunk", 1, "numba"),
    ("shrunk", 2, "torch"),
)
PAIR_SIMILARITIES: tuple[tuple[Similarity, Technology], ...] = (
    ("masked_distance", "numba"),
    ("masked_distance", "torch"),
    ("masked_cosine", "torch"),
    ("shrunk", "numba"),
)
PROXY_DEFINITIONS: dict[str, Callable[..., Tensor]] = {
    "margin": readings.margin,
    "margin_cosine": readings.margin_cosine,
    "masked_distance": readings.masked_distance,
    "contributions": readings.contributions,
    "shrunk": readings.shrunk,
}
PAIR_DEFINITIONS: dict[str, Callable[..., Tensor]] = {
    "masked_distance": definition.pair_similarity,
    "masked_cosine": readings.masked_cosine,
    "shrunk": readings.shrunk_pairs,
}
BLOCK = 200  # numbers in memory at a time: so few that many cases take several blocks
GRID = 64
SOURCES = "benchmark/dam/definition.py, readings.py"


def proxy_rules(mapping: str) -> tuple[Rule, ...]:
    """The rules that a proxy mapping has."""
    refused = "inverse" if mapping in ("masked_distance", "contributions") else None
    return tuple(rule for rule in RULES if rule != refused)


def draw(case: int, centres: int = 1) -> tuple[torch.Generator, Tensor, Tensor, Tensor, float]:
    """The generator, for further draws, features [B, D], proxies [C K, D], labels [B] and `keep`.

    Elements are odd multiples of 1 / 128. Their differences, and the products of these with other
    elements, are exact in float32 too, and some are equal, so that both dtypes keep the same
    elements. None is smaller than 0.49 in size, as the cosine of a masked vector near zero would
    amplify rounding without bound.
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


def proxy_mapping(
    mapping: str, centres: int, technology: Technology, rule: Rule, dtype: torch.dtype, cases: int
) -> Agreement:
    """A proxy mapping with a rule, computed in `dtype`, against its definition in float64."""
    # Products of these vectors are large: with SoftTriple's own gamma one centre would dominate.
    to_class = SoftTriple(gamma=10.0).to_class
    several: dict[str, Any] = {"centres": centres, "to_class": to_class} if centres > 1 else {}

    def compare(case: int) -> tuple[list[Tensor] | None, list[Tensor] | None]:
        generator, features, proxies, labels, keep = draw(case, centres)
        weights = torch.randn(len(labels), len(proxies), generator=generator, dtype=torch.float64)
        rescale = bool(case % 2) or mapping == "margin_cosine"
        selection = Selection(rule, keep, case, rescale)

        def mapped(features: Tensor, proxies: Tensor) -> Tensor:
            settings: dict[str, Any] = {"rescale": rescale, "mapping": mapping, **several}
            return proxy_similarity(features, proxies, labels, rule, keep, seed=case, **settings)

        def defined(features: Tensor, proxies: Tensor) -> Tensor:
            return PROXY_DEFINITIONS[mapping](features, proxies, labels, selection, **several)

        lowered = features.to(dtype), proxies.to(dtype)
        with use(technology, BLOCK):
            found = value_and_gradients(mapped, *lowered, weights=weights.to(dtype))
        return found, value_and_gradients(defined, features, proxies, weights=weights)

    of_centres = f", {centres} centres" if several else ""
    subject = f"DAM {mapping} {rule}{of_centres} by {technology}"
    inputs = ("features", "proxies")
    return measure(subject, "definition", SOURCES, dtype, inputs, compare, cases)


def pair_mapping(
    similarity: Similarity, technology: Technology, rule: Rule, dtype: torch.dtype, cases: int
) -> Agreement:
    """The same for the pair mapping, with separate references in every second case."""

    def compare(case: int) -> tuple[list[Tensor] | None, list[Tensor] | None]:
        generator, features, references, labels, keep = draw(case)
        past = torch.randint(0, 4, (len(references),), generator=generator)
        beside = bool(case % 2)
        rescale = bool(case // 2 % 2) or similarity == "masked_cosine"
        selection = Selection(rule, keep, case, rescale)
        shape = len(labels), len(past if beside else labels)
        weights = torch.randn(shape, generator=generator, dtype=torch.float64)
        others = (references, past) if beside else (None, None)

        def mapped(features: Tensor) -> Tensor:
            to, labels_of = others
            return pair_similarity(
                features, labels, rule, keep, similarity, rescale=rescale, seed=case,
                references=None if to is None else to.to(dtype), reference_labels=labels_of,
            )  # fmt: skip

        def defined(features: Tensor) -> Tensor:
            return PAIR_DEFINITIONS[similarity](features, labels, selection, *others)

        with use(technology, BLOCK):
            found = value_and_gradients(mapped, features.to(dtype), weights=weights.to(dtype))
        return found, value_and_gradients(defined, features, weights=weights)

    subject = f"DAM {similarity} of pairs {rule} by {technology}"
    return measure(subject, "definition", SOURCES, dtype, ("features",), compare, cases)
