"""Whether the suite meets a damaged tree as it must: by loading it and by checking it."""

import os
import re
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np
from damage.judging.limits import Hanging, denied, within
from damage.judging.privileges import modes_heeded
from damage.tree.layouts import Layout, Shown, halves
from damage.tree.variant import Loads, Outcome, Refused, Variant
from PIL import Image

from benchmark import registry
from benchmark.data.dataset import DataSet, Split
from benchmark.data.photographs.transforms import PhotoTransform
from benchmark.data.upkeep.check import check
from benchmark.entries import Entry
from benchmark.errors import UserError

SECONDS = 20
"""After which a tree counts as one that never ends; most take a hundredth of a second."""

REMEDY = re.compile(
    r"\b([Uu]npack|[Tt]ake|[Dd]ownload|Get|[Rr]emove|Rename|[Aa]dd|Give|Complete|Ask|[Mm]ove|[Mm]end)\b"
)


class GreyLevels(PhotoTransform):
    """Images of 8 x 8 pixels, their colours from 0 to 255."""

    def train(self, image: Image.Image, seed: int) -> np.ndarray:
        return self.test(image)

    def test(self, image: Image.Image) -> np.ndarray:
        small = image.resize((8, 8), Image.Resampling.BOX)
        return np.asarray(small, dtype=np.float32).transpose(2, 0, 1)


def faults(layout: Layout, variant: Variant, root: Path) -> list[str]:
    """What is wrong with how a tree below the data root `root` is met; nothing, it is hoped."""
    folder = root / (variant.folder or layout.folder)
    paths = {os.path.normpath(folder / name) for name in variant.denied}
    heeded = modes_heeded if variant.by_mode else nullcontext

    def met(how: str, judge: Callable[[], str]) -> str:
        try:
            with within(SECONDS), denied(paths), heeded():
                wrong = judge()
        except (Exception, Hanging) as error:
            wrong = f"{type(error).__name__}: {error}"
        return wrong and f"{variant.name}{how}: {wrong}"

    ways = {"": lambda: _loaded(layout, folder, root, variant.outcome)}
    if layout.official:
        outcome = variant.partial or variant.outcome
        ways[", as a part"] = lambda: _loaded(layout, folder, root, outcome, allow_partial=True)
    ways[", checked"] = lambda: _checked(layout, variant)
    return [wrong for how, judge in ways.items() if (wrong := met(how, judge))]


def _built(layout: Layout, **options: Any) -> Any:
    entry = Entry.model_validate({**layout.entry, **options})
    return registry.build(registry.DATASETS, entry, "dataset")


def _loaded(layout: Layout, folder: Path, root: Path, outcome: Outcome, **options: Any) -> str:
    """Ask for the status, load, and decode every image of every split."""
    dataset = _built(layout, **options)
    status = dataset.status()
    status.remedy.encode()
    shown: dict[str, np.ndarray] = {}
    try:
        data = dataset.load(GreyLevels())
        for split in (data.train, data.query, data.gallery):
            if split is not None:
                arrays = split.images.batch(np.arange(len(split.images)), None).numpy()
                shown |= dict(zip(map(str, split.images.paths), arrays, strict=True))
    except UserError as error:
        return _wrong_message(str(error), folder, root, outcome)
    if isinstance(outcome, Refused):
        return f"loaded as {data.name}"
    if not status.found:
        return f"not found: {status.remedy}"
    return _wrong_data(layout, folder, outcome, data, shown)


def _wrong_message(message: str, folder: Path, root: Path, outcome: Outcome) -> str:
    if isinstance(outcome, Loads):
        return f"refused: {message}"
    places = {"{folder}": str(folder), "{root}": str(root)}
    for text in outcome.phrases:
        for mark, place in places.items():
            text = text.replace(mark, place)
        if text not in message:
            return f"{text!r} is not in: {message}"
    return _wrong_text(message)


def _wrong_text(message: str) -> str:
    message.encode()  # so that it can be printed
    return "" if REMEDY.search(message) else f"no remedy in: {message}"


def _wrong_data(
    layout: Layout, folder: Path, outcome: Loads, data: DataSet, shown: dict[str, np.ndarray]
) -> str:
    tested = None
    if layout.own_classes:
        tested = set(data.query.labels.tolist())
        classes = len({image.label for image in outcome.images})
        if len(tested) != round(classes / 2):
            return f"{len(tested)} of {classes} classes are tested"
    expected = halves(outcome.images, tested)
    if (data.gallery is not None) != ("gallery" in expected):
        return f"the gallery is {data.gallery}"
    for part, images in expected.items():
        if wrong := _wrong_split(layout, folder, part, getattr(data, part), images):
            return wrong
    if ("partial" in data.name) != outcome.partial:
        return f"it is named {data.name}"
    for path, picture in outcome.pictures.items():
        right = GreyLevels().test(Image.fromarray(picture.pixels))
        off = np.abs(shown[str(folder / path)] - right).max()
        if off > picture.tolerance:
            return f"{path} is off by {off:.1f} grey levels"
    return ""


def _wrong_split(
    layout: Layout, folder: Path, part: str, split: Split, expected: list[Shown]
) -> str:
    labels = [image.label for image in expected]
    if part == "train":
        there = sorted(set(labels))
        labels = [there.index(label) for label in labels]
    found = [str(path.relative_to(folder)) for path in split.images.paths]
    if found != [image.path for image in expected]:
        return f"{part} holds {found}"
    if split.labels.tolist() != labels:
        return f"{part} has the labels {split.labels.tolist()}, not {labels}"
    cameras = None if split.cameras is None else split.cameras.tolist()
    if cameras != ([image.camera for image in expected] if layout.reid else None):
        return f"{part} has the cameras {cameras}"
    return ""


def _checked(layout: Layout, variant: Variant) -> str:
    """The check refuses only what can't be loaded, and finds the image that is at fault."""
    try:
        findings = check(_built(layout))
    except UserError as error:
        if isinstance(variant.outcome, Loads):
            return f"refused: {error}"
        if variant.image and variant.place not in str(error):
            return f"{variant.place} is not in: {error}"
        return _wrong_text(str(error))
    broken = {finding.path for finding in (*findings.unreadable, *findings.truncated)}
    if variant.image and (findings.ok or variant.place not in broken):
        return f"only {broken} are found to be broken"
    if isinstance(variant.outcome, Loads) and (broken or findings.missing):
        return f"{broken} are found to be broken, and missing {findings.missing}"
    return ""
