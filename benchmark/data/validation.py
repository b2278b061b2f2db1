"""A validation split of the training classes, so that nothing need be chosen on the test half."""

from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from benchmark.data.dataset import DataSet, Split, Subset
from benchmark.errors import UserError

SEEDS = 2**63
"""The number of seeds: they are 0 to 2**63 - 1."""


def shuffled(n: int, seed: int) -> npt.NDArray[np.int64]:
    """The numbers 0 to n - 1 in an order that follows from `seed`, by any version of numpy."""
    order: npt.NDArray[np.int64] = np.argsort(np.random.Philox(key=seed).random_raw(n))
    return order


def checked_seed(seed: object, where: str) -> int:
    """The seed. Raises UserError, which begins with `where`, unless it is below `SEEDS`."""
    if isinstance(seed, bool) or not isinstance(seed, int) or not 0 <= seed < SEEDS:
        raise UserError(f"{where} is a whole number from 0 to 2**63 - 1, not {seed!r}.")
    return seed


class Places(NamedTuple):
    """Which images of a training half a fold trains and tests on; a gallery where there is one."""

    train: npt.NDArray[np.int64]
    query: npt.NDArray[np.int64]
    gallery: npt.NDArray[np.int64] | None


@dataclass(frozen=True)
class Validation:
    """Fold number `fold`, from 0, of `folds` into which `seed` divides the training classes."""

    folds: int
    fold: int
    seed: int

    @classmethod
    def of(cls, option: dict[str, Any] | None) -> "Validation | None":
        """What a data set's option `validation` describes. Raises UserError for a wrong one."""
        if option is None:
            return None
        example = "dict(folds=4, fold=0, seed=0)"
        if not isinstance(option, dict) or set(option) != {"folds", "fold", "seed"}:
            raise UserError(f"dataset.validation is None or such as {example}, not {option!r}.")
        for key in ("folds", "fold"):
            value = option[key]
            if isinstance(value, bool) or not isinstance(value, int) or value < 0:
                raise UserError(
                    f"dataset.validation.{key} is a whole number from 0, not {value!r}."
                )
        checked_seed(option["seed"], "dataset.validation.seed")
        if option["folds"] < 2 or option["fold"] >= option["folds"]:
            raise UserError(
                f"dataset.validation: fold {option['fold']} of {option['folds']} can't be. "
                "Take at least 2 folds, and a fold from 0 to folds - 1."
            )
        return cls(**option)

    def held_out(self, labels: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
        """Whether the class of each image [N] is in the fold; fold sizes differ by at most 1.

        Raises UserError if there are fewer classes than folds.
        """
        classes = np.unique(labels)
        if len(classes) < self.folds:
            raise UserError(
                f"dataset.validation: {len(classes)} training classes can't be divided into "
                f"{self.folds} folds. Take fewer folds."
            )
        return np.isin(labels, classes[shuffled(len(classes), self.seed)[self.fold :: self.folds]])

    def places(
        self, labels: npt.NDArray[np.int64], cameras: npt.NDArray[np.int64] | None
    ) -> Places:
        """The fold of a training half with these labels [N] and cameras [N], None for retrieval.

        For re-identification the first image of each held-out identity by each camera is a query,
        and its others are the gallery. Raises UserError if there are fewer classes than folds.
        """
        held = self.held_out(labels)
        train, test = np.flatnonzero(~held), np.flatnonzero(held)
        if cameras is None:
            return Places(train, test, None)
        _, first = np.unique(np.stack([labels[test], cameras[test]]), axis=1, return_index=True)
        query = np.isin(np.arange(len(test)), first)
        return Places(train, test[query], test[~query])

    def of_half(self, dataset: DataSet) -> DataSet:
        """The fold of a data set's training half, in place of both its halves.

        Raises UserError if there are fewer classes than folds.
        """
        half = dataset.train
        places = self.places(half.labels, half.cameras)

        def split(chosen: npt.NDArray[np.int64]) -> Split:
            cameras = None if half.cameras is None else half.cameras[chosen]
            return Split(Subset(half.images, chosen), half.labels[chosen], cameras)

        train = split(places.train)
        trained = np.unique(train.labels, return_inverse=True)[1].astype(np.int64)
        return replace(
            dataset,
            name=f"{dataset.name}, {self}",
            note=self.noted(dataset.note),
            train=replace(train, labels=trained),
            query=split(places.query),
            gallery=None if places.gallery is None else split(places.gallery),
            official=False,
            cues=None,
        )

    def noted(self, note: str) -> str:
        """What a reader of the fold's results must know, beside the data set's own note."""
        return (
            f"{note} Only training classes are used, and divided by class alone; seed {self.seed} "
            "made the folds."
        )

    def __str__(self) -> str:
        return f"validation fold {self.fold + 1} of {self.folds}"
