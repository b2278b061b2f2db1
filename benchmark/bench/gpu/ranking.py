"""Ranks and metrics that are searched on the GPU against those of the CPU: they must be equal."""

from collections.abc import Iterator
from functools import partial
from typing import Any

import torch
from torch import Tensor

from benchmark.bench.gpu.checks import Check, Conditions, Task, holds

SIZES = ((600, 64), (1500, 256))
QUICK_SIZES = ((60, 8),)
BLOCKS = (7, 256, None)
CLASSES, CAMERAS = 20, 3


def tasks(conditions: Conditions) -> Iterator[Task]:
    """Both distances and protocols, with ties and without."""
    for count, dim in QUICK_SIZES if conditions.quick else SIZES:
        for distance in ("cosine", "euclidean"):
            for ties in (False, True):
                for reid in (False, True):
                    name = (
                        f"{'re-identification' if reid else 'retrieval'}, {distance}, "
                        f"{count} x {dim}{', many ties' if ties else ''}"
                    )
                    case = partial(_ranks, name, count, dim, distance, ties, reid)
                    yield Task(name, partial(case, conditions.device))


def _ranks(
    name: str, count: int, dim: int, distance: str, ties: bool, reid: bool, device: str
) -> Iterator[Check]:
    from benchmark.evaluation.per_query import per_query
    from benchmark.evaluation.ranking.ranks import Ranks, positive_ranks
    from benchmark.evaluation.reid import REID
    from benchmark.evaluation.retrieval import RETRIEVAL

    generator = torch.Generator().manual_seed(count)
    labels = torch.randint(CLASSES, (2 * count,), generator=generator)
    cameras = torch.randint(CAMERAS, (2 * count,), generator=generator)
    features = torch.randn(2 * count, dim, generator=generator)
    features += torch.randn(CLASSES, dim, generator=generator)[labels] / 2
    if ties:
        features = features[: len(features) // 2].repeat(2, 1).sign() * 0.5
    labels[::11] = -1  # junk

    def ranks(device: str, block: int | None) -> Ranks:
        placed: list[Tensor] = [t.to(device) for t in (features, labels, cameras)]
        options: dict[str, Any] = {"distance": distance, "block": block}
        if not reid:
            own = placed[1].masked_fill(placed[1] < 0, CLASSES)[:count]
            return positive_ranks(placed[0][:count], own, **options)
        (q, g), (q_labels, g_labels), (q_cameras, g_cameras) = (t.split(count) for t in placed)
        options |= {"query_cameras": q_cameras, "gallery_cameras": g_cameras}
        return positive_ranks(q, q_labels.clamp_min(0), g, g_labels, **options)

    expected = ranks("cpu", None)
    metrics = per_query([expected], REID if reid else RETRIEVAL)
    for block in BLOCKS:
        found = ranks(device, block)
        on_cpu = Ranks(found.ranks.cpu(), found.counts.cpu())
        same = torch.equal(on_cpu.ranks, expected.ranks)
        same = same and torch.equal(on_cpu.counts, expected.counts)
        measured = per_query([on_cpu], REID if reid else RETRIEVAL)
        equal = all(
            torch.equal(values.nan_to_num(-1.0), measured.values[key].nan_to_num(-1.0))
            for key, values in metrics.values.items()
        )
        title = f"{name}, {'default blocks' if block is None else f'blocks of {block}'}"
        yield holds(title, same and equal, "equal ranks and metrics")
