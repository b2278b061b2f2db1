"""A validation split of the training classes, so that nothing need be chosen on the test half."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmark.errors import UserError


def shuffled(n: int, seed: int) -> npt.NDArray[np.int64]:
    """The numbers 0 to n - 1 in an order that follows from `seed`, by any version of numpy."""
    order: npt.NDArray[np.int64] = np.argsort(np.random.Philox(key=seed).random_raw(n))
    return order


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
        for key, value in option.items():
            if isinstance(value, bool) or not isinstance(value, int) or value < 0:
                raise UserError(f"dataset.validation.{key}: a whole number from 0, not {value!r}.")
        if option["folds"] < 2 or option["fold"] >= option["folds"]:
            raise UserError(
                f"dataset.validation: fold {option['fold']} of {option['folds']} can't be. "
                "Take at least 2 folds, and a fold from 0 to folds - 1."
            )
        return cls(**option)

    def held_out(self, labels: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
        """For each image [N] whether its class is in the fold; folds differ by at most one class.

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
