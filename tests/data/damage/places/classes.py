"""Damage to the folders of `image_folder`, each of which is a class."""

from dataclasses import replace

from damage.places.entries import denials
from damage.places.folders import NO_FOLDER, NO_IMAGES, moved, variant
from damage.tree.copies import Tree
from damage.tree.layouts import Layout
from damage.tree.variant import Loads, Outcome, Variant, at, whole


def variants(layout: Layout) -> list[Variant]:
    """Faults of the folders of `image_folder`, each of which is a class."""
    if not layout.own_classes:
        return []
    name = "kind 1"
    inside = [image for image in layout.images if image.label == 1]
    rest = tuple(replace(i, label=i.label - (i.label > 1)) for i in layout.images if i.label != 1)
    made = []
    gone = {
        "missing",
        "an archive in place of",
        "a file as",
        "a pipe as",
        "a socket as",
        "a link to a file as",
    }
    for fault, (kind, change) in NO_FOLDER.items():
        outcome: Outcome = Loads(rest) if fault in gone else at(name)
        if fault == "another case for":
            outcome = _renumbered(layout, name, name.swapcase())
        if fault == "a space behind":
            outcome = _renumbered(layout, name, f"{name} ")
        made.append(variant(f"{fault} {name}", kind, change, name, outcome))
    for fault, change in NO_IMAGES.items():
        made.append(variant(f"{fault} {name}", "empty class", change, name, at(name)))
    again = [replace(i, path=i.path.replace(name, "kind 9"), label=8) for i in inside]
    both = Loads((*layout.images, *again))
    return [
        *made,
        *denials(name),
        variant(f"a link elsewhere as {name}", "link", moved, name, whole(layout)),
        variant(f"a loop within {name}", "symlink loop", _loop, name, at(f"{name}/again")),
        variant("a class that links to another", "link", _same_class, name, both),
    ]


def _loop(tree: Tree, name: str) -> None:
    tree.link(f"{name}/again", ".")


def _same_class(tree: Tree, name: str) -> None:
    tree.link("kind 9", name)


def _renumbered(layout: Layout, name: str, new: str) -> Loads:
    """A folder of `image_folder` with another name, and labels in the order of the names."""
    names = sorted({i.path.partition("/")[0] for i in layout.images} - {name} | {new})
    moved = []
    for image in layout.images:
        folder, _, file = image.path.partition("/")
        folder = new if folder == name else folder
        moved.append(replace(image, path=f"{folder}/{file}", label=names.index(folder)))
    return Loads(tuple(moved))
