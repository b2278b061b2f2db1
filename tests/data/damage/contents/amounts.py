"""Too few and too many images, classes, identities and cameras."""

from collections.abc import Iterable
from dataclasses import replace

from damage.lists.annotations import encoded, field, rows
from damage.pictures.whole import PHOTO
from damage.tree.copies import Tree, listed_as
from damage.tree.layouts import Layout, Shown
from damage.tree.variant import Loads, Outcome, Variant, refused, remaining, whole


def unlist(tree: Tree, images: Iterable[Shown]) -> None:
    """Take the images out of the lists."""
    gone = set(images)
    for source in tree.layout.lists:
        if source.endswith(".mat"):
            names = {
                i.path if source == "cars_annos.mat" else i.path.partition("/")[2]
                for i in gone
                if i.listed == source
            }
            left = [row for row in rows(tree.layout, source) if row[0] not in names]
            tree.write(source, encoded(left, field(source), "class"))
        elif tree.layout.name == "cub200":
            numbers = {str(tree.layout.images.index(i) + 1) for i in gone}
            tree.edit(
                source, lambda lines, n=numbers: [x for x in lines if x.split(" ")[0] not in n]
            )
        else:
            paths = {listed_as(i) for i in gone}
            tree.edit(
                source,
                lambda lines, paths=paths: [x for x in lines if x.rpartition(" ")[0] not in paths],
            )


def _delete(tree: Tree, images: Iterable[Shown]) -> None:
    for image in images:
        tree.remove(image.path)
    if tree.layout.own_classes:
        for folder in {image.path.partition("/")[0] for image in images}:
            if not any(tree.path(folder).iterdir()):
                tree.remove(folder)


def _amounts(layout: Layout) -> dict[str, list[Shown]]:
    """What may be missing, by a name for it."""
    images = layout.images
    first = layout.places()[0]
    labels = sorted({i.label for i in images if i.part in ("", "train")})
    early = labels[: len(labels) // 2]
    trained = [i for i in images if i.part in ("", "train")]
    missing = {
        "a class": [i for i in images if i.label == first.label],
        "the first class": [i for i in images if i.label == labels[0]],
        "the last class": [i for i in images if i.label == images[-1].label],
        "half of the classes to train on": [i for i in images if i.label in early],
        "all but one class": [i for i in trained if i.label != labels[1]],
        "all but one image a class": [
            image
            for number, image in enumerate(images)
            if any(_alike(image, other) for other in images[:number])
        ],
        "every second image": [i for n, i in enumerate(images) if n % 2],
    }
    if layout.reid:
        for part in ("train", "query", "gallery"):
            missing[f"all of {part}"] = [i for i in images if i.part == part]
        missing["an image of the first camera"] = [next(i for i in images if i.camera == 1)]
        missing["the first camera"] = [i for i in images if i.camera == 1]
        missing["the distractors"] = [i for i in images if i.label == 0 and i.part == "gallery"]
    return {name: gone for name, gone in missing.items() if gone}


def _alike(image: Shown, other: Shown) -> bool:
    """Whether both are of one class, and in one part and list."""
    return (image.label, image.part, image.listed) == (other.label, other.part, other.listed)


def _closed(layout: Layout, left: Outcome) -> Outcome:
    """The labels of `image_folder` count the folders that are there."""
    if not layout.own_classes or not isinstance(left, Loads):
        return left
    there = sorted({image.label for image in left.images})
    return replace(left, images=tuple(replace(i, label=there.index(i.label)) for i in left.images))


def _too_few(layout: Layout) -> list[Variant]:
    made = []
    for name, gone in _amounts(layout).items():
        kind = "empty class" if "class" in name else "wrong count"
        left = _closed(layout, remaining(layout, [i for i in layout.images if i not in gone]))
        if layout.own_classes and "but one image" not in name and "second" not in name:
            kind = "wrong count"
        refusal: Outcome = refused("{folder}", "differs from the official")
        if layout.lists:
            refusal = refused(
                "{folder}", f"{len(gone)} listed images are not there", "--allow-partial"
            )
        made.append(
            Variant(
                f"{name} not there",
                kind,
                lambda tree, gone=gone: _delete(tree, gone),
                refusal if layout.official else left,
                left,
                place="images",
            )
        )
        if layout.lists:
            made.append(
                Variant(
                    f"{name} neither there nor listed",
                    "wrong count",
                    lambda tree, gone=gone: (_delete(tree, gone), unlist(tree, gone)),
                    refused("{folder}"),
                    left,
                    place="images",
                )
            )
    return made


def _more(layout: Layout) -> list[Variant]:
    """Images beside those that belong there."""
    made = []
    for number, image in enumerate(layout.places()):
        folder, _, name = image.path.rpartition("/")
        for suffix in (".jpg", ".PNG", ".webp"):
            stem = name.rpartition(".")[0]
            new = replace(image, path=f"{folder}/{stem}_more{number}{suffix}", listed="")
            outcome: Outcome = whole(layout)
            if not layout.lists:
                outcome = (
                    refused("{folder}", "too much to be a part")
                    if layout.official
                    else Loads((*layout.images, new))
                )
            made.append(
                Variant(
                    f"one more image {new.path}",
                    "wrong count",
                    lambda tree, new=new: tree.write(new.path, PHOTO),
                    outcome,
                    place=new.path,
                )
            )
    return made


def variants(layout: Layout) -> list[Variant]:
    return [*_too_few(layout), *_more(layout)]
