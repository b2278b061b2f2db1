"""File and folder names that a file system allows and a reader may not expect."""

from dataclasses import replace

from damage.lists.annotations import rewrite
from damage.tree.copies import Tree, listed_as
from damage.tree.layouts import Layout, Shown
from damage.tree.variant import Outcome, Variant, instead, refused, without

NAMES = {
    "space": "a b",
    "leading space": " a",
    "trailing space": "a ",
    "two spaces": "a  b",
    "tab": "a\tb",
    "umlaut": "V\u00f6gel",
    "umlaut in two characters": "Vo\u0308gel",
    "umlaut of no encoding": "V\u00c3\u00b6gel",
    "emoji": "\U0001f426\U0001f3fd",
    "chinese": "\u9ce5\u985e",
    "right to left": "\u05e6\u05d9\u05e4\u05d5\u05e8",
    "turn of direction": "a\u202egpj",
    "no-break space": "a\u00a0b",
    "zero-width space": "a\u200bb",
    "line separator": "a\u2028b",
    "next line": "a\u0085b",
    "form feed": "a\x0cb",
    "escape": "a\x1b[31mb",
    "quotes": "a'b\"c`d",
    "backslash": "a\\b",
    "wildcards": "a*b?[c]",
    "markup": "[bold]a[blink]",
    "tags": "<b>&amp;",
    "percent": "%s%20{0}",
    "dollar": "$HOME ~",
    "separators": "a,b;c:d|e",
    "number sign": "#1",
    "options": "--rf",
    "dots": "a..b.jpg",
    "long": "x" * 200,
    "long in bytes": "\u9ce5" * 70,
}
ENDS = {"upper case": ".JPG", "mixed case": ".JPeG", "another format": ".tiff", "ppm": ".PPM"}
BREAKS = {"line feed": "a\nb", "carriage return": "a\rb"}
NO_UTF8 = {"latin-1": "V\udcf6gel", "no text": "\udcff\udcfe"}


def spelled(layout: Layout, image: Shown, name: str) -> str:
    """The image's path with `name` in it where the layout leaves it free."""
    folder, _, old = image.path.rpartition("/")
    stem, dot, suffix = old.rpartition(".")
    if layout.reid:
        # Identity and camera come first.
        kept = "_".join(stem.split("_")[: 3 if image.listed else 2])
        name = f"{kept}_{name}"
    return f"{folder}/{name}{dot}{suffix}"


def renamed(tree: Tree, image: Shown, path: str) -> None:
    """Rename an image, on the disk and in its list."""
    tree.rename(image.path, path)
    relist(tree, image, path)


def relist(tree: Tree, image: Shown, path: str) -> None:
    """Let the image's list name it by `path`."""
    if image.listed.endswith(".mat"):
        rewrite(tree, image.listed, image.path, path)
    elif image.listed:
        old, new = listed_as(image), listed_as(replace(image, path=path))
        content = tree.read(image.listed).decode("utf-8", "surrogateescape").replace(old, new, 1)
        tree.write(image.listed, content.encode("utf-8", "surrogateescape"))


def _made(
    layout: Layout, image: Shown, name: str, path: str, outcome: Outcome, partial: Outcome | None
) -> Variant:
    return Variant(
        f"{name} in the name of {image.path}",
        "unicode and space in names",
        lambda tree: renamed(tree, image, path),
        outcome,
        partial,
        place=image.path,
    )


def _of_images(layout: Layout) -> list[Variant]:
    places = layout.places()
    made = []
    for number, (name, text) in enumerate(NAMES.items()):
        image = places[number % len(places)]
        path = spelled(layout, image, text)
        made.append(
            _made(
                layout, image, name, path, instead(layout, image, replace(image, path=path)), None
            )
        )
    image = places[0]
    for name, end in ENDS.items():
        path = image.path.rpartition(".")[0] + end
        made.append(
            _made(
                layout, image, name, path, instead(layout, image, replace(image, path=path)), None
            )
        )
    for name, text in BREAKS.items():
        path = spelled(layout, image, text)
        outcome: Outcome = instead(layout, image, replace(image, path=path))
        if image.listed.endswith(".txt"):
            outcome = refused("{folder}", image.listed)
        made.append(_made(layout, image, name, path, outcome, None))
    if image.listed.endswith(".mat"):
        return made  # MATLAB's text has no such bytes
    for name, text in NO_UTF8.items():
        path = spelled(layout, image, text)
        shown = image.listed or path.rpartition("/")[2].encode("utf-8", "surrogateescape").decode(
            "utf-8", "backslashreplace"
        )
        made.append(_made(layout, image, name, path, refused("{folder}", shown, "UTF-8"), None))
    return made


def _of_folders(layout: Layout) -> list[Variant]:
    """Each class's own folder renamed, where there is one and its name is free."""
    if layout.name not in ("cub200", "image_folder"):
        return []
    image = layout.places()[0]
    folder = image.path.rpartition("/")[0]
    inside = [i for i in layout.images if i.path.startswith(f"{folder}/")]
    made = []
    for name, text in {**NAMES, **BREAKS, **NO_UTF8}.items():
        new = f"{folder} {text}"
        moved = {i: replace(i, path=f"{new}/{i.path.rpartition('/')[2]}") for i in inside}

        def damage(tree: Tree, new: str = new, moved: dict[Shown, Shown] = moved) -> None:
            tree.rename(folder, new)
            for old, other in moved.items():
                relist(tree, old, other.path)

        everything = tuple(moved.get(i, i) for i in layout.images)
        outcome: Outcome = replace(without(layout), images=everything, partial=False)
        if name in NO_UTF8 or (name in BREAKS and image.listed):
            outcome = refused("{folder}", image.listed)
        made.append(
            Variant(
                f"{name} in the name of the folder {folder}",
                "unicode and space in names",
                damage,
                outcome,
                place=folder,
            )
        )
    return made


def variants(layout: Layout) -> list[Variant]:
    return [*_of_images(layout), *_of_folders(layout)]
