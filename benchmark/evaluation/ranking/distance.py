"""What "near" means: distances in float64, and matrix products that rank almost as they do.

Distances are Euclidean, between features as they are or, for "cosine", put on the unit sphere,
where d² = 2 − 2 cos ranks as the cosine does. A cosine near 1 has no digits left to rank by, in
float32 above 0.9999; the distance is a sum over differences and keeps them.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

Distance = Literal["cosine", "euclidean"]

# Distances count as equal if they differ by no more than rounding in float64 can: by a share of
# the distance, and for "cosine" also by a share of a vector's length, which is 1.
SHARE = 1e-12
UNIT_SHARE = 1e-15
# Vectors that are converted at once.
PIECE = 512


@dataclass(frozen=True)
class Vectors:
    """Features [N, D] as given, and the factor `scale` [N] of each vector, float64."""

    features: Tensor
    scale: Tensor

    def __len__(self) -> int:
        return len(self.features)

    def exact(self, rows: Tensor | slice) -> Tensor:
        """The scaled vectors of some images, in float64."""
        return self.features[rows].to(torch.float64, copy=True).mul_(self.scale[rows, None])

    def pieces(self) -> Iterator[tuple[slice, Tensor]]:
        """All scaled vectors in float64, a few at a time, with their rows."""
        for start in range(0, len(self), PIECE):
            part = slice(start, start + PIECE)
            yield part, self.exact(part)


@dataclass(frozen=True)
class Comparison:
    """Queries and a gallery, ready to be compared."""

    queries: Vectors
    gallery: Vectors
    distance: Distance

    @property
    def share(self) -> float:
        """How much equal distances may differ, besides `SHARE` of the distance."""
        return UNIT_SHARE if self.distance == "cosine" else 0.0

    def equally_near(self, squares: Tensor) -> Tensor:
        """The largest squared distances that count as equal to `squares`, float64."""
        return (squares.sqrt() * (1 + SHARE) + self.share).square()


def compare(queries: Tensor, gallery: Tensor | None, distance: Distance) -> Comparison:
    """Queries [Q, D] with a gallery [G, D], or without one with each other.

    Features in half precision are converted to float32. A zero vector has no direction: its cosine
    with everything is 0, for which two elements are added to all vectors. Raises ValueError for
    features that aren't finite, or whose squared length isn't.
    """
    if distance not in ("cosine", "euclidean"):
        raise ValueError(f"unknown distance {distance!r}: use 'cosine' or 'euclidean'")
    q = _checked(queries)
    if gallery is None:
        g = q
    else:
        g = _checked(gallery)
        wider = torch.promote_types(q.dtype, g.dtype)
        q, g = q.to(wider), g.to(q.device, wider)
    if g.shape[1] != q.shape[1]:
        raise ValueError(f"queries have {q.shape[1]} elements, the gallery {g.shape[1]}")
    if distance == "euclidean":
        q_lengths, g_lengths = (x.new_ones(len(x), dtype=torch.float64) for x in (q, g))
    else:
        q_lengths, g_lengths = _lengths(q), _lengths(g)
    if not (q_lengths.all() and g_lengths.all()):
        q, q_lengths = _with_direction(q, q_lengths, 0)
        g, g_lengths = _with_direction(g, g_lengths, 1)
    sides = Vectors(q, 1 / q_lengths), Vectors(g, 1 / g_lengths)
    return Comparison(sides[0], sides[0] if q is g else sides[1], distance)


def _checked(features: Tensor) -> Tensor:
    if features.dim() != 2 or not features.numel():
        raise ValueError(f"features must be [images, elements], not {list(features.shape)}")
    features = features.detach().to(torch.promote_types(features.dtype, torch.float32))
    broken = int((~torch.linalg.vector_norm(features, dim=1).square().isfinite()).sum())
    if broken:
        raise ValueError(
            f"{broken} of {len(features)} feature vectors hold NaN, infinite or overflowing "
            "values, so nothing can be ranked by them: did the training diverge?"
        )
    return features.contiguous()


def _lengths(features: Tensor) -> Tensor:
    return torch.cat([part.double().square().sum(1).sqrt() for part in features.split(PIECE)])


def _with_direction(features: Tensor, lengths: Tensor, place: int) -> tuple[Tensor, Tensor]:
    """Features with two more elements, one of them 1 for zero vectors, and their lengths."""
    zero = lengths == 0
    more = features.new_zeros(len(features), 2)
    more[:, place] = zero.to(more)
    return torch.cat([features, more], 1), lengths.where(~zero, 1.0)


def squares(queries: Tensor, gallery: Tensor) -> Tensor:
    """Squared distances between vectors in float64, over the last axis."""
    return (queries - gallery).square().sum(-1)


@contextmanager
def full_precision() -> Iterator[None]:
    """Compute products without autocast, TF32 or bfloat16, however training is set."""
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("highest")
    try:
        with torch.autocast("cuda", enabled=False), torch.autocast("cpu", enabled=False):
            yield
    finally:
        torch.set_float32_matmul_precision(before)


class Products:
    """Similarities s(q, g) = ⟨q, g⟩ − ‖g‖² / 2, which rank a gallery as distances do.

    ‖q − g‖² = ‖q‖² − 2 s(q, g). Vectors are centred on the middle of the gallery and divided by its
    spread: if they were far from zero and near each other, rounding would swallow the differences.
    """

    def __init__(self, comparison: Comparison) -> None:
        self.comparison = comparison
        queries, gallery = comparison.queries, comparison.gallery
        ends = _range(gallery)
        # Exactly the vectors themselves where these are all equal.
        self.middle = ends[0] / 2 + ends[1] / 2
        if queries is not gallery:
            ends = torch.cat([ends, _range(queries)])
        spread = float((ends - self.middle).abs().max())
        self.unit = spread or 1.0
        self.equal = spread and comparison.share / spread
        self.single = torch.empty_like(gallery.features, dtype=torch.float32)
        squared = torch.empty_like(gallery.scale)
        for part, piece in gallery.pieces():
            centred = self.centred(piece)
            self.single[part] = centred
            squared[part] = centred.square_().sum(1)
        self.bias = -squared / 2
        self.reach = float(squared.max().sqrt())

    def centred(self, vectors: Tensor) -> Tensor:
        """Vectors in float64, from the middle of the gallery and in units of the spread."""
        return vectors.sub(self.middle).div_(self.unit)

    def fill(self, rows: Tensor, out: Tensor) -> Tensor:
        """Fill `out` [B, G], float32 or float64, with the similarities of the queries `rows` [B].

        Returns by how much two similarities of a query [B] may differ though its distances are
        equal or in the other order. It bounds the rounding of both.
        """
        q = self.centred(self.comparison.queries.exact(rows))
        with full_precision():
            if out.dtype == torch.float32:
                torch.addmm(self.bias.float(), q.float(), self.single.T, out=out)
            else:
                for part, piece in self.comparison.gallery.pieces():
                    out[:, part] = torch.addmm(self.bias[part], q, self.centred(piece).T)
        # Inputs, D products, their sum with the bias, and a threshold made of it are rounded
        # (Higham, Accuracy and Stability of Numerical Algorithms, 2002, section 3.1).
        lengths = q.norm(dim=1)
        largest = lengths * self.reach + self.reach**2 / 2
        rounding = 1.01 * (q.shape[1] + 8) * torch.finfo(out.dtype).eps / 2 * largest
        farthest = lengths + self.reach
        equal = SHARE * farthest.square() + self.equal * farthest + self.equal**2
        return 2 * (rounding + equal)


def _range(vectors: Vectors) -> Tensor:
    """The lowest and the highest value of each element [2, D]."""
    ends = [torch.stack([piece.amin(0), piece.amax(0)]) for _, piece in vectors.pieces()]
    found = torch.stack(ends)
    return torch.stack([found[:, 0].amin(0), found[:, 1].amax(0)])
