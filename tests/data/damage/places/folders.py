"""Damage to whole folders: those of the images, the data set's own, and the data root."""

from collections.abc import Callable
from dataclasses import replace
from itertools import combinations

from damage.places.entries import denials
from damage.tree.copies import Tree
from damage.tree.layouts import Layout
from damage.tree.variant import Outcome, Variant, refused, remaining, whole

Fault = Callable[[Tree, str], None]


def moved(tree: Tree, name: str) -> None:
    """Leave a link to the folder, which lies elsewhere."""
    tree.rename(name, ".elsewhere")
    tree.link(name, ".elsewhere")


def _emptied(tree: Tree, name: str) -> None:
    tree.remove(name)
    tree.path(name).mkdir()


def _nested(tree: Tree, name: str) -> None:
    tree.rename(name, f".aside/{name}")
    tree.path(name).mkdir(parents=True)
    tree.rename(f".aside/{name}", f"{name}/{name}")


def _archive(tree: Tree, name: str) -> None:
    tree.remove(name)
    tree.write(f"{name}.zip", b"PK\5\6" + bytes(18))


NO_FOLDER: dict[str, tuple[str, Fault]] = {
    "missing": ("missing folder", lambda tree, name: tree.remove(name)),
    "an archive in place of": ("missing folder", _archive),
    "a file as": ("missing folder", lambda tree, name: tree.write(name, b"no folder")),
    "a pipe as": ("unreadable file", lambda tree, name: tree.fifo(name)),
    "a socket as": ("unreadable file", lambda tree, name: tree.socket(name)),
    "a link to itself as": ("symlink loop", lambda tree, name: tree.link(name, name)),
    "a link to nothing as": ("missing folder", lambda tree, name: tree.link(name, "nothing")),
    "a link to a file as": ("missing folder", lambda tree, name: tree.link(name, "/etc/hostname")),
    "another case for": ("missing folder", lambda tree, name: tree.rename(name, name.swapcase())),
    "a space behind": ("missing folder", lambda tree, name: tree.rename(name, f"{name} ")),
}
NO_IMAGES: dict[str, Fault] = {
    "nothing in": _emptied,
    "one folder too many in": _nested,
    "a link to the data set as": lambda tree, name: tree.link(name, "."),
}


def _image_folders(layout: Layout) -> list[Variant]:
    made = []
    for name in layout.image_folders:
        for fault, (kind, change) in NO_FOLDER.items():
            refusal = refused("{folder}", name)
            made.append(
                variant(f"{fault} {name}", kind, change, name, refusal, _part(layout, name, kind))
            )
        for fault, change in NO_IMAGES.items():
            left = remaining(
                layout, [i for i in layout.images if not i.path.startswith(f"{name}/")]
            )
            made.append(
                variant(f"{fault} {name}", "empty folder", change, name, refused("{folder}"), left)
            )
        made.append(variant(f"a link elsewhere as {name}", "link", moved, name, whole(layout)))
        made += denials(name)
    pairs = combinations(layout.image_folders, 2)
    return made + [_swapped(layout, first, second) for first, second in pairs]


def _part(layout: Layout, name: str, kind: str) -> Outcome | None:
    """What comes of a missing folder with allow_partial: lists tell what else there is."""
    if not layout.lists or name == layout.image_folders[0] or kind == "symlink loop":
        return None
    return remaining(layout, [i for i in layout.images if not i.path.startswith(f"{name}/")])


def variant(
    name: str,
    kind: str,
    change: Fault,
    folder: str,
    outcome: Outcome,
    partial: Outcome | None = None,
) -> Variant:
    """The variant in which `change` is made to `folder`."""
    return Variant(name, kind, lambda tree: change(tree, folder), outcome, partial, place=folder)


def _swapped(layout: Layout, first: str, second: str) -> Variant:
    def swap(tree: Tree) -> None:
        tree.rename(first, "aside")
        tree.rename(second, first)
        tree.rename("aside", second)

    # Names that are in both folders can't tell which is which.
    other = {first: second, second: first}
    paths = {image.path for image in layout.images}
    left = [
        image
        for image in layout.images
        for folder, _, name in [image.path.partition("/")]
        if f"{other.get(folder, folder)}/{name}" in paths
    ]
    partial = remaining(layout, left) if layout.lists else None
    return Variant(
        f"{first} and {second} swapped", "swapped", swap, refused("{folder}"), partial, place=first
    )


def _own_folder(layout: Layout) -> list[Variant]:
    """The data set's folder itself, below the data root."""
    name = layout.folder
    refusal = refused("{root}", name)

    def below(change: Fault) -> Callable[[Tree], None]:
        return lambda tree: change(Tree(tree.layout, tree.folder.parent), name)

    made = []
    for fault, (kind, change) in NO_FOLDER.items():
        if fault == "another case for" and name.swapcase() in layout.other_folders:
            continue
        made.append(Variant(f"{fault} {name}", kind, below(change), refusal, place=name))
    made.append(
        Variant(
            f"nothing in {name}", "empty folder", below(_emptied), refused("{folder}"), place=name
        )
    )
    link = below(moved)
    made.append(Variant(f"a link elsewhere as {name}", "link", link, whole(layout), place=name))
    nested = whole(layout) if layout.official else refused("{folder}")
    inner = f"{name}/{name}" if layout.official else ""
    made.append(
        Variant(
            f"one folder too many in {name}",
            "nested folder",
            below(_nested),
            nested,
            place=name,
            folder=inner,
        )
    )
    made += [
        Variant(
            f"{other} for {name}",
            "nested folder" if "/" in other else "other folder",
            below(lambda tree, name, other=other: _renamed(tree, name, other)),
            whole(layout),
            place=name,
            folder=other,
        )
        for other in layout.other_folders
    ]
    return made + [replace(denied, outcome=refused("{folder}")) for denied in denials(".")]


def _renamed(tree: Tree, name: str, other: str) -> None:
    tree.rename(name, ".aside")
    tree.rename(".aside", other)


def variants(layout: Layout) -> list[Variant]:
    return [*_own_folder(layout), *_image_folders(layout)]
