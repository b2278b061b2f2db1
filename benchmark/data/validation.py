"""A validation split of the training classes, so that nothing need be chosen on the test half."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

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

    def __str__(self) -> str:
        return f"validation fold {self.fold + 1} of {self.folds}"
