"""Damage to the text lists of CUB-200-2011 and MSMT17."""

import gzip
from collections.abc import Callable
from dataclasses import replace

import numpy as np
from damage.lists.text_lines import numbers, paths
from damage.lists.turns import TextList, in_turn
from damage.tree.copies import Tree, listed_as
from damage.tree.layouts import Layout
from damage.tree.variant import Outcome, Variant, at, refused, whole

Content = Callable[[bytes], bytes]


def _lines(content: bytes) -> list[bytes]:
    return content.splitlines(keepends=True)


def _shuffled(content: bytes) -> bytes:
    lines = _lines(content)
    return b"".join(lines[i] for i in np.random.default_rng(0).permutation(len(lines)))


def _mixed_ends(content: bytes) -> bytes:
    ends = (b"\n", b"\r\n", b"\r")
    return b"".join(line.rstrip() + ends[i % 3] for i, line in enumerate(_lines(content)))


BOM = b"\xef\xbb\xbf"
HARMLESS: dict[str, Content] = {
    "CRLF": lambda c: c.replace(b"\n", b"\r\n"),
    "CR": lambda c: c.replace(b"\n", b"\r"),
    "mixed line ends": _mixed_ends,
    "a byte-order mark": lambda c: BOM + c,
    "CRLF and a byte-order mark": lambda c: BOM + c.replace(b"\n", b"\r\n"),
    "no last line end": lambda c: c.rstrip(b"\n"),
    "blank lines": lambda c: c.replace(b"\n", b"\n\n \n\t\n"),
    "blank lines at the end": lambda c: c + b"\n" * 20,
    "spaces behind": lambda c: c.replace(b"\n", b"  \n"),
    "tabs behind": lambda c: c.replace(b"\n", b"\t\n"),
    "spaces before": lambda c: b" " + c.replace(b"\n", b"\n ").rstrip(b" "),
    "reversed order": lambda c: b"".join(_lines(c)[::-1]),
    "shuffled order": _shuffled,
}
EMPTY: dict[str, Content] = {
    "no bytes": lambda c: b"",
    "blank lines alone": lambda c: b"\n \n\t\n",
    "a byte-order mark alone": lambda c: BOM,
}
NO_LIST: dict[str, Content] = {
    "noise": lambda c: np.random.default_rng(0).bytes(500),
    "zeros": lambda c: bytes(4096),
    "UTF-16": lambda c: c.decode().encode("utf-16"),
    "UTF-32": lambda c: c.decode().encode("utf-32"),
    "gzip": lambda c: gzip.compress(c, mtime=0),
    "a page": lambda c: b"<!DOCTYPE html>\n<html><title>Sign in</title></html>\n",
    "JSON": lambda c: b'[["a", 1]]\n',
    "latin-1": lambda c: c + "99 Vögel.jpg\n".encode("latin-1"),
    "a lone byte": lambda c: c + b"\x80\n",
    "commas": lambda c: c.replace(b" ", b","),
    "tabs for spaces": lambda c: c.replace(b" ", b"\t"),
    "a heading": lambda c: b"image class\n" + c,
    "a comment": lambda c: b"# comment\n" + c,
    "the half of a character": lambda c: c + "9 ü".encode()[:-1],
}


def _files(of: TextList) -> list[Variant]:
    name = of.name
    tables = (
        ("list format", HARMLESS, whole(of.layout)),
        ("missing list", EMPTY, at(name)),
        ("damaged list", NO_LIST, at(name)),
    )
    made = [
        Variant(
            f"{fault} in {name}",
            kind,
            lambda tree, change=change: tree.write(name, change(tree.read(name))),
            outcome,
            place=name,
        )
        for kind, faults, outcome in tables
        for fault, change in faults.items()
    ]
    made += [_swapped(of, other) for other in of.layout.lists if other > name]
    made += [_cut(of, share) for share in (10, 50, 90)]
    return made


def _swapped(of: TextList, other: str) -> Variant:
    """Two lists take each other's name."""

    def swap(tree: Tree) -> None:
        first, second = tree.read(of.name), tree.read(other)
        tree.write(of.name, second)
        tree.write(other, first)

    parts = ("list_train.txt", "list_val.txt")
    outcome: Outcome = refused("{folder}")
    if of.name in parts and other in parts:
        outcome = whole(of.layout)  # both name training images
    return Variant(f"{of.name} and {other} swapped", "swapped", swap, outcome, place=of.name)


def _cut(of: TextList, share: int) -> Variant:
    """A list that ends within a line."""

    def cut(tree: Tree) -> None:
        content = tree.read(of.name)
        end = content.index(b"\n", len(content) * share // 100)
        tree.write(of.name, content[: end - 1 if of.name.startswith("image_") else end - 6])

    return Variant(
        f"the end cut off at {share}% in {of.name}",
        "truncated list",
        cut,
        refused("{folder}", of.name),
        place=of.name,
    )


def _twice(of: TextList) -> list[Variant]:
    """Ids and paths that come more than once."""
    image, refusal = of.image, at(of.name)
    line = of.written(image)

    def again(lines: list[str]) -> list[str]:
        return [*lines[: of.line], line, *lines[of.line :]]

    made = [
        of.variant("a line twice at the end", "duplicate id", lambda x: [*x, line], refusal),
        of.variant("a line twice in a row", "duplicate id", again, refusal),
        of.variant("every line twice", "duplicate id", lambda x: x * 2, refusal),
    ]
    if of.layout.name == "cub200":
        other = of.written(of.layout.images[10], 11)
        made.append(of.with_line("the id of another", "duplicate id", other, refusal))
        made.append(
            of.variant(
                "an id again with leading zeros",
                "duplicate id",
                lambda x: [*x, f"00{line}"],
                refusal,
            )
        )
    else:
        other = of.written(replace(image, label=image.label + 1))
        made.append(
            of.variant("a path of two identities", "duplicate id", lambda x: [*x, other], refusal)
        )
    if of.name == "images.txt":
        other = f"{of.line + 1} {listed_as(of.layout.images[10])}"
        made.append(of.with_line("the path of another", "duplicate id", other, refusal))
    for first, second in (
        ("list_train.txt", "list_val.txt"),
        ("list_query.txt", "list_gallery.txt"),
    ):
        if of.name == second:
            there = next(i for i in of.layout.images if i.listed == first)
            line = of.written(there)
            made.append(
                of.variant(
                    f"a line of {first}",
                    "duplicate id",
                    lambda lines, line=line: [*lines, line],
                    refusal,
                )
            )
            made.append(of.with_line(f"a line of {first} instead", "duplicate id", line, refusal))
    return made


def variants(layout: Layout) -> list[Variant]:
    if not any(name.endswith(".txt") for name in layout.lists):
        return []
    return in_turn(
        [
            [variant for make in (_files, paths, numbers, _twice) for variant in make(of)]
            for of in (TextList.of(layout, name) for name in layout.lists)
        ],
        every=layout.name == "cub200",  # whose lists are of two kinds
    )
