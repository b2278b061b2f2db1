"""A damage to a tree, and what must come of it."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from damage.layouts import Layout, Shown
from damage.tree import Tree


@dataclass(frozen=True)
class Picture:
    """RGB [height, width, 3] that a file must decode to.

    Both made small, they may differ by `tolerance` grey levels.
    """

    pixels: npt.NDArray[np.uint8]
    tolerance: int = 0


@dataclass(frozen=True)
class Loads:
    """Exactly these images come out; `partial` says that the data set's name tells so."""

    images: tuple[Shown, ...]
    partial: bool = False
    pictures: Mapping[str, Picture] = field(default_factory=dict)


@dataclass(frozen=True)
class Refused:
    """A UserError that holds every one of `told`, where {folder} is the data set's folder."""

    told: tuple[str, ...]


Outcome = Loads | Refused


@dataclass(frozen=True)
class Variant:
    """A damaged tree.

    `partial` is what comes of it with allow_partial, if that differs. `denied` are files and
    folders that the user may not read; `mode` says that they are so by their mode, which doesn't
    keep root out. `image` says that the fault is in an image, which a check of all images meets.
    `place` is what is damaged: damages with different places don't meet. `folder` is where the data
    set then lies below the data root, if that has changed.
    """

    name: str
    kind: str
    damage: Callable[[Tree], None]
    outcome: Outcome
    partial: Outcome | None = None
    denied: tuple[str, ...] = ()
    image: bool = False
    place: str = ""
    folder: str = ""


def refused(*told: str) -> Refused:
    return Refused(told)


def at(path: str) -> Refused:
    """A refusal that names the file `path` of the tree."""
    return Refused((f"{{folder}}/{path}",))


def whole(layout: Layout) -> Loads:
    """Everything comes out as if nothing had been done."""
    return Loads(layout.images)


def without(layout: Layout, *gone: Shown) -> Loads:
    """Everything else comes out, as a part where the layout has official counts."""
    left = tuple(image for image in layout.images if image not in gone)
    return Loads(left, partial=layout.official)


def instead(layout: Layout, old: Shown, new: Shown) -> Loads:
    """Everything comes out with one image changed."""
    return Loads(tuple(new if image == old else image for image in layout.images))


def remaining(layout: Layout, images: Iterable[Shown]) -> Outcome:
    """What comes of these images where a part is taken: there must be two classes to train on."""
    left = tuple(images)
    parts = {
        part: {i.label for i in left if i.part == part} for part in ("train", "query", "gallery")
    }
    classes = len({image.label for image in left})
    if layout.own_classes:
        trained = classes - min(max(round(classes / 2), 1), classes)
    else:
        trained = len(parts["train"]) if layout.reid else classes // 2
    tested = parts["query"] and parts["gallery"] if layout.reid else classes
    if trained < 2 or not tested:
        return refused("{folder}")
    return Loads(left, partial=layout.official)
