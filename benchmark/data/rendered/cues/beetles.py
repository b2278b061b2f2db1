"""Classes as images: which beetles there are, and how salient each cue is among them."""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from benchmark.data.rendered.cues.anatomy import CUES, MIDDLE, Cue, Level, chosen
from benchmark.data.rendered.cues.drawing import Images, draw
from benchmark.data.rendered.cues.nuisance import random_nuisance

SALIENCY_BEETLES = 60
"""Beetles at which a change of each cue is measured, and"""
SALIENCY_IMAGES = 2
"""the images of each of them."""


@dataclass(frozen=True)
class Beetles:
    """The beetles that vary in some of the ten cues, drawn at one size.

    `cues` are those that vary; `strengths`, one for each, multiply how far its values are apart.
    """

    cues: tuple[Cue, ...]
    strengths: tuple[float, ...]
    size: int

    @classmethod
    def varying(cls, cues: int, strengths: Iterable[float] | None, size: int) -> "Beetles":
        """Beetles that vary in `cues` of the ten cues; without `strengths` all are 1.

        Raises ValueError for a number of cues, a size or strengths that can't be.
        """
        varied = chosen(cues)
        if not 32 <= size <= 64:
            raise ValueError(f"size must be from 32 to 64 pixels, not {size}")
        given = (1.0,) * cues if strengths is None else tuple(map(float, strengths))
        if len(given) != cues or not all(0 <= one <= 1 for one in given):
            raise ValueError(f"saliency must be {cues} numbers from 0 to 1, not {list(given)}")
        return cls(varied, given, size)

    @property
    def sizes(self) -> tuple[int, ...]:
        """How many values each cue has."""
        return tuple(len(cue.levels) for cue in self.cues)

    def levels(self, values: Iterable[int]) -> list[Level]:
        """The numbers of all ten cues for a tuple of values of those that vary."""
        varied = {
            cue.name: cue.level(int(value), strength)
            for cue, strength, value in zip(self.cues, self.strengths, values, strict=True)
        }
        return [varied.get(cue.name, cue.levels[MIDDLE]) for cue in CUES]

    def images(self, tuples: npt.NDArray[np.int64], count: int, first_key: int) -> Images:
        """`count` images of each tuple [C, cues], as [C * count, 3, size, size].

        Image i, counted over all classes, has the nuisance of the key `first_key` + i.
        """

        def drawn(place: int, values: list[int]) -> Images:
            start = first_key + place * count
            return draw(
                self.levels(values), random_nuisance(range(start, start + count), self.size)
            )

        with ThreadPoolExecutor() as pool:
            return np.concatenate(list(pool.map(drawn, range(len(tuples)), tuples.tolist())))

    def saliency(self, first_key: int) -> npt.NDArray[np.float64]:
        """The mean squared change of the pixels when one cue alone changes [cues].

        In squared levels of 0 to 255, over all pixels and channels, for each cue over 60 random
        beetles and two images of each. There the cue takes each of its values and changes to each
        other one equally often; one with too many pairs of values for that changes at random. The
        sums are taken in integers, so that the order of the terms changes nothing.
        """
        beetles, images = range(SALIENCY_BEETLES), SALIENCY_IMAGES
        with ThreadPoolExecutor() as pool:
            changes = pool.map(lambda beetle: self._changes(beetle, first_key), beetles)
            sums = np.sum(list(changes), axis=0)
        saliency: npt.NDArray[np.float64] = sums / (len(beetles) * images * 3 * self.size**2)
        return saliency

    def _changes(self, beetle: int, first_key: int) -> npt.NDArray[np.int64]:
        """Sums of squared changes over the images of one random beetle, for each cue [cues]."""
        key = first_key + beetle * SALIENCY_IMAGES
        nuisance = random_nuisance(range(key, key + SALIENCY_IMAGES), self.size)
        sizes = np.array(self.sizes)
        values, steps = (np.random.Philox(key=[key, 1]).random_raw((2, len(sizes))) >> 33).astype(
            np.int64
        )
        values %= sizes
        sums = np.empty(len(sizes), dtype=np.int64)
        for cue, size in enumerate(self.sizes):
            one, other = values.copy(), values.copy()
            step = 1 + steps[cue] % (size - 1)
            if size * (size - 1) <= SALIENCY_BEETLES:
                one[cue], step = beetle % size, 1 + beetle // size % (size - 1)
            other[cue] = (one[cue] + step) % size
            pair = (draw(self.levels(values), nuisance).astype(np.int64) for values in (one, other))
            sums[cue] = np.square(next(pair) - next(pair)).sum()
        return sums
