"""Files beside the images that are no part of a data set."""

from damage.tree.copies import Tree
from damage.tree.layouts import Layout
from damage.tree.variant import Variant, whole

STRAYS = (
    ".DS_Store",
    "Thumbs.db",
    "desktop.ini",
    "._0002_c1s1_000451_01.jpg",
    ".hidden.jpg",
    "README.txt",
    "notes",
    "list.csv",
    "image.gif",
    "archive.zip",
    "image.jpg.part",
    "image.jpg~",
)
"""What systems and people leave in folders."""


def variants(layout: Layout) -> list[Variant]:
    folders = layout.image_folders or ("kind 1",)
    names = [f"{folders[number % len(folders)]}/{stray}" for number, stray in enumerate(STRAYS)]
    made = [
        Variant(
            f"{name} beside",
            "stray file",
            lambda tree, name=name: tree.write(name, b"stray"),
            whole(layout),
            place=name,
        )
        for name in names
    ]

    def shadows(tree: Tree) -> None:
        for image in layout.images[:5]:
            folder, _, file = image.path.rpartition("/")
            tree.write(f"{folder}/._{file}", b"\0\5\x16\7stray")
            tree.write(f".__MACOSX/{folder}/._{file}", b"\0\5\x16\7stray")

    return [*made, Variant("a Mac's shadows", "stray file", shadows, whole(layout), place="all")]
