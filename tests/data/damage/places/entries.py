"""What may stand where an image or a list should: links, folders, pipes, and what can't be read."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from damage.tree.copies import Tree
from damage.tree.layouts import Layout
from damage.tree.variant import Outcome, Variant, at, refused, whole, without

Fault = Callable[[Tree, str], None]


def _loop_of_two(tree: Tree, name: str) -> None:
    other = f"{Path(name).parent}/.other"
    tree.link(name, ".other")
    tree.link(other, Path(name).name)


def _elsewhere(tree: Tree, name: str) -> Path:
    """The file moved out of the data set."""
    target = tree.folder.parent / "elsewhere"
    tree.path(name).rename(target)
    return target


def _link_to_a_link(tree: Tree, name: str) -> None:
    target = _elsewhere(tree, name)
    between = target.with_name("between")
    between.symlink_to(target)
    tree.link(name, between)


def _hard_link(tree: Tree, name: str) -> None:
    tree.path(name).hardlink_to(_elsewhere(tree, name))


def _relative_link(tree: Tree, name: str) -> None:
    target = _elsewhere(tree, name)
    up = "../" * (len(Path(name).parts))
    tree.link(name, f"{up}{target.name}")


def _filled_folder(tree: Tree, name: str) -> None:
    content = tree.read(name)
    tree.folder_at(name)
    tree.write(f"{name}/{Path(name).name}", content)


LOOPS: dict[str, Fault] = {
    "link-to-itself": lambda tree, name: tree.link(name, Path(name).name),
    "two-links-in-a-loop": _loop_of_two,
}
LINKS: dict[str, Fault] = {
    "link": lambda tree, name: tree.link(name, _elsewhere(tree, name)),
    "relative-link": _relative_link,
    "link-to-a-link": _link_to_a_link,
    "hard-link": _hard_link,
}
UNREADABLE: dict[str, Fault] = {
    "folder": lambda tree, name: tree.folder_at(name),
    "folder-with-the-file": _filled_folder,
    "pipe": lambda tree, name: tree.fifo(name),
    "socket": lambda tree, name: tree.socket(name),
    "link-to-nothing": lambda tree, name: tree.link(name, "nothing"),
    "link-to-a-folder": lambda tree, name: tree.link(name, "."),
    "link-to-a-device": lambda tree, name: tree.link(name, "/dev/zero"),
    "link-below-a-file": lambda tree, name: tree.link(name, f"{_elsewhere(tree, name)}/x"),
}
FAULTS = [
    *(("symlink loop", fault, change) for fault, change in LOOPS.items()),
    *(("link", fault, change) for fault, change in LINKS.items()),
    *(("unreadable file", fault, change) for fault, change in UNREADABLE.items()),
]


def _in_turn(layout: Layout, names: Sequence[str], of_lists: bool) -> list[Variant]:
    """Each fault in place of one of the files in turn; both ways to deny reading, for all."""
    made = []
    for number, (kind, fault, change) in enumerate(FAULTS):
        name = names[number % len(names)]
        made.append(
            Variant(
                f"{fault} as {name}",
                kind,
                lambda tree, change=change, name=name: change(tree, name),
                whole(layout) if kind == "link" else at(name),
                image=not of_lists and kind != "link",
                place=name,
            )
        )
    for name in names:
        made += denials(name, image=not of_lists)
    return made


def denials(name: str, image: bool = False) -> list[Variant]:
    """A file or folder that may not be read, told by the system and by its mode."""

    def mode(tree: Tree) -> None:
        if tree.path(name).is_file():
            tree.write(name, tree.read(name))  # a file of its own, not the template's
        tree.path(name).chmod(0)

    def nothing(tree: Tree) -> None:
        pass

    system = Variant(
        f"no permission for {name}",
        "unreadable file",
        nothing,
        at(name),
        denied=(name,),
        image=image,
        place=name,
    )
    by_mode = replace(system, name=f"mode 0 of {name}", damage=mode, denied=(), by_mode=True)
    return [system, by_mode]


def _missing(layout: Layout, gone: int) -> tuple[Outcome, Outcome | None]:
    """What comes of the absence of an image, by its place, without and with allow_partial."""
    image = layout.places()[gone]
    left = without(layout, image)
    if not layout.official:
        return left, None
    if image.listed:
        return refused("{folder}", "1 listed images are not there", image.path), left
    return refused("{folder}", "differs from the official"), left


def variants(layout: Layout) -> list[Variant]:
    made = _in_turn(layout, [image.path for image in layout.places()], of_lists=False)
    if layout.lists:
        made += _in_turn(layout, layout.lists, of_lists=True)
    for number, image in enumerate(layout.places()):
        outcome, partial = _missing(layout, number)
        made.append(
            Variant(
                f"no {image.path}",
                "missing image",
                lambda tree, image=image: tree.remove(image.path),
                outcome,
                partial,
                place=image.path,
            )
        )
    gone = [
        Variant(
            f"no {name}",
            "missing list",
            lambda tree, name=name: tree.remove(name),
            at(name),
            place=name,
        )
        for name in layout.lists
    ]
    return made + gone
