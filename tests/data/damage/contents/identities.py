"""Identities, classes and cameras with other numbers, and names that hold none."""

from dataclasses import replace

from damage.pictures.whole import PHOTO
from damage.tree.copies import Tree, listed_as
from damage.tree.layouts import Layout, Shown
from damage.tree.variant import Loads, Outcome, Variant, at, refused, whole

IDENTITIES = {"another": 900, "of nine digits": 123_456_789}
NO_IDENTITY = (
    "portrait.jpg",
    "12.jpg",
    "-2_c1s1_1.jpg",
    "0001_s1.jpg",
    f"{'9' * 40}_c1.jpg",
    f"0001_c{'9' * 10}.jpg",
    "0001c1.jpg",
    "c1_0001.jpg",
    "_c1.jpg",
    "0001_c.jpg",
    "0001_cx.jpg",
    " 0001_c1.jpg",
    "+1_c1.jpg",
    "0x1_c1.jpg",
    "1.0_c1.jpg",
    "0001-c1.jpg",
    "--1_c1.jpg",
    "\u00b2_c1.jpg",
)


def _market_name(image: Shown, identity: str, camera: int | None = None) -> Shown:
    folder, _, name = image.path.rpartition("/")
    rest = name.partition("_c")[2][1:]
    camera = image.camera if camera is None else camera
    return replace(
        image, path=f"{folder}/{identity}_c{camera}{rest}", label=int(identity), camera=camera
    )


def _by_market_names(layout: Layout) -> list[Variant]:
    """Identities and cameras that file names tell."""
    made = []
    folders = layout.image_folders

    def changed(
        name: str, kind: str, new: dict[Shown, Shown], outcome: Outcome | None = None
    ) -> None:
        def damage(tree: Tree) -> None:
            for old, other in new.items():
                tree.rename(old.path, other.path)

        loads = Loads(tuple(new.get(i, i) for i in layout.images))
        outcome = loads if outcome is None else outcome
        made.append(Variant(name, kind, damage, outcome, place="images"))

    for part, label in (("train", 7), ("query", 3), ("gallery", 3)):
        inside = [i for i in layout.images if i.part == part and i.label == label]
        for name, number in IDENTITIES.items():
            new = {i: _market_name(i, str(number)) for i in inside}
            changed(f"identity {label} of {part} as {name}", "label gap", new)
        new = {i: _market_name(i, str(label)) for i in inside}
        changed(f"identity {label} of {part} without leading zeros", "unusual name", new)
        new = {i: _market_name(i, f"{label:09}") for i in inside}
        changed(f"identity {label} of {part} with nine digits", "unusual name", new)
        camera = next(i for i in inside)
        new = {camera: _market_name(camera, f"{label:04}", 9)}
        if layout.official:
            refusal = refused("{folder}", "4 of 3 cameras", "too much to be a part")
            changed(f"a fourth camera in {part}", "wrong count", new, refusal)
        else:
            changed(f"a fourth camera in {part}", "wrong count", new)
    for part, label, other in (("train", 7, 3), ("query", 3, 7), ("gallery", 3, 7)):
        inside = [i for i in layout.images if i.part == part and i.label == label]
        for name, some in {"all": inside, "one": inside[:1]}.items():
            new = {i: _market_name(i, f"{other:04}") for i in some}
            new = {i: replace(n, path=n.path.replace("_0", "_9")) for i, n in new.items()}
            both = refused("{folder}", f"identity {other} is in both")
            changed(f"{name} of identity {label} of {part} as {other}", "duplicate id", new, both)
    for part in ("train", "query"):
        image = next(i for i in layout.images if i.part == part)
        new = {image: _market_name(image, "0000")}
        changed(f"a distractor in {part}", "wrong name", new, at(new[image].path))
    more = [
        (f"{folders[number % 3]}/{name}", "wrong name") for number, name in enumerate(NO_IDENTITY)
    ]
    more += [(f"{folder}/-1_c6s4_002211_09.jpg", "unusual name") for folder in folders]  # junk
    return made + [
        Variant(
            f"{path} beside",
            kind,
            lambda tree, path=path: tree.write(path, PHOTO),
            at(path) if kind == "wrong name" else whole(layout),
            place=path,
        )
        for path, kind in more
    ]


def _by_lists(layout: Layout) -> list[Variant]:
    """Other numbers for a class, as the text lists have it."""
    made = []
    spans = (("train", 1), ("query", 1), ("gallery", 2)) if layout.reid else (("", 2), ("", 7))
    for part, label in spans:
        inside = [i for i in layout.images if i.part == part and i.label == label]
        for name, number in {**IDENTITIES, "zero": 0}.items():
            if number == 0 and layout.reid:
                continue
            new = {i: replace(i, label=number) for i in inside}

            def damage(tree: Tree, new: dict[Shown, Shown] = new) -> None:
                for old, other in new.items():
                    _relabel(tree, old, other.label)

            loads = Loads(tuple(new.get(i, i) for i in layout.images))
            made.append(
                Variant(
                    f"class {label} {part} as {name}", "label gap", damage, loads, place="lists"
                )
            )
    one = layout.places()[0]
    new = replace(one, label=950)
    made.append(
        Variant(
            "a class of one image more",
            "wrong count",
            lambda tree: _relabel(tree, one, 950),
            refused("{folder}", "too much to be a part"),
            place="lists",
        )
    )
    every = Loads(tuple(replace(i, label=i.label + 1000) for i in layout.images))

    def later(tree: Tree) -> None:
        for image in layout.images:
            _relabel(tree, image, image.label + 1000)

    made.append(Variant("every class 1000 later", "label gap", later, every, place="lists"))
    return made


def _relabel(tree: Tree, image: Shown, label: int) -> None:
    if tree.layout.name == "cub200":
        number = tree.layout.images.index(image) + 1
        source, start, line = "image_class_labels.txt", f"{number} ", f"{number} {label}"
    else:
        source, start, line = image.listed, f"{listed_as(image)} ", f"{listed_as(image)} {label}"
    tree.edit(source, lambda lines: [line if x.startswith(start) else x for x in lines])


def variants(layout: Layout) -> list[Variant]:
    if layout.name in ("market1501", "reid_folder"):
        return _by_market_names(layout)
    if any(name.endswith(".txt") for name in layout.lists):
        return _by_lists(layout)
    return []
