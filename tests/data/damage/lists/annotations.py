"""Damage to the MATLAB files that name the images of Cars196."""

import io
import pickle
import struct
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from damage.lists.turns import in_turn
from damage.tree.copies import Tree
from damage.tree.layouts import Layout, Shown
from damage.tree.variant import Loads, Outcome, Variant, at, refused, remaining, whole, without
from scipy.io import savemat

Rows = list[tuple[Any, Any]]
"""What a file says of each image: its name there, and its class."""


def field(source: str) -> str:
    return "relative_im_path" if source == "cars_annos.mat" else "fname"


def rows(layout: Layout, source: str) -> Rows:
    """The rows of an undamaged file."""
    return [(_named(i, source), i.label) for i in layout.images if i.listed == source]


def _named(image: Shown, source: str) -> str:
    return image.path if source == "cars_annos.mat" else image.path.partition("/")[2]


def encoded(
    rows: Rows, *fields: str, variable: str = "annotations", compressed: bool = False
) -> bytes:
    """A MATLAB file with a structure array of two fields."""
    kinds = [(fields[1], "O"), (fields[0], "O")]
    file = io.BytesIO()
    records = np.empty((1, len(rows)), dtype=kinds)
    for index, (name, label) in enumerate(rows):
        records[0, index] = (label, name)
    savemat(file, {variable: records}, do_compression=compressed)
    return file.getvalue()


def rewrite(tree: Tree, source: str, old: str, new: str) -> None:
    """Let the file name the image of path `old` by the path `new`."""
    folder = "" if source == "cars_annos.mat" else old.partition("/")[0] + "/"
    changed = [
        (new.removeprefix(folder) if folder + name == old else name, label)
        for name, label in rows(tree.layout, source)
    ]
    tree.write(source, encoded(changed, field(source), "class"))


@dataclass(frozen=True)
class _Marker:
    """Unpickling it makes the folder `path`."""

    path: str

    def __reduce__(self) -> tuple[Any, tuple[str]]:
        import os

        return os.mkdir, (self.path,)


def _other_files(layout: Layout, source: str) -> dict[str, bytes]:
    content = rows(layout, source)
    good = encoded(content, field(source), "class")
    hdf5 = b"MATLAB 7.3 MAT-file, Platform: GLNXA64".ljust(124) + b"\x00\x02IM"
    table = "".join(f"{name},{label}\n" for name, label in content)
    numbers = io.BytesIO()
    savemat(numbers, {"annotations": np.arange(12.0).reshape(3, 4)})
    text = io.BytesIO()
    savemat(text, {"annotations": "none"})
    cell = io.BytesIO()
    savemat(cell, {"annotations": np.array([["a", 1]], dtype=object)})
    nothing = io.BytesIO()
    savemat(nothing, {})
    old = io.BytesIO()
    savemat(old, {"annotations": np.arange(3.0)}, format="4")
    arrays = io.BytesIO()
    np.savez(arrays, annotations=np.arange(3))
    empty = io.BytesIO()
    savemat(empty, {"annotations": np.empty((0, 0), dtype=[("class", "O"), (field(source), "O")])})
    return {
        "no bytes": b"",
        "one byte": b"M",
        "noise": np.random.default_rng(0).bytes(500),
        "page": b"<!DOCTYPE html><html><title>404 Not Found</title></html>",
        "table of text": table.encode(),
        "version 7.3": hdf5.ljust(512, b"\0") + b"\x89HDF\r\n\x1a\n" + bytes(400),
        "HDF5": b"\x89HDF\r\n\x1a\n" + bytes(1000),
        "version 4": old.getvalue(),
        "numpy arrays": arrays.getvalue(),
        "pickle": pickle.dumps(_Marker("unpickled"), protocol=0),
        "unknown version": good[:124] + struct.pack("<H", 0x0900) + good[126:],
        "unknown byte order": good[:126] + b"XX" + good[128:],
        "header only": good[:128],
        "no variable": nothing.getvalue(),
        "numbers": numbers.getvalue(),
        "text": text.getvalue(),
        "cell": cell.getvalue(),
        "no rows": empty.getvalue(),
        "other variable": encoded(content, field(source), "class", variable="cars"),
        "upper-case variable": encoded(content, field(source), "class", variable="Annotations"),
        "no class": encoded(content, field(source), "bbox_x1"),
        "no name": encoded(content, "test", "class"),
        "names of the other layout": encoded(
            content, "fname" if field(source) != "fname" else "relative_im_path", "class"
        ),
    }


def _cuts(layout: Layout, source: str) -> dict[str, bytes]:
    good = encoded(rows(layout, source), field(source), "class")
    packed = encoded(rows(layout, source), field(source), "class", compressed=True)
    cut = {f"cut at {share}%": good[: len(good) * share // 100] for share in range(10, 100, 10)}
    cut |= {f"compressed and cut at {s}%": packed[: len(packed) * s // 100] for s in (40, 70, 95)}
    return cut


CLASSES: dict[str, Any] = {
    "negative": -1.0,
    "a fraction": 1.5,
    "NaN": np.nan,
    "infinite": np.inf,
    "of ten digits": 1e9,
    "of 300 digits": 1e300,
    "complex": 1 + 1j,
    "text": "one",
    "a digit as text": "1",
    "empty": np.empty((0, 0)),
    "two numbers": np.array([[1.0, 2.0]]),
    "a cell": np.array([["a"]], dtype=object),
    "a structure": {"id": 1},
}
NAMES: dict[str, Any] = {
    "a number": 7.0,
    "empty": "",
    "two texts": np.array(["a.jpg", "b.jpg"]),
    "a cell": np.array([["a.jpg", 3]], dtype=object),
}
ELSEWHERE = {
    "absolute": "/etc/passwd",
    "parent": "../../etc/passwd",
    "parent within": "x/../../../secret.jpg",
    "step that stays": "./000005.jpg",
    "doubled slash": "car_ims//000005.jpg",
    "folder": "car_ims/",
}
NOWHERE = {
    "backslashes": "car_ims\\000005.jpg",
    "NUL": "a\0b.jpg",
    "long": "x" * 300 + ".jpg",
    "space behind": "000005.jpg ",
    "folders": "a/b/c.jpg",
    "quoted": "'000005.jpg'",
}
HARMLESS: dict[str, Callable[[Rows], Rows]] = {
    "classes as float64": lambda some: [(name, float(label)) for name, label in some],
    "classes as uint8": lambda some: [(name, np.uint8(label)) for name, label in some],
    "classes as int16": lambda some: [(name, np.int16(label)) for name, label in some],
    "reversed rows": lambda some: some[::-1],
    "shuffled rows": lambda some: [
        some[i] for i in np.random.default_rng(0).permutation(len(some))
    ],
}


def _of_file(layout: Layout, source: str) -> list[Variant]:
    """One annotation file damaged."""
    good = rows(layout, source)
    name_field = field(source)

    def written(
        name: str,
        kind: str,
        content: bytes,
        outcome: Outcome | None = None,
        partial: Outcome | None = None,
    ) -> Variant:
        return Variant(
            f"{name} in {source}",
            kind,
            lambda tree: tree.write(source, content),
            at(source) if outcome is None else outcome,
            partial,
            place=source,
        )

    def changed(row: tuple[Any, Any], place: int = 4) -> bytes:
        return encoded([*good[:place], row, *good[place + 1 :]], name_field, "class")

    name, label = good[4]
    image = next(i for i in layout.images if i.listed == source and _named(i, source) == name)
    prefix = image.path[: -len(name)]
    made = [written(n, "damaged list", c) for n, c in _other_files(layout, source).items()]
    made += [written(n, "truncated list", c) for n, c in _cuts(layout, source).items()]
    made.append(
        written(
            "last byte of padding missing",
            "list format",
            encoded(good, name_field, "class")[:-1],
            whole(layout),
        )
    )
    made += [
        written(f"class {n}", "wrong line", changed((name, value))) for n, value in CLASSES.items()
    ]
    made += [
        written(f"name {n}", "wrong line", changed((value, label))) for n, value in NAMES.items()
    ]
    made += [
        written(f"path {n}", "wrong line", changed((value, label)))
        for n, value in ELSEWHERE.items()
    ]
    for n, value in NOWHERE.items():
        refusal = refused("{folder}", "1 listed images are not there", prefix)
        left = without(layout, image)
        made.append(written(f"path {n}", "wrong line", changed((value, label)), refusal, left))
    made += [
        written(n, "list format", encoded(change(good), name_field, "class"), whole(layout))
        for n, change in HARMLESS.items()
    ]
    packed = encoded(good, name_field, "class", compressed=True)
    made.append(written("compression", "list format", packed, whole(layout)))
    # Duplicate rows.
    for n, more in {"same": good[4], "another class": (name, label % 8 + 1)}.items():
        content = encoded([*good, more], name_field, "class")
        made.append(written(f"second row, {n},", "duplicate id", content))
        in_place = changed(more, 6)
        made.append(written(f"row over another, {n},", "duplicate id", in_place))
    # Labels with gaps and wrong ones.
    for n, new in {"zero": 0, "large": 999_999_999}.items():
        everywhere = [(a, new if b == label else b) for a, b in good]
        alike = {i for i in layout.images if i.label == label}
        here = {i for i in alike if i.listed == source}
        outcome: Outcome = Loads(
            tuple(replace(i, label=new) if i in here else i for i in layout.images)
        )
        if here != alike:  # the other file has the class still, so there is one too many
            outcome = refused("{folder}", "too much to be a part")
        content = encoded(everywhere, name_field, "class")
        made.append(written(f"class {label} as {n}", "label gap", content, outcome))
    alone = changed((name, 900))
    made.append(
        written("a class of one image", "wrong count", alone, refused("{folder}", "too much"))
    )
    # Rows too few and too many.
    left = without(layout, image)
    fewer = encoded([row for row in good if row[0] != name], name_field, "class")
    refusal = refused("{folder}", "differs from the official", "--allow-partial")
    made.append(written("a row too few", "wrong count", fewer, refusal, left))
    only = encoded(good[4:5], name_field, "class")
    others = tuple(i for i in layout.images if i.listed != source or i == image)
    made.append(written("one row only", "wrong count", only, refusal, remaining(layout, others)))
    extra = encoded([*good, ("none.jpg", 1)], name_field, "class")
    absent = refused("{folder}", "1 listed images are not there", f"{prefix.rstrip('/')}")
    made.append(written("a row too many", "wrong count", extra, absent, whole(layout)))
    one = encoded([(a, 1) for a, _ in good], name_field, "class")
    refusal = refused("{folder}", "differs from the official")
    alike = [replace(i, label=1) if i.listed == source else i for i in layout.images]
    made.append(written("class 1 only", "wrong count", one, refusal, remaining(layout, alike)))
    return made


def variants(layout: Layout) -> list[Variant]:
    if not layout.name.startswith("cars196"):
        return []
    return in_turn([_of_file(layout, source) for source in layout.lists], every=False)
