"""What became of each element of the embedding: how often it was kept, and how good it is."""

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
import numpy.typing as npt
import torch.nn.functional as F

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
REMOVED = (0, 1 / 16, 1 / 8, 1 / 4, 3 / 8, 1 / 2, 3 / 4)
"""Shares of the elements that are removed, the best ones."""

Numbers = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Elements:
    """Statistics of the D elements.

    `kept` [epochs, D] is the share of sampled class pairs, or of pairs of samples for a pair
    objective, that keep an element, over the sampled steps of each epoch; NaN without any.
    `kept_by_pair` [P, D] is that of the class `pairs` [P, 2] over all epochs. `acts` says whether
    the loss used the selection; a baseline only looks at what DAM would keep. For the training and
    the test half: F of each element (see `benchmark.analysis.elements.well_trained`), its Recall@1
    by itself, the effective dimension, and Recall@1 without the best `removed` [R] elements.
    """

    acts: npt.NDArray[np.bool_]
    kept: Numbers
    pairs: npt.NDArray[np.int64]
    kept_by_pair: Numbers
    removed: npt.NDArray[np.int64]
    train_variance_ratio: Numbers
    train_recall: Numbers
    train_dimension: Numbers
    train_without_best: Numbers
    test_variance_ratio: Numbers
    test_recall: Numbers
    test_dimension: Numbers
    test_without_best: Numbers

    def __post_init__(self) -> None:
        dim = self.kept.shape[-1]
        for half in ("train", "test"):
            for name in ("variance_ratio", "recall"):
                if getattr(self, f"{half}_{name}").shape != (dim,):
                    raise ValueError(f"{half}_{name} must be a number for each of {dim} elements")
            if getattr(self, f"{half}_without_best").shape != self.removed.shape:
                raise ValueError(f"{half}_without_best must be a number for each of `removed`")
        if self.kept_by_pair.shape != (len(self.pairs), dim):
            raise ValueError("kept_by_pair must be [pairs, elements]")


def statistics(model: RetrievalModel, split: Split, device: str) -> dict[str, Numbers]:
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
        "variance_ratio": variance_ratio(features, labels).numpy(),
        "recall": single_element_recall(features, labels).numpy(),
        "dimension": np.array(effective_dimension(features)),
        "without_best": np.array(recall_without_best(features, labels, removed)),
    }


def removals(dim: int) -> list[int]:
    """How many of `dim` elements are removed, one number for each share of `REMOVED`."""
    return [int(dim * share) for share in REMOVED]


def write_elements(
    folder: Path,
    counted: dict[str, Any],
    model: RetrievalModel,
    dataset: DataSet,
    device: str,
) -> None:
    """Store them, whole or not at all; nothing where a half has too few images for statistics.

    `counted` is what the hook gives. Features that aren't finite have no statistics either.
    """
    try:
        halves: dict[str, Any] = {
            f"{half}_{name}": values
            for half, split in (("train", dataset.train), ("test", dataset.query))
            for name, values in statistics(model, split, device).items()
        }
    except ValueError:
        return
    removed = np.array(removals(counted["kept"].shape[1]), dtype=np.int64)
    elements = Elements(**counted, removed=removed, **halves)
    arrays = {field.name: getattr(elements, field.name) for field in fields(elements)}
    with staged(folder / FILE) as beside, beside.open("wb") as file:
        np.savez_compressed(file, allow_pickle=False, **arrays)


def read_elements(folder: Path) -> Elements | None:
    """What `write_elements` stored, None where there is no file.

    Raises ValueError for a damaged one; no pickle is read.
    """
    try:
        with np.load(folder / FILE, allow_pickle=False) as file:
            return Elements(**{name: file[name] for name in file.files})
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError, EOFError, BadZipFile) as error:
        raise ValueError(f"{folder / FILE} can't be read ({error})") from error
