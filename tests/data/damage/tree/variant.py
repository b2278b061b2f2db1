"""A damage to a tree, and what must come of it."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from damage.tree.copies import Tree
from damage.tree.layouts import Layout, Shown


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
    """A UserError that holds every one of `phrases`, where {folder} is the data set's folder."""

    phrases: tuple[str, ...]


Outcome = Loads | Refused


@dataclass(frozen=True)
class Variant:
    """A damaged tree.

    `partial` is what comes of it with allow_partial, if that differs. `denied` are files and
    folders that the user may not read; `by_mode` says that files are so by their modes, which
    don't keep root out. `image` says that the fault is in an image, which a check of all images
    meets. `place` is what is damaged: damages with different places don't meet. `folder` is where
    the data set then lies below the data root, if that has changed.
    """

    name: str
    kind: str
    damage: Callable[[Tree], None]
    outcome: Outcome
    partial: Outcome | None = None
    denied: tuple[str, ...] = ()
    by_mode: bool = False
    image: bool = False
    place: str = ""
    folder: str = ""


def refused(*phrases: str) -> Refused:
    return Refused(phrases)


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
    """What comes of these images where a part is taken.

    There must be two classes to train on, and to test on a query with a match: another image of its
    class, or a gallery image of its identity by another camera. Where it isn't known which classes
    are tested, any class counts.
    """
    left = tuple(images)
    parts = {
        part: {i.label for i in left if i.part == part} for part in ("train", "query", "gallery")
    }
    classes = len({image.label for image in left})
    if layout.own_classes:
        trained = classes - min(max(round(classes / 2), 1), classes)
    else:
        trained = len(parts["train"]) if layout.reid else classes // 2
    tested = [i for i in left if i.part in ("", "query")]
    if not layout.reid and not layout.own_classes:
        tested = [i for i in tested if i.label in sorted({i.label for i in left})[trained:]]
    matches = [i for i in left if i.part in ("", "gallery")]
    if trained < 2 or not any(_match(i, other) for i in tested for other in matches):
        return refused("{folder}")
    return Loads(left, partial=layout.official)


def _match(image: Shown, other: Shown) -> bool:
    """Whether `other` is what a search for `image` should find."""
    if image.part and image.camera == other.camera:
        return False
    return image.label == other.label and image != other
