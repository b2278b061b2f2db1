"""Samples of a batch class by class, and tiles of class pairs, for the proxy mapping."""

from collections.abc import Iterator
from typing import NamedTuple

import torch
from torch import Tensor


class Group(NamedTuple):
    """The samples of the classes `classes`, which are the rows `samples` of the ordered batch."""

    classes: slice
    samples: slice
    member: Tensor  # [classes, longest] their rows; shorter lists are padded
    filled: Tensor  # [classes, longest] where `member` is no padding


class Tile(NamedTuple):
    """The pairs of `rows`, classes of the batch, with `columns`, any classes.

    `theirs` are classes among the columns whose pairs with the rows are found nowhere else: the
    tile serves them in both directions. None where there are none.
    """

    rows: slice
    columns: slice
    ours: Group
    theirs: Group | None

    @property
    def shape(self) -> tuple[int, int]:
        """How many rows and columns."""
        return self.rows.stop - self.rows.start, self.columns.stop - self.columns.start

    @property
    def others(self) -> slice:
        """The columns of `theirs`, counted from the tile's first."""
        start, stop = (0, 0) if self.theirs is None else _ends(self.theirs.classes)
        return slice(start - self.columns.start, stop - self.columns.start)


class ClassOrder:
    """The order in which the work is done: classes of the batch first, the most frequent ahead.

    From labels [B] among `classes` classes. Where the text says ordered, it is by this.
    """

    def __init__(self, labels: Tensor, classes: int) -> None:
        sizes, self.classes = labels.bincount(minlength=classes).sort(descending=True, stable=True)
        self.class_place = self.classes.argsort()  # [C] where each class went
        place = self.class_place[labels]
        self.samples = place.argsort(stable=True)
        self.sample_place = self.samples.argsort()  # [B] where each sample went
        self.owner = place[self.samples]  # [B] the ordered class of each ordered sample
        self.sizes: list[int] = sizes[sizes > 0].tolist()
        self.starts: list[int] = [0, *sizes.cumsum(0).tolist()]

    def tiles(self, dim: int, centres: int, block: int) -> Iterator[Tile]:
        """Tiles of at most `block` numbers, of `dim` for a pair of a class with a centre.

        With one centre a class, each pair of two classes of the batch is in one tile, except that
        the rows of a tile meet each other in both directions.
        """
        classes, present, top = len(self.classes), len(self.sizes), 0
        while top < present:
            longest = self.sizes[top]
            step = max(1, block // (dim * max(classes * centres, longest)))
            width = max(1, block // (dim * max(step * centres, longest)))
            rows = slice(top, min(top + step, present))
            ours = self._group(rows)
            for left in range(top if centres == 1 else 0, classes, width):
                columns = slice(left, min(left + width, classes))
                others = slice(max(left, rows.stop), min(columns.stop, present))
                both = centres == 1 and others.start < others.stop
                yield Tile(rows, columns, ours, self._group(others) if both else None)
            top = rows.stop

    def _group(self, classes: slice) -> Group:
        starts = torch.tensor(self.starts[classes.start : classes.stop + 1])
        starts = starts.to(self.samples.device).unsqueeze(1)
        member = starts[:-1] + torch.arange(self.sizes[classes.start], device=starts.device)
        filled = member < starts[1:]
        samples = slice(self.starts[classes.start], self.starts[classes.stop])
        return Group(classes, samples, member.clamp_max_(samples.stop - 1), filled)


def _ends(part: slice) -> tuple[int, int]:
    return part.start, part.stop
