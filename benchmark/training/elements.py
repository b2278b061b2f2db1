"""What became of each element of the embedding: how often it was kept, and how good it is."""

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor

from benchmark.analysis.elements import (
    effective_dimension,
    recall_without_best,
    single_element_recall,
    variance_ratio,
)
from benchmark.data.dataset import DataSet, Split, Subset
from benchmark.durable import staged
from benchmark.evaluation.embed import embed
from benchmark.models.retrieval import RetrievalModel

FILE = "elements.npz"
MOST = 1000
"""Images of a half that the statistics are taken on, evenly from all."""
BATCH = 250
HALVES = ("train", "test")
REMOVED = (0, 1 / 16, 1 / 8, 1 / 4, 3 / 8, 1 / 2, 3 / 4)
"""Shares of the elements that are removed, the best ones."""

Numbers = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Elements:
    """Statistics of the D elements.

    `kept` [epochs, D] is the share of sampled class pairs, or of pairs of samples for a pair
    objective, that keep an element, over the sampled steps of each epoch, one at least.
    `kept_by_pair` [P, D] is that of the class `pairs` [P, 2] over all epochs. `acts` says whether
    the loss used the selection; a baseline only looks at what DAM would keep.

    How good the elements are was taken after each of `epochs` [E], counted from 1, of which the
    last is the run's last. For the training and the test half: F of each element [E, D] (see
    `benchmark.analysis.elements.well_trained`), its Recall@1 by itself [E, D], the effective
    dimension [E], and Recall@1 without the best `removed` [R] elements [E, R].
    """

    acts: npt.NDArray[np.bool_]
    kept: Numbers
    pairs: npt.NDArray[np.int64]
    kept_by_pair: Numbers
    removed: npt.NDArray[np.int64]
    epochs: npt.NDArray[np.int64]
    train_variance_ratio: Numbers
    train_recall: Numbers
    train_dimension: Numbers
    train_without_best: Numbers
    test_variance_ratio: Numbers
    test_recall: Numbers
    test_dimension: Numbers
    test_without_best: Numbers

    def __post_init__(self) -> None:
        if self.kept.ndim != 2 or self.kept_by_pair.shape != (len(self.pairs), self.kept.shape[1]):
            raise ValueError("kept must be [epochs, elements] and kept_by_pair [pairs, elements]")
        if self.epochs.ndim != 1 or self.epochs.dtype.kind != "i" or not len(self.epochs):
            raise ValueError("epochs must be a list of whole numbers")
        if self.epochs[0] < 1 or (np.diff(self.epochs) < 1).any():
            raise ValueError("epochs must count from 1 and ascend")
        taken, dim = len(self.epochs), self.kept.shape[1]
        shapes = {
            "variance_ratio": (taken, dim),
            "recall": (taken, dim),
            "dimension": (taken,),
            "without_best": (taken, *self.removed.shape),
        }
        for half in HALVES:
            for name, shape in shapes.items():
                found = getattr(self, f"{half}_{name}").shape
                if found != shape:
                    raise ValueError(f"{half}_{name} must be {list(shape)}, not {list(found)}")


class Quality:
    """How good the elements are, each time that a run is evaluated."""

    def __init__(self, model: RetrievalModel, dataset: DataSet, device: str) -> None:
        self.model = model
        self.device = device
        self.splits = dict(zip(HALVES, (dataset.train, dataset.query), strict=True))
        self.epochs: list[int] = []
        self.taken: list[dict[str, Tensor]] = []

    def state_dict(self) -> dict[str, Any]:
        """For a checkpoint."""
        return {"epochs": self.epochs, "taken": self.taken}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """From a checkpoint."""
        self.epochs, self.taken = state["epochs"], state["taken"]

    def take(self, epoch: int) -> bool:
        """Take the statistics after `epoch`, and return whether there are some.

        There are none where a half has too few images, or where features aren't finite.
        """
        try:
            found = {
                f"{half}_{name}": values
                for half, split in self.splits.items()
                for name, values in statistics(self.model, split, self.device).items()
            }
        except ValueError:
            return False
        self.epochs.append(epoch)
        self.taken.append(found)
        return True

    def arrays(self) -> dict[str, Any]:
        """What `Elements` holds of it; there must be statistics of at least one epoch."""
        halves = {
            name: torch.stack([one[name] for one in self.taken]).numpy() for name in self.taken[0]
        }
        dim = halves["test_recall"].shape[1]
        return {"epochs": np.array(self.epochs), "removed": np.array(removals(dim)), **halves}


def statistics(model: RetrievalModel, split: Split, device: str) -> dict[str, Tensor]:
    """What `Elements` holds of a half, on the features as the objective compares them."""
    places = np.unique(np.linspace(0, len(split.labels) - 1, MOST).astype(np.int64))
    labels = split.labels[places]
    # A class with one image here says nothing about the variance within it.
    counted = np.bincount(np.unique(labels, return_inverse=True)[1])
    if (counted > 1).sum() < 2:
        places = np.arange(min(MOST, len(split.labels)))
        labels = split.labels[places]
    features = embed(model, Subset(split.images, places), batch_size=BATCH, device=device).cpu()
    features = F.normalize(features) if model.loss.metric == "cosine" else features
    removed = removals(features.shape[1])
    return {
        "variance_ratio": variance_ratio(features, labels),
        "recall": single_element_recall(features, labels),
        "dimension": torch.tensor(effective_dimension(features), dtype=torch.float64),
        "without_best": torch.tensor(
            recall_without_best(features, labels, removed), dtype=torch.float64
        ),
    }


def removals(dim: int) -> list[int]:
    """How many of `dim` elements are removed, one number for each share of `REMOVED`."""
    return [int(dim * share) for share in REMOVED]


def write_elements(folder: Path, elements: Elements) -> None:
    """Store them, whole or not at all."""
    arrays = {field.name: getattr(elements, field.name) for field in fields(elements)}
    with staged(folder / FILE) as beside, beside.open("wb") as file:
        np.savez_compressed(file, allow_pickle=False, **arrays)


def read_elements(folder: Path) -> Elements | None:
    """What `write_elements` stored, None where there is no file.

    Raises ValueError for a damaged one, and for one of another version; no pickle is read.
    """
    try:
        with np.load(folder / FILE, allow_pickle=False) as file:
            found = {name: file[name] for name in file.files}
        absent = [field.name for field in fields(Elements) if field.name not in found]
        if absent:
            raise ValueError(f"it lacks {', '.join(absent)}; another version may have written it")
        return Elements(**found)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError, EOFError, BadZipFile) as error:
        raise ValueError(f"{folder / FILE} can't be read ({error})") from error
